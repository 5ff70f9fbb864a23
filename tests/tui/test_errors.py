"""Which errors are one line for a person, and which are ours."""

from __future__ import annotations

import errno
import sqlite3
import sys

import pytest

from keepalive.config import ConfigError
from keepalive.launch import LaunchError
from keepalive.supervisor import KeeperError
from store.database import StoreError
from store.sessions import UnknownSession
from tui.errors import NoTerminal, need_terminal, one_line


@pytest.mark.parametrize("kind", [ConfigError, KeeperError, LaunchError, StoreError, UnknownSession])
def test_an_error_for_a_person_is_one_line(kind: type[Exception]) -> None:
    assert one_line(kind("what  is\n wrong")) == "what is wrong"


def test_a_store_in_trouble_is_said() -> None:
    assert one_line(sqlite3.OperationalError("database is locked")) == "the store does not answer: database is locked"


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), OSError("x"), RuntimeError("x")])
def test_a_fault_of_the_program_is_not_hidden(error: Exception) -> None:
    assert one_line(error) is None


def test_a_full_disk_behind_the_output_is_said() -> None:
    assert one_line(OSError(errno.ENOSPC, "No space left on device")) == "cannot write: No space left on device"


@pytest.mark.parametrize("name", ["stdin", "stdout", "stderr"])
def test_each_stream_has_to_be_a_terminal(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stream:
        def __init__(self, tty: bool) -> None:
            self.isatty = lambda: tty

    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, stream, Stream(True))
    need_terminal()
    for missing in (Stream(False), None):
        monkeypatch.setattr(sys, name, missing)
        with pytest.raises(NoTerminal, match="needs a terminal"):
            need_terminal()
