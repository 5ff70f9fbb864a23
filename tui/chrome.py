"""The lines around the board: header, footer, and what an empty board says. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from store.models import BoardView, CacheStateName
from tui import facts
from tui.actions import CATALOGUE, Action, Moment
from tui.format import clean, cut, money, net, plural
from tui.lines import BLANK, Line, Piece, Role, spread, width_of
from tui.row import WIDE_ROW

WIDE_SCREEN = 90
ROOMY_ROWS = 34
"""From this height on there is room for blank lines between the parts."""
LIST_CELLS = 42
"""Width of the list on a wide screen."""


def header(
    view: BoardView, now: float, width: int, banner: Sequence[str] = (), *, loaded: bool = True
) -> tuple[Line, ...]:
    """Wordmark, how many are warm, today's money or that no keeper runs; below it the banner's lines."""
    mark: Line = (Piece(" ━╸", "warm"), Piece(" warmside", "strong"))
    lines: list[Line] = [mark]
    if loaded:
        right = _counts(view, now, width)
        while right and width_of(mark) + width_of(right) + 3 > width:
            right = right[1:]
        lines = [spread(mark, right, width - 1)]
        if width >= WIDE_SCREEN:
            lines = [_wide(mark, view, now, width)]
    return (*lines, *((Piece(" " + text, "dim"),) for text in banner))


def _net(view: BoardView) -> Piece:
    plan = view.today_on_plan
    if plan.pings and not view.today.pings and not view.today.closed:
        return Piece(f"{plural(plan.pings, 'fork')} on plan", "dim")  # nobody is billed by token there
    usd = view.today.net_usd
    role: Role = "good" if usd > 0 else "bad" if usd < 0 else "dim"
    return Piece(net(usd), role)


def _warm(view: BoardView, now: float, *, of: bool) -> str:
    count = sum(facts.state(session, now) is CacheStateName.WARM for session in view.sessions)
    return f"{count} of {len(view.sessions)} warm" if of else f"{count} warm"


def _counts(view: BoardView, now: float, width: int) -> Line:
    """What stands at the right end, in pieces that are dropped from the left where room is short."""
    if not view.sessions:
        return (Piece("keeper on" if view.keeper else "keeper off", "dim"),)
    warm = Piece(_warm(view, now, of=width >= WIDE_ROW) + "  ", "dim")
    if view.keeper is None and width < WIDE_ROW:
        return (warm, Piece("keeper off", "strong"))
    off = () if view.keeper else (Piece("keeper off  ", "strong"),)
    today = (Piece("today ", "dim"),) if width >= 36 else ()
    return (warm, *off, *today, _net(view))


def _wide(mark: Line, view: BoardView, now: float, width: int) -> Line:
    """Over the list how many are warm, at the right end the day's money."""
    count = _warm(view, now, of=True) if view.sessions else ""
    left = spread(mark, (Piece(count, "dim"),), LIST_CELLS - 1)
    day = view.today
    off = "keeper off" if view.keeper is None else ""
    if view.today_on_plan.pings and not day.pings and not day.closed:
        return spread((*left, Piece("   " + off, "strong")), (Piece("today ", "dim"), _net(view)), width - 1)
    spent = (Piece("today spent ", "dim"), Piece(money(day.spent_usd)), Piece("  saved ", "dim"))
    right: Line = (*spent, Piece(money(day.saved_usd)), Piece("  net ", "dim"), _net(view))
    return spread((*left, Piece("   " + off, "strong")), right, width - 1)


def footer(moment: Moment, width: int, enter: str = "↵") -> Line:
    """As many keys as fit, by their rank, in the catalogue's order; help always, at the right end where wide."""
    ranked = sorted((action for action in CATALOGUE if action.footer), key=lambda action: action.footer)
    help_action = next(action for action in ranked if action.name == "help")
    wide = width >= WIDE_ROW
    last = _key(help_action, enter, "help" if wide else "more")
    shown: list[Action] = []
    used = width_of(last) + 2
    for action in ranked:
        cells = width_of(_key(action, enter)) + 2
        if action is help_action or action.reason_not(moment) is not None:
            continue
        if used + cells > width:
            break
        used += cells
        shown.append(action)
    left: list[Piece] = [Piece(" ")]
    for action in sorted(shown, key=CATALOGUE.index):
        left += [*_key(action, enter), Piece("  ")]
    return spread(tuple(left[:-1]), last, width - 1) if wide else (*left, *last)


def _key(action: Action, enter: str, word: str = "") -> Line:
    return Piece(action.shown.replace("↵", enter), "strong"), Piece(" " + (word or action.word), "dim")


def toast(text: str, width: int, *, bad: bool = False) -> Line:
    """One line that takes the footer's place for a moment."""
    return (Piece(" " + cut(clean(text), width - 2), "bad" if bad else "strong"),)


def empty(view: BoardView, width: int, looked_in: Sequence[str]) -> tuple[Line, ...]:
    """No session: the fact, where we looked, and ways to go on, as commands to type."""

    def way(title: str, command: str, note: str = "") -> list[Line]:
        typed: Line = (Piece(" $ ", "dim"), Piece(command))
        return [BLANK, (Piece(" " + title, "strong"),), spread(typed, (Piece(note, "dim"),), width - 1)]

    lines: list[Line] = [(Piece(" No agent session is open.", "strong"),), BLANK]
    if looked_in:
        lines.append((Piece(" looked in", "dim"),))
        lines += [(Piece(" " + cut(clean(path), width - 2)),) for path in looked_in]
    if view.past_sessions:
        lines.append((Piece(f" {view.past_sessions} past sessions known", "dim"),))
    lines += way("Start one that can be kept warm", "warmside run -- claude")
    lines += way("Or look first", "warmside demo", "no key needed")
    lines += [BLANK, BLANK, (Piece(" Nothing leaves this machine", "dim"),), (Piece(" while no session runs.", "dim"),)]
    return tuple(lines)
