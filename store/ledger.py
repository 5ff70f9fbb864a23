"""The ledger: what keep-alive spent, what it provably saved, what it lost. Derived, never stored.

A saving counts only when the next real request came after the original expiry and read the prefix; the rule itself
is in the view `idle_money`. What was spent on an idle period that closed without one is lost. Pings are booked on the
day they were reserved, as the day cap counts them; a saving and a loss on the day that the period closed.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias, TypeVar

from store.database import snapshot
from store.ledger_models import RESULTS, IdlePeriod, LedgerPeriods, LedgerView, Result, SessionLedger
from store.models import LedgerLine
from store.session_filter import EVERY_SESSION, SessionFilter

SESSION_PERIODS = 60
"""Of one session, the newest: about what a person scrolls through."""


def local_midnight(now: float) -> float:
    """The last midnight in this machine's time zone, seconds since the epoch."""
    # A naive local time: with an offset attached, midnight would be an hour off on the day the clocks change.
    return datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def local_date(moment: float) -> str:
    """The local calendar day as YYYY-MM-DD."""
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d")


class _Tally:
    """A sum over pings and closed idle periods."""

    __slots__ = ("closed", "hits", "lost", "newest", "pings", "saved", "spent")

    def __init__(self) -> None:
        self.pings = self.hits = self.closed = 0
        self.spent = self.saved = self.lost = 0.0
        self.newest = float("-inf")

    def ping(self, at: float, hit: int, spent: float) -> None:
        """One more ping."""
        self.pings += 1
        self.hits += hit
        self.spent += spent
        if at > self.newest:
            self.newest = at

    def close(self, at: float, saved: float, lost: float) -> None:
        """One more idle period that closed."""
        self.closed += 1
        self.saved += saved
        self.lost += lost
        if at > self.newest:
            self.newest = at

    def join(self, other: _Tally) -> None:
        """All of another sum."""
        self.pings += other.pings
        self.hits += other.hits
        self.spent += other.spent
        self.saved += other.saved
        self.lost += other.lost
        self.closed += other.closed
        self.newest = max(self.newest, other.newest)

    def line(self, key: str, label: str = "") -> LedgerLine:
        """As it is handed out."""
        return LedgerLine(
            key=key,
            label=label,
            pings=self.pings,
            hits=self.hits,
            spent_usd=self.spent,
            saved_usd=self.saved,
            lost_usd=self.lost,
            net_usd=self.saved - self.spent,
            closed=self.closed,
        )


def read(connection: sqlite3.Connection, since: float = 0.0, chosen: SessionFilter = EVERY_SESSION) -> LedgerView:
    """Totals: pings sent, and idle periods with pings that closed, at or after `since`."""
    with snapshot(connection):
        return _view(connection, since, chosen)


def with_periods(
    connection: sqlite3.Connection, since: float = 0.0, chosen: SessionFilter = EVERY_SESSION, *, limit: int
) -> LedgerPeriods:
    """The totals and the newest idle periods behind them: those that are open, or closed at or after `since`."""
    where, values = _of(chosen)
    with snapshot(connection):
        view = _view(connection, since, chosen)
        periods = _periods(
            connection,
            f"(closed_at IS NULL OR closed_at >= :since) AND {where}",
            {**values, "since": since, "limit": limit},
        )
    return LedgerPeriods(**dict(view), periods=periods)


def of_session(connection: sqlite3.Connection, session_id: str, limit: int = SESSION_PERIODS) -> SessionLedger:
    """One session's totals and its newest idle periods."""
    values = {"session": session_id}
    with snapshot(connection):
        cells = _cells(connection, 0.0, "session_id = :session", values)
        periods = _periods(connection, "session_id = :session", {**values, "limit": limit})
    return SessionLedger(total=_total(cells).line(session_id), by_result=_by_result(cells), periods=periods)


def today(connection: sqlite3.Connection, now: float) -> LedgerLine:
    """The header's line: what this local day's pings cost, and what came of the idle periods that closed on it."""
    return _total(_cells(connection, local_midnight(now))).line(local_date(now))


# -- totals ----------------------------------------------------------------------------------------------------------


class _Cell(NamedTuple):
    """What pings and periods are first summed by: they are many, and each is to be touched once."""

    session_id: str
    day: str
    result: Result


_Cells: TypeAlias = dict[_Cell, _Tally]
_Key = TypeVar("_Key")


def _view(connection: sqlite3.Connection, since: float, chosen: SessionFilter) -> LedgerView:
    cells = _cells(connection, since, *_of(chosen))
    whose = {row[0]: (row[1], row[2]) for row in connection.execute("SELECT id, project, agent FROM sessions")}
    by_session = _joined(cells, lambda cell: cell.session_id)
    newest = sorted(by_session, key=lambda key: (by_session[key].newest, key), reverse=True)
    by_day = _joined(cells, lambda cell: cell.day)
    return LedgerView(
        **_total(cells).line("").model_dump(exclude={"key", "label"}),
        by_session=tuple(by_session[key].line(key, whose[key][0]) for key in newest),
        by_day=tuple(by_day[key].line(key) for key in sorted(by_day)),
        by_project=_dearest(_joined(by_session, lambda session_id: whose[session_id][0])),
        by_agent=_dearest(_joined(by_session, lambda session_id: whose[session_id][1])),
        by_result=_by_result(cells),
    )


def _joined(tallies: dict[_Key, _Tally], key: Callable[[_Key], str]) -> dict[str, _Tally]:
    found = defaultdict[str, _Tally](_Tally)
    for each, tally in tallies.items():
        found[key(each)].join(tally)
    return found


def _total(cells: _Cells) -> _Tally:
    return _joined(cells, lambda cell: "").get("", _Tally())


