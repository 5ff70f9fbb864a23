from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from keepalive.clock import SystemClock
from keepalive.demo_script import Turn
from keepalive.demo_wire import Answer, Conversation, filler, headers, orders, read_stream, tool_input, tool_name
from keepalive.ping import pingable
from keepalive.prefix import RequestFacts, compare, parse_request
from keepalive.standin_cache import PromptCache, read_prompt
from keepalive.standin_script import ScriptedAgent
from keepalive.standin_wire import Answer as StandInAnswer
from keepalive.standin_wire import Reply, ToolCall, sse
from store.models import TTLClass
from tests.keepalive.demo_sample import CALLS, SESSION, TURN, script

CALLED = Answer("msg_1", "tool_use", {}, "toolu_1")


def facts(conversation: Conversation, folder: Path) -> RequestFacts:
    sent = tuple((name.encode(), value.encode()) for name, value in headers(script(folder)).items())
    return parse_request(conversation.body(), sent)


def grown(folder: Path, **changed: object) -> Iterator[Conversation]:
    """The same conversation after each of its steps."""
    conversation = Conversation(script(folder, **changed))
    conversation.prompt(TURN)
    yield conversation
    conversation.called(CALLED, CALLS[0], "File created successfully", failed=False)
    yield conversation
    conversation.answered("Done.")
    conversation.prompt(TURN)
    yield conversation


@pytest.mark.parametrize("ttl", ["5m", "1h"])
def test_each_request_continues_the_one_before_and_can_be_pinged(tmp_path: Path, ttl: TTLClass) -> None:
    seen = [facts(conversation, tmp_path) for conversation in grown(tmp_path, ttl=ttl)]
    assert all(compare(old, new).continues for old, new in pairwise(seen))
    assert [fact.n_messages for fact in seen] == [17, 19, 21]
    for fact in seen:
        assert fact.kind == "main"
        assert fact.session_id == SESSION
        assert fact.login == "api_key"
        assert set(fact.marks) == {ttl}
        assert pingable(fact) is None


def test_the_provider_reads_all_that_the_request_before_wrote(tmp_path: Path) -> None:
    cache = PromptCache(SystemClock())
    before = 0
    for conversation in grown(tmp_path):
        claim = cache.begin(read_prompt(json.loads(conversation.body()), workspace="demo"))
        cache.answer_began(claim)
        assert claim.read == before
        assert claim.input == 0
        before = claim.read + claim.write_5m


def test_the_prefix_has_the_size_that_the_script_asks_for(tmp_path: Path) -> None:
    conversation = Conversation(script(tmp_path, prefix_tokens=60_000))
    conversation.prompt(TURN)
    tokens = read_prompt(json.loads(conversation.body()), workspace="demo").tokens
    assert tokens == pytest.approx(60_000, rel=0.02)


def test_the_stand_in_makes_the_calls_of_the_script_in_their_order(tmp_path: Path) -> None:
    cwd = script(tmp_path).cwd
    conversation = Conversation(script(tmp_path))
    conversation.prompt(TURN)
    for call in CALLS:
        (made,) = ScriptedAgent()(json.loads(conversation.body())).tools
        assert made.name == tool_name(call)
        # Only what names the deed has to agree; the words around it are each side's own.
        shared = made.input.keys() & {"command", "file_path"}
        assert {key: made.input[key] for key in shared} == {key: tool_input(call, cwd)[key] for key in shared}
        conversation.called(CALLED, call, "ok", failed=False)
    assert ScriptedAgent("text")(json.loads(conversation.body())) == Reply("text")


def test_orders_name_the_time_that_the_answer_takes(tmp_path: Path) -> None:
    assert orders(Turn("p", (), "a", 1.5, 0.0), "/w") == "slow: 1.50"


def test_an_answer_is_read_from_its_stream(tmp_path: Path) -> None:
    conversation = next(grown(tmp_path))
    claim = PromptCache(SystemClock()).begin(read_prompt(json.loads(conversation.body()), workspace="demo"))
    sent = StandInAnswer("m", Reply("text", (ToolCall("Bash", {"command": "ls"}),)), claim)
    lines = b"".join(sse(event) for event in sent.events()).splitlines(keepends=True)

    read = read_stream(lines)

    assert read.message_id == sent.id
    assert read.stop_reason == "tool_use"
    assert read.usage == sent.usage
    assert read.call_id.startswith("toolu_")
    with pytest.raises(EOFError):
        read_stream(lines[:-3])


def test_filler_is_stable_sized_and_differs_by_name() -> None:
    assert filler("a", 1_000) == filler("a", 1_000)
    assert len(filler("a", 1_000)) == 4_000
    assert filler("a", 1_000) != filler("b", 1_000)
