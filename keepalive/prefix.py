"""What one provider request says: whose it is, what its cache entries promise, and a fingerprint of its prefix.

It exists so that lineages are told apart by what the provider hashes (tools, system, messages, in this order) and
not by guesses. Pure: the facts hold digests and settings, never the content; the body stays with whoever captured it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from keepalive.canonical import Json, content, items, mapping, word
from keepalive.coding import decode_body
from keepalive.fork_mark import is_fork
from keepalive.shape import Shape, outline, sections
from keepalive.usage import Headers, header_value
from store.models import TTLClass

Login = Literal["api_key", "subscription"]
Kind = Literal["main", "subagent", "side"]
Thinking = Literal["enabled", "adaptive", "disabled"]
Cause = Literal["", "model", "tools", "system", "messages", "shrunk"]

MOVING_TAIL = 3
"""Messages at a request's end that its successor may drop or rewrite: reminders and notices are not history."""

_OLD_USER_ID = re.compile(r"_session_([0-9a-fA-F-]{8,64})$")


class BadRequest(ValueError):
    """The body is no request that we can read. One line, without any of its content."""


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """One request to the messages endpoint."""

    model: str
    stream: bool
    max_tokens: int | None
    session_id: str | None
    agent_id: str
    """Empty for the main thread."""
    marks: tuple[TTLClass | None, ...]
    """Lifetime class of each breakpoint, in prompt order; None for a class we do not know."""
    ttl_class: TTLClass | None
    """Class of the last mark, the one that moves with the conversation and that a ping has to keep alive. With mixed
    classes it also expires first: the provider demands that longer-lived marks come before shorter-lived ones."""
    thinking: Thinking | None
    has_format: bool
    tool_choice_forced: bool
    tool_count: int
    """All tools, deferred ones too (those are outside the prefix and have no digest)."""
    has_image: bool
    effort: str | None
    speed: str | None
    login: Login
    kind: Kind
    """`side`: a title, a quota probe, an unmarked or formatted call; never what a lineage continues with."""
    settings: tuple[tuple[str, str], ...] = field(repr=False)
    """Settings outside the three parts that the provider also keys entries by: (name, canonical value)."""
    blocks: tuple[bytes, ...] = field(repr=False)
    """One digest a position: tools, then system blocks, then messages."""
    n_tools: int
    n_system: int
    n_messages: int
    shape: Shape = field(repr=False)
    """Its outline, block by block: what a break is explained from."""
    fork: bool = False
    """A ping of ours by fork on its way through: no request of the lineage, and nothing to hold."""


@dataclass(frozen=True, slots=True)
class PrefixChange:
    """How a request's prefix relates to an earlier one's. `continues` goes with an empty cause."""

    continues: bool
    cause: Cause
    first_differing_position: int | None
    """Index into the new request's blocks where it leaves the old one; None when it holds all of the old one."""
    settings: tuple[str, ...] = ()
    """Names of changed settings; they may cost the messages' entries although the prefix continues."""


def parse_request(body: bytes, headers: Headers) -> RequestFacts:
    """Read one request, plain or compressed.

    Raises BadRequest when the body is no JSON object or has another coding. Fields of a wrong type count as absent.
    """
    try:
        plain, whole = decode_body(body, headers)
        request: Json = json.loads(plain) if whole else None
        if isinstance(request, dict):
            return _facts(request, headers)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"request body is not readable JSON ({type(error).__name__})") from None
    raise BadRequest("request body is not a whole JSON object")


def compare(old: RequestFacts, new: RequestFacts) -> PrefixChange:
    """Say whether `new` grew out of `old`; total.

    With the same model, tools and system it continues when both start with the same messages and either
    - the common part reaches into old's last `MOVING_TAIL` messages (the conversation went on), or
    - new is old cut back (Escape and rewind): no longer than old, made of old's beginning and at most `MOVING_TAIL`
      messages of its own. A summary that keeps only the first message is not that: one common message suffices
      only when nothing follows it.
    Else the cause is the first part that differs; for messages, `shrunk` when new has fewer of them (a compaction).
    """
    same = 0
    for mine, theirs in zip(old.blocks, new.blocks, strict=False):
        if mine != theirs:
            break
        same += 1
    first = None if same == len(old.blocks) else same
    before, after = dict(old.settings), dict(new.settings)
    settings = tuple(name for name in after if before.get(name) != after[name])

    if old.model != new.model:
        return PrefixChange(False, "model", 0, settings)
    if _part(old, "tools") != _part(new, "tools"):
        return PrefixChange(False, "tools", same, settings)
    if _part(old, "system") != _part(new, "system"):
        return PrefixChange(False, "system", same, settings)
    common = same - old.n_tools - old.n_system
    if continues(common, old.n_messages, new.n_messages):
        return PrefixChange(True, "", first, settings)
    return PrefixChange(False, "shrunk" if new.n_messages < old.n_messages else "messages", same, settings)


def continues(common: int, n_old: int, n_new: int) -> bool:
    """Whether messages that share their first `common` ones are one conversation: it went on, or was cut back."""
    grew = common >= n_old - MOVING_TAIL
    added = n_new - common
    cut = n_new <= n_old and (added == 0 or (common >= 2 and added <= MOVING_TAIL))
    return common >= 1 and (grew or cut)


