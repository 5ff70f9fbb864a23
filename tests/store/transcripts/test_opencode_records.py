"""Rows of OpenCode's database: what fits is kept, whatever the rest is."""

from __future__ import annotations

from msgspec import Raw

from store.transcripts.decoding import decode
from store.transcripts.opencode_records import (
    Failure,
    Message,
    Metadata,
    PatchedFile,
    Tokens,
    decode_files,
    decode_row,
    failure_text,
    is_summary,
    seconds,
)


def test_a_row_keeps_its_data_undecoded() -> None:
    row = decode_row(b'{"table":"part","id":"p","message":"m","data":{"type":"text"},"new":1}')
    assert row is not None
    assert (row.table, row.id, row.message, bytes(row.data)) == ("part", "p", "m", b'{"type":"text"}')


def test_a_misfit_costs_its_field_alone() -> None:
    row = decode_row(b'{"table":"part","id":5,"original":{"id":"m","session":7},"data":[1]}')
    assert row is not None
    assert (row.table, row.id, bytes(row.data)) == ("part", None, b"[1]")
    assert row.original is not None
    assert (row.original.id, row.original.session) == ("m", None)


def test_what_is_no_object_is_no_row() -> None:
    assert [decode_row(line) for line in (b"[]", b"{", b'"\xff"', b'{"a":"\xff"}', b"null")] == [None] * 5


def test_figures_that_no_store_can_hold_are_damage() -> None:
    tokens = decode(Tokens, Raw(b'{"input":1e300,"output":99999999999999999999,"reasoning":-1,"cache":{"read":2}}'))
    assert (tokens.input, tokens.output, tokens.reasoning) == (None, None, None)
    assert tokens.cache is not None
    assert tokens.cache.read == 2
    assert decode(Metadata, Raw(b'{"exit":99999999999}')).exit is None
    assert decode(Metadata, Raw(b"[]")) == Metadata()


def test_files_of_a_patch() -> None:
    assert decode_files(Raw(b'[{"filePath":"/a","type":"add"}]')) == [PatchedFile("/a", None, "add")]
    assert decode_files(Raw(b'[{"filePath":"/a","type":5},7]')) == [PatchedFile("/a")]
    assert decode_files(Raw(b"null")) == decode_files(Raw(b"{}")) == []


def test_a_summary_is_what_says_true() -> None:
    assert is_summary(decode(Message, Raw(b'{"summary":true}')))
    assert not is_summary(decode(Message, Raw(b'{"summary":{"diffs":[]}}')))
    assert not is_summary(Message())


def test_errors_in_words_and_times_in_seconds() -> None:
    assert failure_text(Failure("APIError", Raw(b'{"message":"no"}'))) == "no"
    assert failure_text(Failure("APIError")) == "APIError"
    assert failure_text(Failure()) == ""
    assert (seconds(1500), seconds(None)) == (1.5, None)
