"""The scripted agent: which orders of a prompt become which tool call, and when the turn ends in text."""

from __future__ import annotations

import json

import pytest

from keepalive.standin_cache import Body, Json
from keepalive.standin_script import DEFAULT_TEXT, WRITTEN_TEXT, ScriptedAgent, structured_reply
from keepalive.standin_wire import Reply, ToolCall

ALL_TOOLS = ("Agent", "Bash", "Write")
BASH = ToolCall("Bash", {"command": "ls -la", "description": "Run an ordered command"})
WRITE = ToolCall("Write", {"file_path": "/tmp/a.txt", "content": WRITTEN_TEXT})


def asked(*messages: tuple[str, Json], tools: tuple[str, ...] = ALL_TOOLS) -> Body:
    return {
        "tools": [{"name": name} for name in tools],
        "messages": [{"role": role, "content": content} for role, content in messages],
    }


def text(value: str) -> Body:
    return {"type": "text", "text": value}


def result() -> Body:
    return {"type": "tool_result", "tool_use_id": "t", "content": "done"}


def test_a_prompt_without_an_order_gets_the_text() -> None:
    assert ScriptedAgent()(asked(("user", "hello"))) == Reply(text=DEFAULT_TEXT)
    assert ScriptedAgent("Other.")(asked(("user", "please run: the marathon"))) == Reply(text="Other.")


@pytest.mark.parametrize(
    ("order", "call"),
    [
        ("run: ls -la", BASH),
        ("write: /tmp/a.txt", WRITE),
        (
            "agent: look around",
            ToolCall(
                "Agent",
                {
                    "description": "Do an ordered task",
                    "prompt": "look around",
                    "subagent_type": "general-purpose",
                },
            ),
        ),
    ],
)
def test_an_order_becomes_one_tool_call_and_ends_with_its_result(order: str, call: ToolCall) -> None:
    reminder = text("<system-reminder>\nrun: never\n</system-reminder>")
    prompt: tuple[str, Json] = ("user", [reminder, text(order), reminder])
    assert ScriptedAgent()(asked(prompt)).tools == (call,)
    after = asked(prompt, ("assistant", []), ("user", [result(), reminder]))
    assert ScriptedAgent()(after) == Reply(text=DEFAULT_TEXT)
    assert ScriptedAgent()(asked(prompt, tools=())) == Reply(text=DEFAULT_TEXT)


def test_the_older_name_of_the_subagent_tool() -> None:
    (call,) = ScriptedAgent()(asked(("user", "agent: go"), tools=("Bash", "Task"))).tools
    assert call.name == "Task"


def test_several_orders_run_one_after_the_other() -> None:
    prompt: tuple[str, Json] = ("user", "run: ls -la\nwrite: /tmp/a.txt")
    one: tuple[str, Json] = ("user", [result()])
    assert ScriptedAgent()(asked(prompt)).tools == (BASH,)
    assert ScriptedAgent()(asked(prompt, one)).tools == (WRITE,)
    assert ScriptedAgent()(asked(prompt, one, one)).tools == ()


def test_only_the_newest_prompt_counts() -> None:
    body = asked(("user", "run: ls -la"), ("user", [result()]), ("assistant", "x"), ("user", "thanks"))
    assert ScriptedAgent()(body).tools == ()
    assert ScriptedAgent()(asked(("user", "x"), ("user", "run: ls -la"), ("system", "run: no"))).tools == (BASH,)


@pytest.mark.parametrize(("value", "seconds"), [("2.5", 2.5), ("-1", 0.0), ("soon", 0.0)])
def test_slow_spreads_the_text(value: str, seconds: float) -> None:
    assert ScriptedAgent()(asked(("user", f"slow: {value}"))).seconds == seconds


def test_a_compaction_gets_its_summary_in_tags() -> None:
    reply = ScriptedAgent("Sum.")(asked(("user", "Answer with a <summary> block.\nrun: ls")))
    assert reply == Reply(text="<summary>\nSum.\n</summary>")


def test_json_of_a_schema() -> None:
    schema: Json = {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "kind": {"enum": ["a", "b"]},
            "n": {"type": "integer"},
            "ok": {"type": "boolean"},
            "list": {"type": "array"},
            "inner": {"type": "object"},
        },
    }
    reply = structured_reply({"output_config": {"format": {"type": "json_schema", "schema": schema}}})
    assert reply
    made = json.loads(reply.text)
    assert made.pop("title")
    assert made == {"kind": "a", "n": 0, "ok": False, "list": [], "inner": {}}
    assert structured_reply({"output_config": {"effort": "high"}}) is None
    assert structured_reply({}) is None
