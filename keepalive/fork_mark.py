"""Tells a fork of ours, and what else is asked beside a conversation, from a real request as it passes the gateway.

On the wire a fork is its session's main thread: same session id, no agent id, the whole transcript. Taken for a real
request it would close the idle period and credit a saving that no person's message brought. What gives it away is the
prompt: exactly our words as a block without a cache mark, near the end.

Side questions, forks of other plugins and the summary of a compaction look the same and have any prompt. None of them
is ever a part of what the next main request sends, so none may be held as the thread's last request. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from keepalive.canonical import Json, content, items, mapping
from keepalive.shape import Shape
from keepalive.usage import Headers, header_value

PROMPT = "(warmside keep-alive) Reply with one dot and nothing else. Use no tool. Do not think about it."
"""The same text as in the plugin's `hooks/words.ts`."""
_FOLLOWED_BY = 2
"""Messages that may stand behind the prompt: a tool attempt and its denial, or a note of the client's own."""
ASIDE_BETA = "fallback-credit-"
"""How a beta begins that the client adds to every request beside the conversation: forks of any plugin, `/btw`, the
summary of a compaction. Main requests and subagents' have none."""


def may_be_aside(headers: Headers, main: Headers | None) -> bool:
    """Whether the headers speak for a request beside the conversation: a hint while the body is not there yet.

    `main` are those of the thread's last main request, None when it is not known. The list of betas changes between
    versions of the client: where the conversation itself is sent with this one, or nothing is known of it, the name
    tells nothing, and a request is never taken for less than a real one.
    """
    return main is not None and _credited(headers) and not _credited(main)


def is_aside(headers: Headers, shape: Shape, main: Headers | None) -> bool:
    """Whether a request was asked beside the conversation.

    Its body has to bear out its headers: the message that it adds has no mark, since nobody will read it again, while a
    conversation's newest message has the one that moves. So a client that comes to send the beta with everything, in
    the middle of a session even, stays visible.
    """
    if not may_be_aside(headers, main):
        return False
    return not any(block.marked for block in shape.message(len(shape.messages) - 1))


def _credited(headers: Headers) -> bool:
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
