"""What a turn leaves behind, kept small: the files it changed and the shell commands that failed.

Anyone who writes an agent can use this module alone (standard library only): feed the turn's tool calls and results
to a `TurnMemoryAccumulator`, take the `TurnMemory` when the turn ends, and send `format_message_for_provider(text,
memory)` instead of the tool traffic in later requests. It must not read files, ask git or judge what a command did:
a record is scoped to what the turn's own tools reported.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

ChangeKind = Literal["A", "M", "D", "R"]
"""Added, Modified, Deleted, Renamed."""

WRITE_TOOLS = frozenset(
    {"Write", "Edit", "MultiEdit", "NotebookEdit", "write", "edit", "write_file", "edit_file", "create_file"}
)
"""Tools whose success changes the file that their input names, when the result itself does not say more."""

_PATH_KEYS = ("file_path", "filePath", "path", "notebook_path")
_EXIT_CODE = re.compile(r"Exit code (-?\d{1,10})\b")


class ChangedFile(NamedTuple):
    """A file and what became of it."""

    path: str
    kind: ChangeKind


class FailedCommand(NamedTuple):
    """A shell command that ended with a code other than 0."""

    command: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class TurnMemory:
    """One turn's record. Both lists hold each entry once, in the order in which it was first seen."""

    files_changed: tuple[ChangedFile, ...] = ()
    failed_commands: tuple[FailedCommand, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files_changed or self.failed_commands)


class _Call(NamedTuple):
    name: str
    path: str | None
    command: str | None


class TurnMemoryAccumulator:
    """Collects one turn's record; `finish_turn` hands it over and starts the next turn."""

    def __init__(self, write_tools: frozenset[str] = WRITE_TOOLS) -> None:
        self._write_tools = write_tools
        self._files: dict[str, ChangeKind] = {}
        self._failed: dict[FailedCommand, None] = {}
        self._calls: dict[str, _Call] = {}

    @property
    def memory(self) -> TurnMemory:
        """The record so far."""
        return TurnMemory(tuple(ChangedFile(path, kind) for path, kind in self._files.items()), tuple(self._failed))

    def finish_turn(self) -> TurnMemory:
        """The turn's record; afterwards the accumulator is empty. Calls without a result yet stay known."""
        memory = self.memory
        self._files.clear()
        self._failed.clear()
        return memory

    def file_changed(self, path: str, kind: ChangeKind = "M") -> None:
        """Note that `path` changed. Several changes of one file become what they amount to."""
        before = self._files.get(path)
        if before == "A" and kind == "M":
            return
        self._files[path] = "M" if before == "D" and kind == "A" else kind

    def command_failed(self, command: str, exit_code: int) -> None:
        """Note a failed shell command; code 0 is no failure and leaves nothing."""
        if exit_code != 0:
            self._failed[FailedCommand(command, exit_code)] = None

    def tool_call(self, call_id: str, name: str, tool_input: Mapping[str, object]) -> None:
        """A tool was called. Nothing counts before its result is known."""
        path = next((value for key in _PATH_KEYS if isinstance(value := tool_input.get(key), str)), None)
        command = tool_input.get("command")
        self._calls[call_id] = _Call(name, path, command if isinstance(command, str) else None)

    def tool_result(
        self,
        call_id: str,
        *,
        is_error: bool = False,
        text: str = "",
        structured: Mapping[str, object] | None = None,
    ) -> None:
        """A tool answered.

        `text` is what the model was shown, `structured` what the tool knows beside it: `filePath` with
        `structuredPatch` (an empty patch that created nothing changed nothing) and `exit_code` are understood.
        """
        call = self._calls.pop(call_id, _Call("", None, None))
        details = structured or {}
        code = details.get("exit_code")
        if not isinstance(code, int):
            code = exit_code_of(text) if is_error else None
        if code is not None:
            self.command_failed(call.command if call.command is not None else call.name, code)
        if is_error:
            return
        path = details.get("filePath")
        if isinstance(path, str) and "structuredPatch" in details:
            created = details.get("type") == "create"
            if created or details["structuredPatch"]:
                self.file_changed(path, "A" if created else "M")
        elif call.path is not None and call.name in self._write_tools:
            self.file_changed(call.path)


def exit_code_of(text: str) -> int | None:
    """The code in a result that starts with `Exit code N`; None when it starts otherwise."""
    match = _EXIT_CODE.match(text)
    return int(match[1]) if match else None


def render_memory(memory: TurnMemory) -> str:
    """The record as later requests carry it: one line per kind, no line for a kind without entries, no record at
    all (an empty string) when there is nothing to tell."""
    if not memory:
        return ""
    lines = ["Tool memory:"]
    if memory.files_changed:
        lines.append("- Files changed: " + ", ".join(_one_line(file.path) for file in memory.files_changed))
    if memory.failed_commands:
        failed = (f"{_one_line(command)} (exit {code})" for command, code in memory.failed_commands)
        lines.append("- Failed bash: " + ", ".join(failed))
    return "\n".join(lines)


def format_message_for_provider(text: str, memory: TurnMemory) -> str:
    """The assistant's message for the next request: its text, one empty line, the record.

    Without a record the text comes back unchanged; without a text the record stands alone.
    """
    record = render_memory(memory)
    if not record:
        return text
    visible = text.rstrip("\n")
    return f"{visible}\n\n{record}" if visible else record


def _one_line(value: str) -> str:
    # A here-document must not break the promise of one line per kind.
    return " ".join(value.splitlines())
