"""Asking the client's plugin: once, never past the deadline's reach, and each kind of answer in the warmers' words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from keepalive.clock import ManualClock
from keepalive.fork import RUN, TAKE_UP, ForkWarmer
from keepalive.plugin_folder import PluginFolder
from keepalive.plugin_words import Ask
from keepalive.warmer import Outcome, WarmAnswer, fork_request
from store.models import Usage
from tests.keepalive.plugin_side import INSTANCE, SESSION, PluginSide

NOW = 1_790_000_000.0
DEADLINE = NOW + 10
USAGE = {"input": 11, "output": 1, "cache_read": 13_436, "cache_write": 6}


class Recording(PluginFolder):
    """Remembers what was asked, however short it lay there."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        super().__init__(path, clock)
        self.asked: list[Ask] = []

    def ask(self, session_id: str, ask: Ask) -> None:
        super().ask(session_id, ask)
        self.asked.append(ask)


class Meeting:
    """Keeper and plugin with a clock that moves while the keeper waits; `plugin_does` runs at each look."""

    def __init__(self, folder: Path) -> None:
        self.clock = ManualClock(NOW)
        self.folder = Recording(folder / "plugin", self.clock)
        self.folder.make()
        self.plugin = PluginSide(self.folder.path)
        self.plugin.announce(NOW)
        self.warmer = ForkWarmer(self.folder, self.clock, self._sleep)
        self.plugin_does: Callable[[], None] = lambda: None
        self.wanted = True

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.plugin_does()

    async def warm(self, not_after: float = DEADLINE) -> WarmAnswer:
        return await self.warmer.warm(fork_request(1, SESSION, not_after, lambda: self.wanted))

    def after(self, seconds: float, state: str, **more: object) -> None:
        """The plugin answers that long after the start."""

        def does() -> None:
            if self.clock.wall() >= NOW + seconds and self.plugin.asked():
                self.plugin.answer(self.clock.wall(), state, **more)

        self.plugin_does = does


@pytest.fixture
def meeting(tmp_path: Path) -> Meeting:
    return Meeting(tmp_path)


def left(meeting: Meeting) -> set[str]:
    return {path.name for path in meeting.folder.path.iterdir()} - {meeting.plugin.path("state").name}


async def test_a_fork_that_was_sent_comes_back_with_its_usage(meeting: Meeting) -> None:
    meeting.after(2, "done", usage=USAGE, sends=1, sent_at=NOW + 1.5)
    assert await meeting.warm() == WarmAnswer(
        "answered",
        usage=Usage(input=11, output=1, cache_read=13_436, cache_write_5m=6),
        sent_at=NOW + 1.5,
        answered_at=NOW + 2,
    )
    [ask] = meeting.folder.asked
    assert (ask.to, ask.not_after, ask.plan) == (INSTANCE, DEADLINE, False)
    assert left(meeting) == set()


async def test_only_what_was_consented_to_is_asked_for_under_a_plans_login(meeting: Meeting) -> None:
    asked: list[object] = []

    def refuses() -> None:
        asked.append(meeting.plugin.asked().get("plan"))
        meeting.plugin.answer(meeting.clock.wall(), "refused", reason="plan")

    for consent in (False, True):
        meeting.plugin_does = refuses
        await meeting.warmer.warm(fork_request(1, SESSION, DEADLINE, plan_login=consent))
    assert asked == [False, True]


async def test_every_ask_has_an_id_of_its_own(meeting: Meeting) -> None:
    meeting.after(0, "refused", reason="busy")
    for _ in range(2):
        await meeting.warm()
    first, second = meeting.folder.asked
    assert first.id != second.id


@pytest.mark.parametrize(
    ("announced", "outcome"),
    [({"running": True}, "busy"), ({"ended": "clear"}, "silent"), ({"at": NOW - 100}, "silent")],
)
async def test_nothing_is_asked_of_a_session_that_cannot(
    meeting: Meeting, announced: dict[str, object], outcome: Outcome
) -> None:
    meeting.plugin.announce(**{"at": NOW, **announced})  # type: ignore[arg-type]
    assert (await meeting.warm()).outcome == outcome
    assert meeting.folder.asked == []


async def test_nothing_is_asked_at_the_deadline_or_when_it_is_not_wanted(meeting: Meeting) -> None:
    assert (await meeting.warm(NOW)).outcome == "too_late"
    meeting.wanted = False
    assert (await meeting.warm()).outcome == "too_late"
    assert meeting.folder.asked == []


async def test_without_a_folder_the_plugin_is_silent(meeting: Meeting) -> None:
    meeting.plugin.path("state").unlink()
    meeting.folder.path.rmdir()
    assert await meeting.warm() == WarmAnswer("silent", detail="no plugin")


@pytest.mark.parametrize(
    ("reason", "outcome"),
    [
        ("late", "too_late"),
        ("busy", "busy"),
        ("nothing-to-fork", "nothing_to_fork"),
        ("changed", "nothing_to_fork"),
        ("plan", "plan_login"),
        ("unavailable", "silent"),
        ("broken", "silent"),
    ],
)
async def test_a_refusal_sent_nothing(meeting: Meeting, reason: str, outcome: Outcome) -> None:
    meeting.after(1, "refused", reason=reason)
    assert await meeting.warm() == WarmAnswer(outcome, detail=reason)


