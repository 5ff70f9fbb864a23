"""Finds the clients on PATH and their versions: from the files beside them, and only where none says it by asking."""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from keepalive.doctor.clients import KNOWN, Client
from keepalive.install import files
from keepalive.install.refusal import InstallError
from store import client_version

ASK_SECONDS = 5.0
MOST_BYTES = 4_096
"""Of what a client says; its version comes first."""
_FOLDERS_UP = 4
"""How far above the executable its package's description may lie."""
_DISTRIBUTIONS = {"aider": "aider_chat"}
"""Clients that are Python programs, by the name of what is installed for them."""
_VERSION = re.compile(r"(?<![\w.-])v?(\d{1,6}(?:\.\d{1,6}){1,3})")


def read(environ: Mapping[str, str]) -> tuple[Client, ...]:
    """All that are on PATH, in the order of `KNOWN`."""
    found = [(name, Path(path)) for name in KNOWN if (path := shutil.which(name, path=environ.get("PATH")))]
    if not found:
        return ()
    with ThreadPoolExecutor(max_workers=len(found)) as pool:
        versions = list(pool.map(lambda one: version_of(*one), found))
    return tuple(Client(name, path, version) for (name, path), version in zip(found, versions, strict=True))


def version_of(name: str, path: Path) -> str:
    """A client's version, '' where it cannot be found out."""
    try:
        real = path.resolve()
    except (OSError, RuntimeError):
        return ""
    return _from_files(name, real) or _asked(path)


def _from_files(name: str, real: Path) -> str:
    if client_version.parse(real.name):
        return real.name  # an installer that keeps each version under its number
    for folder in list(real.parents)[:_FOLDERS_UP]:
        package = _package(folder / "package.json")
        commands = package.get("bin")
        named = name in commands if isinstance(commands, dict) else package.get("name") == name
        version = package.get("version")
        if named and isinstance(version, str) and client_version.parse(version):
            return version[:40]
    if distribution := _DISTRIBUTIONS.get(name):
        for place in real.parent.parent.glob(f"lib/python3*/site-packages/{distribution}-*.dist-info"):
            return place.name.removeprefix(f"{distribution}-").removesuffix(".dist-info")
    return ""


def _package(path: Path) -> dict[str, object]:
    try:
        loaded = json.loads(files.read(path) or b"{}")
    except (InstallError, ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _asked(path: Path) -> str:
    """What the client says of itself. It and all that it started end with the time that it has."""
    try:
        process = subprocess.Popen(
            [str(path), "--version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError):
        return ""
    with process:
        try:
            found = _VERSION.search(_said(process))
        finally:
            # Its group, which outlives it where it has left somebody behind that holds the pipe.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
    return found[1] if found else ""


def _said(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None  # noqa: S101 - asked for above
    deadline, data = time.monotonic() + ASK_SECONDS, b""
    while len(data) < MOST_BYTES and (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([process.stdout], [], [], left)
        more = os.read(process.stdout.fileno(), MOST_BYTES) if ready else b""
        if not more:
            break
        data += more
        if b"\n" in data and _VERSION.search(data.decode("utf-8", "replace")):
            break  # said, whatever else it is about to do
    return data.decode("utf-8", "replace")
