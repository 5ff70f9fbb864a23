"""The lines around the board: header, footer, and what an empty board says. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from store.models import BoardView, CacheStateName
from tui import facts
from tui.actions import BY_NAME, CATALOGUE, DEFAULT_SHOWN
from tui.amounts import net_of
from tui.format import clean, cut, money, net, plural, wrap
from tui.lines import BLANK, Line, Piece, Role, spread, width_of
from tui.moment import Moment
from tui.row import WIDE_ROW

WIDE_SCREEN = 90
LEDGER_SCREEN = 150
"""From here on the ledger of all days has a column of its own, and the session view still its sixty cells."""
LEDGER_ROWS = 6
"""What it takes under the list of a wide screen, where so many are free."""
ROOMY_ROWS = 34
"""From this height on there is room for blank lines between the parts."""
LIST_CELLS = 42
"""Width of the list on a wide screen."""
PALETTE_SCREEN = 100
"""From here on the palette, which leads to all that does not fit, always stands beside help."""


def header(
    view: BoardView, now: float, width: int, banner: Sequence[str] = (), *, loaded: bool = True, starts: str = ""
) -> tuple[Line, ...]:
    """Wordmark, how many are warm, today's money or that no keeper runs; below it the banner's lines.

    `starts`: the key that starts a keeper; '' where none can be started.
    """
    mark: Line = (Piece(" ━╸", "warm"), Piece(" warmside", "strong"))
    first = mark
    if loaded and width >= WIDE_SCREEN:
        first = _wide(mark, view, now, width, starts)
    elif loaded:
        room = width - width_of(mark) - 3
        first = spread(mark, _fullest(_counts(view, now, width, starts), room), width - 1)
    return (first, *((Piece(" " + text, "dim"),) for text in banner))


def _fullest(lines: Sequence[Line], room: int) -> Line:
    """The first that fits; nothing where none does."""
    return next((line for line in lines if width_of(line) <= room), ())


def _net(view: BoardView) -> Piece:
    plan = view.today_on_plan
    if plan.pings and not view.today.pings and not view.today.closed:
        return Piece(f"{plural(plan.pings, 'fork')} on plan", "dim")  # nobody is billed by token there
    usd = net_of(view.today.saved_usd, view.today.spent_usd)
    role: Role = "good" if usd > 0 else "bad" if usd < 0 else "dim"
    return Piece(net(usd), role)


def _warm(view: BoardView, now: float, *, of: bool) -> str:
    count = sum(facts.state(session, now) is CacheStateName.WARM for session in view.sessions)
    return f"{count} of {len(view.sessions)} warm" if of else f"{count} warm"


def _counts(view: BoardView, now: float, width: int, starts: str) -> tuple[Line, ...]:
    """What stands at the right end, the fullest first."""
    lacks = _lacks(view, starts)
    if not view.sessions:
        return ((Piece("keeper on", "dim"),),) if not lacks else (lacks, lacks[:1])
    warm = Piece(_warm(view, now, of=width >= WIDE_ROW) + "  ", "dim")
    today = (*((Piece("today ", "dim"),) if width >= 36 else ()), _net(view))
    if not lacks:
        return (warm, *today), today, today[-1:]
    if width < WIDE_ROW:
        return (warm, lacks[0]), lacks[:1]  # the footer names the key
    return (warm, *lacks, Piece("  "), *today), (*lacks, Piece("  "), *today), lacks


def _lacks(view: BoardView, starts: str) -> Line:
    """That no keeper runs, or one that nobody restarts when it breaks down, and the key that mends it."""
    if view.keeper is not None and view.keeper.supervised:
        return ()
    said, does = ("off", "starts") if view.keeper is None else ("alone", "restarts")
    hint: Line = (Piece(f", {starts} {does} it", "dim"),) if starts else ()
    return (Piece(f"keeper {said}", "strong" if view.sessions else "dim"), *hint)


def _wide(mark: Line, view: BoardView, now: float, width: int, starts: str) -> Line:
    """Over the list how many are warm, at the right end the day's money."""
    count = _warm(view, now, of=True) if view.sessions else ""
    left = spread(mark, (Piece(count, "dim"),), LIST_CELLS - 1)
    if lacks := _lacks(view, starts):
        left = (*left, Piece("   "), *lacks)
    day, today = view.today, (Piece("today ", "dim"), _net(view))
    spent = (Piece("today spent ", "dim"), Piece(money(day.spent_usd)), Piece("  saved ", "dim"))
    full = (*spent, Piece(money(day.saved_usd)), Piece("  net ", "dim"), _net(view))
    on_plan = view.today_on_plan.pings and not day.pings and not day.closed
    return spread(left, _fullest((today,) if on_plan else (full, today), width - width_of(left) - 2), width - 1)


