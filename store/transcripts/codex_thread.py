"""Whose rollout a file is, and which of its records are its own.

A fork's file begins with its parent's records in the clients that write the whole history into each file: its own
head first, then the parent's head and everything after it, all stamped within a moment. Newer clients name the base
instead and copy nothing, or say from which record on the file is its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b

from msgspec.structs import replace

from store.transcripts.codex_records import Payload, Record
from store.transcripts.events import MetaEvent

FORK_SECONDS = 0.5
"""What a forked rollout stamps less than this after its first record was copied from its parent."""

_UUID7 = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_NOTHING = MetaEvent(None, None, None, None, None)


class Thread:
    """What the heads of a file say, as far as it was read."""

    def __init__(self) -> None:
        self.id = ""
        self.forked = False
        """Whether there may be copies at all."""
        self._begun_with = ""
        self._headless = True
        self._heads = 0
        self._meta = _NOTHING
        self._copies_until: float | None = None
        self._own_ordinal: int | None = None
        self._own_turns_tell = False

    def begins(self, line: bytes) -> None:
        """Take the first line of the file, malformed or not."""
        self._begun_with = blake2b(line.strip(), digest_size=8).hexdigest()

    @property
    def key(self) -> str:
        """What sets this file's requests apart from those of all other files. Without its head a file cannot say
        whose it is (the next head may be its parent's); its first line at least is no other file's."""
        return self._begun_with if self._headless else self.id

    def is_copy(self, record: Record, payload: Payload, at: float | None) -> bool:
        """Whether a record is the parent's."""
        if self._own_ordinal is not None:
            return record.ordinal is not None and record.ordinal < self._own_ordinal
        if self._copies_until is None or at is None or at >= self._copies_until:
            return False
        turn_id = payload.turn_id
        if self._own_turns_tell and turn_id and turn_id > self.id and _UUID7.fullmatch(turn_id):
            self.forked = False  # a turn that began after the fork: both ids begin with their time
            return False
        return True

    def head(self, payload: Payload, place: int, begun_at: float | None) -> Iterator[MetaEvent]:
        """A session_meta. `place` is 1 for the first line of the file, `begun_at` the time of its first record."""
        self._heads += 1
        if self._heads == 1:
            self.id = payload.id or ""
            self._headless = not self.id or place > 1
            if payload.forked_from_id:
                self._fork(payload, begun_at)
        elif payload.id != self.id:
            return  # its parent's
        known = self._meta
        yield from self._tell(
            MetaEvent(
                session_id=self.id or None,
                cwd=known.cwd or payload.cwd,
                version=payload.cli_version or known.version,
                git_branch=(payload.git.branch if payload.git else None) or known.git_branch,
                title=known.title,
                forked_from=known.forked_from or payload.forked_from_id,
            )
        )

    def renamed(self, payload: Payload) -> Iterator[MetaEvent]:
        """A thread_name_updated."""
        if payload.thread_name and payload.thread_id in (None, self.id):
            yield from self._tell(replace(self._meta, title=payload.thread_name))

    def _fork(self, payload: Payload, begun_at: float | None) -> None:
        if payload.forked_from_ordinal_exclusive is not None:
            self._own_ordinal = payload.forked_from_ordinal_exclusive
            self.forked = True
        elif bytes(payload.history_base) == b"null" and begun_at is not None:
            self._copies_until = begun_at + FORK_SECONDS
            self.forked = True
            # A subagent is asked by its parent in the same moment, and that is no person's prompt.
            subagent = bytes(payload.source).startswith(b"{")
            self._own_turns_tell = not subagent and _UUID7.fullmatch(self.id) is not None

    def _tell(self, meta: MetaEvent) -> Iterator[MetaEvent]:
        if meta != self._meta:
            self._meta = meta
            yield meta
