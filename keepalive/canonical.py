"""The blocks of a request as the provider sees them: without marks, spelled in one way, told apart by digests.

Pure and total: any JSON is read, and fields of a wrong type count as absent.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping

Json = object

_DIGEST_BYTES = 16
_CODE = re.compile(r"[\w.:/@+\[\]-]{1,100}", re.ASCII)
_spelled = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def bare(block: Json) -> Json:
    """A block without its mark. Tool inputs and schemas may have a field of that name and keep it."""
    if not isinstance(block, dict):
        return block
    if block.get("type") == "text" and len(block) - ("cache_control" in block) == 2 and "text" in block:
        return {"type": "text", "text": block["text"]}  # equal to the plain string, whatever the keys' order
    found = {key: value for key, value in block.items() if key != "cache_control"}
    if block.get("type") == "tool_result" and "content" in block:
        found["content"] = [bare(inner) for inner in content(block["content"])]
    return found


def rendered(value: Json) -> bytes:
    """Compact JSON. Key order is kept: the provider may render it. Lone surrogates are legal in it and survive."""
    return _spelled(value).encode("utf-8", "surrogatepass")


def digest(data: bytes) -> bytes:
    """A fingerprint: equal bytes have equal ones, and nothing can be read from it."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).digest()


def holds_image(block: Json) -> bool:
    """Whether a block is an image, or a tool's result with one."""
    found = mapping(block)
    return found.get("type") == "image" or any(holds_image(inner) for inner in items(found.get("content")))


def content(value: Json) -> list[Json]:
    """Content as a list of blocks: a string is one text block."""
    return [{"type": "text", "text": value}] if isinstance(value, str) else items(value)


def items(value: Json) -> list[Json]:
    """A list, else an empty one."""
    return value if isinstance(value, list) else []


def mapping(value: Json) -> Mapping[str, Json]:
    """An object, else an empty one."""
    return value if isinstance(value, dict) else {}


def word(value: Json) -> str | None:
    """An id or a code word; what could not be stored or shown as it is counts as absent."""
    return value if isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable() else None


def code(value: Json) -> str | None:
    """A code word: of a role, a type, a setting, a field. Anything with spaces may be content and counts as absent."""
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
