"""Every field of a record with values that it never has: what can be believed counts, the rest of the file too."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.damaged import ROLLOUTS, SAMPLES, check, check_new, only, place
from tests.store.quirks import claude_path, rollout_path

NAMES = st.sampled_from((*SAMPLES, *ROLLOUTS))


WRONG: tuple[Any, ...] = (
    None,
    7,
    -1.5,
    True,
    "",
    "x",
    [],
    [None],
    [[]],
    {},
    {"type": "text", "text": 7},
    [{"type": 3}],
)


_IDS = re.compile(rb'"(id|tool_use_id|call_id)": "')


def _places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for key in value:
            yield from _places(value[key], (*path, key))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _places(entry, (*path, number))


def _with(record: object, path: tuple[Any, ...], value: object) -> Any:
    changed: Any = json.loads(json.dumps(record))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def _wrong_types(data: bytes, wrong: object) -> list[bytes]:
    """Copies of a transcript, in each of them one field of one record has a wrong type.

    (Times have a test of their own; what is a patch that is no list, nobody knows.)
    """
    lines = data.splitlines()
    seen: set[tuple[object, ...]] = set()
    copies = []
    for number, line in enumerate(lines):
        record = json.loads(line)
        kind = (record.get("type"), str(record.get("subtype")), str(record.get("payload", {}).get("type")))
        for path in _places(record):
            if (kind, path) in seen or path[-1] in ("timestamp", "structuredPatch"):
                continue
            seen.add((kind, path))
            changed = json.dumps(_with(record, path, wrong)).encode()
            copies.append(b"\n".join([*lines[:number], changed, *lines[number + 1 :], b""]))
    return copies


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
@pytest.mark.parametrize("name", ["plain", "failed_commands", "compactions", *ROLLOUTS])
def test_wrong_type_in_every_field(name: str, wrong: object, tmp_path: Path, db: sqlite3.Connection) -> None:
    where = rollout_path if name.startswith("codex") else claude_path
    tree = {}
    for number, copy in enumerate(_wrong_types(only(name), wrong), 0x100):
        tree[where(number)] = _IDS.sub(rb"\g<0>%d_" % number, copy)  # each copy stands for itself
    check(db, tmp_path, tree)


_LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
_ANY = st.recursive(_LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))


@settings(deadline=None, max_examples=40)
@given(NAMES, st.data())
def test_wrong_values_at_random(name: str, data: st.DataObject) -> None:
    """Any JSON in any field."""
    lines = only(name).splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    try:
        record = json.loads(lines[number])
    except ValueError:
        return
    if not isinstance(record, dict):
        return
    value = data.draw(_ANY)
    path = data.draw(
        st.sampled_from([path for path in _places(record) if path[-1] not in ("timestamp", "structuredPatch")])
    )
    lines[number] = json.dumps(_with(record, path, value)).encode()
    check_new({place(name): b"\n".join([*lines, b""])})
