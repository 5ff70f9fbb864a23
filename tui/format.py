"""Numbers and foreign text as the screen shows them: pure, one function a format.

Whatever comes from a transcript passes `clean` before it becomes part of a line: it is data and must never reach the
terminal as a control. Widths are terminal cells, as rich counts them. Nothing here reads a clock.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from rich.cells import cell_len, set_cell_size

from store.plain_text import one_line
from tui.amounts import NOTHING as NOTHING
from tui.amounts import age as age
from tui.amounts import countdown as countdown
from tui.amounts import money as money
from tui.amounts import plural as plural
from tui.amounts import tokens as tokens

BAR_CELLS = 7
CLEAN_LIMIT = 4_000
"""Longer texts are cut before they are cleaned: no screen shows more, and a row must stay cheap."""


def clean(text: str) -> str:
    """Foreign text as one line of printable characters: no escapes, controls, direction marks or joiners."""
    return one_line(text[:CLEAN_LIMIT])


def cut(text: str, width: int) -> str:
    """At most `width` cells of `text`, its end replaced by an ellipsis where it is cut."""
    if cell_len(text) <= width:
        return text
    return "" if width < 1 else set_cell_size(text, width - 1).rstrip() + "…"


def cut_left(text: str, width: int) -> str:
    """At most `width` cells from the end of a path, from a separator on where one is near."""
    if cell_len(text) <= width:
        return text
    if width < 1:
        return ""
    start = len(text)
    while start > 0 and cell_len(text[start - 1 :]) < width:
        start -= 1
    slash = text.find("/", start)
    if slash != -1 and slash < len(text) - 1:
        start = slash
    return "…" + text[start:]


def pad(text: str, width: int) -> str:
    """`text` cut or filled to exactly `width` cells, left-aligned."""
    return set_cell_size(cut(text, width), max(0, width))


def pad_left(text: str, width: int) -> str:
    """`text` cut or filled to exactly `width` cells, right-aligned."""
    text = cut(text, width)
    return " " * (width - cell_len(text)) + text


def wrap(text: str, width: int, lines: int) -> list[str]:
    """Clean `text` broken between words into at most `lines` lines; the last one says when there is more."""
    words = text.split()
    result: list[str] = []
    while words and len(result) < lines:
        if len(result) == lines - 1:
            result.append(cut(" ".join(words), width))
            break
        line = cut(words.pop(0), width)
        while words and cell_len(line) + 1 + cell_len(words[0]) <= width:
            line += " " + words.pop(0)
        result.append(line)
    return result


def past(at: float, now: float, zone: tzinfo | None) -> str:
    """A moment before now: `18m ago`, `3h ago`, from a day on `20 Nov`."""
    if now - at < 24 * 3600:
        return f"{age(now - at)} ago"
    day = datetime.fromtimestamp(at, zone)
    return f"{day.day} {day:%b}"


def duration(seconds: float) -> str:
    """How long it took: `48s`, `24m05`, `1h20`."""
    total = max(0, round(seconds))
    if total < 60:
        return f"{total}s"
    if total < 3600:
        return f"{total // 60}m{total % 60:02}"
    return f"{total // 3600}h{total % 3600 // 60:02}"


def clock_time(at: float, now: float, zone: tzinfo | None) -> str:
    """A moment on the wall clock: `18:00` today, `Wed 9:00` on another day. `zone` None is the machine's."""
    moment = datetime.fromtimestamp(at, zone)
    if moment.date() == datetime.fromtimestamp(now, zone).date():
        return f"{moment:%H:%M}"
    return f"{moment:%a} {moment.hour}:{moment:%M}"


def net(usd: float) -> str:
    """Money that may be won or lost: the only one with a sign."""
    return ("+" if usd > 0 else "") + money(usd)


def bar(share: float, *, likely: bool = False) -> tuple[str, str]:
    """A countdown bar of seven cells as (filled part, track); half cells, and at least one while anything is left."""
    share = min(1.0, max(0.0, share))
    if likely:
        full = max(1, round(share * BAR_CELLS))
        return "┅" * full, "─" * (BAR_CELLS - full)
    halves = max(1, round(share * 2 * BAR_CELLS))
    filled = "━" * (halves // 2) + ("╸" if halves % 2 else "")
    return filled, "─" * (BAR_CELLS - len(filled))


def model_name(model: str | None) -> str:
    """A model id as people say it: `claude-opus-5-5-20260901` is `opus 5.5`."""
    if not model:
        return NOTHING
    words = [word for word in clean(model).replace("_", "-").split("-") if word != "claude"]
    words = [word for word in words if not re.fullmatch(r"\d{8}|latest", word)]
    name = " ".join(words)
    return re.sub(r"(?<=\b\d) (?=\d+\b)", ".", name) or clean(model)
