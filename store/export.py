"""A session as a Markdown document: its facts, then every turn with prompt, changes, failures, answer and memory.

Pure: what the store knows goes in, text comes out. Foreign text stands in code fences that it cannot end and in code
spans, so that none of it is markup, a link or HTML in the document, and no control of it reaches a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from store.models import FailedCommand, SessionDetail, TurnView
from store.plain_text import plain
from store.quoting import escape, fence, span

_KINDS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed"}


def markdown(detail: SessionDetail) -> str:
    """The document, ended by a line feed."""
    blocks = [f"# {escape(detail.title or detail.project or detail.id)}", "\n".join(_facts(detail))]
    for turn in detail.turns:
        blocks += _turn(turn)
    return "\n\n".join(blocks) + "\n"


def _facts(detail: SessionDetail) -> Iterator[str]:
    yield f"- session: {span(detail.id)}"
    yield f"- agent: {span(detail.agent)}"
    if detail.project:
        yield f"- project: {span(detail.project)}"
    if detail.cwd:
        yield f"- folder: {span(detail.cwd)}"
    models = detail.models or ((detail.model,) if detail.model else ())
    if models:
        yield "- model: " + ", ".join(map(span, models))
    for name, at in (("first", detail.first_at), ("last", detail.last_at), ("ended", detail.ended_at)):
        if at is not None:
            yield f"- {name}: {_time(at)}"
    if detail.forked_from:
        yield f"- forked from: {span(detail.forked_from)}"
    total = detail.totals
    yield f"- requests: {total.requests:,}"
    yield (
        f"- tokens: {total.input:,} input, {total.output:,} output, {total.cache_read:,} read from the cache,"
        f" {total.cache_write:,} written to it"
    )
    if total.usd is not None:
        yield f"- cost: ${total.usd:,.4f}"
    if detail.compactions:
        yield f"- compactions: {detail.compactions}"
    if detail.malformed_lines:
        yield f"- malformed lines: {detail.malformed_lines:,}"


def _turn(turn: TurnView) -> Iterator[str]:
    yield f"## Turn {turn.n}"
    started = [] if turn.started_at is None else [_time(turn.started_at)]
    cost = [] if turn.usd is None or not turn.requests else [f"${turn.usd:,.4f}"]
    yield " · ".join([*started, f"{turn.requests} request{'' if turn.requests == 1 else 's'}", *cost])
    if turn.prompt:
        yield f"**Prompt**\n\n{fence(turn.prompt)}"
    if turn.files_changed:
        files = (f"- {_KINDS[file.kind]} {span(file.path)}" for file in turn.files_changed)
        yield "**Files changed**\n\n" + "\n".join(files)
    if turn.failed_commands:
        yield "**Failed commands**\n\n" + "\n".join(map(_failed, turn.failed_commands))
    if turn.answer:
        yield f"**Answer**\n\n{fence(turn.answer)}"
    if turn.memory:
        yield f"**Turn memory**\n\n{fence(turn.memory)}"


def _failed(entry: FailedCommand) -> str:
    if "\n" not in plain(entry.command).strip():
        return f"- exit {entry.exit_code}: {span(entry.command)}"
    indented = "\n".join("  " + line for line in fence(entry.command).split("\n"))
    return f"- exit {entry.exit_code}:\n\n{indented}"


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
