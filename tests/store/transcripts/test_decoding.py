"""Records that fit, that fit in part, and that are none."""

from __future__ import annotations

import pytest
from msgspec import Raw, Struct

from store.transcripts.decoding import NOTHING, decode, line_decoder, object_decoder


class Inner(Struct):
    n: int | None = None


class Made(Struct):
    a: int | None = None
    b: str | None = None
    inner: Inner | None = None
    rest: Raw = NOTHING


LINE = line_decoder(Made)


def test_what_fits_is_read() -> None:
    assert LINE(b'{"a": 1, "b": "x", "inner": {"n": 2}, "other": []}') == Made(1, "x", Inner(2))


def test_what_does_not_fit_costs_its_own_field() -> None:
    assert LINE(b'{"a": "no number", "b": "x", "inner": {"n": []}}') == Made(None, "x", Inner(None))
    assert LINE(b'{"b": "half \\ud800 pair", "a": 1}') == Made(1, "half ? pair")


@pytest.mark.parametrize("line", [b"", b"[]", b"7", b"{", b'{"b": "\xff"}', b'{"other": "\xff"}', b"null"])
def test_what_is_no_object_is_none(line: bytes) -> None:
    assert LINE(line) is None


def test_fields_that_were_left_undecoded() -> None:
    of = object_decoder(Inner)
    assert of(Raw(b'{"n": 3}')) == decode(Inner, Raw(b'{"n": 3}')) == Inner(3)
    assert of(Raw(b'{"n": "x"}')) == decode(Inner, Raw(b'{"n": "x"}')) == Inner()
    assert (of(Raw(b"[1]")), decode(Inner, Raw(b"[1]"))) == (None, Inner())
