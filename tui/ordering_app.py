"""The app's part that carries out what a person orders: in a worker thread or a task, told in one line when it is done.

It knows nothing of boards; what it is asked comes as a message of tui/orders.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import tzinfo

from textual import on, work
from textual.message import Message

from keepalive.clock import Clock
from store.models import SessionView
from tui.dressed_app import DressedApp
from tui.failure import cause
from tui.feed import BoardCommands, BoardFeed
from tui.messages import CommandDone, CommandFailed
from tui.orders import BudgetWanted, CopyWanted, JumpWanted, KeeperWanted, ModeWanted, OrderChosen, PingWanted
from tui.session_orders import ping_result


class OrderingApp(DressedApp):
    """`feed` and `commands` as in tui/feed.py; `zone` None is the machine's own."""

    def __init__(
        self, feed: BoardFeed, commands: BoardCommands, clock: Clock, zone: tzinfo | None, *, ansi: bool | None
    ) -> None:
        super().__init__(ansi_color=ansi)
        self._feed, self._commands, self._clock, self._zone = feed, commands, clock, zone

    def poll(self) -> None:
        """Something may have changed: read again."""
        raise NotImplementedError

    @on(ModeWanted)
    def _mode(self, event: ModeWanted) -> None:
        self._order(lambda: self._commands.set_mode(event.session_id, event.mode, event.until), event.said)

    @on(PingWanted)
    def _ping(self, event: PingWanted) -> None:
        self._say(f"{event.name}: ping asked for")

        def ping() -> str:
            result = self._commands.ping_now(event.session_id)
            return f"{event.name}: {ping_result(result, self._clock.wall(), self._zone)}"

        self._order(ping)

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

        self._order(apply, f"{event.name}: budget set")

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
        from tui.jump import jump

        done = await jump(session)
        self._say(done.line, bad=done.bad)

    @on(CopyWanted)
    def _copy_wanted(self, event: CopyWanted) -> None:
        self._copy(event)

    @work(group="copy", exclusive=True, exit_on_error=False)
    async def _copy(self, wanted: CopyWanted) -> None:
        """A brief is made when it is wanted: it reads the whole session."""
        from tui.clipboard import put
        from tui.copying import brief_of

        item = wanted.item
        if item.what == "brief" and not item.text:
            try:
                item = brief_of(await asyncio.to_thread(self._feed.brief, wanted.session_id))
            except Exception as error:  # any feed, any error
                self._say(cause(error), bad=True)
                return
        note = await put(item.text, self.copy_to_clipboard)
        self._say(f"{item.said}; {note}" if note else item.said)

    @work(thread=True, group="orders", exit_on_error=False)
    def _order(self, carry_out: Callable[[], str | None], said: str = "") -> None:
        """`said`, or what carrying it out returned, is told to the person."""

        def done() -> Message:
            return CommandDone(carry_out() or said)

        self._post(done, CommandFailed)

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
