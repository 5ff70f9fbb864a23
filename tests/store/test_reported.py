"""What the client hands to its status line: foreign bytes in, safe values or nothing out."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from store import reported
from store.reported import MAX_BYTES, Report, Told

REAL = {
    "session_id": "0b1c2d3e-0000-4000-8000-00000000abcd",
    "model": {"id": "claude-opus-5-5", "display_name": "Opus 5.5"},
    "prompt_cache": {
        "warm": True,
        "caching_observed": True,
        "ttl": "5m",
        "expires_at": 1_790_000_300,
        "requests": 4,
        "misses": 1,
        "expected_rebuilds": 0,
        "hit_ratio": 0.91,
        "cache_write_tokens": 21_000,
        "miss_recache_tokens": 13_000,
        "last_miss_at": 1_790_000_000,
        "last_miss_cause": {"causes": ["tools_changed", "model_changed"], "tools_added": 1, "tools_removed": 0},
        "miss_causes": {"tools_changed": 1, "model_changed": 1},
        "recache_tokens_if_cold": 13_700,
    },
}
"""As Claude Code 2.1.331 writes it."""

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
caches = st.fixed_dictionaries({}, optional=dict.fromkeys(REAL["prompt_cache"], values))


def told(**cache: object) -> Report:
    """The report of a call whose `prompt_cache` says this."""
    read = reported.read(json.dumps({"session_id": "s1", "prompt_cache": cache}).encode())
    assert read is not None
    assert read.report is not None
    return read.report


def test_a_real_report() -> None:
    assert reported.read(json.dumps(REAL).encode()) == Told(
        "0b1c2d3e-0000-4000-8000-00000000abcd",
        "claude-opus-5-5",
        Report(True, "5m", 1_790_000_300.0, 1, 1_790_000_000.0, "tools_changed,model_changed", 13_700),
    )


def test_before_the_first_request_there_is_no_report() -> None:
    assert reported.read(b'{"session_id": "s1", "model": {"id": "m"}}') == Told("s1", "m", None)
    assert reported.read(b'{"session_id": "s1", "model": "m", "prompt_cache": []}') == Told("s1", "", None)


def test_a_client_that_saw_nothing_cached_does_not_know_what_is_cold() -> None:
    assert told(warm=False, caching_observed=False, expires_at=5, ttl="1h") == Report(ttl_class="1h")


@given(st.binary())
@example(b"")
@example(b"null")
@example(b"[" * 100_000)
@example(b'{"session_id": ' + b"9" * 5_000 + b"}")
@example(b"\xff\xfe{\x00")
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    read = reported.read(data)
    assert read is None or read.session_id


@given(st.text(min_size=1), values, caches)
def test_whatever_the_values_are_what_is_kept_fits(session_id: str, model: object, cache: dict[str, object]) -> None:
    said = {"session_id": session_id, "model": {"id": model}, "prompt_cache": cache}
    read = reported.read(json.dumps(said).encode())
    if read is None:
        return
    assert read.session_id == session_id
    assert len(read.session_id) <= 200
    assert len(read.model) <= 200
    report = read.report
    assert report is not None
    assert report.warm in (None, True, False)
    assert report.ttl_class in (None, "5m", "1h")
    for text in (read.session_id, read.model, report.last_miss_cause):
        assert text.isprintable()
        assert len(text) <= 200
        text.encode()
    for number in (report.expires_at, report.last_miss_at, report.misses, report.cold_tokens):
        assert number is None or (math.isfinite(number) and 0 <= number <= 10**12)


@pytest.mark.parametrize("name", ["expires_at", "last_miss_at", "misses", "recache_tokens_if_cold"])
@pytest.mark.parametrize("value", [True, "5", None, [], -1, 10**400, float("inf"), float("nan"), 1e300])
def test_a_number_that_cannot_be_is_not_said(name: str, value: object) -> None:
    assert told(**{name: value}) == Report()


def test_causes_may_be_a_text_and_are_bounded_by_whole_codes() -> None:
    assert told(last_miss_cause="ttl_expired_5m").last_miss_cause == "ttl_expired_5m"
    assert told(last_miss_cause={"causes": ["\x1b[31mred", 5, "", "b"]}).last_miss_cause == "b"
    assert told(last_miss_cause="the prompt: buy milk").last_miss_cause == "", "text may be content"
    many = told(last_miss_cause={"causes": ["a" * 150, "b" * 100, "c"] * 1000}).last_miss_cause
    assert many == "a" * 150 + ",c" + ",c" * 5  # only the first twenty are looked at


@pytest.mark.parametrize("session_id", ["", "a\x1b[31mb", "a\nb", " a", "a" * 201, 5, None, ["a"]])
def test_an_id_that_would_have_to_be_cleaned_is_none(session_id: object) -> None:
    assert reported.read(json.dumps({"session_id": session_id, "prompt_cache": {}}).encode()) is None


def test_what_is_too_long_is_not_even_parsed() -> None:
    call = json.dumps(REAL).encode()
    assert reported.read(call + b" " * (MAX_BYTES - len(call))) is not None
    assert reported.read(call + b" " * (MAX_BYTES - len(call) + 1)) is None


def test_a_report_gets_older() -> None:
    assert Report(warm=True, expires_at=10.0).is_warm(9.9) is True
    assert Report(warm=True, expires_at=10.0).is_warm(10.0) is False
    assert Report(warm=None, expires_at=10.0).is_warm(9.0) is True
    assert Report(warm=False, expires_at=10.0).is_warm(9.0) is False
    assert Report(warm=True).is_warm(9.0) is None