async def test_silence_ends_soon_behind_the_deadline_and_cost_nothing(meeting: Meeting) -> None:
    assert await meeting.warm() == WarmAnswer("silent", detail="no answer")
    assert DEADLINE <= meeting.clock.wall() <= DEADLINE + TAKE_UP + 1
    assert left(meeting) == set()


async def test_a_fork_that_never_ends_may_have_been_billed(meeting: Meeting) -> None:
    meeting.after(3, "forking")
    answer = await meeting.warm()
    assert (answer.outcome, answer.sent_at) == ("timeout", NOW + 3)
    assert NOW + RUN <= meeting.clock.wall() <= NOW + RUN + 5
    assert meeting.clock.wall() <= DEADLINE + RUN


async def test_an_end_that_comes_behind_the_deadline_still_counts(meeting: Meeting) -> None:
    meeting.plugin_does = lambda: (
        meeting.plugin.answer(NOW + 1, "forking")
        if meeting.clock.wall() < DEADLINE + 60
        else meeting.plugin.answer(meeting.clock.wall(), "done", usage=USAGE, sent_at=NOW + 1)
    )
    answer = await meeting.warm()
    assert (answer.outcome, answer.sent_at) == ("answered", NOW + 1)


async def test_an_ask_that_is_not_wanted_any_more_is_taken_back(meeting: Meeting) -> None:
    def changes() -> None:
        meeting.wanted = meeting.clock.wall() < NOW + 2

    meeting.plugin_does = changes
    assert await meeting.warm() == WarmAnswer("too_late", detail="overtaken")
    assert meeting.clock.wall() <= NOW + 2 + TAKE_UP + 1


async def test_a_fork_that_was_just_taken_up_when_it_was_taken_back_is_waited_for(meeting: Meeting) -> None:
    asked: list[object] = []

    def goes_on() -> None:
        asked.extend([meeting.plugin.asked()["id"]] if not asked else [])
        meeting.wanted = False
        said = {"v": 1, "id": asked[0], "at": meeting.clock.wall()}
        if meeting.clock.wall() >= NOW + 8:
            meeting.plugin.write("answer", {**said, "state": "done", "usage": USAGE})
        elif meeting.clock.wall() >= NOW + 1:
            meeting.plugin.write("answer", {**said, "state": "forking"})

    meeting.plugin_does = goes_on
    assert (await meeting.warm()).outcome == "answered"


async def test_a_plugin_that_was_loaded_anew_is_asked_again_later(meeting: Meeting) -> None:
    meeting.plugin_does = lambda: meeting.plugin.announce(meeting.clock.wall(), instance="another")
    assert (await meeting.warm()).outcome == "busy"


async def test_an_answer_to_another_ask_is_none(meeting: Meeting) -> None:
    meeting.plugin_does = lambda: meeting.plugin.write(
        "answer", {"v": 1, "id": "older", "at": NOW, "state": "done", "usage": USAGE}
    )
    assert (await meeting.warm()).outcome == "silent"


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        ({"reason": "empty-reply", "usage": USAGE}, "answered"),
        ({"reason": "", "usage": {}}, "timeout"),
        ({"reason": "", "usage": None}, "timeout"),
        ({"reason": "api-error", "status": 429, "usage": {}}, "limited"),
        ({"reason": "api-error", "status": 401, "usage": {}}, "refused"),
        ({"reason": "api-error", "status": 400, "usage": {}}, "refused"),
        ({"reason": "api-error", "status": 529, "usage": {}}, "provider_error"),
        ({"reason": "api-error", "status": None, "usage": {}}, "unreachable"),
        ({"reason": "late", "status": 529, "usage": {}}, "provider_error"),
        ({"reason": "late", "status": 403, "usage": {}}, "refused"),
        ({"reason": "changed", "status": 400, "usage": {}}, "refused"),
        ({"reason": "late", "status": None, "usage": {}}, "unreachable"),
        ({"reason": "plan", "status": None, "usage": {}}, "unreachable"),
        ({"reason": "plan", "status": 401, "usage": {}}, "refused"),
        ({"reason": "cut", "status": 200, "usage": {}}, "timeout"),
        ({"reason": "aborted", "usage": USAGE}, "timeout"),
        ({"reason": "rejected", "usage": {}}, "timeout"),
        ({"reason": "tool", "tool": True, "usage": {}}, "answered"),
    ],
)
async def test_each_end_of_a_fork(meeting: Meeting, more: dict[str, object], outcome: Outcome) -> None:
    meeting.after(1, "done", sent_at=NOW + 1, **more)
    answer = await meeting.warm()
    assert answer.outcome == outcome
    assert answer.sent_at == NOW + 1
    assert (answer.usage is not None) == (outcome == "answered" and more["usage"] == USAGE)
    assert answer.tried_tool == ("tool" in more)


async def test_a_time_from_the_future_is_now(meeting: Meeting) -> None:
    meeting.after(1, "done", usage=USAGE, sent_at=NOW + 9_000)
    assert (await meeting.warm()).sent_at == meeting.clock.wall()


async def test_it_has_nothing_to_prepare_or_close(meeting: Meeting) -> None:
    assert meeting.warmer.name == "fork"
    await meeting.warmer.prepare()
    await meeting.warmer.close()
