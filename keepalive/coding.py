"""Undoes the compression of a captured body, so that usage and prefix can be read; the client's bytes are not touched.

Claude Code offers gzip, deflate, br and zstd, so an upstream may answer in any of them. The two libraries for the
last two are imported when such a body turns up.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Sequence

MAX_DECODED = 64 << 20
"""Bytes that a body may grow to (the gateway's own limit for a request)."""


def decode_body(body: bytes, headers: Sequence[tuple[bytes, bytes]]) -> tuple[bytes, bool]:
    """The plain bytes, and whether they are whole: a cut stream gives what came, a broken one perhaps nothing.

    Raises ValueError for a coding that is not known (one line, no content). Stops at `MAX_DECODED`: the rest is then
    not whole.
    """
    named = next((value for name, value in headers if name.lower() == b"content-encoding"), b"identity")
    coding = named.decode("latin-1").strip().lower()
    if coding in ("identity", "") or not body:
        return body, True
    decoder = _DECODERS.get(coding)
    if decoder is None:
        raise ValueError("content-encoding is not one that can be read")
    return decoder(body)


def _inflate(body: bytes, window: int) -> tuple[bytes, bool]:
    inflater = zlib.decompressobj(window)
    try:
        decoded = inflater.decompress(body, MAX_DECODED)
    except zlib.error:
        return b"", False
    return decoded, inflater.eof and not inflater.unused_data


def _gzip(body: bytes) -> tuple[bytes, bool]:
    return _inflate(body, 47)  # 32 + 15: a gzip or zlib header, found by itself


def _deflate(body: bytes) -> tuple[bytes, bool]:
    # Some senders call bare deflate data `deflate`; it has no header.
    has_header = body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0
    return _inflate(body, 47 if has_header else -15)


def _brotli(body: bytes) -> tuple[bytes, bool]:
    import brotli

    decoder = brotli.Decompressor()
    try:
        decoded = bytes(decoder.process(body, output_buffer_limit=MAX_DECODED))
    except brotli.error:
        return b"", False
    return decoded, bool(decoder.is_finished())


def _zstd(body: bytes) -> tuple[bytes, bool]:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd

    decoder = zstd.ZstdDecompressor()
    try:
        decoded = decoder.decompress(body, MAX_DECODED)
    except zstd.ZstdError:
        return b"", False
    return decoded, decoder.eof and not decoder.unused_data


_DECODERS: dict[str, Callable[[bytes], tuple[bytes, bool]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
