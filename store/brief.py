"""A resume brief: what a fresh session has to be told so that the old, cold one need not be read again.

Pure: what the store knows of a session goes in, a Markdown text of bounded length comes out. What does not fit is
counted in the text. Nothing is invented to fill it: no git branch (nobody stored it), no word on whether a command
succeeded after it failed (successes leave no record).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeVar

from store import brief_text as words
from store.brief_models import Brief, BriefFailure, BriefFile, BriefText, LeftOut, OpenEnd
from store.models import SessionDetail, Status, TurnView, WaitingFor
from store.turn_memory import TurnMemoryAccumulator

MAX_CHARS = 8_000
"""About the size of one long prompt: a fiftieth of what a large session writes again."""
MIN_CHARS = 2_000
"""Less would not even hold the facts."""

_LAST_PROMPTS = 4
_EARLIER_ANSWERS = 2
_TELLING_CHARS = 20
"""Shorter prompts (yes, go ahead) say nothing without what they answer; the last one is shown all the same."""
_TELLING_ANSWER_CHARS = 200
_SHARES = {"asked": 30, "answer": 40, "files": 15, "failed": 10, "before": 5}
"""How the room is shared out where there is not enough for all."""
_NO_BOUND = 1 << 40
_BETWEEN = len("\n\n")


def estimated_tokens(text: str) -> int:
    """About how many tokens a text is: one for each three bytes, which is rather too many (English prose has four to a
    token, code and other scripts fewer), so that nothing looks smaller than it is."""
    return -(-len(text.encode("utf-8", "replace")) // 3)


def markdown(detail: SessionDetail, max_chars: int = MAX_CHARS) -> str:
    """The brief as text, ended by a line feed."""
    return make(detail, max_chars).markdown


def make(detail: SessionDetail, max_chars: int = MAX_CHARS) -> Brief:
    """The brief of a session, at most so long (and no shorter bound than MIN_CHARS holds)."""
    ends = tuple(_open_ends(detail))
    head, tail = words.head(detail), words.ends(ends, detail)
    around = len(head) + len(tail) + words.LEFT_OUT_CHARS + words.SIZES_CHARS + 3 * _BETWEEN
    draft = _Draft(detail)
    needs = {name: len(draft.section(name, _NO_BOUND).block) + _BETWEEN for name in _SHARES}
    shares = _shares(max(max_chars, MIN_CHARS) - around, needs, _SHARES)
    sections = {name: draft.section(name, shares[name] - _BETWEEN) for name in _SHARES}
    left_out = tuple(_left_out(detail, sections))
    nothing = not any(sections[name].texts for name in ("asked", "answer"))
    body = "\n\n".join(
        block
        for block in (
            head,
            "The store holds no text of what was asked or answered." if nothing else "",
            *(sections[name].block for name in ("asked", "files", "failed", "before", "answer")),
            tail,
            words.left_out(left_out),
        )
        if block
    )
    about = estimated_tokens(body) + words.SIZES_CHARS // 4
    text = body.replace(words.SIZES_HERE, words.sizes(detail, about, _usd(detail, about)), 1) + "\n"
    tokens = estimated_tokens(text)
    return Brief(
        session=detail.id,
        agent=detail.agent,
        project=detail.project,
        cwd=detail.cwd,
        title=detail.title,
        model=detail.model,
        last_at=detail.last_at,
        turns=len(detail.turns),
        compactions=detail.compactions,
        prompts=sections["asked"].texts,
        answers=sections["before"].texts + sections["answer"].texts,
        files_changed=sections["files"].files,
        failed_commands=sections["failed"].failures,
        open_ends=ends,
        left_out=left_out,
        cold_tokens=detail.cache.cold_tokens,
        cold_usd=detail.cache.cold_usd,
        chars=len(text),
        tokens=tokens,
        usd=_usd(detail, tokens),
        markdown=text,
    )


class _Section(NamedTuple):
    """A part of the document and what it shows."""

    block: str = ""
    texts: tuple[BriefText, ...] = ()
    whole_chars: int = 0
    """Of the texts before they were cut."""
    files: tuple[BriefFile, ...] = ()
    failures: tuple[BriefFailure, ...] = ()


class _Draft:
    """The sections of one session's brief, each within the room that it is given."""

    def __init__(self, detail: SessionDetail) -> None:
        self._folder = detail.cwd
        self._asked = _telling_prompts(detail.turns)
        answered = [turn for turn in detail.turns if turn.answer.strip()]
        before = [turn for turn in answered[:-1] if len(turn.answer.strip()) >= _TELLING_ANSWER_CHARS]
        self._answered = answered[-1:]
        self._before = before[-_EARLIER_ANSWERS:]
        self._files = _files(detail.turns)
        self._failures = _failures(detail.turns)

    def section(self, name: str, most: int) -> _Section:
        """One of `_SHARES` in at most so many characters."""
        if name == "files":
            lines = [words.file_line(file, self._folder) for file in self._files]
            block, count = words.listed("## Files changed, last changed first", lines, most)
            return _Section(block, files=tuple(self._files[:count]))
        if name == "failed":
            lines = [words.failure_line(failed) for failed in self._failures]
            heading = "## Commands that failed, last failed first (a later success leaves no record)"
            block, count = words.listed(heading, lines, most)
            return _Section(block, failures=tuple(self._failures[:count]))
        if name == "asked":
            return _texts([(turn, "Asked", turn.prompt) for turn in self._asked], most)
        if name == "answer":
            return _texts([(turn, "Last answer", turn.answer) for turn in self._answered], most)
        return _texts([(turn, "Answer", turn.answer) for turn in self._before], most)


