"""What others wrote is text on every screen: no markup, no link, no escape sequence, no key comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace
from rich.cells import cell_len
from textual.events import Paste
from textual.widgets import Input

from store.history import Overview, SessionLine
from store.ledger_models import SpanLedger
from store.models import BoardView, FailedCommand, FileChange, NextPing, SessionView, TurnView
from store.search import Filters, Found
from tests.tui import cache_sample, days_sample, history_sample, ledger_sample, sample
from tests.tui.foreign import ACTING, HOSTILE, WIDE
from tests.tui.gallery import EVERY, Gallery, gallery, painted, rows, showing
from tui.history_feed import OpenedSession

LONG = HOSTILE + "".join(WIDE) * 3 + HOSTILE * 40
OF_SESSION: dict[str, Any] = dict.fromkeys(("project", "title", "cwd", "model", "agent"), LONG)
SHOWN = "x[red]x[/][link=http:/"
"""How the text begins where it stands."""


def _turn(turn: TurnView) -> TurnView:
    files = tuple(FileChange(path=f"{path}{LONG}", kind="M") for path in ("/", "", "a/"))
    failed = tuple(FailedCommand(command=LONG, exit_code=1) for _ in range(2))
    said = dict.fromkeys(("prompt", "answer", "memory"), LONG)
    return replace(turn, **said, files_changed=files, failed_commands=failed)


def _sessions(sessions: Sequence[SessionView]) -> tuple[SessionView, ...]:
    def keep(one: SessionView) -> object:
        return replace(one.keepalive, why_args={**one.keepalive.why_args, "model": LONG, "n": LONG})

    return tuple(replace(one, **OF_SESSION, id=LONG + one.id, keepalive=keep(one)) for one in sessions)


class HostileHistory(history_sample.SampleHistory):
    """Whatever is read has it in every text."""

    def overview(self) -> Overview:
        return replace(super().overview(), projects=(LONG,), agents=(LONG,))

    def lines(self, ids: Sequence[str]) -> tuple[SessionLine, ...]:
        texts: dict[str, Any] = dict.fromkeys(("agent", "project", "title", "first_prompt", "model"), LONG)
        return tuple(replace(line, **texts) for line in super().lines(ids))

    def search(self, words: str, filters: Filters, limit: int) -> Found:
        found = super().search(words, filters, limit)
        return replace(found, hits=tuple(replace(hit, project=LONG, title=LONG) for hit in found.hits))

    def opened(self, session_id: str) -> OpenedSession:
        opened = super().opened(session_id)
        turns = tuple(map(_turn, opened.detail.turns))
        return OpenedSession(replace(opened.detail, **OF_SESSION, turns=turns), opened.cache, opened.ledger)


def _hostile(name: str) -> Gallery:
    of = sample.BOARD_ENDED
    pings = (NextPing(session_id="x", name=LONG, at=sample.NOW + 60, n=1, of=3, usd=0.1),)
    board = replace(of, sessions=_sessions(of.sessions), ended_today=_sessions(of.ended_today), next_pings=pings)
    feed = sample.SampleFeed(BoardView() if name == "empty" else board, tuple(map(_turn, sample.TURNS)))
    broke = replace(cache_sample.BREAK, **dict.fromkeys(("name", "field", "part", "cause"), LONG))
    moments = tuple(replace(one, broke=broke) for one in cache_sample.MOMENTS)
    feed.history = replace(cache_sample.HISTORY, moments=moments)
    feed.ledger = ledger_sample.LEDGER
    one = gallery(name, feed, looked_in=(LONG,))
    one.history = HostileHistory()
    one.__post_init__()
    billed: SpanLedger = replace(
        days_sample.WEEK, by_project=tuple(replace(line, key=LONG) for line in days_sample.WEEK.by_project)
    )
    one.days.by_days[7] = replace(days_sample.LEDGER, billed=billed)
    return one


def _nothing_acts(one: Gallery) -> None:
    assert {cell_len(line) for line in rows(one)} == {one.app.size.width}, "every line fills the screen and no more"
    for segment in painted(one):
        said = segment.text.rstrip("\n")
        assert said.isprintable(), ascii(said)
        if segment.style is not None:
            assert segment.style.link is None
            assert not [key for key in segment.style.meta if key.startswith("@")]
    assert one.app.is_running


@pytest.mark.parametrize(("name", "width"), EVERY)
async def test_it_is_only_text(name: str, width: int) -> None:
    one = _hostile(name)
    async with showing(one, name, width, 50):
        _nothing_acts(one)
        if name not in ("help", "palette", "themes", "filter"):
            assert SHOWN[: 8 if width < 60 else None] in "\n".join(rows(one))


async def test_an_id_is_only_text_where_nothing_else_names_a_session() -> None:
    nameless = [replace(one, project="", title="") for one in _sessions(sample.BOARD.sessions)]
    one = gallery(feed=sample.SampleFeed(BoardView(sessions=tuple(nameless))))
    async with one.run(60, 30):
        assert SHOWN in "\n".join(rows(one))
        _nothing_acts(one)


async def test_an_error_is_only_text() -> None:
    one = _hostile("board")
    async with one.run(60, 30) as pilot:
        one.feed.broken = RuntimeError(LONG)
        one.feed.number += 1
        await one.poll(pilot)
        assert any(SHOWN in row for row in rows(one)[-3:])
        _nothing_acts(one)


@pytest.mark.parametrize("keys", [("slash",), ("H", "slash"), ("b", "down"), ("ctrl+p",)])
async def test_what_is_pasted_into_a_field_is_only_text(keys: tuple[str, ...]) -> None:
    one = _hostile("board")
    async with one.run(60, 40) as pilot:
        await one.press(pilot, *keys)
        one.app.post_message(Paste(HOSTILE))
        await one.settle(pilot)
        field = one.app.focused
        assert isinstance(field, Input)
        assert "x[red]x[/][link=" in field.value
        _nothing_acts(one)


def test_the_text_has_all_of_it() -> None:
    assert all(one in HOSTILE for one in ACTING)
