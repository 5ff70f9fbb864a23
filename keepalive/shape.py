"""The outline of a request: each block's place, name, size and digest, and the settings that entries are keyed by.

It exists so that a later request can be compared with it when the bytes are long let go. It holds no content and no
credential: names of tools, roles and settings, code words, sizes and digests alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from keepalive.canonical import Json, bare, code, content, digest, holds_image, items, mapping, rendered, word

Part = Literal["tools", "system", "messages"]

BILLING = "x-anthropic-billing-header"
_BETAS_OUTSIDE_PROMPT = ("oauth-", "extended-cache-ttl-", "fallback-credit-")
"""Beta names about login, lifetime and billing: a request without them still reads the entry."""
_DEFAULT_EFFORT = "high"
UNSET = "default"
"""Value of a setting that is left out or spelled out as the default: these are the same request."""


class Block(NamedTuple):
    """One position of the prefix: a tool, a system block, or a content block of a message."""

    part: Part
    place: int
    """In its part: number of the tool, the system block (without the billing block) or the message."""
    name: str
    """Of the tool; of the system block its number; of a message's block its role and type."""
    size: int
    """Bytes of its canonical JSON."""
    digest: bytes
    marked: bool
    """A breakpoint stands on it."""
    image: bool
    fields: tuple[tuple[str, bytes], ...] = ()
    """Of a tool: a digest for each of its fields."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One request."""

    model: str
    settings: tuple[tuple[str, str], ...]
    """Settings outside the blocks, as (name, code word), in the order in which the provider comes to them."""
    blocks: tuple[Block, ...] = field(repr=False)
    messages: tuple[bytes, ...] = field(repr=False)
    """One digest a message."""

    @property
    def has_image(self) -> bool:
        return any(block.image for block in self.blocks)

    @property
    def marks(self) -> list[int]:
        """Positions with a breakpoint, in order."""
        return [position for position, block in enumerate(self.blocks) if block.marked]

    def part(self, name: Part) -> list[Block]:
        """The blocks of one part."""
        return [block for block in self.blocks if block.part == name]

    def message(self, index: int) -> list[Block]:
        """The blocks of one message."""
        return [block for block in self.blocks if block.part == "messages" and block.place == index]


def outline(request: Mapping[str, Json], betas: str) -> Shape:
    """Read a request's JSON; `betas` is the value of its anthropic-beta header."""
    tools, system, messages = sections(request)
    blocks = [*_tools(tools), *_system(system)]
    message_digests: list[bytes] = []
    for index, message in enumerate(messages):
        role = code(mapping(message).get("role")) or "?"
        own = [_message_block(index, role, block) for block in content(mapping(message).get("content"))]
        message_digests.append(digest(b"\0".join([rendered(mapping(message).get("role")), *(b.digest for b in own)])))
        blocks += own
    if blocks and _marked(request):  # one mark for the whole request: it stands on the last block
        blocks[-1] = blocks[-1]._replace(marked=True)
    return Shape(
        model=word(request.get("model")) or "",
        settings=tuple(_settings(request, betas)),
        blocks=tuple(blocks),
        messages=tuple(message_digests),
    )


def sections(request: Mapping[str, Json]) -> tuple[list[Mapping[str, Json]], list[Json], list[Json]]:
    """Tools, system blocks and messages, as far as they are hashed: deferred tools and the billing block are not."""
    tools = [mapping(tool) for tool in items(request.get("tools"))]
    system = content(request.get("system"))
    if system and str(mapping(system[0]).get("text")).startswith(BILLING):
        # The provider strips it, as the first entry only, and some clients change it with every prompt.
        system = system[1:]
    return [tool for tool in tools if tool.get("defer_loading") is not True], system, items(request.get("messages"))


def _tools(tools: Iterable[Mapping[str, Json]]) -> Iterator[Block]:
    for index, tool in enumerate(tools):
        text = rendered(bare(tool))
        fields = tuple((code(key) or "?", digest(rendered(tool[key]))) for key in tool if key != "cache_control")
        name = word(tool.get("name")) or word(tool.get("type")) or "?"
        yield Block("tools", index, name, len(text), digest(text), _marked(tool), False, fields)


def _system(system: Iterable[Json]) -> Iterator[Block]:
    for index, block in enumerate(system):
        text = rendered(bare(block))
        yield Block("system", index, str(index), len(text), digest(text), _marked(block), False)


def _message_block(index: int, role: str, block: Json) -> Block:
    found, text = mapping(block), rendered(bare(block))
    marked = _marked(found) or any(_marked(inner) for inner in items(found.get("content")))
    name = sys.intern(f"{role} {code(found.get('type')) or '?'}")
    return Block("messages", index, name, len(text), digest(text), marked, holds_image(found))


def _marked(block: Json) -> bool:
    return isinstance(mapping(block).get("cache_control"), dict)


def _settings(request: Mapping[str, Json], betas: str) -> Iterator[tuple[str, str]]:
    """Speed reaches the system prompt, the rest the messages (and on some models more). A spelled-out default equals
    an omitted one."""
    speed = code(request.get("speed")) or "standard"
    yield "speed", UNSET if speed == "standard" else speed
    names = {code(name.strip()) for name in betas.split(",")}
    yield "betas", ",".join(sorted(name for name in names if name and not name.startswith(_BETAS_OUTSIDE_PROMPT)))
    choice = mapping(request.get("tool_choice"))
    wanted = [code(choice.get("type")) or "?", word(choice.get("name")) or ""]
    if choice.get("disable_parallel_tool_use") is True:
        wanted.append("one at a time")
    yield "tool_choice", UNSET if choice in ({}, {"type": "auto"}) else " ".join(filter(None, wanted))
    thinking = mapping(request.get("thinking"))
    mode, budget = code(thinking.get("type")) or "disabled", thinking.get("budget_tokens")
    yield "thinking", UNSET if mode == "disabled" else mode if budget is None else f"{mode} {_number(budget)}"
    effort = code(mapping(request.get("output_config")).get("effort")) or _DEFAULT_EFFORT
    yield "effort", UNSET if effort == _DEFAULT_EFFORT else effort
    edits = items(mapping(request.get("context_management")).get("edits"))
    # What an edit clears decides what the provider reads: two of the same type may still differ.
    yield (
        "context_management",
        ",".join(f"{code(mapping(e).get('type'))} {digest(rendered(e)).hex()[:8]}" for e in edits),
    )


def _number(value: Json) -> str:
    return str(value) if isinstance(value, int | float) else "?"
