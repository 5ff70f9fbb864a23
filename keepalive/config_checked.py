"""`config.toml` as it was last found right, so that a start does not wait for the library that checks it.

What is remembered is what it came to, and a digest of its text and of which warmside found it right; nothing of its
comments. As soon as the digest differs, or anything is odd, nothing is remembered.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

import msgspec

from keepalive import config_rules, config_shape
from keepalive.config_shape import Config


class _Memory(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    of: str
    config: Config


def recall(file: Path, text: str) -> Config | None:
    """What this text came to, if it was found right before."""
    try:
        memory = msgspec.json.decode(file.read_bytes(), type=_Memory)
    except (OSError, msgspec.MsgspecError):
        return None
    return memory.config if memory.of == _digest(text) else None


def remember(file: Path, text: str, config: Config) -> None:
    """Where it cannot be written the next start takes longer, and that is all."""
    made = msgspec.json.encode(_Memory(_digest(text), config))
    other = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(other, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            opened.write(made)
        other.replace(file)
    except OSError:
        with suppress(OSError):
            other.unlink()


def _digest(text: str) -> str:
    """Of a text and the modules that say what is right in it: where they are, and how old."""
    files = map(Path, (config_rules.__file__, config_shape.__file__))
    us = " ".join(f"{file}:{file.stat().st_mtime_ns}" for file in files)
    return hashlib.sha256(f"{us}\n{text}".encode()).hexdigest()
