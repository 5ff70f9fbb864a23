"""Bodies in every coding that Claude Code offers: whole, cut anywhere, broken, growing without end."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from keepalive import coding
from keepalive.coding import decode_body

TEXT = b'data: {"type": "message_start", "usage": {"input_tokens": 1}}\n\n' * 40


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


CODINGS: dict[str, tuple[bytes, Callable[[bytes], bytes]]] = {
    "gzip": (b"gzip", gzip.compress),
    "gzip by its old name": (b"x-gzip", gzip.compress),
    "in capitals": (b"Deflate", zlib.compress),
    "deflate": (b"deflate", zlib.compress),
    "bare deflate": (b"deflate", raw_deflate),
    "br": (b"br", brotli.compress),
    "zstd": (b"zstd", zstd.compress),
}


@pytest.mark.parametrize("name", CODINGS)
def test_whole_body_is_decoded(name: str) -> None:
    label, compress = CODINGS[name]
    assert decode_body(compress(TEXT), [(b"Content-Encoding", label)]) == (TEXT, True)


@pytest.mark.parametrize("name", CODINGS)
@given(share=st.floats(0, 1, exclude_max=True))
def test_cut_body_is_never_whole_and_never_raises(name: str, share: float) -> None:
    label, compress = CODINGS[name]
    packed = compress(TEXT)
    cut = packed[: max(1, int(share * len(packed)))]
    decoded, whole = decode_body(cut, [(b"content-encoding", label)])
    assert TEXT.startswith(decoded)
    assert not whole


@pytest.mark.parametrize("name", CODINGS)
@given(noise=st.binary(min_size=1, max_size=200))
def test_noise_never_raises(name: str, noise: bytes) -> None:
    decode_body(noise, [(b"content-encoding", CODINGS[name][0])])


@pytest.mark.parametrize("name", CODINGS)
def test_growth_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coding, "MAX_DECODED", 1000)
    label, compress = CODINGS[name]
    decoded, whole = decode_body(compress(bytes(1_000_000)), [(b"content-encoding", label)])
    assert not whole
    assert len(decoded) < 200_000  # brotli works in blocks and may hand out one more


def test_plain_and_empty_bodies_are_whole() -> None:
    assert decode_body(b"{}", []) == (b"{}", True)
    assert decode_body(b"{}", [(b"content-encoding", b"identity")]) == (b"{}", True)
    assert decode_body(b"", [(b"content-encoding", b"gzip")]) == (b"", True)


def test_unknown_coding_is_one_line() -> None:
    with pytest.raises(ValueError, match="content-encoding") as error:
        decode_body(b"secret", [(b"content-encoding", b"compress")])
    assert "secret" not in str(error.value)
