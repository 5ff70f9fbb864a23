"""Every client is there, under its own name, and no two claim one path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from store.transcripts.claude_client import CLAUDE
from store.transcripts.registry import CLIENTS, client


def test_a_client_is_found_by_its_name() -> None:
    assert client("claude") is CLAUDE
    assert [client(known.name) for known in CLIENTS] == list(CLIENTS)
    assert len({known.name for known in CLIENTS}) == len(CLIENTS)


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        client("nobody")


def test_the_least_particular_name_is_asked_last() -> None:
    assert CLIENTS[-1] is CLAUDE


@pytest.mark.parametrize("known", CLIENTS, ids=[known.name for known in CLIENTS])
def test_a_clients_reader_says_nothing_of_nothing(known: object) -> None:
    (listed,) = (one for one in CLIENTS if one is known)
    reader = listed.reader()
    assert list(reader.feed([])) == []
    assert (reader.line_no, reader.malformed, reader.first_at, reader.last_at) == (0, 0, None, None)


@pytest.mark.parametrize("known", CLIENTS, ids=[known.name for known in CLIENTS])
def test_a_client_without_a_folder_still_says_where_it_would_be(known: object) -> None:
    (listed,) = (one for one in CLIENTS if one is known)
    roots = listed.roots({}, Path("/nowhere"))
    assert roots
    assert all(root.is_relative_to("/nowhere") for root in roots)


def test_to_know_the_clients_loads_no_reader() -> None:
    code = (
        "import sys, store.transcripts.registry\n"
        "print(*sorted({'msgspec', 'pydantic', 'store.models', 'store.transcripts.events'} & sys.modules.keys()))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    assert ran.stdout.strip() == ""
