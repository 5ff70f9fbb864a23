"""The tool calls of one Codex rollout: which are pending, which commands failed, which files were changed.

The same fact stands in a rollout up to three times (an event of the client, the text of the tool's output, an item of
the newer clients) and not every version writes each. Whatever is told here is told once per call id, where it is
first seen; of an event and an output the event is the better witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec import Raw

from store.transcripts.codex_records import (
    Change,
    Item,
    Payload,
    changes_in,
    command_in,
    decode_changes,
    decode_command,
    decode_exit_code,
    decode_output,
    decode_string,
    was_applied,
)
from store.transcripts.events import (
    CommandFailedEvent,
    Event,
    FileChangedEvent,
    NoticeEvent,
    ToolCallEvent,
    ToolResultEvent,
)

_SHELLS = frozenset({"exec_command", "shell", "shell_command", "local_shell", "container.exec"})
"""Tools whose output names the exit code of the command that they were called for. Polls of a running command
(`write_stdin`) are none: the command may have been listed by then."""
_PATCH = "apply_patch"
_TYPED = "user_shell"
"""Source of a command that the person typed after a `!`."""


class _Call(NamedTuple):
    name: str
    given: Raw | None
    """What a shell was given, undecoded: most commands succeed."""

    @property
    def command(self) -> str:
        return command_in(self.given) if self.given is not None else ""


class Held(NamedTuple):
    """Files that a patch's output named."""

    changes: list[Change]
    at: float | None


_UNKNOWN = _Call("", None)


class Calls:
    """What a later record needs to know of the calls before it."""

    def __init__(self) -> None:
        self._called: dict[str, _Call] = {}
        """The calls without an output yet."""
        self._ended: set[str] = set()
        """Commands whose end the client recorded: their output says nothing new."""
        self._failed: set[str] = set()
        self._patched: set[str] = set()
        """Patches that the client recorded."""
        self._listed: dict[str, tuple[str, ...]] = {}
        """Patches whose files were told, with the paths as the output had them (none after an event)."""
        self.held: dict[str, Held] = {}
        """Files that are known from an output alone, so far."""

    def release(self) -> Iterator[Event]:
        """Tell the files that were held back: no event will come for them any more, or not before they are due."""
        for call_id, held in self.held.items():
            self._listed[call_id] = tuple(change.path for change in held.changes)
            yield from _file_events(held.changes, held.at)
        self.held.clear()

    def called(self, payload: Payload, at: float | None) -> Iterable[Event]:
        """A call by the model."""
        call_id = payload.call_id
        if not call_id:
            return ()
        if payload.type == "local_shell_call":
            name, given = "local_shell", payload.action
        else:
            name, given = payload.name or "", payload.arguments
        self._called[call_id] = _Call(name, given.copy() if name in _SHELLS else None)
        return (ToolCallEvent(call_id, name, at),)

    def answered(self, payload: Payload, at: float | None) -> Iterable[Event]:
        """The output of a call."""
        call_id = payload.call_id
        if not call_id:
            return ()
        call = self._called.pop(call_id, _UNKNOWN)
        code: int | None = None
        if call.name in _SHELLS:
            code = decode_exit_code(payload.output)
        elif call.name == _PATCH and call_id not in self._patched and call_id not in self._listed:
            changes = changes_in(decode_output(payload.output))
            if changes:
                self.held[call_id] = Held(changes, at)
        answer = ToolResultEvent(call_id, at, bool(code))
        if not code or call_id in self._ended:
            return (answer,)
        return (answer, *self._fail(call_id, call.command, code, at))

    def command_ended(self, payload: Payload | Item, call_id: str | None, at: float | None) -> Iterable[Event]:
        """The client's own record of a command's end."""
        if not call_id:
            return ()
        code = payload.exit_code
        if code is not None:  # else the output may know
            self._ended.add(call_id)
        typed = decode_string(payload.source) == _TYPED
        if not code and not typed:
            return ()
        command = self._called.get(call_id, _UNKNOWN).command or decode_command(payload.command)
        failed = self._fail(call_id, command, code, at) if code else ()
        return (NoticeEvent("shell_command", command, at), *failed) if typed else failed

    def patch_ended(self, payload: Payload | Item, call_id: str | None, at: float | None) -> Iterable[Event]:
        """The client's own record of a patch."""
        if not call_id:
            return ()
        self._patched.add(call_id)
        self.held.pop(call_id, None)
        changes = decode_changes(payload.changes) if was_applied(payload) else []
        if not changes:
            return ()
        told = self._listed.get(call_id)
        self._listed[call_id] = ()
        if told is None:
            return _file_events(changes, at)
        if not told:
            return ()
        # The output came first, in an earlier piece of the file. It names paths as the patch did, from the cwd.
        ends = tuple(f"/{path}" for path in told)
        return _file_events([change for change in changes if not f"/{change.path}".endswith(ends)], at)

    def _fail(self, call_id: str, command: str, code: int, at: float | None) -> tuple[Event, ...]:
        if call_id in self._failed:
            return ()
        self._failed.add(call_id)
        return (CommandFailedEvent(call_id, command, code, at),)


def _file_events(changes: list[Change], at: float | None) -> Iterator[Event]:
    for change in changes:
        yield FileChangedEvent(change.path, change.kind, at)
