"""Why a cache broke, in words: the one place where a break's codes become sentences for a person.

Pure. Whatever comes from a request's names passes `clean`: tools are named by whoever wrote them.
"""

from __future__ import annotations

from collections.abc import Iterator

from store.break_models import BreakView, ClientMiss, WhyView
from store.models import CacheEvent
from tui.format import clean, money, plural, tokens
from tui.json_out import iso

_CAUSES = {
    "model_changed": "the model changed: each model has a cache of its own",
    "tool_added": "a tool was added",
    "tool_removed": "a tool was removed",
    "tool_changed": "a tool's definition changed",
    "tools_reordered": "the tools came in another order",
    "speed_changed": "the speed changed",
    "system_changed": "the system prompt changed",
    "betas_changed": "the client's set of beta features changed",
    "tool_choice_changed": "the choice of tools changed",
    "thinking_changed": "the thinking mode or budget changed",
    "effort_changed": "the effort changed",
    "context_management_changed": "the rules for clearing old content changed",
    "image_added": "the first image came in: a request with images has entries of its own",
    "image_removed": "the last image went: a request without images has entries of its own",
    "message_edited": "an earlier message changed",
    "message_dropped": "an earlier message was dropped",
    "message_inserted": "a message was put in between earlier ones",
    "messages_shrunk": "the conversation became shorter: a compaction, or older content dropped by the client",
    "compacted": "the conversation was compacted: its summary took its place",
    "marks_out_of_reach": "so much was added at once that the provider no longer looked back to the last entry",
    "expired": "the entry expired: nothing read it in time",
    "prefix_changed": "the prefix changed; what it was before was not seen",
    "unexplained": "the same prefix, in time, and yet not read: probably the provider's side",
    "resumed": "the session was left and opened again",
    "shrank": "the client sent less than before: older content was dropped",
}
"""By reason code."""
_SHORT = {
    "tools_reordered": "tools reordered",
    "betas_changed": "beta features changed",
    "context_management_changed": "clearing rules changed",
    "image_added": "first image",
    "image_removed": "no image any more",
    "messages_shrunk": "conversation shortened",
    "marks_out_of_reach": "too much added at once",
    "unexplained": "not read, no cause seen",
    "shrank": "older content dropped",
}
"""The same for a card's one line, where the code itself does not say it."""
_REMEDIES = {
    "switch_early": "switch at the start of a session, or right after /compact or /clear",
    "tools_early": "connect MCP servers before the first prompt, or let ENABLE_TOOL_SEARCH=true keep their tools"
    " outside the prefix",
    "stable_system": "keep instructions the same within a session; say what is new in a prompt",
    "images_apart": "show images at the start of a session, or in a session of their own",
    "edit_cold": "rewrite history only when the cache is cold anyway",
    "compact_cold": "compact when the cache is cold anyway, or at the end of a piece of work",
    "fewer_blocks": "let the agent run fewer tools at a time",
    "longer_life": "use the one-hour lifetime (ENABLE_PROMPT_CACHING_1H=1), or give the session a keep-alive budget",
}
"""By remedy code."""
_CLIENT = {
    "system_prompt_changed": "the system prompt changed",
    "tools_changed": "the tools changed",
    "model_changed": "the model changed",
    "messages_rewritten": "messages were rewritten",
    "ttl_expired_5m": "the five-minute lifetime had passed",
    "ttl_expired_1h": "the one-hour lifetime had passed",
    "likely_server_side": "probably the provider's side",
    "unknown": "it does not know",
}
_EVENT_CAUSES = {"lapsed": "expired", "changed": "prefix_changed", "compacted": "compacted"}
"""Cause of a cache event that names none; other kinds are no break."""
_SHOWN_HASH = 12


def cause_words(cause: str) -> str:
    """A break's cause as a sentence; a code that is not in the catalogue is shown as it is."""
    return _CAUSES.get(cause) or clean(cause.replace("_", " "))


def short_words(cause: str) -> str:
    """A break's cause in a few words."""
    return _SHORT.get(cause) or clean(cause.replace("_", " "))


def remedy_words(remedy: str) -> str:
    """A remedy as a sentence, '' for none."""
    return _REMEDIES.get(remedy) or clean(remedy.replace("_", " "))


def client_words(codes: str) -> str:
    """What the client calls the cause of a miss: its codes, joined by commas, as words."""
    said = [_CLIENT.get(code) or clean(code.replace("_", " ")) for code in codes.split(",") if code.strip()]
    return ", ".join(said) or "no cause given"


def why_text(why: WhyView) -> str:
    """`show ID --why TURN`: a block for each break, then the client's own word."""
    if why.breaks:
        blocks = ["\n".join(_block(found)) for found in why.breaks]
    else:
        told = [_event_words(event) for event in why.events if event.kind in _EVENT_CAUSES]
        blocks = ["\n".join([f"turn {why.turn}: no break was seen by the gateway", *told])]
    if why.client_miss is not None:
        blocks.append(_client_words(why.client_miss))
    return "\n\n".join(blocks)


def _block(found: BreakView) -> Iterator[str]:
    thread = f", subagent {clean(found.agent_id)}" if found.agent_id else ""
    yield f"turn {found.turn if found.turn is not None else '?'}, {iso(found.at)}{thread}: {cause_words(found.cause)}"
    if place := _place(found):
        yield f"  where    {place}"
    if found.field:
        yield f"  what     {clean(found.field)}"
    if found.size_before is not None or found.size_after is not None:
        yield f"  before   {_side(found.size_before, found.hash_before)}"
        yield f"  after    {_side(found.size_after, found.hash_after)}"
    yield (
        f"  tokens   read {tokens(found.read)} of {tokens(found.expected_read)},"
        f" wrote {tokens(found.written)}, {tokens(found.rewritten)} of them again"
    )
    price = "price unknown" if found.usd is None else f"{money(found.usd)} instead of {money(found.read_usd)} to read"
    yield f"  money    {price}"
    if found.remedy:
        yield f"  remedy   {remedy_words(found.remedy)}"


def _event_words(event: CacheEvent) -> str:
    cause = event.cause or _EVENT_CAUSES[event.kind]
    paid = "starts again with" if event.kind == "compacted" else "wrote again"
    price = "price unknown" if event.usd is None else f"{money(event.usd)} more than reading"
    return f"  by its usage: {cause_words(cause)}; {paid} {tokens(event.tokens)} tokens, {price}"


def _place(found: BreakView) -> str:
    number = "" if found.position is None else f" {found.position}"
    name = f", {clean(found.name)}" if found.name else ""
    match found.part:
        case "tools":
            return f"tool{number}{name}"
        case "system":
            return f"system block{number}"
        case "messages":
            return f"message{number}{name}"
        case "settings":
            return f"setting{name.removeprefix(',')}"
    return ""


def _side(size: int | None, hashed: str) -> str:
    if size is None:
        return "not there"
    return plural(f"{size:,}", "byte") + (f", {hashed[:_SHOWN_HASH]}" if hashed else "")


def _client_words(miss: ClientMiss) -> str:
    count = "" if miss.misses is None else f" (miss {miss.misses} of its session)"
    return f"the client itself, {iso(miss.at)}{count}: {client_words(miss.cause)}"
