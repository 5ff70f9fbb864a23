"""Warms a prefix by asking the client itself: its plugin sends one short request over the session's own transcript.

Here an ask with a deadline is left in the plugin's folder and its answer waited for. That nothing leaves after the
deadline or during a turn is the plugin's part, since only the client knows both at the last moment; what the answer is
worth is judged elsewhere. An ask that was never taken up cost nothing; one that was, and of which no more is heard, may
have.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Literal

from keepalive.clock import Clock
from keepalive.plugin_folder import PluginFolder
from keepalive.plugin_words import Announcement, Answer, Ask
from keepalive.warmer import Outcome, WarmAnswer, WarmRequest
from store.models import Usage

POLL = 0.25
"""Seconds between two looks for an answer."""
TAKE_UP = 5.0
"""Seconds behind the deadline, or behind a withdrawal, in which an ask that was just taken up still shows."""
RUN = 240.0
"""Seconds that a fork may run: the client repeats a failed request for minutes, though never past the deadline."""

_REFUSED: dict[str, Outcome] = {
    "late": "too_late",
    "busy": "busy",
    "nothing-to-fork": "nothing_to_fork",
    "changed": "nothing_to_fork",
    "plan": "plan_login",
}


class ForkWarmer:
    """Asks plugins. `sleep` is what waiting between two looks is."""

    name: Literal["fork"] = "fork"

    def __init__(
        self, folder: PluginFolder, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._sleep = sleep

    async def prepare(self) -> None:
        """Nothing is slow here."""

    async def close(self) -> None:
        """Nothing is held; a fork that runs goes on in its client."""

    async def warm(self, request: WarmRequest) -> WarmAnswer:
        """Ask once and wait, until an answer is there or none can come any more."""
        said = await asyncio.to_thread(self._folder.active, request.session_id)
        if said is None:
            return WarmAnswer("silent", detail="no plugin")
        if said.running:
            return WarmAnswer("busy", detail="a turn runs")
        if self._clock.wall() >= request.not_after:
            return WarmAnswer("too_late")
        if not request.still_wanted():
            return WarmAnswer("too_late", detail="overtaken")
        ask = Ask(id=secrets.token_hex(16), to=said.instance, not_after=request.not_after, plan=request.plan_login)
        try:
            await asyncio.to_thread(self._folder.ask, request.session_id, ask)
        except OSError as error:
            return WarmAnswer("silent", detail=type(error).__name__)
        try:
            return await self._wait(request, ask, said)
        finally:
            await asyncio.to_thread(self._folder.forget, request.session_id)

    async def _wait(self, request: WarmRequest, ask: Ask, said: Announcement) -> WarmAnswer:
        asked, give_up = self._clock.monotonic(), request.not_after - self._clock.wall() + TAKE_UP
        overtaken, taken_at = False, None
        while True:
            answer = await asyncio.to_thread(self._folder.answer, request.session_id, ask.id)
            now = self._clock.wall()
            waited = self._clock.monotonic() - asked
            if answer is not None and answer.state != "forking":
                return _meaning(answer, now)
            if answer is not None and taken_at is None:
                taken_at, give_up = min(now, answer.at), waited + RUN
            if taken_at is None and not overtaken and not request.still_wanted():
                overtaken, give_up = True, min(give_up, waited + TAKE_UP)
                await asyncio.to_thread(self._folder.withdraw, request.session_id)
            if waited >= give_up:
                break
            await self._sleep(POLL)
        if taken_at is not None:
            return WarmAnswer("timeout", sent_at=taken_at, detail="no end of the fork")
        if overtaken:
            return WarmAnswer("too_late", detail="overtaken")
        now_said = await asyncio.to_thread(self._folder.active, request.session_id)
        if now_said is not None and now_said.instance != said.instance:
            return WarmAnswer("busy", detail="the plugin was loaded anew")
        return WarmAnswer("silent", detail="no answer")


def _meaning(answer: Answer, now: float) -> WarmAnswer:
    """A final answer in the words of every warmer."""
    if answer.state == "refused":
        return WarmAnswer(_REFUSED.get(answer.reason, "silent"), detail=answer.reason)
    sent_at = min(now, answer.sent_at if answer.sent_at is not None else answer.at)
    usage = None
    if answer.usage is not None:
        # The client does not say of which class the written tokens are; on a hit they are the last reply alone.
        usage = Usage(
            input=answer.usage.input,
            output=answer.usage.output,
            cache_read=answer.usage.cache_read,
            cache_write_5m=answer.usage.cache_write,
        )
    billed = usage is not None and usage.prefix > 0
    outcome = _done(answer, billed=billed)
    return WarmAnswer(
        outcome,
        status=answer.status,
        usage=usage if billed and outcome == "answered" else None,
        sent_at=sent_at,
        answered_at=min(now, answer.at),
        detail=answer.reason,
        tried_tool=answer.tool,
    )


def _done(answer: Answer, *, billed: bool) -> Outcome:
    if answer.tool or (billed and answer.reason in ("", "empty-reply")):
        return "answered"  # without a word too: what counts is what was read
    if answer.reason in ("", "empty-reply"):
        return "timeout"  # an answer without figures
    match answer.status:
        case 429:
            return "limited"
        case 400 | 401 | 403 | 404 | 413 | 422:
            return "refused"
        case int() as status if status >= 300:
            return "provider_error"
    if answer.reason in ("api-error", "late", "changed", "plan"):
        return "unreachable"
    return "timeout"
