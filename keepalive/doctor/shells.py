"""Whether `claude` means `warmside run -- claude` in the person's shells. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keepalive.doctor.finding import Finding, note, ok, problem


@dataclass(frozen=True, slots=True)
class Shell:
    """One shell that is used here, and what stands in the file that it reads.

    `program` is the warmside that the block calls, None without a block. `clients` are the functions in it, `wanted`
    those that an install would write now. `damaged` says what is wrong with the file, `alias` which client the
    person's own file has an alias for.
    """

    name: str
    file: Path
    program: str | None = None
    runs: bool = False
    clients: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    damaged: str = ""
    alias: str | None = None


def check(shells: Sequence[Shell]) -> list[Finding]:
    """A line or two for each shell."""
    if not shells:
        return [note("no shell found that the function is made for (bash, zsh, fish)")]
    return [finding for shell in shells for finding in _one(shell)]


def _one(shell: Shell) -> list[Finding]:
    install = f"warmside install shell --shell {shell.name}"
    if shell.damaged:
        return [problem(f"{shell.name}: {shell.damaged}", f"edit {shell.file}, then: {install}")]
    if shell.program is None:
        meant = ", ".join(shell.wanted)
        text = f"{shell.name}: no function in {shell.file}; one for {meant} would be written at its end"
        return [note(text, install)]
    said = []
    if not shell.runs:
        text = f"{shell.name}: {shell.program}, which the function calls, cannot be run: clients start without warmside"
        said.append(problem(text, install))
    elif missing := [name for name in shell.wanted if name not in shell.clients]:
        said.append(note(f"{shell.name}: the function in {shell.file} leaves out {', '.join(missing)}", install))
    else:
        said.append(ok(f"{shell.name}: the function is in {shell.file} ({', '.join(shell.clients)})"))
    if shell.alias is not None:
        text = f"{shell.name}: an alias `{shell.alias}` in {shell.file} goes first, and may go around warmside"
        said.append(note(text, f"take the alias `{shell.alias}` out of {shell.file}"))
    return said
