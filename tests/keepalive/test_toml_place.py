"""The line of a key, in every way that TOML lets a person write it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.toml_place import line_of

NESTED = """# [budget.project.api] in a comment is no head
[budget]
mode = "auto"
  pings = 3

[budget.ttl."5m"]
pings = 1
[ budget . ttl . '1h' ]
pings = 2
[budget.project."my.app"]
pings = 4
"usd_per_ping" = 1
[budget.project]
api = { mode = "off", pings = 5 }
agent.claude.pings = 6
"""


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["budget"], 2),
        (["budget", "pings"], 4),
        (["budget", "ttl", "5m"], 6),
        (["budget", "ttl", "5m", "pings"], 7),
        (["budget", "ttl", "1h", "pings"], 9),
        (["budget", "ttl"], 6),
        (["budget", "project", "my.app", "pings"], 11),
        (["budget", "project", "my.app", "usd_per_ping"], 12),
        (["budget", "project", "api", "pings"], 14),
        (["budget", "project", "agent", "claude", "pings"], 15),
        (["nothing"], 1),
        ([], 2),
    ],
)
def test_a_key_has_its_own_line(keys: list[str], line: int) -> None:
    tomllib.loads(NESTED)
    assert line_of(NESTED, keys) == line


NAMES = st.text("abm5.-_ é\"'\\", min_size=1, max_size=4)


def quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(
    st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(0, 9), min_size=1, max_size=3), min_size=1, max_size=4)
)
def test_every_key_of_every_table_is_found(tables: Mapping[str, Mapping[str, int]]) -> None:
    lines: list[str] = []
    wanted: dict[tuple[str, str], int] = {}
    for table, pairs in tables.items():
        lines += ["", f"[ top.{quoted(table)} ] # a note"]
        for key, value in pairs.items():
            lines.append(f"  {quoted(key)} = {value}")
            wanted[table, key] = len(lines)
    text = "\n".join(lines)
    assert tomllib.loads(text) == {"top": tables}
    for (table, key), line in wanted.items():
        assert line_of(text, ["top", table, key]) == line
