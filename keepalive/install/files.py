"""Where an install touches files: as a whole, atomically, and never over something that it did not see."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from keepalive.install.refusal import InstallError

MOST_BYTES = 4 << 20


class ChangedMeanwhile(InstallError):
    """A file is not what was shown; nothing was written to it."""


def real(path: Path) -> Path:
    """The file behind every symbolic link: it is that one which is replaced, the link stays a link.

    Raises:
        InstallError: the link leads nowhere.
    """
    try:
        found = path.resolve()
    except (OSError, RuntimeError) as error:
        raise InstallError(f"{path} is a link that leads to itself") from error
    if path.is_symlink() and not found.parent.is_dir():
        raise InstallError(f"{path} is a link to {found}, and that folder does not exist")
    return found


def read(path: Path) -> bytes | None:
    """All of a file, or None where there is none.

    Raises:
        InstallError: it is no file, too large, or not readable.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InstallError(f"{path} is no regular file")
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InstallError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise InstallError(f"{path} is too large for a settings file")
    return data


def missing_folders(path: Path) -> list[Path]:
    """Folders above a file that do not exist, the outermost first."""
    return [folder for folder in reversed(path.parents) if not folder.exists()]


def make_folders(path: Path) -> None:
    """Make the folders above a file that are missing, for their owner alone. Raises OSError."""
    for folder in missing_folders(path):
        folder.mkdir(mode=0o700, exist_ok=True)


def replace(path: Path, before: bytes | None, after: bytes, *, like: Path | None = None) -> None:
    """Put `after` in the place of `before`, at once and on the disk; mode and owner stay.

    A new file is 0600, or has mode and owner of the file that it is `like`.

    Raises:
        ChangedMeanwhile: the file does not say `before` any more.
        InstallError: it cannot be written.
    """
    _unchanged(path, before)  # looked at again below: this is only so that little is undone
    try:
        make_folders(path)
        descriptor, half = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(after)
                file.flush()
                if before is not None or like is not None:
                    _like(like or path, file.fileno())
                os.fsync(file.fileno())
            _unchanged(path, before)
            Path(half).replace(path)
        except BaseException:
            Path(half).unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise InstallError(f"cannot write {path}: {error.strerror}") from error


def remove(path: Path, before: bytes) -> None:
    """Remove a file that still says `before`. Raises ChangedMeanwhile, InstallError."""
    _unchanged(path, before)
    try:
        path.unlink()
        _sync_folder(path.parent)
    except OSError as error:
        raise InstallError(f"cannot remove {path}: {error.strerror}") from error


def remove_folders(folders: list[Path]) -> None:
    """Remove those of these folders that are empty, the innermost first; others stay."""
    for folder in sorted(folders, key=lambda folder: len(folder.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()


def _like(path: Path, descriptor: int) -> None:
    """Mode and owner of the file that is to be replaced."""
    there = path.stat()
    made = os.fstat(descriptor)
    if (there.st_uid, there.st_gid) != (made.st_uid, made.st_gid):
        os.fchown(descriptor, there.st_uid, there.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))


def _unchanged(path: Path, before: bytes | None) -> None:
    if read(path) != before:
        raise ChangedMeanwhile(f"{path} was changed by somebody else just now: nothing was written to it")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # not every file system knows how
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _without_waiting(path: str, flags: int) -> int:
    """Opens a pipe of that name without waiting for a writer."""
    return os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC)
