"""The app's part that carries out what a person orders: in a worker thread or a task, told in one line when it is done.

It knows nothing of boards; what it is asked comes as a message of tui/orders.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import tzinfo
from functools import partial
from pathlib import Path
from threading import Event

from textual import on, work
from textual.message import Message

from keepalive.clock import Clock
from store.models import BudgetMode, SessionView
from tui.enduring_app import EnduringApp
from tui.failure import cause
from tui.feed import BoardCommands, BoardFeed
from tui.messages import CommandDone, CommandFailed, Mishap, PingDone
from tui.orders import (
    BudgetWanted,
    CopyWanted,
    DefaultWanted,
    JumpWanted,
    KeeperWanted,
    ModeWanted,
    OrderChosen,
    PingWanted,
)
from tui.session_orders import NOT_DONE, budget_said, failed, ping_paid, ping_result

SLOW_SECONDS = 1.0
HIT_SECONDS = 4.0
"""As long as what was said of a ping is on the screen, what it cost may still come in its place."""
WAITS = "waiting for the store …"


class OrderingApp(EnduringApp):
    """`feed` and `commands` as in tui/feed.py; `zone` None is the machine's own."""

    def __init__(
        self,
        feed: BoardFeed,
        commands: BoardCommands,
        clock: Clock,
        zone: tzinfo | None,
        *,
        ansi: bool | None,
        log_file: Path | None = None,
    ) -> None:
        super().__init__(clock, ansi=ansi, log_file=log_file)
        self._feed, self._commands, self._zone = feed, commands, zone
        self._hit: PingDone | None = None
        """A ping whose cost is not known yet, when (monotonic) it was answered, and whether nothing was said of it."""
        self._hit_at, self._hit_waits = 0.0, False

    def poll(self) -> bool:
        """Something may have changed: read again. Returns whether something is being read."""
        raise NotImplementedError

    def session_now(self, session_id: str) -> SessionView | None:
        """The session as it was read last."""
        raise NotImplementedError

    def key_of(self, action: str) -> str:
        """The key that carries out an action, as it is shown; '' without one."""
        return ""

    @on(ModeWanted)
    def _mode(self, event: ModeWanted) -> None:
        key = "off" if event.mode is BudgetMode.OFF else "hold"
        self._order(
            lambda: self._commands.set_mode(event.session_id, event.mode, event.until),
            event.said,
            partial(self._failed_order, event.name, NOT_DONE[event.mode], key),
        )

    @on(PingWanted)
    def _ping(self, event: PingWanted) -> None:
        self._say(f"{event.name}: ping asked for")
        before = self.session_now(event.session_id)
        self._order(
            lambda: self._commands.ping_now(event.session_id),
            failed=partial(self._failed_order, event.name, "not pinged", "ping"),
            done=lambda result: PingDone(event.name, result, before),
        )

    @on(PingDone)
    def _ping_done(self, event: PingDone) -> None:
        """What it cost is told as soon as the board says it; what else came of it, at once."""
        hit = event.result == "hit" and event.before is not None
        self._hit, self._hit_at = (event if hit else None), self._clock.monotonic()
        self._hit_waits = False
        reads = self.poll()
        if not self.tell_hit():
            self._hit_waits = hit and reads
            if not self._hit_waits:
                self._say_of_ping(event)

    def tell_hit(self) -> bool:
        """The board was read: what a ping cost and how long it keeps, if that is known now. Returns whether it is."""
        event = self._hit
        if event is None or event.before is None:
            return False
        after = self.session_now(event.before.id)
        said = ping_paid(event.before, after, self._clock.wall(), self._zone) if after is not None else ""
        if said:
            self._say(f"{event.name}: {said}")
        elif self._hit_waits:
            self._say_of_ping(event)
        self._hit_waits = False
        if said or self._clock.monotonic() - self._hit_at > HIT_SECONDS:
            self._hit = None
        return bool(said)

    def _say_of_ping(self, event: PingDone) -> None:
        self._say(f"{event.name}: {ping_result(event.result, self._clock.wall(), self._zone)}")

    @on(BudgetWanted)
    def _budget(self, event: BudgetWanted) -> None:
        def apply() -> None:
            self._commands.set_budget(
                event.session_id,
                mode=event.mode,
                pings=event.pings,
                usd=event.usd,
                until=event.until,
                until_back=event.until_back,
            )

        said = f"{event.name}: {event.said or budget_said(event, self._clock.wall(), self._zone)}"
        self._order(apply, said, partial(self._failed_order, event.name, "keeps its budget", "budget"))

    @on(DefaultWanted)
    def _default(self, event: DefaultWanted) -> None:
        self._order(
            lambda: self._commands.forget_budget(event.session_id),
            f"{event.name}: default budget again",
            partial(self._failed_order, event.name, "keeps its budget", "budget"),
        )

    def _failed_order(self, name: str, not_done: str, action: str, why: str) -> Message:
        return CommandFailed(failed(name, not_done, why, self.key_of(action), self.size.width - 2))

    @on(KeeperWanted)
    def _keeper_wanted(self) -> None:
        """Asked for twice, it is there all the same."""
        self._say("starting the keeper …")
        self._order(lambda: f"keeper runs on port {self._commands.start_keeper().port}")

    @on(OrderChosen)
    def _order_chosen(self, event: OrderChosen) -> None:
        self._order(lambda: self._commands.keep_order(event.order))

    @on(JumpWanted)
    def _jump_wanted(self, event: JumpWanted) -> None:
        self._jump(event.session)

    @work(group="jump", exclusive=True, exit_on_error=False)
    async def _jump(self, session: SessionView) -> None:
        try:
            from tui.jump import jump

            done = await jump(session)
        except Exception as error:  # (a worker's fault would be told nowhere)
            self.post_message(Mishap(error))
            return
        self._say(done.line, bad=done.bad)

    @on(CopyWanted)
    def _copy_wanted(self, event: CopyWanted) -> None:
        self._copy(event)

    @work(group="copy", exclusive=True, exit_on_error=False)
    async def _copy(self, wanted: CopyWanted) -> None:
        """A brief is made when it is wanted: it reads the whole session."""
        try:
            from tui.clipboard import put
            from tui.copying import brief_of
        except ImportError as error:
            self.post_message(Mishap(error))
            return
        item = wanted.item
        if item.what == "brief" and not item.text:
            try:
                item = brief_of(await asyncio.to_thread(self._feed.brief, wanted.session_id))
            except Exception as error:  # any feed, any error
                self._say(cause(error), bad=True)
                return
        note = await put(item.text, self.copy_to_clipboard)
        self._say(f"{item.said}; {note}" if note else item.said)

    def _order(
        self,
        carry_out: Callable[[], str | None],
        said: str = "",
        failed: Callable[[str], Message] = CommandFailed,
        done: Callable[[str], Message] = CommandDone,
    ) -> None:
        """`said`, or what carrying it out returned, is told to the person. One that waits for the store says so."""
        over = Event()
        if said:
            self.set_timer(SLOW_SECONDS, lambda: None if over.is_set() else self._say(WAITS))
        self._carry_out(lambda: done(carry_out() or said), failed, over)

    @work(thread=True, group="orders", exit_on_error=False)
    def _carry_out(self, carry_out: Callable[[], Message], failed: Callable[[str], Message], over: Event) -> None:
        def done() -> Message:
            try:
                return carry_out()
            finally:
                over.set()

        self._post(done, failed)

    @on(CommandDone)
    def _done(self, event: CommandDone) -> None:
        if event.said:
            self._say(event.said)
        self.poll()

    @on(CommandFailed)
    def _failed(self, event: CommandFailed) -> None:
        self._say(event.cause, bad=True)

    def _post(self, make: Callable[[], Message], failed: Callable[[str], Message]) -> None:
        """In a worker thread: what `make` returns is posted, what it raises is posted as its cause."""
        try:
            message = make()
        except Exception as error:  # the edge to code we do not know; the cause is shown, nothing is lost
            message = failed(cause(error))
        self.post_message(message)