GAP = Piece("  ")
RANKED = tuple(sorted((action for action in CATALOGUE if action.footer), key=lambda action: action.footer))


def footer(moment: Moment, width: int) -> Line:
    """The keys of what applies, by their rank as many as fit; help always, at the right end where wide."""
    wide = width >= WIDE_ROW
    (left, last), _ = _footer(moment, width)
    return spread(left[:-1], last, width - 1) if wide and len(left) > 1 else (*left, *last)


def footer_action(moment: Moment, width: int, x: int) -> str | None:
    """The action whose key or word stands at this cell of the footer."""
    index = button_at(footer(moment, width), x)
    return None if index is None else _footer(moment, width)[1][index]


def button_at(line: Line, x: int) -> int | None:
    """Which of a line's keys stands at this cell, with its word; the keys are what is bold."""
    end, index = 0, -1
    for piece in line:
        end += width_of((piece,))
        index += piece.role == "strong"
        if x < end:
            return index if index >= 0 and piece.text.strip() else None
    return None


def key_at(line: Line, x: int) -> str:
    """The key itself; '' where none is."""
    index = button_at(line, x)
    return "" if index is None else [piece.text.strip() for piece in line if piece.role == "strong"][index]


def _footer(moment: Moment, width: int) -> tuple[tuple[Line, Line], list[str]]:
    """The keys from the left and those at the end, and whose they are."""
    keys = DEFAULT_SHOWN if moment.keys is None else moment.keys
    last = _key(keys["help"], "help" if width >= WIDE_ROW else "more")
    ends = ["help"]
    if width >= PALETTE_SCREEN and "palette" in keys:
        last, ends = (*_key(keys["palette"], BY_NAME["palette"].word), GAP, *last), ["palette", "help"]
    # Where the end stands apart, the last cell is empty.
    room = width - width_of(last) - (width >= WIDE_ROW)
    left: list[Piece] = [Piece(" ")]
    names: list[str] = []
    for action in RANKED:
        hidden = action.name not in keys or action.name in ends or (action.name == "back" and moment.banner_only)
        if hidden or action.reason_not(moment) is not None:
            continue
        more = [*_key(keys[action.name], action.word), GAP]
        if width_of(left) + width_of(more) > room:
            break
        left += more
        names.append(action.name)
    return (tuple(left), last), [*names, *ends]


def _key(key: str, word: str) -> Line:
    return Piece(key, "strong"), Piece(" " + word, "dim")


def toast(text: str, width: int, *, bad: bool = False) -> Line:
    """One line that takes the footer's place for a moment."""
    return (Piece(" " + cut(clean(text), width - 2), "bad" if bad else "strong"),)


def empty(view: BoardView, width: int, looked_in: Sequence[str], starts: str = "") -> tuple[Line, ...]:
    """No session: the fact, where we looked, and ways to go on, as commands to type or the key that starts a keeper."""

    def way(title: str, command: str, note: str = "") -> list[Line]:
        typed: Line = (Piece(" $ ", "dim"), Piece(command))
        titles: list[Line] = [(Piece(" " + text, "strong"),) for text in wrap(title, width - 2, 2)]
        beside: Line = (Piece(note, "dim"),)
        return [BLANK, *titles, (*typed, GAP, *beside) if width >= WIDE_ROW else spread(typed, beside, width - 1)]

    lines: list[Line] = [(Piece(" No agent session is open.", "strong"),), BLANK]
    if looked_in:
        lines.append((Piece(" looked in", "dim"),))
        lines += [(Piece(" " + cut(clean(path), width - 2)),) for path in looked_in]
    if view.past_sessions:
        lines.append((Piece(f" {view.past_sessions} past sessions known", "dim"),))
    lines += way("Start one to keep warm", "warmside run -- claude")
    lines += way("Or look first", "warmside demo", "no key needed")
    lines += way("Or from inside Claude Code", "warmside install claude", "no proxy")
    if view.keeper is None and starts:
        lines += [BLANK, (Piece(" No keeper runs", "strong"),), (Piece(f" {starts} "), Piece("starts it", "dim"))]
    quiet = wrap("Nothing leaves this machine while no session runs.", width - 2, 3)
    return (*lines, BLANK, BLANK, *((Piece(f" {text}", "dim"),) for text in quiet))
