"""The provider stand-in over real HTTP on loopback: answers, events, errors, credentials, what its log holds."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections import deque
from collections.abc import AsyncIterator

import aiohttp
import pytest

from keepalive.clock import ManualClock
from keepalive.standin import Reply, StandIn, ToolCall
from keepalive.standin_cache import Body, Json, PromptCache

KEY = "sk-ant-test-0001"
HEADERS = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
TOOLS: list[Json] = [{"name": "Bash", "input_schema": {"type": "object"}}]


def body_of(text: str = "hello", **fields: Json) -> Body:
    marked: Body = {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}
    return {
        "model": "claude-opus-5-5",
        "max_tokens": 100,
        "tools": TOOLS,
        "system": "You are a stand-in's client. " * 40,
        "messages": [{"role": "user", "content": [marked]}],
        **fields,
    }


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def standin(clock: ManualClock) -> AsyncIterator[StandIn]:
    made = StandIn(PromptCache(clock, minimum_tokens=1), clock)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def http(standin: StandIn) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(standin.url, headers=HEADERS) as session:
        yield session


async def post(http: aiohttp.ClientSession, body: Body, **headers: str) -> tuple[int, Body]:
    async with http.post("/v1/messages?beta=true", json=body, headers=headers) as response:
        answer: Body = await response.json()
        return response.status, answer


async def stream(http: aiohttp.ClientSession, body: Body) -> list[Body]:
    async with http.post("/v1/messages?beta=true", json=body | {"stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        text = (await response.read()).decode()
    events: list[Body] = []
    for frame in text.removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        event: Body = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def usage_of(answer: Body) -> Body:
    usage = answer["usage"]
    assert isinstance(usage, dict)
    return usage


def error_of(answer: Body) -> Json:
    error = answer["error"]
    assert isinstance(error, dict)
    return error["type"]


async def test_a_plain_answer_has_the_providers_shape(http: aiohttp.ClientSession, standin: StandIn) -> None:
    standin.behaviour.replies = lambda _: Reply(text="Answer.")
    async with http.post("/v1/messages", json=body_of()) as response:
        answer: Body = await response.json()
        assert response.headers["request-id"].startswith("req_")
        assert "anthropic-ratelimit-requests-remaining" in response.headers
    assert str(answer["id"]).startswith("msg_")
    assert answer["content"] == [{"type": "text", "text": "Answer."}]
    assert (answer["role"], answer["stop_reason"]) == ("assistant", "end_turn")
    _, other = await post(http, body_of())
    assert other["id"] != answer["id"]


async def test_a_streamed_answer_reads_what_the_first_wrote(http: aiohttp.ClientSession, standin: StandIn) -> None:
    standin.behaviour.replies = lambda _: Reply(
        text="Some text.", thinking="Hm.", tools=(ToolCall("Bash", {"command": "ls"}),)
    )
    first, second = await stream(http, body_of()), await stream(http, body_of())
    assert [str(event["type"]) for event in (first[0], first[1], first[-2], first[-1])] == [
        "message_start",
        "ping",
        "message_delta",
        "message_stop",
    ]
    started, ended = second[0]["message"], second[-2]
    assert isinstance(started, dict)
    assert started["content"] == []
    written = usage_of(first[-2])["cache_creation_input_tokens"]
    assert isinstance(written, int)
    assert written > 0
    assert usage_of(started)["cache_read_input_tokens"] == written
    assert usage_of(ended) == usage_of(started) | {"output_tokens": usage_of(ended)["output_tokens"]}
    assert ended["delta"] == {"stop_reason": "tool_use", "stop_sequence": None}
    assert standin.log[1].usage == usage_of(ended)


async def test_the_deltas_rebuild_the_message(http: aiohttp.ClientSession, standin: StandIn) -> None:
    call = ToolCall("Bash", {"command": "echo 'äöü' && " + "x" * 100})
    standin.behaviour.replies = lambda _: Reply(text="Longer than one delta, for sure.", tools=(call,))
    parts: dict[str, str] = {}
    for event in await stream(http, body_of()):
        if event["type"] == "content_block_delta":
            delta = event["delta"]
            assert isinstance(delta, dict)
            piece = delta.get("text") or delta.get("partial_json")
            parts[str(event["index"])] = parts.get(str(event["index"]), "") + str(piece)
    assert parts["0"] == "Longer than one delta, for sure."
    assert json.loads(parts["1"]) == call.input


async def test_a_ping_reads_the_prefix_of_the_streamed_request_and_writes_nothing(
    http: aiohttp.ClientSession, standin: StandIn, clock: ManualClock
) -> None:
    body = body_of()
    await stream(http, body)
    clock.advance(299)
    status, answer = await post(http, body | {"max_tokens": 0})
    usage = usage_of(answer)
    assert (status, answer["content"], answer["stop_reason"]) == (200, [], "max_tokens")
    assert (usage["output_tokens"], usage["cache_creation_input_tokens"], usage["input_tokens"]) == (0, 0, 0)
    first = standin.log[0].usage
    assert first
    assert usage["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert [entry.kind for entry in standin.log] == ["message", "ping"]
    clock.advance(300)
    _, late = await post(http, body | {"max_tokens": 0})
    assert usage_of(late)["cache_read_input_tokens"] == 0
    assert usage_of(late)["cache_creation_input_tokens"] == usage["cache_read_input_tokens"]


@pytest.mark.parametrize(
    "fields",
    [
        {"stream": True},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
        {"tool_choice": {"type": "any"}},
        {"tool_choice": {"type": "tool", "name": "Bash"}},
    ],
)
async def test_what_a_ping_must_not_carry(
    http: aiohttp.ClientSession, standin: StandIn, fields: dict[str, Json]
) -> None:
    status, answer = await post(http, body_of() | fields | {"max_tokens": 0})
    assert (status, error_of(answer)) == (400, "invalid_request_error")
    assert (await post(http, body_of() | fields | {"stream": False}))[0] == 200
    assert standin.log[0].usage is None


async def test_a_ping_with_adaptive_thinking_passes(http: aiohttp.ClientSession) -> None:
    status, _ = await post(http, body_of(max_tokens=0, thinking={"type": "adaptive"}, tool_choice={"type": "auto"}))
    assert status == 200


async def test_errors_come_in_the_providers_shape_and_leave_the_cache_alone(
    http: aiohttp.ClientSession, standin: StandIn
) -> None:
    standin.behaviour.fail_next(1, 529)
    standin.behaviour.fail_next(1, 429, message="Slow down.", headers={"retry-after": "7"})
    status, answer = await post(http, body_of())
    assert (status, error_of(answer)) == (529, "overloaded_error")
    async with http.post("/v1/messages", json=body_of()) as response:
        assert (response.status, response.headers["retry-after"]) == (429, "7")
        limited: Body = await response.json()
        assert limited["type"] == "error"
        assert limited["error"] == {"type": "rate_limit_error", "message": "Slow down."}
        assert limited["request_id"] == response.headers["request-id"]
    status, answer = await post(http, body_of())
    assert (status, usage_of(answer)["cache_read_input_tokens"]) == (200, 0)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b'{"model": "m", "max_tokens": 5}'])
async def test_a_broken_body_is_a_400(http: aiohttp.ClientSession, raw: bytes) -> None:
    async with http.post("/v1/messages", data=raw) as response:
        assert response.status == 400
        assert error_of(await response.json()) == "invalid_request_error"


async def test_credentials_and_workspaces(http: aiohttp.ClientSession, standin: StandIn) -> None:
    async def read(**headers: str) -> Json:
        status, answer = await post(http, body_of(), **headers)
        return usage_of(answer)["cache_read_input_tokens"] if status == 200 else error_of(answer)

    assert await read(**{"x-api-key": "sk-ant-ws1-a"}) == 0
    assert await read(**{"x-api-key": "sk-ant-ws2-a"}) == 0
    assert await read(**{"x-api-key": "sk-ant-ws1-b"}) != 0
    assert await read(**{"x-api-key": "", "authorization": "Bearer sk-ant-ws1-c"}) != 0
    assert await read(**{"x-api-key": ""}) == "authentication_error"
    standin.behaviour.refuse_keys.add("sk-ant-ws1-a")
    assert await read(**{"x-api-key": "sk-ant-ws1-a"}) == "authentication_error"
    hashes = [entry.key_hash for entry in standin.log]
    assert hashes[0] == hashes[5]
    assert hashes[0] != hashes[2]
    assert hashes[4] is None


async def test_the_other_paths(http: aiohttp.ClientSession, standin: StandIn) -> None:
    async with http.post("/v1/messages/count_tokens", json=body_of()) as response:
        counted = (await response.json())["input_tokens"]
    _, answer = await post(http, body_of())
    usage = usage_of(answer)
    assert counted == usage["cache_creation_input_tokens"]
    async with http.get("/v1/models?limit=1000") as response:
        assert "claude-opus-5-5" in [model["id"] for model in (await response.json())["data"]]
    for path in ("/", "/api/hello"):
        async with http.head(path) as response:
            assert response.status == 200
    async with http.get("/v1/unknown") as response:
        assert (response.status, error_of(await response.json())) == (404, "not_found_error")
    kinds = [entry.kind for entry in standin.log]
    assert kinds == ["count_tokens", "message", "models", "hello", "hello", "other"]


async def test_gzip_bodies_are_understood_and_logged_as_sent(http: aiohttp.ClientSession, standin: StandIn) -> None:
    packed = gzip.compress(json.dumps(body_of()).encode())
    async with http.post("/v1/messages", data=packed, headers={"content-encoding": "gzip"}) as response:
        assert response.status == 200
    assert standin.log[0].body == packed


async def test_the_log_holds_the_wire(http: aiohttp.ClientSession, standin: StandIn, clock: ManualClock) -> None:
    names = {"X-Claude-Code-Session-Id": "s-1", "x-claude-code-agent-id": "a-1", "X-mIxEd": "kept"}
    raw = json.dumps(body_of(), indent=1).encode()
    async with http.post("/v1/messages?beta=true", data=raw, headers=names) as response:
        sent = await response.read()
    entry = standin.log[0]
    assert (entry.n, entry.at, entry.method, entry.path) == (1, clock.wall(), "POST", "/v1/messages?beta=true")
    assert (entry.session_id, entry.agent_id, entry.status) == ("s-1", "a-1", 200)
    assert (entry.body, entry.response_bytes, entry.client_gone) == (raw, len(sent), False)
    assert entry.stop_reason == json.loads(sent)["stop_reason"]
    assert ("X-mIxEd", "kept") in entry.headers


async def test_a_queue_answers_main_calls_in_order_and_pings_take_nothing_from_it(
    http: aiohttp.ClientSession, standin: StandIn
) -> None:
    standin.behaviour.replies = deque([Reply(text="one"), Reply(text="two")])
    schema: Json = {"type": "object", "properties": {"title": {"type": "string"}}}
    title = body_of(output_config={"format": {"type": "json_schema", "schema": schema}}, tools=[])
    said: list[Json] = []
    for body in (body_of(max_tokens=0), body_of(), title, body_of()):
        said.append((await post(http, body))[1]["content"])
    assert (said[0], said[1], said[3]) == ([], [{"type": "text", "text": "one"}], [{"type": "text", "text": "two"}])
    assert isinstance(said[2], list)
    assert isinstance(said[2][0], dict)
    assert set(json.loads(str(said[2][0]["text"]))) == {"title"}


async def test_parallel_requests_miss_while_no_answer_has_begun(http: aiohttp.ClientSession, standin: StandIn) -> None:
    gate = standin.behaviour.first_byte_gate = asyncio.Event()
    pair = [asyncio.create_task(post(http, body_of())) for _ in range(2)]
    await standin.received(2)
    assert (standin.in_flight, standin.log) == (2, [])
    gate.set()
    reads = [usage_of(answer)["cache_read_input_tokens"] for _, answer in await asyncio.gather(*pair)]
    assert reads == [0, 0]
    _, third = await post(http, body_of())
    assert usage_of(third)["cache_read_input_tokens"] != 0


async def test_a_client_that_leaves_before_the_first_byte_is_noticed_and_wrote_nothing(
    http: aiohttp.ClientSession, standin: StandIn
) -> None:
    gate = standin.behaviour.first_byte_gate = asyncio.Event()
    waiting = asyncio.create_task(post(http, body_of()))
    await standin.received(1)
    waiting.cancel()
    (entry,) = await standin.entries(1)
    assert (entry.client_gone, entry.status, entry.usage) == (True, None, None)
    gate.set()
    _, answer = await post(http, body_of())
    assert usage_of(answer)["cache_read_input_tokens"] == 0


async def test_a_client_that_leaves_in_the_stream_is_noticed_and_has_written(
    http: aiohttp.ClientSession, standin: StandIn
) -> None:
    standin.behaviour.event_delay = 30.0
    response = await http.post("/v1/messages", json=body_of(stream=True))
    await response.content.readuntil(b"\n\n")
    response.close()
    (entry,) = await standin.entries(1)
    assert (entry.client_gone, entry.status) == (True, 200)
    _, answer = await post(http, body_of())
    assert usage_of(answer)["cache_read_input_tokens"] != 0


async def test_a_stream_can_be_cut(http: aiohttp.ClientSession, standin: StandIn) -> None:
    standin.behaviour.disconnect_after_events = 3
    with pytest.raises(aiohttp.ClientError):
        await stream(http, body_of())
    (entry,) = await standin.entries(1)
    assert (entry.status, entry.client_gone) == (200, False)
    assert entry.response_bytes > 0


async def test_waiting_for_entries_that_do_not_come_times_out(standin: StandIn) -> None:
    with pytest.raises(TimeoutError):
        await standin.entries(1, timeout=0.01)


async def test_a_taken_port_is_an_error_and_a_stopped_one_is_free(standin: StandIn) -> None:
    port = int(standin.url.rpartition(":")[2])
    other = StandIn()
    with pytest.raises(OSError, match=str(port)):
        await other.start(port=port)
    await standin.stop()
    await other.start(port=port)
    await other.stop()


async def test_stopping_ends_a_request_in_flight_and_does_not_blame_the_client(
    http: aiohttp.ClientSession, standin: StandIn
) -> None:
    standin.behaviour.first_byte_gate = asyncio.Event()
    waiting = asyncio.create_task(post(http, body_of()))
    await standin.received(1)
    await standin.stop()
    with pytest.raises(aiohttp.ClientError):
        await waiting
    assert [(entry.status, entry.client_gone) for entry in standin.log] == [(None, False)]
