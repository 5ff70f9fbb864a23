"""Tells a fork of ours from a real request, as it passes the gateway.

On the wire a fork is its session's main thread: same session id, no agent id, the whole transcript. Taken for a real
request it would close the idle period and credit a saving that no person's message brought. What gives it away is the
prompt: exactly our words as a block without a cache mark, near the end. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from keepalive.canonical import Json, content, items, mapping
from keepalive.usage import Headers, header_value

PROMPT = "(warmside keep-alive) Reply with one dot and nothing else. Use no tool. Do not think about it."
"""The same text as in the plugin's `hooks/words.ts`."""
_FOLLOWED_BY = 2
"""Messages that may stand behind the prompt: a tool attempt and its denial, or a note of the client's own."""


ASIDE_BETA = "fallback-credit-"
"""How a beta begins that the client adds to every request beside the conversation: forks of any plugin, `/btw`, the
summary of a compaction. Main requests and subagents' have none."""


def may_be_aside(headers: Headers) -> bool:
    """Whether the headers alone speak for a request beside the conversation. A hint for what is shown while the body
    is not there yet; the list of betas changes between versions of the client."""
    return ASIDE_BETA in (header_value(headers, b"anthropic-beta") or "")


def is_fork(request: Mapping[str, Json]) -> bool:
    """Whether a parsed request body is a fork that our plugin asked for, or goes on from one."""
    messages = items(request.get("messages"))
    return any(_is_prompt(mapping(message)) for message in messages[-1 - _FOLLOWED_BY :])


def _is_prompt(message: Mapping[str, Json]) -> bool:
    if message.get("role") != "user":
        return False
    blocks = [mapping(block) for block in content(message.get("content"))]
    return any(b.get("type") == "text" and b.get("text") == PROMPT and "cache_control" not in b for b in blocks)
