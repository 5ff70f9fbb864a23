"""Reads the files of the shells that are used here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from keepalive import install_shell
from keepalive.doctor.clients import Client
from keepalive.doctor.shells import Shell
from keepalive.install import files
from keepalive.install.refusal import InstallError
from keepalive.install_shell import SHELLS, DamagedBlock, Place
from keepalive.launch import ADAPTERS

_PROGRAM = re.compile(
    r"function __warmside_run(?: \{)?\s+if (?:not test -x (?P<fish>'(?:[^'\\]|\\.)*')|\[ ! -x (?P<posix>.+?) \])"
)
_FUNCTION = re.compile(r"__warmside_run ([\w-]+) (?:\"\$@\"|\$argv)")


def read(environ: Mapping[str, str], clients: Sequence[Client]) -> tuple[Shell, ...]:
    """The login shell, those that have a file of the person's own, and those that hold our block."""
    names = [client.name for client in clients]
    wanted = ("claude", *(name for name in ADAPTERS if name != "claude" and name in names))
    login = Path(environ.get("SHELL", "")).name
    found = []
    for name in SHELLS:
        place = install_shell.place(name, environ)
        there = place.file.exists() or (place.whole and place.file.parent.parent.is_dir())
        if place.file.exists() or (shutil.which(name, path=environ.get("PATH")) and (name == login or there)):
            found.append(_shell(place, wanted))
    return tuple(found)


def _shell(place: Place, wanted: tuple[str, ...]) -> Shell:
    try:
        data = files.read(files.real(place.file))
        text = "" if data is None else data.decode("utf-8", "surrogateescape")
        left = install_shell.removed(text)
    except (DamagedBlock, InstallError) as error:
        return Shell(place.shell, place.file, wanted=wanted, damaged=str(error))
    if left is None:
        return Shell(place.shell, place.file, wanted=wanted)
    program = _program(text)
    return Shell(
        place.shell,
        place.file,
        program=program,
        runs=Path(program).is_file() and os.access(program, os.X_OK),
        clients=tuple(_FUNCTION.findall(text)),
        wanted=wanted,
        alias=install_shell.own_alias(text, wanted),
    )


def _program(text: str) -> str:
    """The warmside that the block calls; '' where the block is of another form."""
    found = _PROGRAM.search(text)
    if found is None:
        return ""
    if found["fish"]:
        return re.sub(r"\\(.)", r"\1", found["fish"][1:-1])
    try:
        return "".join(shlex.split(found["posix"]))
    except ValueError:
        return ""
