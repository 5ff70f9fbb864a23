"""The model of the provider's cache: where it reads, what it writes, how long entries live, what breaks a prefix."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.clock import ManualClock
from keepalive.standin_cache import (
    LOOKBACK,
    Body,
    Claim,
    Json,
    PromptCache,
    RequestRefused,
    minimum_prefix_tokens,
    read_prompt,
)
from store.models import TTLClass

MODEL = "claude-opus-5-5"
BLOCK_TOKENS = 100


def block(name: str, mark: TTLClass | None = None) -> Body:
    """A text block of exactly BLOCK_TOKENS."""
    made: Body = {"type": "text", "text": name.ljust(4 * BLOCK_TOKENS, ".")}
    if mark:
        made["cache_control"] = {"type": "ephemeral", "ttl": mark}
    return made


def request(*blocks: Json, **fields: Json) -> Body:
    content: list[Json] = list(blocks)
    return {
        "model": MODEL,
        "max_tokens": 100,
        "tools": [{"name": "Bash", "input_schema": {"type": "object"}}],
        "system": [block("system")],
        "messages": [{"role": "user", "content": content}],
        **fields,
    }


class Provider:
    """A cache on a manual clock, with the two steps of a request in one."""

    def __init__(self, minimum: int = 1, *, long_hit_warms_shorter: bool = True) -> None:
        self.clock = ManualClock()
        self.cache = PromptCache(self.clock, minimum_tokens=minimum, long_hit_warms_shorter=long_hit_warms_shorter)

    def ask(self, body: Body, workspace: str = "ws", betas: tuple[str, ...] = ()) -> Claim:
        claim = self.cache.begin(read_prompt(body, workspace=workspace, betas=betas))
        self.cache.answer_began(claim)
        return claim


def whole(body: Body) -> int:
    return read_prompt(body, workspace="ws").tokens


# --- reading and writing ------------------------------------------------------------------------------------------


def test_first_request_writes_up_to_its_mark_and_a_replay_reads_it() -> None:
    provider = Provider()
    body = request(block("a", "5m"), block("tail"))
    first = provider.ask(body)
    assert (first.read, first.write_5m, first.write_1h) == (0, whole(body) - BLOCK_TOKENS, 0)
    assert first.input == BLOCK_TOKENS
    again = provider.ask(body)
    assert (again.read, again.write_5m, again.input) == (first.write_5m, 0, BLOCK_TOKENS)


def test_a_grown_conversation_reads_the_old_prefix_and_writes_the_rest() -> None:
    provider = Provider()
    old = provider.ask(request(block("a", "5m")))
    grown = provider.ask(request(block("a"), block("b"), block("c", "5m")))
    assert (grown.read, grown.write_5m, grown.input) == (old.write_5m, 2 * BLOCK_TOKENS, 0)


def test_without_a_mark_nothing_is_read_or_written() -> None:
    provider = Provider()
    provider.ask(request(block("a", "5m")))
    claim = provider.ask(request(block("a")))
    assert (claim.read, claim.write_5m, claim.write_1h, claim.input) == (0, 0, 0, whole(request(block("a"))))


@pytest.mark.parametrize(("added", "hits"), [(LOOKBACK - 1, True), (LOOKBACK, False)])
def test_a_mark_looks_back_twenty_positions_itself_being_the_first(added: int, hits: bool) -> None:
    provider = Provider()
    old = provider.ask(request(block("a", "5m")))
    more = [block(f"b{n}") for n in range(added - 1)]
    claim = provider.ask(request(block("a"), *more, block("end", "5m")))
    assert claim.read == (old.write_5m if hits else 0)


def test_the_search_goes_on_from_the_next_earlier_mark() -> None:
    provider = Provider()
    old = provider.ask(request(block("a", "5m")))
    more = [block(f"b{n}") for n in range(60)]
    claim = provider.ask(request(block("a", "5m"), *more, block("end", "5m")))
    assert (claim.read, claim.write_5m) == (old.write_5m, 61 * BLOCK_TOKENS)


def test_parallel_requests_miss_until_the_first_answer_begins() -> None:
    provider = Provider()
    prompt = read_prompt(request(block("a", "5m")), workspace="ws")
    first, parallel = provider.cache.begin(prompt), provider.cache.begin(prompt)
    assert (parallel.read, parallel.write_5m) == (0, first.write_5m)
    provider.cache.answer_began(first)
    assert provider.cache.begin(prompt).read == first.write_5m


def test_workspaces_share_nothing() -> None:
    provider = Provider()
    body = request(block("a", "5m"))
    assert provider.ask(body, workspace="one").read == 0
    assert provider.ask(body, workspace="two").read == 0
    assert provider.ask(body, workspace="one").read > 0


def test_below_the_minimum_both_counters_stay_zero() -> None:
    size = whole(request(block("a", "5m")))
    for minimum, written in ((size + 1, 0), (size, size)):
        provider = Provider(minimum)
        assert provider.ask(request(block("a", "5m"))).write_5m == written
        assert provider.ask(request(block("a", "5m"))).read == written


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-opus-5-5", 512),
        ("claude-opus-4-8", 1_024),
        ("claude-opus-4-7", 2_048),
        ("claude-opus-4-5-20251101", 4_096),
        ("claude-sonnet-5-5", 1_024),
        ("claude-haiku-4-5-20251001", 4_096),
        ("claude-3-5-haiku-20241022", 2_048),
        ("claude-fable-5-2", 512),
    ],
)
def test_minimum_of_the_models(model: str, tokens: int) -> None:
    assert minimum_prefix_tokens(model) == tokens


# --- lifetimes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ttl", "seconds"), [("5m", 300.0), ("1h", 3600.0)])
def test_an_entry_ends_exactly_one_lifetime_after_the_start_of_the_request(ttl: TTLClass, seconds: float) -> None:
    for waited, hits in ((seconds - 0.5, True), (seconds, False)):
        provider = Provider()
        body = request(block("a", ttl))
        claim = provider.cache.begin(read_prompt(body, workspace="ws"))
        provider.clock.advance(20)  # the answer begins late; the lifetime counts from the start
        provider.cache.answer_began(claim)
        provider.clock.advance(waited - 20)
        assert (provider.ask(body).read > 0) is hits


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_parallel_writers_the_later_start_counts(order: tuple[int, int]) -> None:
    provider = Provider()
    prompt = read_prompt(request(block("a", "5m")), workspace="ws")
    claims = [provider.cache.begin(prompt)]
    provider.clock.advance(100)
    claims.append(provider.cache.begin(prompt))
    for n in order:
        provider.cache.answer_began(claims[n])
    provider.clock.advance(299)
    assert provider.cache.begin(prompt).read == prompt.tokens
    provider.clock.advance(300)
    assert provider.cache.begin(prompt).read == 0


def test_each_read_renews_for_the_lifetime_of_the_write() -> None:
    provider = Provider()
    provider.ask(request(block("a", "5m")))
    provider.clock.advance(200)
    assert provider.ask(request(block("a", "1h"))).read > 0  # a 1h mark reads it, but does not upgrade it
    provider.clock.advance(299)
    assert provider.ask(request(block("a", "1h"))).read > 0
    provider.clock.advance(300)
    assert provider.ask(request(block("a", "1h"))).read == 0


def test_a_5m_read_renews_a_1h_entry_for_an_hour() -> None:
    provider = Provider()
    provider.ask(request(block("a", "1h")))
    provider.clock.advance(3000)
    assert provider.ask(request(block("a", "5m"))).read > 0
    provider.clock.advance(3599)
    assert provider.ask(request(block("a", "5m"))).read > 0


@pytest.mark.parametrize("warms", [True, False])
def test_a_long_hit_keeps_shorter_entries_warm_where_told(warms: bool) -> None:
    provider = Provider(long_hit_warms_shorter=warms)
    long = request(block("a", "5m"), block("b", "5m"))
    provider.ask(long)
    provider.clock.advance(200)
    assert provider.ask(long).read == whole(long)
    provider.clock.advance(200)
    assert (provider.ask(request(block("a", "5m"), block("other"))).read > 0) is warms


def test_both_classes_are_counted_apart() -> None:
    provider = Provider()
    body = request(block("a", "1h"), block("b"), block("c", "5m"))
    claim = provider.ask(body)
    assert claim.write_5m == 2 * BLOCK_TOKENS
    assert claim.write_1h == whole(body) - 2 * BLOCK_TOKENS
    provider.clock.advance(400)
    later = provider.ask(body)
    assert (later.read, later.write_5m, later.write_1h) == (claim.write_1h, claim.write_5m, 0)


# --- refusals -----------------------------------------------------------------------------------------------------


def test_five_marks_are_refused_and_four_are_not() -> None:
    four: list[Json] = [block(str(n), "5m") for n in range(4)]
    read_prompt(request(*four), workspace="ws")
    with pytest.raises(RequestRefused, match="at most 4"):
        read_prompt(request(*four, block("5", "5m")), workspace="ws")


def test_1h_after_5m_is_refused_also_over_the_levels() -> None:
    with pytest.raises(RequestRefused, match="must not come after"):
        read_prompt(request(block("a", "1h"), system=[block("s", "5m")]), workspace="ws")
    read_prompt(request(block("a", "5m"), system=[block("s", "1h")]), workspace="ws")


@pytest.mark.parametrize("control", [{"type": "ephemeral", "ttl": "2h"}, {"type": "persistent"}])
def test_unknown_marks_are_refused(control: Body) -> None:
    with pytest.raises(RequestRefused):
        read_prompt(request({"type": "text", "text": "a", "cache_control": control}), workspace="ws")


# --- what breaks a prefix -----------------------------------------------------------------------------------------

TOOL: Body = {"name": "Bash", "input_schema": {"type": "object"}}
LAYERED: Body = {
    "model": MODEL,
    "max_tokens": 100,
    "thinking": {"type": "adaptive"},
    "tools": [TOOL | {"cache_control": {"type": "ephemeral"}}],
    "system": [block("system", "5m")],
    "messages": [
        {"role": "user", "content": [block("question")]},
        {"role": "assistant", "content": [block("answer", "5m")]},
    ],
}


def levels() -> dict[str, int]:
    marked = [p.tokens for p in read_prompt(LAYERED, workspace="ws").positions if p.mark]
    return {"none": 0, "tools": marked[0], "system": marked[1], "all": marked[2]}


def _image(body: Body) -> None:
    image: Body = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}
    messages = body["messages"]
    assert isinstance(messages, list)
    messages.append({"role": "user", "content": [image]})


def _search(body: Body) -> None:
    tools = body["tools"]
    assert isinstance(tools, list)
    tools.insert(0, {"type": "web_search_20250305", "name": "web_search"})


def _deferred(body: Body) -> None:
    tools = body["tools"]
    assert isinstance(tools, list)
    tools.append({"name": "Later", "defer_loading": True})


def _billing(body: Body) -> None:
    system = body["system"]
    assert isinstance(system, list)
    system.insert(0, {"type": "text", "text": "x-anthropic-billing-header: cc_version=9; cch=00ff"})


def _set(**fields: Json) -> Callable[[Body], None]:
    return lambda body: body.update(copy.deepcopy(fields))


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        (_set(max_tokens=0), "all"),
        (_set(stream=True), "all"),
        (_set(metadata={"user_id": "x"}), "all"),
        (_set(tool_choice={"type": "auto"}), "all"),
        (_set(output_config={"effort": "high"}), "all"),
        (_set(speed="standard"), "all"),
        (_set(thinking={"type": "adaptive", "display": "omitted"}), "all"),
        (_billing, "all"),
        (_deferred, "all"),
        (_set(tool_choice={"type": "any"}), "system"),
        (_set(output_config={"effort": "low"}), "system"),
        (_set(thinking={"type": "disabled"}), "system"),
        (_set(thinking={"type": "enabled", "budget_tokens": 2000}), "system"),
        (_image, "system"),
        (_search, "tools"),
        (_set(speed="fast"), "tools"),
        (_set(system=[block("another system", "5m")]), "tools"),
        (_set(tools=[TOOL | {"description": "other", "cache_control": {"type": "ephemeral"}}]), "none"),
        (_set(model="claude-sonnet-5-5"), "none"),
    ],
)
def test_what_a_change_leaves_readable(change: Callable[[Body], None], kept: str) -> None:
    provider = Provider()
    provider.ask(LAYERED)
    changed = copy.deepcopy(LAYERED)
    change(changed)
    assert provider.ask(changed).read == levels()[kept]


@pytest.mark.parametrize(
    ("betas", "kept"),
    [
        (("b-2026", "a-2026"), "all"),
        (("a-2026", "b-2026", "oauth-2025-04-20", "extended-cache-ttl-2025-04-11"), "all"),
        (("a-2026",), "system"),
    ],
)
def test_the_set_of_betas_belongs_to_the_messages(betas: tuple[str, ...], kept: str) -> None:
    provider = Provider()
    provider.ask(LAYERED, betas=("a-2026", "b-2026"))
    assert provider.ask(LAYERED, betas=betas).read == levels()[kept]


def test_a_text_alone_equals_a_list_of_one_block_and_marks_do_not_count() -> None:
    provider = Provider()
    text = "x" * 400
    provider.ask(request(messages=[{"role": "user", "content": [block("a"), {"type": "text", "text": text}]}]))
    listed = request({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}})
    assert provider.ask(listed).read == 0
    alone = request(messages=[{"role": "user", "content": text}, {"role": "user", "content": [block("z", "5m")]}])
    assert provider.ask(alone).read == whole(listed)


def test_an_empty_message_and_an_unmarked_copy_inside_a_tool_result_change_nothing() -> None:
    provider = Provider()
    inner: Body = {"type": "text", "text": "output", "cache_control": {"type": "ephemeral"}}
    result: Body = {"type": "tool_result", "tool_use_id": "t", "content": [inner]}
    bare: Body = {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "output"}]}
    first = provider.ask(request(result))
    assert first.write_5m > 0
    empty: Json = {"role": "system", "content": []}
    grown = request(
        messages=[{"role": "user", "content": [bare]}, empty, {"role": "user", "content": [block("z", "5m")]}]
    )
    assert provider.ask(grown).read == first.write_5m


# --- properties ---------------------------------------------------------------------------------------------------


def _legal(found: list[TTLClass | None]) -> list[TTLClass | None]:
    """At most four marks, every 1h before every 5m."""
    places = [n for n, mark in enumerate(found) if mark][:4]
    ordered = sorted([found[n] for n in places], key=lambda mark: mark != "1h")
    legal: list[TTLClass | None] = [None] * len(found)
    for place, mark in zip(places, ordered, strict=True):
        legal[place] = mark
    return legal


KINDS: list[TTLClass | None] = [None, None, None, "1h", "5m"]
marks = st.lists(st.sampled_from(KINDS), min_size=1, max_size=40).map(_legal)
texts = st.text(max_size=30)


@given(
    steps=st.lists(st.tuples(marks, st.floats(0, 4000)), min_size=1, max_size=6),
    minimum=st.integers(0, 1500),
)
def test_every_token_is_counted_once_and_nothing_is_read_that_was_not_written(
    steps: list[tuple[list[TTLClass | None], float]], minimum: int
) -> None:
    provider = Provider(minimum)
    written_ever: set[int] = set()
    for found, pause in steps:
        body = request(*[block(str(n), mark) for n, mark in enumerate(found)])
        claim = provider.ask(body)
        assert claim.input + claim.read + claim.write_5m + claim.write_1h == whole(body)
        assert claim.read in written_ever | {0}
        positions = read_prompt(body, workspace="ws").positions
        written_ever |= {p.tokens for p in positions if p.mark and p.tokens >= minimum}
        provider.clock.advance(pause)


@given(found=marks, waited=st.floats(0, 8000), zero=st.booleans())
def test_a_replay_reads_all_that_was_cached_before_expiry_and_nothing_that_expired(
    found: list[TTLClass | None], waited: float, zero: bool
) -> None:
    provider = Provider()
    body = request(*[block(str(n), mark) for n, mark in enumerate(found)])
    first = provider.ask(body)
    provider.clock.advance(waited)
    replay = {key: value for key, value in body.items() if key != "stream"} | {"max_tokens": 0 if zero else 100}
    second = provider.ask(replay)
    lives = {"5m": waited < 300, "1h": waited < 3600}
    expected = (first.write_1h if lives["1h"] else 0) + (first.write_5m if lives["5m"] else 0)
    assert second.read == expected
    assert second.write_5m + second.write_1h == first.write_5m + first.write_1h - expected


@given(parts=st.lists(texts, min_size=1, max_size=12), keep=st.integers(1, 12))
def test_positions_of_a_shorter_prompt_are_the_start_of_the_longer_one(parts: list[str], keep: int) -> None:
    blocks: list[Json] = [{"type": "text", "text": text} for text in parts]
    long = read_prompt(request(*blocks), workspace="ws").positions
    short = read_prompt(json.loads(json.dumps(request(*blocks[:keep]))), workspace="ws").positions
    assert long[: len(short)] == short
    assert all(a.tokens < b.tokens for a, b in pairwise(long))
