"""A model of the provider's prompt cache, so that "this ping hits" can be shown without a key or a network.

It states the provider's published rules (where a request may read, what it writes, how long an entry lives, what
breaks a prefix) in one place and on its own: it must not import the code that it is there to check, and it does no
I/O. Token counts are estimates, stable for equal text. It is a model: what the real cache does beyond the published
rules (eviction, living on past the promised lifetime, older models that drop thinking blocks) is left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from keepalive.clock import Clock
from store.models import TTLClass

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Body: TypeAlias = "dict[str, Json]"

MAX_MARKS = 4
LOOKBACK = 20
"""Positions that one breakpoint may read, itself being the first."""
IMAGE_TOKENS = 1_500
BILLING_HEADER = "x-anthropic-billing-header"
PROMISED_TTL: Mapping[TTLClass, float] = {"5m": 300.0, "1h": 3600.0}

# Betas about login, lifetime and billing, not the prompt: a request without them still reads the entry. Claude Code
# drops the second in a fork and adds the third to the summary call of /compact.
_BETAS_OUTSIDE_PROMPT = ("oauth-", "extended-cache-ttl-", "fallback-credit-")

# First match counts, so longer names come before the families that contain them.
_MINIMUM_BY_NAME = (
    ("opus-4-7", 2_048),
    ("opus-4-6", 4_096),
    ("opus-4-5", 4_096),
    ("opus-5", 512),
    ("fable-5", 512),
    ("mythos-5", 512),
    ("mythos-preview", 2_048),
    ("haiku-3-5", 2_048),
    ("3-5-haiku", 2_048),
    ("haiku", 4_096),
)
_MINIMUM_OTHERWISE = 1_024


class RequestRefused(ValueError):
    """The provider would answer 400 `invalid_request_error`; the text is its message."""


def minimum_prefix_tokens(model: str) -> int:
    """Tokens below which the provider neither reads nor writes a prefix of this model."""
    return next((tokens for name, tokens in _MINIMUM_BY_NAME if name in model), _MINIMUM_OTHERWISE)


@dataclass(frozen=True, slots=True)
class Position:
    """One block of the prompt: a tool, a system block or a content block of a message."""

    digest: bytes
    """Hash of everything up to and including this block; equal digests are equal prefixes."""
    tokens: int
    """Tokens from the start of the prompt to the end of this block."""
    mark: TTLClass | None
    """The lifetime that a breakpoint on this block asks for."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the cache sees of a request."""

    model: str
    positions: tuple[Position, ...]

    @property
    def tokens(self) -> int:
        """Tokens of the whole prompt."""
        return self.positions[-1].tokens if self.positions else 0


@dataclass(frozen=True, slots=True)
class Claim:
    """What one request reads and writes. The counts are tokens; `input` is what no entry covers."""

    started_at: float
    input: int
    read: int
    write_5m: int
    write_1h: int
    writes: tuple[tuple[bytes, TTLClass], ...]
    """Entries that exist from the moment the answer begins."""


@dataclass(slots=True)
class _Entry:
    ttl: TTLClass
    touched_at: float


def read_prompt(body: Body, *, workspace: str, betas: Iterable[str] = ()) -> Prompt:
    """The positions of a Messages request, in the order in which the provider hashes them.

    `workspace` isolates: equal prompts of two workspaces share nothing. `betas` are the single names of the
    `anthropic-beta` header. Raises RequestRefused for breakpoints that the provider would refuse.
    """
    model = str(body.get("model", ""))
    digest = _chained(b"", [workspace, model])
    found: list[Position] = []
    tokens = 0
    for section, salt, blocks in _sections(body, betas):
        digest = _chained(digest, [section, salt])
        for owner, block in blocks:
            digest = _chained(digest, [owner, _without_marks(block)])
            tokens += _tokens(block)
            found.append(Position(digest, tokens, _mark(block)))
    _check_marks([position.mark for position in found if position.mark])
    return Prompt(model, tuple(found))


class PromptCache:
    """The entries of all workspaces.

    `begin` when a request arrives, `answer_began` when its first byte leaves: in between, a parallel request with
    the same prefix misses, as it does at the provider. Times are wall seconds of the injected clock.
    """

    def __init__(
        self,
        clock: Clock,
        ttl_seconds: Mapping[TTLClass, float] = PROMISED_TTL,
        minimum_tokens: int | Callable[[str], int] = minimum_prefix_tokens,
        *,
        long_hit_warms_shorter: bool = True,
    ) -> None:
        self._clock = clock
        self._ttl_seconds = dict(ttl_seconds)
        self._minimum = minimum_tokens
        self._long_hit_warms_shorter = long_hit_warms_shorter
        self._entries: dict[bytes, _Entry] = {}

    def begin(self, prompt: Prompt) -> Claim:
        """Read for a request that starts now, renew what it read, and say what it will write."""
        now = self._clock.wall()
        positions = prompt.positions
        minimum = self._minimum if isinstance(self._minimum, int) else self._minimum(prompt.model)
        hit = self._longest_hit(positions, now)
        read = positions[hit].tokens if hit is not None else 0
        if hit is not None:
            first = 0 if self._long_hit_warms_shorter else hit
            for position in positions[first : hit + 1]:
                if entry := self._live(position.digest, now):
                    entry.touched_at = now

        written: dict[TTLClass, int] = {"5m": 0, "1h": 0}
        writes: list[tuple[bytes, TTLClass]] = []
        covered = read
        for position in positions[0 if hit is None else hit + 1 :]:
            if position.mark and position.tokens >= minimum:
                written[position.mark] += position.tokens - covered
                covered = position.tokens
                writes.append((position.digest, position.mark))
        return Claim(now, prompt.tokens - covered, read, written["5m"], written["1h"], tuple(writes))

    def answer_began(self, claim: Claim) -> None:
        """Make the entries of a claim readable; their lifetime counts from the start of the request."""
        now = self._clock.wall()
        for digest, ttl in claim.writes:
            # A parallel request may have written the same prefix meanwhile: its entry stays, with the later start.
            entry = self._live(digest, now)
            if entry is None:
                self._entries[digest] = _Entry(ttl, claim.started_at)
            else:
                entry.touched_at = max(entry.touched_at, claim.started_at)

    def _longest_hit(self, positions: tuple[Position, ...], now: float) -> int | None:
        for last in range(len(positions) - 1, -1, -1):
            if positions[last].mark is None:
                continue
            for at in range(last, max(last - LOOKBACK, -1), -1):
                if self._live(positions[at].digest, now):
                    return at
        return None

    def _live(self, digest: bytes, now: float) -> _Entry | None:
        entry = self._entries.get(digest)
        if entry is None or now >= entry.touched_at + self._ttl_seconds[entry.ttl]:
            return None
        return entry