def _dearest(tallies: dict[str, _Tally]) -> tuple[LedgerLine, ...]:
    keys = sorted(tallies, key=lambda key: (-tallies[key].spent, key))
    return tuple(tallies[key].line(key) for key in keys)


def _by_result(cells: _Cells) -> tuple[LedgerLine, ...]:
    tallies = _joined(cells, lambda cell: cell.result)
    return tuple(tallies[result].line(result) for result in RESULTS if result in tallies)


class _Days:
    """Local days of moments that come more or less in order."""

    def __init__(self) -> None:
        self._start = self._end = 0.0
        self._day = ""

    def of(self, moment: float) -> str:
        """`local_date`, without asking for the zone each time."""
        if not self._start <= moment < self._end:
            self._start, self._day = local_midnight(moment), local_date(moment)
            self._end = local_midnight(self._start + 1.5 * 86_400)
        return self._day


# -- rows ------------------------------------------------------------------------------------------------------------


def _of(chosen: SessionFilter) -> tuple[str, dict[str, str]]:
    """The condition for rows that have a `session_id`."""
    condition, values = chosen.condition()
    return (f"session_id IN (SELECT id FROM sessions WHERE {condition})" if condition else "1"), values  # noqa: S608


def _cells(
    connection: sqlite3.Connection, since: float, where: str = "1", values: dict[str, str] | None = None
) -> _Cells:
    """Everything at or after `since`. A ping counts for what came of its period, whenever that closed; what a period
    lost is all that was spent on it, whenever that was."""
    given = {**(values or {}), "since": since}
    days, cells = _Days(), defaultdict[_Cell, _Tally](_Tally)
    outcomes = {row[0]: (_result(*row[2:]), row) for row in connection.execute(_OUTCOMES.format(where), given)}
    spent_on = dict.fromkeys(outcomes, 0.0)
    for idle_id, session_id, at, hit, spent in connection.execute(_PINGS.format(where), given):
        result: Result = "open"
        if idle_id in outcomes:
            result = outcomes[idle_id][0]
            spent_on[idle_id] += spent
        elif idle_id is not None:
            result = "never_back"  # given up before `since`, and pinged on by a hold
        cells[_Cell(session_id, days.of(at), result)].ping(at, hit, spent)
    if since > 0.0:
        for idle_id, spent in connection.execute(_EARLIER_PINGS.format(where), given):
            spent_on[idle_id] += spent
    for result, (idle_id, session_id, closed_at, *_, saved) in outcomes.values():
        if closed_at is not None:
            lost = 0.0 if result == "kept" else spent_on[idle_id]
            cells[_Cell(session_id, days.of(closed_at), result)].close(closed_at, saved or 0.0, lost)
    return cells


def _result(
    closed_at: float | None, closed_by: str, original_expires_at: float, lapsed: int, saved_usd: float | None
) -> Result:
    if closed_at is None:
        return "open"
    if closed_by == "replaced":
        return "replaced"
    if closed_by != "request":
        return "never_back"
    if saved_usd != 0:
        return "kept"  # None too: something was saved, only its price is unknown
    if closed_at <= original_expires_at:
        return "early"
    return "too_late" if lapsed else "unread"


def _periods(
    connection: sqlite3.Connection, where: str, values: dict[str, str | float | int]
) -> tuple[IdlePeriod, ...]:
    cursor = connection.execute(_NEWEST.format(where), values)
    names = [column[0] for column in cursor.description]
    return tuple(_period(dict(zip(names, row, strict=True))) for row in cursor)


def _period(row: dict[str, Any]) -> IdlePeriod:
    result = _result(
        row["closed_at"], row["closed_by"], row["original_expires_at"], row.pop("lapsed"), row["saved_usd"]
    )
    lost = 0.0 if result in ("open", "kept") else row["spent_usd"]
    return IdlePeriod.model_validate({**row, "result": result, "lost_usd": lost})


_CLOSED = "SELECT id FROM idle_periods WHERE pinged = 1 AND closed_at >= :since AND {0}"
# Without the view's own sums: they would price every ping once more.
_OUTCOMES = f"""
SELECT id, session_id, closed_at, closed_by, original_expires_at, lapsed, saved_usd FROM idle_money WHERE id IN (
    {_CLOSED} UNION ALL SELECT id FROM idle_periods WHERE pinged = 1 AND closed_at IS NULL AND {{0}})
"""  # noqa: S608
_PINGS = """
SELECT idle_id, session_id, reserved_at, outcome = 'hit', coalesce(usd, 0) FROM ping_money
WHERE reserved_at >= :since AND {0}
"""
_EARLIER_PINGS = f"""
SELECT idle_id, coalesce(usd, 0) FROM ping_money WHERE reserved_at < :since AND idle_id IN ({_CLOSED})
"""  # noqa: S608
# The newest are chosen before their money is reckoned.
_NEWEST = """
SELECT m.session_id AS session, s.project, s.agent, m.opened_at, m.original_expires_at, m.closed_at, m.closed_by,
    m.lapsed, m.waiting_for, i.ttl_class AS ttl, m.prefix_tokens,
    (SELECT warmer FROM pings WHERE idle_id = m.id ORDER BY id DESC LIMIT 1) AS warmer,
    m.pings, m.hits, m.spent_usd, m.saved_usd
FROM idle_money m JOIN idle_periods i ON i.id = m.id JOIN sessions s ON s.id = m.session_id
WHERE m.id IN (SELECT id FROM idle_periods WHERE pinged = 1 AND {0} ORDER BY opened_at DESC, id DESC LIMIT :limit)
ORDER BY m.opened_at DESC, m.id DESC
"""