def _texts(chosen: Sequence[tuple[TurnView, str, str]], most: int) -> _Section:
    """Texts in order; where there is not room for all, the long ones are cut."""
    whole = [(turn, f"## {what} (turn {turn.n})", words.whole(text)) for turn, what, text in chosen]
    needs = {turn.n: words.quoted_chars(heading, text) + _BETWEEN for turn, heading, text in whole}
    shares = _shares(most + _BETWEEN, needs, dict.fromkeys(needs, 1))
    blocks, shown, chars = list[str](), list[BriefText](), 0
    for turn, heading, text in whole:
        found = words.quoted(heading, text, shares[turn.n] - _BETWEEN)
        if found is not None:
            blocks.append(found[0])
            shown.append(BriefText(turn=turn.n, at=turn.started_at, text=found[1], cut=found[1] != text))
            chars += len(text)
    return _Section("\n\n".join(blocks), tuple(shown), chars)


_Key = TypeVar("_Key", str, int)


def _shares(room: int, needs: Mapping[_Key, int], weights: Mapping[_Key, int]) -> dict[_Key, int]:
    """Room for each: what it needs where that is no more than its share of what the others leave."""
    shares, waiting = dict.fromkeys(needs, 0), dict(needs)
    while waiting:
        parts = {key: max(0, room) * weights[key] // sum(weights[other] for other in waiting) for key in waiting}
        content = [key for key, need in waiting.items() if need <= parts[key]]
        if not content:
            return shares | parts
        for key in content:
            shares[key] = waiting.pop(key)
            room -= shares[key]
    return shares


def _left_out(detail: SessionDetail, sections: Mapping[str, _Section]) -> Iterator[LeftOut]:
    asked = sum(bool(turn.prompt.strip()) for turn in detail.turns)
    counts = (
        LeftOut(what="prompts", shown=len(sections["asked"].texts), of=asked),
        LeftOut(what="files", shown=len(sections["files"].files), of=len(_files(detail.turns))),
        LeftOut(what="commands", shown=len(sections["failed"].failures), of=len(_failures(detail.turns))),
        LeftOut(
            what="characters",
            shown=sum(len(text.text) for section in sections.values() for text in section.texts),
            of=sum(section.whole_chars for section in sections.values()),
        ),
    )
    return (count for count in counts if count.shown < count.of)


def _usd(detail: SessionDetail, tokens: int) -> float | None:
    """The brief becomes part of a prefix, so a token of it costs what one of the resume does."""
    cold_tokens, cold_usd = detail.cache.cold_tokens, detail.cache.cold_usd
    return None if not cold_tokens or cold_usd is None else tokens * cold_usd / cold_tokens


def _open_ends(detail: SessionDetail) -> Iterator[OpenEnd]:
    if not detail.turns:
        return
    last = detail.turns[-1]
    if detail.waiting_for is WaitingFor.PERMISSION:
        yield "permission"
    elif detail.ended_at is None and detail.status is Status.BUSY:
        yield "running"
    elif not last.answer.strip() and any(turn.prompt or turn.answer for turn in detail.turns):
        yield "no_answer"  # (where any text is stored)
    if last.answer.rstrip(" \n*_`\"')").endswith("?"):
        yield "asks"
    if last.failed_commands:
        yield "failed"


def _telling_prompts(turns: Sequence[TurnView]) -> list[TurnView]:
    """The first prompt and the last ones that say something by themselves, in order."""
    asked = [turn for turn in turns if turn.prompt.strip()]
    telling = [turn for turn in asked[1:-1] if len(turn.prompt.strip()) >= _TELLING_CHARS]
    return asked[:1] + telling[-_LAST_PROMPTS + 1 :] + asked[1:][-1:]


def _files(turns: Sequence[TurnView]) -> list[BriefFile]:
    """Every file once, with what all its changes amount to, the last changed first."""
    amounts, last = TurnMemoryAccumulator(), dict[str, int]()
    for turn in turns:
        for file in turn.files_changed:
            amounts.file_changed(file.path, file.kind)
            last.pop(file.path, None)
            last[file.path] = turn.n
    kinds = dict(amounts.memory.files_changed)
    return [BriefFile(path=path, kind=kinds[path], turn=last[path]) for path in reversed(last)]


def _failures(turns: Sequence[TurnView]) -> list[BriefFailure]:
    found = dict[str, BriefFailure]()
    for turn in turns:
        for failed in turn.failed_commands:
            before = found.pop(failed.command, None)
            times = before.times + 1 if before else 1
            found[failed.command] = BriefFailure(
                command=failed.command, exit_code=failed.exit_code, turn=turn.n, times=times
            )
    return list(reversed(found.values()))
