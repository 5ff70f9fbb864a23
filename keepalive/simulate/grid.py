"""Scores policies in the cells of the grid: sums, their intervals, the worst day. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from keepalive.simulate.episodes import Episode
from keepalive.simulate.policies import INTERVALS, Ours, Policy
from keepalive.simulate.resampling import Resampling
from keepalive.simulate.results import CellResult, Figure, Score, WorstDay
from keepalive.simulate.rivals import RIVALS
from keepalive.simulate.scoring import DAY, Priced, Replay, Tally, replay
from keepalive.simulate.terms import WRITE_PRICES, Cell, TermsOf, at_read_price
from store.idle_gaps import IdleGap
from store.words import TTLClass


def policies() -> list[Policy]:
    """Ours, then the others."""
    return [Ours(), *RIVALS]


class Grid:
    """Idle gaps, ready to be scored in any cell."""

    def __init__(self, rows: Sequence[IdleGap], periods: Sequence[Episode], own: TermsOf | None = None) -> None:
        """`own` prices the cells that ask for each model's own prices."""
        self._rows = rows
        self._periods = periods
        self._own = own
        self._draws: dict[int, Resampling] = {}

    def score(self, cell: Cell, scored: Sequence[Policy]) -> CellResult:
        """The score of each of these policies."""
        terms = self._terms(cell)
        of_class = [period for period in self._periods if period.ttl == cell.ttl]
        priced = [
            Priced(period, found)
            for period in of_class
            if (found := terms(period.model, period.began, period.prefix_tokens, period.ttl)) is not None
        ]
        # Only these can be pinged or lapse; the others are counted and cost nothing.
        shortest = min(INTERVALS[cell.ttl], *(policy.interval(cell.ttl) for policy in scored))
        long = [period for period in priced if period.episode.gap >= shortest]
        known = _noticed_in_time(long) if cell.ends is None else cell.ends
        inputs = self._input_costs(cell.ttl, terms)
        sums = _Sums(self._draws, priced, long, inputs)
        return CellResult(
            cell=cell,
            write=None if cell.read is None else WRITE_PRICES[cell.ttl],
            ends_known=known,
            periods=len(priced),
            sessions=len({period.episode.session for period in priced}),
            lapses=sum(period.episode.lapses for period in long),
            ends=sum(period.episode.is_end for period in long),
            unpriced=len(of_class) - len(priced),
            input_cost=sum(inputs.values()),
            clairvoyant=sum(sums.clairvoyant),
            scores=[sums.score(policy, cell.ttl, replay(policy, long, cell.ends, known)) for policy in scored],
        )

    def _terms(self, cell: Cell) -> TermsOf:
        if cell.read is not None:
            return at_read_price(cell.read)
        if self._own is None:
            raise ValueError("there are no prices of models' own")
        return self._own

    def _input_costs(self, ttl: TTLClass, terms: TermsOf) -> dict[str, float]:
        """What all input of requests that wrote in this class cost, by session."""
        costs: dict[str, float] = {}
        for row in self._rows:
            if row.ttl_after != ttl:
                continue
            found = terms(row.model_after, row.at, row.read + row.written + row.uncached, ttl)
            if found is not None:
                paid = row.read * found.read + row.written * found.write + row.uncached
                costs[row.session] = costs.get(row.session, 0.0) + paid * found.input
        return costs


def _noticed_in_time(periods: Sequence[Priced]) -> float:
    """Share of the ends that the client reported before the first ping was due."""
    ends = [period.episode for period in periods if period.episode.is_end]
    noticed = sum(1 for end in ends if end.noticed_after is not None and end.noticed_after < INTERVALS[end.ttl])
    return noticed / len(ends) if ends else 0.0


class _Sums:
    """One cell's sums by session, in one order of sessions, and what every policy's are compared with."""

    def __init__(
        self,
        draws: dict[int, Resampling],
        priced: Sequence[Priced],
        long: Sequence[Priced],
        inputs: dict[str, float],
    ) -> None:
        self._periods = len(priced)
        self._sessions = sorted({period.episode.session for period in priced} | set(inputs))
        size = len(self._sessions)
        self._draws = draws[size] if size in draws else draws.setdefault(size, Resampling(size))
        clairvoyant: dict[str, float] = {}
        lapses: dict[str, float] = {}
        for period in long:
            session = period.episode.session
            clairvoyant[session] = clairvoyant.get(session, 0.0) + period.clairvoyant
            lapses[session] = lapses.get(session, 0.0) + period.episode.lapses
        self.clairvoyant = self._column(clairvoyant)
        self._lapses = self._column(lapses)
        self._inputs = self._column(inputs)

    def score(self, policy: Policy, ttl: TTLClass, replayed: Replay) -> Score:
        none = Tally()
        tallies = [replayed.by_session.get(session, none) for session in self._sessions]
        cost = tuple(tally.cost for tally in tallies)
        net = tuple(tally.net for tally in tallies)
        left = sum(tally.lapses_left for tally in tallies)
        avoided = tuple(had - tally.lapses_left for had, tally in zip(self._lapses, tallies, strict=True))
        pings = sum(tally.pings for tally in tallies)
        return Score(
            policy=policy.name,
            interval_seconds=policy.interval(ttl),
            cost=sum(cost),
            ratio=self._figure(cost, self.clairvoyant),
            net=sum(net),
            net_share=self._figure(net, self._inputs),
            lapses_left=left,
            lapses_avoided=round(sum(avoided)),
            avoided_share=self._figure(avoided, self._lapses),
            pings=pings,
            pings_per_100=100 * pings / self._periods if self._periods else 0.0,
            worst_day=_worst_day(replayed.net_by_day),
        )

    def _column(self, values: dict[str, float]) -> tuple[float, ...]:
        return tuple(values.get(session, 0.0) for session in self._sessions)

    def _figure(self, above: tuple[float, ...], below: tuple[float, ...]) -> Figure:
        divisor = sum(below)
        if divisor <= 0:
            return Figure(None, None)
        return Figure(sum(above) / divisor, self._draws.interval(above, below))


def _worst_day(net_by_day: dict[int, float]) -> WorstDay | None:
    """None where no day lost anything."""
    if not net_by_day:
        return None
    day = min(net_by_day, key=lambda day: (net_by_day[day], day))
    if net_by_day[day] >= 0:
        return None
    return WorstDay(datetime.fromtimestamp(day * DAY, UTC).date().isoformat(), net_by_day[day])
