"""`impact`: what a cold resume writes again, against a fresh session with the turn memory, in tokens and money."""

from __future__ import annotations

import shutil
import textwrap
import time
from collections.abc import Iterator

import click

from keepalive.allowance import budget_of
from store import board, brief, impact, sessions
from store.impact_models import BriefImpact, Impacts
from tui import filters
from tui.cli_context import Here, here
from tui.format import NOTHING, clean, money, pad, pad_left, plural, tokens
from tui.json_out import dumps

MOST_ROWS = 14
"""`--json` has them all."""
MOST_CELLS = 80
_PROJECT_CELLS = 18
_LEAST_CELLS = 40
_ESTIMATED = (
    "Counted: full histories, by the provider's figures. Estimated: turn memories, at three bytes to a token. Not"
    " counted: files that would have to be read again, since no tool output is kept."
)
_COLUMNS = (
    "full: what a cold resume writes again, for $ cold. start: system prompt and tools, any session's. memory: prompts,"
    " answers, changed files, failed commands. A fresh session writes both, for $ fresh."
)


@click.command("impact")
@click.argument("session", required=False)
@click.option("--project", help=filters.PROJECT_HELP)
@click.option("--agent", help=filters.AGENT_HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def impact_command(session: str | None, project: str | None, agent: str | None, as_json: bool) -> None:
    """Compare full history with turn memory, for SESSION or for all.

    A cold resume writes the whole history into the cache again. A fresh session with the turn memory (prompts, final
    answers, files changed, failed commands) writes only that, beside the system prompt and the tools.
    """
    if session is not None and (project is not None or agent is not None):
        raise click.UsageError("--project and --agent go with no SESSION")
    at, now = here(), time.time()
    if session is None:
        found = impact.over(at.connection, now, filters.sessions(project, agent))
        click.echo(dumps(found) if as_json else "\n".join(_all(found)))
        return
    one = _of_session(at, session, now)
    click.echo(dumps(one) if as_json else "\n".join(_one(one)))


def _of_session(at: Here, prefix: str, now: float) -> BriefImpact:
    detail = board.detail(
        at.connection,
        sessions.resolve(at.connection, prefix),
        now=now,
        keeper_on=at.keeper is not None,
        budget_of=budget_of(at.config),
        costly_usd=at.config.warnings.cold_usd,
    )
    return impact.of_session(at.connection, detail.id, now, brief_tokens=brief.make(detail).tokens)


def _one(one: BriefImpact) -> Iterator[str]:
    yield f"{clean(one.project) or clean(one.session)}  {clean(one.session)[:8]}  {plural(one.turns, 'turn')}"
    yield ""
    yield click.style(_line("", "tokens", "to write", "to read"), dim=True)
    yield _line("full history, resumed cold", *_amounts(one.full_tokens, one.full_usd, one.full_read_usd))
    yield _line("fresh, with the turn memory", *_amounts(one.fresh_tokens, one.fresh_usd, one.fresh_read_usd))
    briefed = _amounts(one.start_tokens + one.brief_tokens, one.brief_usd, one.brief_read_usd)
    yield _line("fresh, with the resume brief", *briefed)
    yield ""
    yield from _wrapped(
        f"A fresh session begins with {tokens(one.start_tokens)} (system prompt and tools; no request of this one was"
        f" smaller). The turn memory adds {tokens(one.memory_tokens)}, the brief {tokens(one.brief_tokens)}. Each"
        " request that follows reads it all."
    )
    if not one.text_stored:
        yield "No text of it is stored: the turn memory looks too small."
    yield ""
    yield from _wrapped(_ESTIMATED)


def _amounts(count: int, write: float | None, read: float | None) -> tuple[str, str, str]:
    return tokens(count), money(write), NOTHING if read is None else f"${read:.3f}"


def _line(name: str, *numbers: str) -> str:
    return pad(name, min(30, _cells() - 28)) + "".join(pad_left(number, 9) for number in numbers)


def _all(found: Impacts) -> Iterator[str]:
    if not found.sessions:
        yield "No session with requests like that."
        return
    yield from _wrapped(_sentence(found))
    yield ""
    yield click.style(_row("", "", "turns", "full", "start", "memory", "cold", "fresh"), dim=True)
    for one in found.sessions[:MOST_ROWS]:
        sizes = (tokens(one.full_tokens), tokens(one.start_tokens), tokens(one.memory_tokens))
        prices = (money(one.full_usd), money(one.fresh_usd))
        yield _row(clean(one.session)[:8], clean(one.project), str(one.turns), *sizes, *prices)
    if len(found.sessions) > MOST_ROWS:
        yield click.style(f"{len(found.sessions) - MOST_ROWS} more: --json has all", dim=True)
    yield _row(
        *("all", "", f"{sum(one.turns for one in found.sessions):,}", tokens(found.full_tokens)),
        *(tokens(found.start_tokens), tokens(found.memory_tokens), money(found.full_usd), money(found.fresh_usd)),
    )
    yield ""
    yield from _wrapped(_COLUMNS)
    yield from _wrapped(_ESTIMATED)
    for line in _apart(found):
        yield from _wrapped(line)


def _sentence(found: Impacts) -> str:
    said = (
        f"{plural(len(found.sessions), 'session')}: resumed cold, {tokens(found.full_tokens)} tokens are written again"
    )
    if found.full_usd is None or found.fresh_usd is None:
        return f"{said}; with turn memory instead, {tokens(found.fresh_tokens)}."
    return (
        f"{said} ({money(found.full_usd)}); with turn memory instead, {tokens(found.fresh_tokens)}"
        f" ({money(found.fresh_usd)})."
    )


def _apart(found: Impacts) -> Iterator[str]:
    if found.unpriced:
        yield f"Without a known price, and not in the money: {plural(found.unpriced, 'session')}."
    if found.without_text:
        yield f"Of {plural(found.without_text, 'session')} no text is stored: the turn memory looks too small."
    if found.without_requests:
        yield f"Without a request to compare: {plural(found.without_requests, 'session')}."


def _row(session: str, project: str, turns: str, full: str, start: str, memory: str, cold: str, fresh: str) -> str:
    """At most as wide as the terminal: the project gives way first, then what the others add up from."""
    numbers = [full, start, memory, cold, fresh]
    room = _cells() - 10 - 6 - 8 * len(numbers)
    if room < 6:
        numbers = [full, cold, fresh]
        room += 16
    name = pad(project, max(0, min(_PROJECT_CELLS, room)))
    return f"{pad(session, 8)}  {name}{pad_left(turns, 6)}{''.join(pad_left(number, 8) for number in numbers)}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _cells() - 1)


def _cells() -> int:
    return max(_LEAST_CELLS, min(MOST_CELLS, shutil.get_terminal_size((MOST_CELLS, 24)).columns))
