"""The simulator's figures as text: one table a cell that is looked at closely, and an overview of the whole grid."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keepalive.simulate.policies import OURS
from keepalive.simulate.resampling import LEAST_SESSIONS, Interval
from keepalive.simulate.results import CellResult, Score
from store.words import TTLClass

FEW_SESSIONS = 30
FEW_LAPSES = 50


@dataclass(frozen=True, slots=True)
class Source:
    """What the figures rest on."""

    name: str
    """The file's, or `your history`."""
    requests: int
    sessions: int
    periods: int
    own_prices: bool
    """Costs are dollars of each model's own prices."""


def text(source: Source, results: Sequence[CellResult]) -> str:
    """The whole report; closely: the first cell of each TTL class, or every one where there are no more than four."""
    closely = list(results) if len(results) <= 4 else _first_of_each_class(results)
    lines = [
        f"{source.name}: {_count(source.requests, 'request')} of {_count(source.sessions, 'session')},"
        f" {_count(source.periods, 'idle period')} with a prefix worth keeping",
        "",
    ]
    for result in closely:
        lines += [*_table(result, source.own_prices), ""]
    lines += _legend(source.own_prices)
    if len(results) > len(closely):
        for ttl in dict.fromkeys(result.cell.ttl for result in results):
            lines += ["", *_overview(ttl, [result for result in results if result.cell.ttl == ttl])]
    return "\n".join(lines)


def ends_words(result: CellResult) -> str:
    """How much is known of sessions' ends in this cell."""
    share = result.cell.ends
    if share is None:
        return f"ends known when the client said so ({100 * result.ends_known:.0f} % before a ping was due)"
    return "no end signalled" if share == 0 else f"{100 * share:g} % of ends signalled at once"


def read_words(result: CellResult) -> str:
    """What a cache read costs in this cell."""
    read = result.cell.read
    return "each model's own prices" if read is None else f"a cache read at {read:g} of the input price"


def _first_of_each_class(results: Sequence[CellResult]) -> list[CellResult]:
    first: dict[TTLClass, CellResult] = {}
    for result in results:
        first.setdefault(result.cell.ttl, result)
    return list(first.values())


def _table(result: CellResult, dollars: bool) -> list[str]:
    lines = [
        f"Entries that live {_lifetime(result.cell.ttl)}, {read_words(result)}, {ends_words(result)}",
        f"{_count(result.periods, 'idle period')} of {_count(result.sessions, 'session')}:"
        f" {_count(result.lapses, 'lapse')} without a ping, {_count(result.ends, 'end')}" + _unpriced(result),
    ]
    if dollars and result.ours is not None:
        lines.append(_would_have(result, result.ours))
    lines += [f"! {warning}" for warning in _warnings(result)]
    if result.clairvoyant <= 0:
        return [*lines, "  No request came back after its entry's lifetime: there is nothing to compare."]
    lines += [
        "",
        f"  {'':14}{'cost, best':<22}{'saves of':<24}{'lapses':<18}{'pings / 100':<12}worst day,",
        f"  {'policy':14}{'possible = 1':<22}{'input cost':<24}{'avoided':<18}{'periods':<12}"
        + ("$" if dollars else "M tokens"),
    ]
    best = result.best
    ranked = sorted(result.scores, key=lambda score: (score.cost, score.pings, score.policy != OURS))
    return [*lines, *(_line(score, result, dollars, best == score.policy) for score in ranked)]


def _line(score: Score, result: CellResult, dollars: bool, best: bool) -> str:
    ratio = f"{_ratio(score.ratio.value or 0.0):>5}{'*' if best else ' '} {_range(score.ratio.interval, _ratio)}"
    saved = f"{_percent(score.net_share.value)} {_range(score.net_share.interval, _points)}"
    avoided = f"{score.lapses_avoided:>{len(str(result.lapses))}} of {result.lapses}"
    avoided += f" {100 * (score.avoided_share.value or 0):4.0f} %"
    worst = score.worst_day
    loss = "none" if worst is None else f"{worst.net if dollars else worst.net / 1e6:+.2f} {worst.date[2:]}"
    mark = ">" if score.policy == OURS else " "
    return f"{mark} {score.policy:14}{ratio:<22}{saved:<24}{avoided:<18}{score.pings_per_100:5.1f}{'':7}{loss}"


def _would_have(result: CellResult, ours: Score) -> str:
    outcome = f"saved ${ours.net:,.2f}" if ours.net >= 0 else f"lost ${-ours.net:,.2f}"
    return (
        f"{OURS} would have {outcome} of ${result.input_cost:,.2f} that all input cost:"
        f" {_count(ours.lapses_avoided, 'lapse')} avoided with {_count(round(ours.pings), 'ping')}"
    )


def _legend(dollars: bool) -> list[str]:
    unit = "dollars" if dollars else "million tokens at the input price"
    return [
        "> ours, from its shipped prior: it learned nothing from these gaps.  * least cost.",
        "Ranges are 95 % intervals over sessions. The best possible knows when the next message comes: it pays the",
        "pings that reach it or the lapse, whichever is less, and nothing where nobody comes back.",
        f"Worst day: the largest loss against never pinging on one UTC day, in {unit}.",
    ]


def _overview(ttl: TTLClass, results: Sequence[CellResult]) -> list[str]:
    by_read: dict[float | None, list[CellResult]] = {}
    for result in results:
        by_read.setdefault(result.cell.read, []).append(result)
    first, second = f"  {'':15}", f"  {'ends signalled':15}"
    for read, group in by_read.items():
        first += f" {'own prices' if read is None else f'read at {read:g}':<{7 * len(group)}}"
        second += " " + "".join(
            f"{'as said' if each.cell.ends is None else f'{100 * each.cell.ends:.0f} %':<7}" for each in group
        )
    lines = [
        f"Cost over the best possible, entries that live {_lifetime(ttl)} (* least)",
        first.rstrip(),
        second.rstrip(),
    ]
    for place, score in enumerate(results[0].scores):
        cells = (
            " " + "".join(_ratio_cell(each.scores[place], each.best) for each in group) for group in by_read.values()
        )
        lines.append(f"{'>' if score.policy == OURS else ' '} {score.policy:15}{''.join(cells)}".rstrip())
    return lines


def _ratio_cell(score: Score, best: str | None) -> str:
    value = "-" if score.ratio.value is None else _ratio(score.ratio.value)
    return f"{value + ('*' if score.policy == best else ''):<7}"


def _warnings(result: CellResult) -> list[str]:
    few = result.sessions < FEW_SESSIONS or result.lapses < FEW_LAPSES
    if result.periods == 0 or not few:
        return []
    text = "few: differences inside the ranges are chance"
    if result.sessions < LEAST_SESSIONS:
        text = "very few sessions: no ranges, and nothing to conclude"
    return [f"{_count(result.sessions, 'session')} and {_count(result.lapses, 'lapse')} are {text}"]


def _unpriced(result: CellResult) -> str:
    return f"; {result.unpriced:,} more left out, their model's price is not known" if result.unpriced else ""


def _lifetime(ttl: TTLClass) -> str:
    return "5 minutes" if ttl == "5m" else "1 hour"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _percent(share: float | None) -> str:
    return "      -" if share is None else f"{100 * share:+5.1f} %"


def _ratio(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _points(share: float) -> str:
    return f"{100 * share:+.1f}"


def _range(interval: Interval | None, shown: Callable[[float], str]) -> str:
    return "" if interval is None else f"{shown(interval.low)} to {shown(interval.high)}"
