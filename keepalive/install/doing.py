"""Carries a plan out: record first, then file by file, so that whatever breaks can still be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from msgspec.structs import replace

from keepalive.clock import SystemClock
from keepalive.install import files, record_file
from keepalive.install.adding import install
from keepalive.install.plan import Change, Plan, Wanted
from keepalive.install.reading import look
from keepalive.install.record import Record, with_entry
from keepalive.install.refusal import InstallError
from keepalive.install.taking_back import uninstall
from keepalive.paths import Paths
from keepalive.plugin_folder import PluginFolder

_LEAVE_TRIES = 3
"""A running session may announce itself between the look and the removal; without the folder it writes no more."""


class Installer:
    """One configuration folder of the client, and our record of it."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def plan_install(self, wanted: Wanted, now: float) -> Plan:
        """Raises InstallError."""
        entry = self._record()[0].claude.get(str(self._paths.claude_dir))
        return install(look(self._paths, entry, wanted.files), wanted, now)

    def plan_uninstall(self) -> Plan:
        """Raises InstallError."""
        entry = self._record()[0].claude.get(str(self._paths.claude_dir))
        return uninstall(look(self._paths, entry, ()))

    @property
    def installed(self) -> bool:
        """Whether there is something to take back. Raises InstallError."""
        return str(self._paths.claude_dir) in self._record()[0].claude

    def install(self, plan: Plan) -> None:
        """Write it all.

        Raises:
            ChangedMeanwhile: somebody changed the first file; nothing was written.
            InstallError: something cannot be written.
        """
        paths = self._paths
        record, before = self._record()
        saved = record_file.save(paths.installed_file, before, with_entry(record, paths.claude_dir, plan.entry))
        done = 0
        try:
            if plan.backup is not None:
                self._back_up(plan.changes[0], plan.backup)
            for change in plan.changes:
                _carry_out(change)
                done += 1
            self._folder().make()
        except (InstallError, OSError) as error:
            if done == 0:
                self._undo(record, saved, plan)
                raise
            raise InstallError(f"{error}; `warmside uninstall claude` takes back what was written") from error

    def uninstall(self, plan: Plan) -> tuple[str, ...]:
        """Take it all back; returns what is left and why. Raises InstallError."""
        paths = self._paths
        record, before = self._record()
        for change in (*plan.changes, *plan.dropped):
            _carry_out(change)
        rest = with_entry(record, paths.claude_dir, None)
        left: tuple[str, ...] = ()
        if not rest.claude and not self._leave():
            left = (f"{paths.plugin_dir} stays: something else lies in it",)
        files.remove_folders(list(plan.folders))
        record_file.save(paths.installed_file, before, _handed_on(rest, plan.folders))
        files.remove_folders(list(plan.folders))
        return left

    def _back_up(self, change: Change, backup: Path) -> None:
        if change.before is not None:
            files.replace(backup, None, change.before, like=change.path)

    def _undo(self, record: Record, saved: bytes | None, plan: Plan) -> None:
        """Nothing was written: neither record nor backup nor empty folders stay."""
        with suppress(InstallError):
            record_file.save(self._paths.installed_file, saved, record)
        if plan.backup is not None:
            with suppress(InstallError):
                files.remove(plan.backup, plan.changes[0].before or b"")
        if plan.entry is not None:
            files.remove_folders([Path(name) for name in plan.entry.folders])

    def _leave(self) -> bool:
        """Remove the folder in which plugins announce themselves; says whether it has gone."""
        folder = self._folder()
        for _ in range(_LEAVE_TRIES):
            folder.clean(lambda session_id: True)
            with suppress(OSError):
                folder.path.rmdir()
            if not folder.path.exists():
                return True
        return False

    def _folder(self) -> PluginFolder:
        return PluginFolder(self._paths.plugin_dir, SystemClock())

    def _record(self) -> tuple[Record, bytes | None]:
        return record_file.read(self._paths.installed_file)


def _handed_on(record: Record, folders: Sequence[Path]) -> Record:
    """Folders that others still need (ours, with the record in it) are theirs to remove."""
    if not record.claude:
        return record
    name, entry = next(iter(record.claude.items()))
    needed = dict.fromkeys((*(str(folder) for folder in folders if folder.exists()), *entry.folders))
    return with_entry(record, Path(name), replace(entry, folders=tuple(needed)))


def _carry_out(change: Change) -> None:
    if change.after is not None:
        files.replace(change.path, change.before, change.after)
    elif change.before is not None:
        files.remove(change.path, change.before)
