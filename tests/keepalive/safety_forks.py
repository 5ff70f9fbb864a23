"""Rules of the safety machine: clients beside the gateway, that are asked for a fork. They speak, begin turns that the
keeper has not heard of, wait, leave, change their model; their plugins go, come back, fall silent; people agree to
forks under a plan's login and think better of it.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from keepalive import consent
from store.models import BudgetMode, WaitingFor
from tests.keepalive.money_harness import MODEL, OTHER_MODEL
from tests.keepalive.safety_alarms import FAILURES, RINGS, STAGES
from tests.keepalive.safety_client import Client, Plugin
from tests.keepalive.safety_oracle import Stage, Trouble
from tests.keepalive.safety_people import DAYS, People
from tests.keepalive.safety_plugin import FORK_TROUBLES, ForkTrouble
from tests.keepalive.safety_subject import Allowance

CLIENT = st.integers(0, 2)
OF_A_FORK = st.sampled_from(["", "", "", *FORK_TROUBLES])
LATE = st.sampled_from([0.0, 0.0, 0.0, 1.0, 9.0, 13.4, 57.0, 400.0])
HAPPENS = st.sampled_from(
    [
        *("turn", "turn heard", "whole turn", "end", "end heard", "death", "off", "no consent", "gone", "reload"),
        *("model", "question", "sleep", "clock", "crash"),
    ]
)


class Forks(People):
    """What clients beside the gateway do, and what is asked of them."""

    @initialize(day=DAYS)
    def begin(self, day: float) -> None:
        super().begin(day)
        for client in self.course.clients:
            for _ in range(2):
                self.talk(client)
        self.course.run(self.course.beside.look())

    def client(self, which: int) -> Client:
        return self.course.clients[which]

    def talk(self, client: Client, seconds: float = 1.0) -> None:
        """One whole turn."""
        course = self.course
        client.talk.go_on()
        course.pass_time(0.5)
        call = course.beside.begins(client)
        course.pass_time(seconds)
        course.run(course.beside.is_over(client, call, True))

    def _free(self, client: Client) -> None:
        """Two turns of a client that nothing holds back."""
        self._plugin(client, "there", client.plugin == "deaf")
        self._pause(0.0)
        client.running.clear()
        client.own = Allowance()
        self.course.run(self.course.world.budget(client.talk.session, BudgetMode.AUTO))
        for _ in range(2):
            self.talk(client)

    @rule(which=CLIENT, times=st.integers(1, 2), seconds=st.sampled_from([0.0, 0.0, 280.0, 310.0, 3_500.0, 3_700.0]))
    def a_client_converses(self, which: int, times: int, seconds: float) -> None:
        if seconds:
            self.wait(seconds)
        for _ in range(times):
            self.talk(self.client(which))

    @rule(which=CLIENT, heard=st.booleans(), rings=RINGS)
    def a_turn_begins(self, which: int, heard: bool, rings: int) -> None:
        """Perhaps before the keeper has heard of it."""
        client, course = self.client(which), self.course
        if not client.running:
            client.talk.go_on()
            course.beside.begins(client)
            course.beside.hears = heard
            self.ring_in_time(rings)
            course.beside.hears = True

    @rule(which=CLIENT, answered=st.booleans(), rings=RINGS)
    def a_turn_is_over(self, which: int, answered: bool, rings: int) -> None:
        client, course = self.client(which), self.course
        if client.running:
            course.pass_time(1.0)
            course.run(course.beside.is_over(client, client.running[-1], answered))
            self.ring_in_time(rings)

    @rule(which=CLIENT, speak=st.booleans(), rings=RINGS)
    def another_model(self, which: int, speak: bool, rings: int) -> None:
        self._another_model(self.client(which))
        for _ in range(2 * speak):
            self.talk(self.client(which))
        self.ring_in_time(rings)

    def _another_model(self, client: Client) -> None:
        client.talk.model = OTHER_MODEL if client.talk.model == MODEL else MODEL
        client.changed = client.last is None or client.last.model != client.talk.model

    @rule(which=CLIENT, waits=st.sampled_from(list(WaitingFor)), rings=RINGS)
    def a_client_waits(self, which: int, waits: WaitingFor, rings: int) -> None:
        self.course.run(self.course.beside.waits_for(self.client(which), waits))
        self.ring_in_time(rings)

    @rule(which=CLIENT, plugin=st.sampled_from(["there", "there", "gone", "deaf"]), reload=st.booleans(), rings=RINGS)
    def a_plugin(self, which: int, plugin: Plugin, reload: bool, rings: int) -> None:
        self._plugin(self.client(which), plugin, reload)
        self.ring_in_time(rings)

    def _plugin(self, client: Client, plugin: Plugin, reload: bool) -> None:
        client.plugin = plugin
        client.instance += "+" * reload
        if plugin == "gone":
            self.course.beside.plugins[client.talk.session].path("state").unlink(missing_ok=True)

    @rule(yes=st.booleans(), rings=RINGS)
    def answer_the_question(self, yes: bool, rings: int) -> None:
        """What the person says to forks under a plan's login; said again, it is taken back."""
        self.course.run(self._consent(yes))
        self.ring_in_time(rings)

    async def _consent(self, yes: bool) -> None:
        course, now = self.course, self.course.clock.wall()
        course.forks.consent = yes
        await course.world.store.write(lambda connection: consent.put(connection, yes, now))
        await course.world.pinger.replan_all()

    @rule(which=CLIENT, how=st.sampled_from(["ended", "cleared", "killed"]), told=st.booleans(), rings=RINGS)
    def a_client_leaves(self, which: int, how: str, told: bool, rings: int) -> None:
        """Its plugin tells of it, or it is seen by its files."""
        client, course = self.client(which), self.course
        course.pass_time(0.5)
        course.run(course.beside.hear())  # what it said before
        course.run(self._leave(client, how, told))
        self.ring_in_time(rings)

    async def _leave(self, client: Client, how: str, told: bool) -> None:
        course = self.course
        client.running.clear()
        if how == "killed":
            course.kill(client)
        elif told and client.plugin != "gone":
            course.beside.announce(client, running=False, ended="clear" if how == "cleared" else "other")
            was = course.has_ended(client)
            await course.beside.hear()
            if course.has_ended(client) and not was:
                client.ended = True
                self.oracle.books.ends(client.talk.session, course.clock.wall())
                return
        if how != "killed":
            await course.end_session(client, how)

    @rule(
        which=CLIENT,
        late=LATE,
        trouble=FAILURES,
        fork=OF_A_FORK,
        stage=STAGES,
        speak=st.sampled_from([True, True, False]),
        yes=st.sampled_from([True, True, False]),
    )
    def ring_for_a_client(
        self, which: int, late: float, trouble: Trouble, fork: ForkTrouble, stage: Stage, speak: bool, yes: bool
    ) -> None:
        """Its own alarm rings, whoever else's would come first."""
        client, course = self.client(which), self.course
        if yes:
            course.run(self._consent(True))
        if speak:
            self._free(client)
        course.run(course.beside.look())
        row = course.current().get(client.talk.session)
        if row is None or row["id"] not in course.world.alarm.at:
            return
        course.reach(row["id"], late)
        course.run(course.beside.look())
        stops = course.stops()
        self.oracle.trouble, self.oracle.stops_at, course.forks.trouble = trouble, stage, fork
        course.run(course.start(course.world.pinger.fire(row["id"])))
        self.oracle.trouble, self.oracle.stops_at, course.forks.trouble = "", "", ""
        course.check_late(row["id"])
        others = {one: stop for one, stop in course.stops().items() if one != row["id"]}
        assert others.items() <= stops.items(), "one session's failure stopped another"

    @rule(which=CLIENT, speak=st.booleans(), trouble=FAILURES, fork=OF_A_FORK, stage=STAGES)
    def ask_a_client_now(self, which: int, speak: bool, trouble: Trouble, fork: ForkTrouble, stage: Stage) -> None:
        client, course = self.client(which), self.course
        if speak:
            self.talk(client)
        self.oracle.trouble, self.oracle.stops_at, course.forks.trouble = trouble, stage, fork
        course.run(course.start(course.ping_now(client.talk.session)))
        self.oracle.trouble, self.oracle.stops_at, course.forks.trouble = "", "", ""

    @rule(
        which=CLIENT,
        mode=st.sampled_from([BudgetMode.AUTO, BudgetMode.HOLD, BudgetMode.OFF, None]),
        count=st.sampled_from([None, None, 0, 1, 3]),
        usd=st.sampled_from([None, None, 0.0005, 0.003]),
        rings=st.integers(0, 4),
    )
    def a_clients_budget(
        self, which: int, mode: BudgetMode | None, count: int | None, usd: float | None, rings: int
    ) -> None:
        client = self.client(which)
        mode = mode or BudgetMode.AUTO
        client.own = Allowance(mode, count, usd)
        self.course.run(self.course.world.budget(client.talk.session, mode, pings=count, usd=usd))
        self.ring_in_time(rings)

    @rule(
        which=CLIENT,
        whats=st.lists(HAPPENS, min_size=1, max_size=3),
        at=st.sampled_from(["reserved", "connecting"]),
        speak=st.sampled_from([True, True, False]),
    )
    def something_happens_to_a_client_as_soon_as_money_is_reserved(
        self, which: int, whats: list[str], at: str, speak: bool
    ) -> None:
        """Or when the ask lies in its folder and was not seen yet."""
        for what in whats:
            self._something_happens(self.client(which), what, at, speak)

    def _something_happens(self, client: Client, what: str, at: str, speak: bool) -> None:
        course = self.course
        course.run(self._consent(True))
        if speak:
            self._free(client)
        course.run(course.beside.look())
        row = course.current().get(client.talk.session)
        if row is None or row["id"] not in course.world.alarm.at:
            return
        course.reach(row["id"], 0.0)
        if at == "reserved":

            async def happen() -> None:
                self.oracle.delayed = True
                await self._happen(client, what)

            course.world.store.after_reserve = happen
            course.run(course.start(course.world.pinger.fire(row["id"])))
            course.world.store.after_reserve = None
            self._notice(client)
        else:
            self.oracle.stops_at = "connecting"
            course.run(course.start(course.world.pinger.fire(row["id"])))
            self.oracle.stops_at = ""
            if course.pings and what != "crash":
                course.run(self._happen(client, what))
            course.run(course.answer())
            self._notice(client)

    def _notice(self, client: Client) -> None:
        """Sooner or later its files tell that a client has left."""
        if client.left:
            client.left = False
            self.course.run(self.course.end_session(client, "ended"))

    async def _happen(self, client: Client, what: str) -> None:
        course = self.course
        beside = course.beside
        match what:
            case "turn" | "turn heard":
                if not client.running:
                    client.talk.go_on()
                    beside.begins(client)
                if what == "turn heard":
                    await beside.look()
            case "whole turn":
                client.talk.go_on()
                course.pass_time(0.2)
                call = beside.begins(client)
                course.pass_time(0.3)
                await beside.is_over(client, call, True)
            case "end" | "end heard":
                client.running.clear()
                if what == "end heard":
                    await course.end_session(client, "ended")
                else:
                    client.left = True
            case "death":
                course.kill(client)
            case "off":
                client.own = Allowance(BudgetMode.OFF)
                await course.world.budget(client.talk.session, BudgetMode.OFF)
            case "no consent":
                await self._consent(False)
            case "gone":
                self._plugin(client, "gone", False)
                await beside.hear()
            case "reload":
                self._plugin(client, "there", True)
                await beside.look()
            case "model":
                self._another_model(client)
            case "question":
                await beside.waits_for(client, WaitingFor.PERMISSION)
            case "sleep":
                course.suspend(14.5)
            case "clock":
                await course.world.pinger.check_clock()
                course.set_clock(-100.0)
                await course.world.pinger.check_clock()
            case "crash":
                course.die_with_what_is_reserved()
