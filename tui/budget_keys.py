"""The last line of the budget sheet: what its keys do now, and why Enter does not. Pure."""

from __future__ import annotations

from tui.lines import Line, Piece, spread, width_of

DEFAULT_KEY = "^d"
_CANCEL: Line = (Piece("  "), Piece("esc", "strong"), Piece(" cancel", "dim"))
_DEFAULT: Line = (Piece("  "), Piece(DEFAULT_KEY, "strong"), Piece(" default", "dim"))


def keys(enter: str, width: int, *, wrong: str, own: bool, warned: bool) -> tuple[Line, ...]:
    """`wrong`: the field that has to be mended first, '' without one; `own`: the session has a budget of its own, which
    can be dropped; `warned`: that leaving would lose what is typed."""
    if warned:
        return ((Piece("esc", "strong"), Piece(" drops what is typed")),)
    if wrong:
        refused: Line = (Piece(f"{enter} apply", "faint"), *_CANCEL)
        both = spread(refused, (Piece(f"fix {wrong} first"),), width)
        return (both if both != refused else (Piece(f"fix {wrong}"), *_CANCEL),)
    plain: Line = (Piece(enter, "strong"), Piece(" apply", "dim"), *_CANCEL)
    whole = (*plain, *_DEFAULT)
    return (whole if own and width_of(whole) <= width else plain,)
