"""A turn in lines: what was asked, which files changed, what failed, how it ended, what the cache did. Pure.

Every text comes from a transcript, so every text passes `clean`. Paths are cut on the left, all else on the right.
"""

from __future__ import annotations

from datetime import tzinfo

from msgspec.structs import replace
from rich.cells import cell_len

from store.models import CacheEvent, FailedCommand, TurnView
from tui.causes import short_words
from tui.format import clean, clock_time, cut, cut_left, duration, money, plural, tokens
from tui.lines import Line, Piece, Role, spread

GUTTER = 13
"""Cells before the text of a card: number, time, glyph."""
_EVENT: dict[str, tuple[str, Role]] = {
    "kept": ("↻", "warm"),
    "lapsed": ("▼", "cold"),
    "changed": ("╳", "bad"),
    "compacted": ("▼", "dim"),
}


def length(turn: TurnView) -> str:
    """How long a turn took; empty while it runs."""
    if turn.started_at is None or turn.ended_at is None:
        return ""
    return duration(turn.ended_at - turn.started_at)


def below(turn: TurnView, cwd: str) -> TurnView:
    """The turn with paths told from the session's folder, as a person in it would; others stay whole."""
    root = cwd.rstrip("/") + "/"
    if root == "/" or not any(one.path.startswith(root) for one in turn.files_changed):
        return turn
    files = tuple(replace(one, path=one.path.removeprefix(root)) for one in turn.files_changed)
    return replace(turn, files_changed=files)


def prompt(turn: TurnView, width: int, role: Role = "fg") -> Line:
    """What was asked, in one line."""
    return (Piece(cut(clean(turn.prompt) or "(no prompt)", width), role),)


def files_listed(turn: TurnView, width: int, lines: int) -> list[Line]:
    """One changed file a line, kind first; the last line counts what does not fit."""
    changed = turn.files_changed
    shown = changed if len(changed) <= lines else changed[: max(0, lines - 1)]
    result: list[Line] = [(Piece(f"{one.kind} ", "dim"), Piece(cut_left(clean(one.path), width - 2))) for one in shown]
    if len(shown) < len(changed):
        result.append((Piece(f"  +{plural(len(changed) - len(shown), 'more file')}", "dim"),))
    return result


def files_inline(turn: TurnView, width: int) -> Line:
    """Changed files in one line, as many as fit, then `+2`."""
    changed = turn.files_changed
    pieces: list[Piece] = []
    used = 0
    for index, one in enumerate(changed):
        rest = len(changed) - index - 1
        room = width - used - (len(f"  +{rest}") if rest else 0) - (2 if pieces else 0) - 2
        path = clean(one.path)
        if pieces and cell_len(path) > room:
            pieces.append(Piece(f"  +{rest + 1}", "dim"))
            break
        path = cut_left(path, room)
        pieces += [Piece(f"{'  ' if pieces else ''}{one.kind} ", "dim"), Piece(path)]
        used = sum(cell_len(piece.text) for piece in pieces)
    return tuple(pieces)


def failed(command: FailedCommand, width: int) -> Line:
    """A failed command with its exit code at the right end; the glyph is the caller's."""
    code = f"exit {command.exit_code}"
    text = cut(clean(command.command), width - len(code) - 2)
    return spread((Piece(text),), (Piece(code, "bad"),), width)


def event(what: CacheEvent, width: int) -> tuple[Piece, Line]:
    """What happened to the cache, as (glyph, text with its money at the right end)."""
    amount = tokens(what.tokens)
    shrunk = "" if what.shrunk_percent is None else f" (prompt {what.shrunk_percent:.0f} % shorter)"
    text = {
        # Without a ping it was the provider that kept it longer than it promises.
        "kept": f"pings kept {amount} warm" if what.cause == "ping" else f"still warm past its time, {amount} read",
        "lapsed": f"went cold, {amount} written again",
        "changed": f"{short_words(what.cause or 'prefix_changed')}{shrunk}, {amount} written again",
        "compacted": f"compacted, starts again at {amount}",
    }[what.kind]
    right: Line = ()
    if what.usd is not None and what.kind != "compacted":
        kept = what.kind == "kept"
        # Luck is no saving: the ledger credits what a ping kept.
        if not kept:
            right = (Piece(money(what.usd), "cold"),)
        elif what.cause == "ping":
            right = (Piece(f"saved {money(what.usd)}", "good"),)
    mark, role = _EVENT[what.kind]
    return Piece(mark, role), spread((Piece(cut(text, width), "dim"),), right, width)


def counts(turn: TurnView) -> str:
    """`38 requests · 386k context · 9.1k out`."""
    parts = [plural(turn.requests, "request")]
    if turn.context_after is not None:
        parts.append(f"{tokens(turn.context_after)} context")
    return " · ".join([*parts, f"{tokens(turn.usage.output)} out"])


def card(turn: TurnView, width: int, now: float, zone: tzinfo | None, *, newest: bool) -> list[Line]:
    """A turn in the session view: number, time over duration, then what it left; money at the right end."""
    text = max(8, width - GUTTER - 1)
    at = "" if turn.started_at is None else clock_time(turn.started_at, now, zone)
    number = Piece(f" {turn.n:>3} ", "strong" if newest else "dim")
    asked = prompt(turn, text - 8, "strong" if newest else "fg")
    first = spread(asked, (Piece(money(turn.usd), "fg" if newest else "dim"),), text)
    lines: list[Line] = [
        (number, Piece(f"{at[-5:]:<5}   ", "dim"), *first),
        (Piece(f"{'':5}{length(turn):<8}", "dim"), Piece(cut(counts(turn), text), "dim")),
    ]
    indent = Piece(" " * GUTTER)
    if turn.files_changed:
        lines.append((indent, *files_inline(turn, text)))
    mark = " " * (GUTTER - 2)
    lines += [(Piece(f"{mark}✗ ", "bad"), *failed(command, text)) for command in turn.failed_commands]
    if turn.answer:
        lines.append((indent, Piece(cut(clean(turn.answer), text), "dim")))
    if turn.cache_event is not None:
        glyph, said = event(turn.cache_event, text)
        lines.append((Piece(mark), glyph, Piece(" "), *said))
    return lines
