"""What a provider documents per model, as far as a decision needs it: today the smallest prefix that is cached.

The table is dated knowledge, kept apart from the decisions so that a new model is one line here. It must not hold
prices (they come from the store) and must not guess downwards: a model that is not listed gets the largest minimum
known, since the error then is a ping not sent instead of one that can read nothing.
"""

from __future__ import annotations

import re

MINIMUM_PREFIX = {
    # documented
    "opus-5": 512,
    "fable-5": 512,
    "mythos-5": 512,
    "opus-4-8": 1_024,
    "opus-4-1": 1_024,
    "opus-4": 1_024,
    "sonnet-5": 1_024,
    "sonnet-4-6": 1_024,
    "sonnet-4-5": 1_024,
    "sonnet-4": 1_024,
    "opus-4-7": 2_048,
    "mythos-preview": 2_048,
    "haiku-3-5": 2_048,
    "opus-4-6": 4_096,
    "opus-4-5": 4_096,
    "haiku-4-5": 4_096,
    # not documented, assumed as their family
    "opus-5-5": 512,
    "fable-5-1": 512,
    "fable-5-2": 512,
    "mythos-5-1": 512,
    "mythos-5-2": 512,
    "sonnet-5-5": 1_024,
    "haiku-5-5": 4_096,
}
"""Tokens, by family and version."""

UNLISTED = max(MINIMUM_PREFIX.values())
OPENAI = 1_024

_FAMILIES = "opus|sonnet|haiku|fable|mythos"
# A version part has at most two digits: what is longer is the date of a snapshot.
_NAME_FIRST = re.compile(rf"({_FAMILIES})-(preview|\d{{1,2}}(?!\d))(?:[-.](\d{{1,2}})(?!\d))?")
_VERSION_FIRST = re.compile(rf"claude-(\d)(?:[-.](\d))?-({_FAMILIES})")


def minimum_prefix(model: str) -> int:
    """Tokens that a prefix of this model needs before the provider caches it at all. Never fails: see `UNLISTED`."""
    name = model.lower()
    if found := _VERSION_FIRST.search(name):
        parts = (found[3], found[1], found[2])
    elif found := _NAME_FIRST.search(name):
        parts = (found[1], found[2], found[3])
    elif name.startswith("gpt-"):
        return OPENAI
    else:
        return UNLISTED
    return MINIMUM_PREFIX.get("-".join(part for part in parts if part), UNLISTED)