def _sections(body: Body, betas: Iterable[str]) -> Iterator[tuple[str, Json, list[tuple[str, Json]]]]:
    """(name, what besides its blocks changes it, blocks with their owner) for tools, system and messages."""
    tools = _list(body.get("tools"))
    messages = _list(body.get("messages"))
    contents = [(str(_dict(message).get("role")), block) for message in messages for block in _content(message)]
    # Web search is declared as a tool, but it changes the system prompt and leaves the tools alone.
    searches = [tool for tool in tools if str(_dict(tool).get("type")).startswith("web_search")]
    loaded = [tool for tool in tools if tool not in searches and not _dict(tool).get("defer_loading")]
    yield "tools", None, [("tool", tool) for tool in loaded]

    speed = body.get("speed")
    cites = any(_dict(_dict(block).get("citations")).get("enabled") is True for _, block in contents)
    system = _blocks(body.get("system"))
    if system and str(_dict(system[0]).get("text")).startswith(BILLING_HEADER):
        system = system[1:]
    yield (
        "system",
        [None if speed == "standard" else speed, cites],
        [("system", block) for block in searches + system],
    )

    # An explicit default equals an omitted one.
    choice = body.get("tool_choice")
    thinking = _dict(body.get("thinking"))
    effort = _dict(body.get("output_config")).get("effort")
    prompt_betas: list[Json] = [*sorted({b for b in betas if not b.startswith(_BETAS_OUTSIDE_PROMPT)})]
    salt: list[Json] = [
        None if choice == {"type": "auto"} else choice,
        any(_has_image(block) for _, block in contents),
        None if thinking.get("type") == "disabled" else thinking.get("type"),
        thinking.get("budget_tokens"),
        None if effort == "high" else effort,
        prompt_betas,
    ]
    yield "messages", salt, contents


def _chained(before: bytes, value: Json) -> bytes:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + text.encode()).digest()


def _dict(value: Json) -> Body:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _blocks(content: Json) -> list[Json]:
    """A text alone is the same prompt as a list that holds it as one block."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else _list(content)


def _content(message: Json) -> list[Json]:
    return _blocks(_dict(message).get("content"))


def _without_marks(block: Json) -> Json:
    """The block without its breakpoint, and without those on the blocks inside a tool result."""
    if not isinstance(block, dict):
        return block
    bare = {key: value for key, value in block.items() if key != "cache_control"}
    if isinstance(content := bare.get("content"), list):
        bare["content"] = [_without_marks(inner) for inner in content]
    return bare


def _mark(block: Json) -> TTLClass | None:
    inner = [mark for each in _list(_dict(block).get("content")) if (mark := _mark(each))]
    control = _dict(block).get("cache_control")
    if control is None:
        return inner[-1] if inner else None
    if _dict(control).get("type") != "ephemeral":
        raise RequestRefused("cache_control.type: only 'ephemeral' is known")
    ttl = _dict(control).get("ttl", "5m")
    if ttl == "5m":
        return "5m"
    if ttl == "1h":
        return "1h"
    raise RequestRefused("cache_control.ttl: expected '5m' or '1h'")


def _check_marks(marks: list[TTLClass]) -> None:
    if len(marks) > MAX_MARKS:
        raise RequestRefused(f"at most {MAX_MARKS} blocks may carry cache_control, found {len(marks)}")
    if "5m" in marks and "1h" in marks[marks.index("5m") :]:
        raise RequestRefused("a cache_control block with ttl='1h' must not come after one with ttl='5m'")


def _has_image(block: Json) -> bool:
    each = _dict(block)
    return each.get("type") == "image" or any(_has_image(inner) for inner in _list(each.get("content")))


def _tokens(block: Json) -> int:
    if _dict(block).get("type") == "image":
        return IMAGE_TOKENS
    text = _dict(block).get("text")
    if not isinstance(text, str):
        text = json.dumps(_without_marks(block), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return max(1, len(text.encode("utf-8", "surrogatepass")) // 4)
