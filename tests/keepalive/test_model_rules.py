"""The smallest prefix a model caches, by every way a model is written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.model_rules import MINIMUM_PREFIX, UNLISTED, minimum_prefix


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("claude-opus-5", 512),
        ("claude-opus-5-5", 512),
        ("claude-opus-5-20260801", 512),
        ("claude-fable-5-2", 512),
        ("claude-mythos-5", 512),
        ("claude-mythos-preview", 2_048),
        ("claude-opus-4-8", 1_024),
        ("claude-opus-4-7", 2_048),
        ("claude-opus-4-6[1m]", 4_096),
        ("claude-opus-4-5-20251101", 4_096),
        ("claude-opus-4-1-20250805", 1_024),
        ("claude-opus-4-20250514", 1_024),
        ("anthropic/claude-opus-4.7", 2_048),
        ("claude-sonnet-4-5-20250929", 1_024),
        ("claude-sonnet-5-5", 1_024),
        ("CLAUDE-HAIKU-4-5-20251001", 4_096),
        ("claude-haiku-5-5", 4_096),
        ("claude-3-5-haiku-20241022", 2_048),
        ("gpt-6.1-sol", 1_024),
    ],
)
def test_documented_minimum(model: str, tokens: int) -> None:
    assert minimum_prefix(model) == tokens


@pytest.mark.parametrize("model", ["", "claude-opus-4-9", "claude-opus-9", "claude-3-opus-20240229", "unheard-of"])
def test_an_unlisted_model_gets_the_largest_minimum(model: str) -> None:
    assert minimum_prefix(model) == UNLISTED == 4_096


@given(st.text())
@settings(deadline=None)
def test_any_text_gets_a_minimum_that_some_model_has(model: str) -> None:
    assert minimum_prefix(model) in MINIMUM_PREFIX.values()
