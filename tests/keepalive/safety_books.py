"""The books that a bystander keeps: what every ping cost as far as anybody can know, and what came of it.

A second bookkeeping beside the store's, written from the contract alone: real usage once it is known, until then the
price of a read, and of a whole write against the day. A saving only where the next real request came after the entry
would have gone cold without pings and read it; what else was spent on a closed idle period is lost.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from store.ledger import local_date
from store.ledger_models import LedgerView
from store.models import LedgerLine, TTLClass, Usage
from tests.keepalive.money_harness import READ
from tests.keepalive.safety_subject import LIFETIME, WRITE, usd_of

DAY = 86_400.0


@dataclass(eq=False)
class Period:
    """From one answered request of a session's main thread to the next one."""

    session: str
    opened_at: float
    tokens: int
    ttl: TTLClass
    closed_at: float | None = None
    closed_by: str = ""
    read: int = 0
    """What the request that closed it read."""

    @property
    def cold_at(self) -> float:
        """When the entry would have gone cold without any ping."""
        return self.opened_at + LIFETIME[self.ttl]


@dataclass(eq=False)
class Bill:
    """One ping, from the reservation on. All times are the keeper's."""

    session: str
    lineage_id: int
    period: Period
    at: float
    tokens: int
    ttl: TTLClass
    usage: Usage | None = None
    """None: nobody knows (yet) what it cost."""
    hit: bool = False
    left: bool = True
    """Whether anything was sent at all."""

    @property
    def usd(self) -> float:
        return READ * self.tokens / 1e6 if self.usage is None else usd_of(self.usage)

    @property
    def day_usd(self) -> float:
        return WRITE[self.ttl] * self.tokens / 1e6 if self.usage is None else usd_of(self.usage)


@dataclass
class Line:
    """One line of the ledger."""

    pings: int = 0
    hits: int = 0
    spent: float = 0.0
    saved: float = 0.0
    lost: float = 0.0

    def differs(self, shown: LedgerLine | LedgerView) -> str:
        """What the store's ledger says otherwise, or ''."""
        if (self.pings, self.hits) != (shown.pings, shown.hits):
            return f"{shown.pings} pings and {shown.hits} hits, not {self.pings} and {self.hits}"
        pairs = {
            "spent": (shown.spent_usd, self.spent),
            "saved": (shown.saved_usd, self.saved),
            "lost": (shown.lost_usd, self.lost),
            "net": (shown.net_usd, self.saved - self.spent),
        }
        wrong = [
            f"{name} {one:.6f}, not {other:.6f}" for name, (one, other) in pairs.items() if abs(one - other) > 1e-9
        ]
        return ", ".join(wrong)


@dataclass
class Books:
    """Every bill and every idle period of one course of events."""

    bills: list[Bill] = field(default_factory=list)
    periods: dict[str, Period] = field(default_factory=dict)
    """The newest one of each session."""
    seen: Counter[str] = field(default_factory=Counter)

    # --- what happens ---------------------------------------------------------------------------------------------

    def request(self, session: str, *, at: float, goes_on: bool, read: int, tokens: int, ttl: TTLClass) -> None:
        """A real request was answered: one idle period ends, another begins."""
        period = self.periods.get(session)
        if period is not None and period.closed_at is None:
            period.closed_at, period.closed_by = at, "request" if goes_on else "replaced"
            period.read = read
        self.periods[session] = Period(session, at, tokens, ttl)

    def ends(self, session: str, now: float) -> None:
        """The session's end was told, which closes its period at once."""
        period = self.periods.get(session)
        if period is not None and period.closed_at is None:
            period.closed_at, period.closed_by = now, "end"

    def keep_house(self, now: float, ended: set[str]) -> None:
        """Close what nobody came back to."""
        for period in self.periods.values():
            if period.closed_at is None and (period.opened_at <= now - DAY or period.session in ended):
                period.closed_at = now
                period.closed_by = "timeout" if period.opened_at <= now - DAY else "end"

    def idle(self, session: str) -> Period | None:
        """The idle period that pings of this session belong to."""
        period = self.periods.get(session)
        return period if period is not None and period.closed_by in ("", "timeout") else None

    def enter(self, session: str, lineage_id: int, at: float, tokens: int, ttl: TTLClass) -> Bill | None:
        """A ping was reserved; None where no idle period could count it."""
        period = self.idle(session)
        if period is None:
            return None
        self.bills.append(Bill(session, lineage_id, period, at, tokens, ttl))
        return self.bills[-1]

    # --- what it comes to -----------------------------------------------------------------------------------------

    def idle_pings(self, session: str) -> int:
        period = self.idle(session)
        return sum(bill.left and bill.period is period for bill in self.bills)

    def session_usd(self, session: str) -> float:
        return sum(bill.usd for bill in self.bills if bill.session == session)

    def day_usd(self, day: str) -> float:
        return sum(bill.day_usd for bill in self.bills if local_date(bill.at) == day)

    def saving(self, period: Period, bills: list[Bill]) -> float:
        """What the pings of a closed idle period provably saved, $."""
        returned = period.closed_by == "request" and period.closed_at is not None and period.closed_at > period.cold_at
        if not returned or period.read < 0.95 * period.tokens or not any(bill.hit for bill in bills):
            return 0.0
        return min(period.read, period.tokens) * (WRITE[period.ttl] - READ) / 1e6

    def lines(self, unsent: list[tuple[str, float]]) -> defaultdict[str, Line]:
        """The ledger as it has to be: by session id, by local day, and '' for all. It counts pings that were reserved
        and never left (session, when), too."""
        lines: defaultdict[str, Line] = defaultdict(Line)
        of_period: dict[Period, list[Bill]] = defaultdict(list)
        for bill in self.bills:
            of_period[bill.period].append(bill)
            for key in ("", bill.session, local_date(bill.at)):
                lines[key].pings += bill.left
                lines[key].hits += bill.hit
                lines[key].spent += bill.usd
        for session, at in unsent:
            for key in ("", session, local_date(at)):
                lines[key].pings += 1
        for period, bills in of_period.items():
            if period.closed_at is None:
                continue
            saved = self.saving(period, bills)
            lost = 0.0 if saved else sum(bill.usd for bill in bills)
            self.seen["saved" if saved else "lost" if lost else "closed"] = 1
            for key in ("", period.session, local_date(period.closed_at)):
                lines[key].saved += saved
                lines[key].lost += lost
        return lines

    def differs(self, shown: LedgerView, unsent: list[tuple[str, float]]) -> str:
        """In what the store's ledger is not these books, or ''."""
        lines = self.lines(unsent)
        met = {""}
        if wrong := lines[""].differs(shown):
            return f"the ledger says: {wrong}"
        for line in (*shown.by_session, *shown.by_day):
            met.add(line.key)
            if wrong := lines[line.key].differs(line):
                return f"the ledger of {line.key} says: {wrong}"
        missing = [key for key, line in lines.items() if key not in met and line != Line()]
        return f"the ledger leaves out {missing[0]}" if missing else ""
