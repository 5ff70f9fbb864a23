"""The store: there, private, on a disk that can hold it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from keepalive.doctor.finding import Finding, note, ok, problem

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afpfs", "webdav", "ncpfs", "ceph", "glusterfs", "lustre", "afs"}
    | {"9p", "drvfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs", "fuse.davfs2", "fuse.glusterfs", "macfuse", "osxfuse"}
)
"""File systems without the shared memory or the locks that the store's write-ahead log needs."""
LITTLE, NEARLY_NONE = 1_000_000_000, 100_000_000
"""Free bytes."""


class Rights(NamedTuple):
    """Permission bits of one of the store's files, or of the folder that they lie in."""

    path: Path
    mode: int
    folder: bool = False


@dataclass(frozen=True, slots=True)
class StoreFile:
    """The database file. `size` None: there is none yet, and the rest says where it would be.

    `unknown_steps` and `missing_steps` are those of the schema;
    `sound`: what a deep look said, None without one. `error`: why it cannot be opened.
    """

    path: Path
    size: int | None
    sessions: int = 0
    steps: int = 0
    rights: Sequence[Rights] = ()
    missing_steps: int = 0
    unknown_steps: int = 0
    writable: bool = True
    file_system: str = ""
    free: int | None = None
    sound: str | None = None
    error: str = ""


def check(store: StoreFile) -> list[Finding]:
    """What it is first, then what is wrong with it."""
    said = [_what(store)]
    if store.unknown_steps:
        said.append(problem("a newer warmside has written the store", "uv tool upgrade warmside"))
    elif store.missing_steps:
        text = f"the store is {store.missing_steps} steps behind this version of warmside"
        said.append(note(f"{text}; the next command that writes brings it up to date", "warmside keeper start"))
    said += [_rights(rights) for rights in store.rights if rights.mode & 0o077]
    if not store.writable:
        said.append(problem(f"{store.path.parent} cannot be written: nothing is recorded", "WARMSIDE_HOME=FOLDER"))
    if store.file_system in NETWORK:
        text = f"{store.path} is on {store.file_system}: the store needs a local disk"
        said.append(problem(text, "WARMSIDE_HOME=FOLDER on a local disk"))
    if store.free is not None and store.free < LITTLE:
        text = f"{size(store.free)} are free on the disk of {store.path}"
        mend = "warmside export --all --output DIR, then make room"
        said.append(problem(text, mend) if store.free < NEARLY_NONE else note(text))
    if store.sound is not None:
        said.append(_sound(store))
    return said


def size(count: int) -> str:
    """Bytes for a person."""
    for unit, factor in (("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count} B"


def _what(store: StoreFile) -> Finding:
    if store.error:
        return problem(store.error)
    if store.size is None:
        return ok(f"no store yet; it would be {store.path}")
    count = "1 session" if store.sessions == 1 else f"{store.sessions} sessions"
    return ok(f"{store.path}: {size(store.size)}, {count}, schema {store.steps}")


def _rights(rights: Rights) -> Finding:
    """A file that others may open, or a folder whose names they may read."""
    wanted = "700" if rights.folder else "600"
    text = f"{rights.path} is open to others ({rights.mode:03o}; it should be {wanted})"
    mend = f"chmod {wanted} {shlex.quote(str(rights.path))}"
    return note(text, mend) if rights.folder else problem(text, mend)


def _sound(store: StoreFile) -> Finding:
    if store.sound == "ok":
        return ok("the store is sound")
    text = f"the store is damaged: {store.sound}"
    return problem(text, "warmside export --all --output DIR, move the file away, warmside import")
