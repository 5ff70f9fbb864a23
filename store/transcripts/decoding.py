"""How a line becomes a typed record, and what happens when it does not fit; the same for every client.

The quick path decodes only the fields that are used and skips the rest unparsed. A line that does not fit (a field of
another type, a lone surrogate) goes through the standard library, which is also the judge of what is malformed: then
every field that can be read is kept. Nothing here knows what a record means.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct

NOTHING = Raw(b"null")
"""A field that is absent."""
MISFIT = (msgspec.DecodeError, RecursionError)
"""What the quick path raises for a line that does not fit, malformed or not."""
_S = TypeVar("_S", bound=Struct)


def line_decoder(cls: type[_S]) -> Callable[[bytes], _S | None]:
    """What makes a record of a line; None when the line is no JSON object."""
    quick = msgspec.json.Decoder(cls).decode

    def decode_line(line: bytes) -> _S | None:
        if not line.isascii() and not is_utf8(line):
            return None
        try:
            return quick(line)
        except MISFIT:
            loaded = load_json(line)
        return salvage(cls, loaded) if isinstance(loaded, dict) else None

    return decode_line


def object_decoder(cls: type[_S]) -> Callable[[Raw], _S | None]:
    """What makes a struct of a field that was left undecoded; None when it is no object."""
    quick = msgspec.json.Decoder(cls).decode

    def decode_object(raw: Raw) -> _S | None:
        try:
            return quick(raw)
        except MISFIT:
            loaded = load_json(bytes(raw))
        return salvage(cls, loaded) if isinstance(loaded, dict) else None

    return decode_object


def decode(cls: type[_S], raw: Raw) -> _S:
    """An object's fields that fit; all defaults when it is something else."""
    try:
        return msgspec.json.decode(raw, type=cls)
    except MISFIT:
        loaded = load_json(bytes(raw))
    return salvage(cls, loaded) if isinstance(loaded, dict) else cls()


def is_utf8(line: bytes) -> bool:
    """Whether a line is text at all: strings that are skipped are not looked at by the quick path."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def load_json(data: bytes) -> object:
    """The JSON value with lone surrogates replaced (they cannot be stored), or None when it is no JSON."""
    try:
        loaded = json.loads(data)
        return json.loads(json.dumps(loaded, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def salvage(cls: type[_S], loaded: dict[str, object]) -> _S:
    """A struct from the fields that fit; the others keep their defaults."""
    fitting: dict[str, object] = {}
    for field in msgspec.structs.fields(cls):
        if field.encode_name not in loaded:
            continue
        value = loaded[field.encode_name]
        nested = next(part for part in typing.get_args(field.type) or (field.type,) if part is not type(None))
        if nested is Raw:
            fitting[field.name] = Raw(json.dumps(value).encode())
        elif isinstance(value, dict) and isinstance(nested, type) and issubclass(nested, Struct):
            fitting[field.name] = salvage(nested, value)
        else:
            try:
                fitting[field.name] = msgspec.convert(value, field.type)
            except msgspec.ValidationError:
                continue
    return cls(**fitting)
