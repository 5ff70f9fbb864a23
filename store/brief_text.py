"""The words of a resume brief: its head, its sizes, its open ends, and foreign text cut to the room that there is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from store.brief_models import BriefFailure, BriefFile, LeftOut, OpenEnd
from store.models import SessionDetail
from store.plain_text import one_line, plain
from store.quoting import escape, fence, span

SIZES_HERE = "\x00sizes\x00"
"""Stands where the sizes go, which are known when everything else is written. Quoted text never holds a NUL."""
SIZES_CHARS = 230
"""What they take at most."""
LEFT_OUT_CHARS = 260
"""What saying what was left out takes at most."""

_LINE_CHARS = 240
"""Of a path or a command: longer ones say nothing more."""
_LEAST_WORDS = 80
"""Characters; less of a long text is no quotation."""
_KINDS = {"A": "added", "M": "modified", "D": "deleted", "R": "renamed"}
_LEFT_OUT = {
    "prompts": "prompts",
    "files": "files changed",
    "commands": "failed commands",
    "characters": "characters of the texts above",
}


def head(detail: SessionDetail) -> str:
    """Title, what this is, and the facts."""
    facts = [f"- session {_short_span(detail.id)}, {_count(len(detail.turns), 'turn')}"]
    if detail.compactions:
        facts[0] += f", compacted {_count(detail.compactions, 'time')}"
    if detail.last_at is not None:
        facts[0] += f", last active {datetime.fromtimestamp(detail.last_at, UTC):%Y-%m-%d %H:%M} UTC"
    if detail.cwd:
        facts.append(f"- folder {_short_span(detail.cwd)}")
    if detail.model:
        facts.append(f"- model {_short_span(detail.model)}")
    return "\n\n".join(
        (
            f"# Resume brief: {escape(_cut(detail.title or detail.project or detail.id, 120))}",
            f"What is left of an earlier {escape(_cut(detail.agent, 20))} session, from its record, to go on without"
            " reading all of it again. Text in code is quoted. Tool outputs are not kept: look at a file before you"
            " change it.",
            "\n".join([*facts, SIZES_HERE]),
        )
    )


def sizes(detail: SessionDetail, tokens: int, usd: float | None) -> str:
    """A cold resume's cost beside the brief's. Either session writes its system prompt and tools."""
    by_token = detail.login != "subscription"  # a plan is not billed by token
    price = f" ({_money(usd)})" if by_token and usd is not None else ""
    said = f"this brief is about {_rounded(tokens)} tokens{price}, estimated at three bytes to a token"
    cache = detail.cache
    if not cache.cold_tokens:
        return f"- {said}"
    price = f" ({_money(cache.cold_usd)})" if by_token and cache.cold_usd is not None else ""
    return f"- a cold resume of it writes {_rounded(cache.cold_tokens)} tokens again{price}; {said}"


def ends(found: Sequence[OpenEnd], detail: SessionDetail) -> str:
    """The open ends as a section, or nothing."""
    if not found:
        return ""
    n, failed = detail.turns[-1].n, len(detail.turns[-1].failed_commands)
    words: dict[OpenEnd, str] = {
        "running": f"turn {n} was still going on",
        "no_answer": f"turn {n} has no final text; it may have been interrupted",
        "permission": f"turn {n} waited for a permission",
        "asks": "the last answer ends with a question",
        "failed": f"{_count(failed, 'command')} failed in the last turn",
    }
    return "\n".join(["## Open ends", "", *(f"- {words[end]}" for end in found)])


def left_out(found: Sequence[LeftOut]) -> str:
    """What did not fit, as a sentence, or nothing."""
    said = (f"{one.of - one.shown:,} of {one.of:,} {_LEFT_OUT[one.what]}" for one in found)
    return f"Left out here: {', '.join(said)}. `warmside show` has them." if found else ""


def quoted_chars(heading: str, text: str) -> int:
    """How long a text below its heading is as a whole."""
    return len(heading) + 2 + len(fence(text))


def quoted(heading: str, text: str, most: int) -> tuple[str, str] | None:
    """A text below its heading within so many characters, and the text as it stands there; None without room."""
    shown = _without_middle(text, most - (quoted_chars(heading, text) - len(text)))
    return (f"{heading}\n\n{fence(shown)}", shown) if shown else None


def whole(text: str) -> str:
    """A text as it is quoted when there is room for all of it."""
    return plain(text).strip()


def listed(heading: str, lines: Sequence[str], most: int) -> tuple[str, int]:
    """As many lines below the heading as fit, and their number; nothing without a line."""
    text, count = heading + "\n", 0
    for line in lines:
        if len(text) + 1 + len(line) > most:
            break
        text += "\n" + line
        count += 1
    return (text, count) if count else ("", 0)


def file_line(file: BriefFile, folder: str) -> str:
    """A changed file; its path from the session's folder on."""
    below = file.path.removeprefix(folder.rstrip("/") + "/") if folder.strip("/") else file.path
    return f"- {_KINDS[file.kind]} {_short_span(below)}"


def failure_line(failed: BriefFailure) -> str:
    """A command that failed."""
    times = f", {failed.times} times" if failed.times > 1 else ""
    command = _short_span(failed.command) if failed.command.strip() else "(not stored)"
    return f"- exit {failed.exit_code}, turn {failed.turn}{times}: {command}"


def _short_span(text: str) -> str:
    return span(_cut(text, _LINE_CHARS))


def _cut(text: str, most: int) -> str:
    line = one_line(text)
    return line if len(line) <= most else line[: most - 1] + "…"


def _without_middle(text: str, most: int) -> str:
    """The beginning and the end of a text, with how much lies between; nothing where there is no room for words."""
    if len(text) <= most:
        return text
    most -= len("\n[… 1,000,000,000 characters left out …]\n")
    if most < _LEAST_WORDS:
        return ""
    begin, end = text[: most * 2 // 3].rstrip(), text[len(text) - most // 3 :].lstrip()
    return f"{begin}\n[… {len(text) - len(begin) - len(end):,} characters left out …]\n{end}"


def _rounded(number: int) -> str:
    """Two significant digits: an estimate has no more."""
    return f"{round(number, -max(0, len(str(number)) - 2)):,}"


def _money(usd: float) -> str:
    return "under $0.01" if usd < 0.01 else f"${usd:,.2f}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