def _part(facts: RequestFacts, name: Literal["tools", "system"]) -> tuple[bytes, ...]:
    if name == "tools":
        return facts.blocks[: facts.n_tools]
    return facts.blocks[facts.n_tools : facts.n_tools + facts.n_system]


def _facts(request: dict[str, Json], headers: Headers) -> RequestFacts:
    tools = [mapping(tool) for tool in items(request.get("tools"))]
    prefix_tools, system, messages = sections(request)
    contents = [content(mapping(message).get("content")) for message in messages]
    marks = tuple(_marks(request, tools, system, contents))
    shape = outline(request, header_value(headers, b"anthropic-beta") or "")

    output = mapping(request.get("output_config"))
    thinking = mapping(request.get("thinking"))
    choice = mapping(request.get("tool_choice"))
    max_tokens = request.get("max_tokens")
    mode = _thinking(thinking.get("type"))
    # An explicit default equals an omitted one.
    settings: dict[str, Json] = {
        "thinking": [mode, thinking.get("budget_tokens")] if mode in ("enabled", "adaptive") else None,
        "tool_choice": None if choice == {"type": "auto"} else choice or None,
        "images": shape.has_image,
        "effort": output.get("effort"),
        "speed": None if request.get("speed") == "standard" else request.get("speed"),
    }
    has_format = bool(output.get("format")) or bool(request.get("output_format"))
    agent_id = word(header_value(headers, b"x-claude-code-agent-id")) or ""
    return RequestFacts(
        model=word(request.get("model")) or "",
        stream=request.get("stream") is True,
        max_tokens=max_tokens if isinstance(max_tokens, int) and not isinstance(max_tokens, bool) else None,
        session_id=_session_id(request, headers),
        agent_id=agent_id,
        marks=marks,
        ttl_class=marks[-1] if marks else None,
        thinking=mode,
        has_format=has_format,
        tool_choice_forced=choice.get("type") in ("any", "tool"),
        tool_count=len(tools),
        has_image=shape.has_image,
        effort=word(output.get("effort")),
        speed=word(request.get("speed")),
        login=login(headers),
        kind=_kind(request, agent_id, marked=bool(marks), has_format=has_format),
        settings=tuple((name, json.dumps(value)) for name, value in settings.items()),
        blocks=(*(block.digest for block in shape.blocks if block.part != "messages"), *shape.messages),
        n_tools=len(prefix_tools),
        n_system=len(system),
        n_messages=len(messages),
        shape=shape,
        fork=is_fork(request),
    )


def login(headers: Headers) -> Login:
    """Which kind of credential a request carries. API keys come as Bearer too: the beta name tells a login apart."""
    bearer = (header_value(headers, b"authorization") or "").lower().startswith("bearer ")
    oauth = "oauth" in (header_value(headers, b"anthropic-beta") or "").lower()
    return "subscription" if bearer and oauth else "api_key"


def _kind(request: Mapping[str, Json], agent_id: str, *, marked: bool, has_format: bool) -> Kind:
    max_tokens = request.get("max_tokens")
    probe = isinstance(max_tokens, int) and max_tokens <= 1
    # A title call that is neither formatted nor unmarked: no tools, one message, and a thinking budget.
    title = (
        not items(request.get("tools"))
        and len(items(request.get("messages"))) <= 1
        and mapping(request.get("thinking")).get("type") == "enabled"
    )
    if not marked or has_format or probe or title:
        return "side"
    return "subagent" if agent_id else "main"


def _session_id(request: Mapping[str, Json], headers: Headers) -> str | None:
    """The client's own id: its header, else what it put into `metadata.user_id`, else the header that others use."""
    named = word(header_value(headers, b"x-claude-code-session-id"))
    return named or _metadata_session(request) or word(header_value(headers, b"x-session-id"))


def _metadata_session(request: Mapping[str, Json]) -> str | None:
    user_id = mapping(request.get("metadata")).get("user_id")
    if not isinstance(user_id, str):
        return None
    if old := _OLD_USER_ID.search(user_id):
        return old[1]
    try:
        return word(mapping(json.loads(user_id)).get("session_id"))
    except (ValueError, RecursionError):
        return None


def _marks(
    request: Mapping[str, Json], tools: list[Mapping[str, Json]], system: list[Json], contents: list[list[Json]]
) -> Iterator[TTLClass | None]:
    """Breakpoints in prompt order. One at the request's top level stands for the last block that can be cached."""
    positions: list[Json] = [*tools, *system]
    for blocks in contents:
        for block in blocks:
            inner = mapping(block).get("content")
            positions += [*items(inner), block]  # a tool result's own blocks come before its end
    for position in [*positions, request]:
        mark = mapping(position).get("cache_control")
        if isinstance(mark, dict):
            ttl = mark.get("ttl", "5m")
            yield "5m" if ttl == "5m" else "1h" if ttl == "1h" else None


def _thinking(value: Json) -> Thinking | None:
    return value if value in ("enabled", "adaptive", "disabled") else None
