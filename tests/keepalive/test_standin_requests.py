"""What the stand-in demands of a request before it looks at the prompt."""

from __future__ import annotations

import gzip

import pytest
from multidict import CIMultiDict

from keepalive.standin_cache import Body
from keepalive.standin_requests import Refusal, check_message, credential, parse_body, workspace_of

VALID: Body = {"model": "m", "messages": [], "max_tokens": 1}


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"X-Api-Key": "k"}, "k"),
        ({"Authorization": "bearer t"}, "t"),
        ({"x-api-key": "k", "authorization": "Bearer t"}, "k"),
        ({"authorization": "Basic dXNlcg=="}, ""),
        ({}, ""),
    ],
)
def test_credential(headers: dict[str, str], found: str) -> None:
    assert credential(CIMultiDict(headers)) == found


def test_workspace_is_the_text_before_the_last_dash() -> None:
    assert workspace_of("sk-ant-ws1-a") == workspace_of("sk-ant-ws1-b") != workspace_of("sk-ant-ws2-a")
    assert workspace_of("plain") == "plain"


def test_bodies() -> None:
    assert parse_body(b'{"a": 1}', "identity") == {"a": 1}
    assert parse_body(gzip.compress(b'{"a": 1}'), "GZIP") == {"a": 1}


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        (b"[]", "identity"),
        (b"{", "identity"),
        (b"{}", "gzip"),
        (gzip.compress(b"{}", mtime=0)[:-4], "gzip"),
        (b"{}", "br"),
    ],
)
def test_broken_bodies_are_refused(raw: bytes, encoding: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_body(raw, encoding)
    assert refused.value.status == 400


@pytest.mark.parametrize("name", ["model", "messages", "max_tokens"])
def test_required_fields(name: str) -> None:
    check_message(VALID)
    with pytest.raises(Refusal, match=name):
        check_message({key: value for key, value in VALID.items() if key != name})


@pytest.mark.parametrize(
    "fields",
    [
        {"stream": True},
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
        {"output_config": {"format": {"type": "json_schema"}}},
        {"tool_choice": {"type": "any"}},
        {"tool_choice": {"type": "tool", "name": "x"}},
    ],
)
def test_what_zero_tokens_rule_out(fields: Body) -> None:
    check_message(VALID | fields)
    with pytest.raises(Refusal, match="max_tokens: 0"):
        check_message(VALID | fields | {"max_tokens": 0})


def test_what_zero_tokens_allow() -> None:
    check_message(
        VALID
        | {
            "max_tokens": 0,
            "stream": False,
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": "low"},
            "tool_choice": {"type": "auto"},
        }
    )
