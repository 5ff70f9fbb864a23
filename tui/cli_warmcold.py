"""`warmcold`: warm and cold resumes side by side, as text for people or JSON for scripts. It gives no verdict."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from tui import filters
from tui.cli_context import here
from tui.json_out import dumps

if TYPE_CHECKING:
    from keepalive.warmcold_report import ColdReport, Design, Difference, Excluded, Measure, Outcome
    from store.models import TTLClass

_CLASSES: tuple[TTLClass, ...] = ("5m", "1h")

_TITLES = {
    "A": "a coin flip between ping and lapse, compared as assigned",
    "B": "pauses just below against just above the lifetime, as observed",
    "C": "pauses of 6 to 60 minutes, warm on 1h and cold on 5m, as observed",
}
_CONFOUNDED = {
    "B": "Confounded: who stays away longer may come back to other work.",
    "C": "Confounded: who uses 1h may work otherwise than who uses 5m.",
}
_TO_DO = {
    "A": "lapse_probability = 0.1 below [experiment] in config.toml: that share of pauses then lapses",
    "B": "prompts 4 to 6 minutes after the last request (48 to 75 on 1h); older ones: warmside import",
    "C": "prompts after 6 to 60 minutes, some on 5m and some on 1h; older ones: warmside import",
}
_NAMES = {
    "failed_bash": "failed Bash, first 10 calls",
    "turns_with_failed": "turns with a failed command",
    "failed_commands": "failed commands a turn",
    "first_usd": "cost of the first request",
    "turn_usd": "cost of the turn",
    "turn_and_pings_usd": "cost of turn and pings",
    "first_byte_seconds": "time to first byte",
    "requests": "requests a turn",
    "files_changed": "files changed a turn",
    "followed_soon": "next prompt within 60 s",
}
_EXCLUDED = {
    "small": "prefix under 10k",
    "no_ttl": "no promised lifetime",
    "compacted": "compacted",
    "model_changed": "another model",
    "settings_changed": "other settings",
    "resumed": "opened again after an exit",
    "running": "turn still runs",
}
_WIDTH = max(len(name) for name in _NAMES.values())


def _since(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    try:
        return None if value is None else filters.since(value, time.time(), None)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


@click.command("warmcold")
@click.option("--since", callback=_since, help=f"Prompts from this time on: {filters.MOMENT_EXAMPLE}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def warmcold_command(since: float | None, as_json: bool) -> None:
    """Compare turns after warm and cold resumes: cost, seconds, failed commands.

    A unit is a person's prompt after a pause. Differences come with 95 % intervals, resampled by session, and never
    with a verdict.
    """
    from keepalive.warmcold import report
    from store import warmcold

    at = here()
    lifetimes = {name: seconds for name in _CLASSES if (seconds := at.config.ttl(name)) is not None}
    found = report(warmcold.read(at.connection, since=since or 0.0, lifetimes=lifetimes), since)
    click.echo(dumps(found) if as_json else "\n".join(text(found)))


def text(found: ColdReport) -> list[str]:
    """The report for a person."""
    lines = [
        "Turns after warm and after cold resumes, side by side, without a verdict. To tell 4 % failed Bash from 6 %",
        "takes about 1,860 results an arm, and 3,700 where several come from one session, as they do here.",
    ]
    for design in found.designs:
        lines += ["", *_design(design)]
    lines.append("")
    if found.excluded:
        lines.append(f"Not compared: {_reasons(found.excluded)}.")
    if found.without_transcript:
        lines.append(f"Transcript gone, so Bash results not known: {_count(found.without_transcript, 'prompt')}.")
    return [
        *lines,
        "Not known, so not excluded: effort outside the gateway, the client's version by turn, and whether sessions of",
        "other clients than Claude Code were opened again.",
        "A cold resume sends the same text, and the model recomputes the same state up to rounding: what a warm cache",
        "gives is a cheaper and sooner answer. Quality can drop where a client drops old content; those prompts count",
        "as stripped, and no ping prevents that.",
    ]


def _design(design: Design) -> list[str]:
    lines = [f"{design.design}  {_TITLES[design.design]}"]
    if design.confounded:
        lines.append(f"   {_CONFOUNDED[design.design]}")
    if any(arm.drawn for arm in design.arms):
        lines.append("   drawn: " + ", ".join(f"{arm.arm} {arm.drawn:,}" for arm in design.arms))
    if design.tells == "no_units":
        lines.append(f"   No prompt to compare yet. It takes {_TO_DO[design.design]}.")
    else:
        lines += [f"   {_arm_line(design, place)}" for place in range(len(design.arms))]
    if design.odd:
        lines.append(f"   in no arm, read past the lifetime or written again in time: {design.odd:,}")
    if design.excluded:
        lines.append(f"   excluded: {_reasons(design.excluded)}")
    if design.tells == "cannot_tell":
        lines.append(
            f"   Too few: this cannot tell. Both arms would need {design.needed:,} Bash results. What there is:"
        )
    return lines + (_table(design) if design.outcomes else [])


def _arm_line(design: Design, place: int) -> str:
    arm = design.arms[place]
    line = (
        f"{arm.arm:8} {_count(arm.units, 'prompt')} in {_count(arm.sessions, 'session')},"
        f" {_count(arm.bash_results, 'Bash result')}"
    )
    if design.basis == "assigned" and arm.units:
        line += f"; found warm {arm.warm:,}, cold {arm.cold:,}, stripped {arm.stripped:,}"
    return line


def _table(design: Design) -> list[str]:
    """One line an outcome: its value in each arm that has units, and the intervals that there are."""
    shown = [place for place, arm in enumerate(design.arms) if arm.units]
    lines = [f"   {'':{_WIDTH}}" + "".join(f"{design.arms[place].arm:>10}" for place in shown)]
    lines += [_row(outcome, shown) for outcome in design.outcomes if outcome.primary]
    lines.append("   exploratory; 95 % intervals where at least five sessions an arm vary:")
    return lines + [_row(outcome, shown) for outcome in design.outcomes if not outcome.primary]


def _row(outcome: Outcome, shown: Iterable[int]) -> str:
    values = "".join(f"{_amount(outcome.arms[place].value, outcome.measure):>10}" for place in shown)
    intervals = [f"   {told}" for one in outcome.differences if (told := _interval(one, outcome.measure))]
    return f"   {_NAMES[outcome.name]:{_WIDTH}}{values}{''.join(intervals)}"


def _interval(one: Difference, measure: Measure) -> str:
    if one.low is None or one.high is None:
        return ""
    low, high = _amount(one.low, measure, signed=True), _amount(one.high, measure, signed=True)
    return f"{one.arm} less {one.against} {low} to {high}"


def _amount(value: float | None, measure: Measure, *, signed: bool = False) -> str:
    if value is None:
        return "–"
    sign = "+" if signed else ""
    if measure == "share":
        return f"{100 * value:{sign}.1f} %"
    if measure == "usd":
        minus = "-" if value < 0 else sign
        return f"{minus}${abs(value):.3f}"
    return f"{value:{sign}.2f}{' s' if measure == 'seconds' else ''}"


def _reasons(excluded: Iterable[Excluded]) -> str:
    return ", ".join(f"{_EXCLUDED[one.reason]} {one.count:,}{f' ({one.arm})' if one.arm else ''}" for one in excluded)


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
