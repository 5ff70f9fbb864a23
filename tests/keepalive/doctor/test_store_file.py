"""What is said of the store's file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from keepalive.doctor.store_file import LITTLE, NEARLY_NONE, Rights, StoreFile, check, size

DB = Path("/h/a folder/warmside.db")
GOOD = StoreFile(DB, 2_500_000, 3, 13, (Rights(DB, 0o600), Rights(DB.parent, 0o700, folder=True)), free=10**12)


def said(**other: object) -> list[tuple[str, str | None]]:
    return [(one.level, one.mend) for one in check(replace(GOOD, **other))[1:]]  # type: ignore[arg-type]


def test_a_good_store_is_one_line() -> None:
    (one,) = check(GOOD)
    assert (one.level, one.text) == ("ok", f"{DB}: 2.5 MB, 3 sessions, schema 13")
    (none,) = check(StoreFile(DB, None))
    assert (none.level, none.text) == ("ok", f"no store yet; it would be {DB}")
    assert [one.level for one in check(replace(GOOD, error="cannot open"))] == ["problem"]


def test_rights_that_let_others_in() -> None:
    assert said(rights=[Rights(DB, 0o640)]) == [("problem", f"chmod 600 '{DB}'")]
    assert said(rights=[Rights(DB.parent, 0o755, folder=True)]) == [("note", f"chmod 700 '{DB.parent}'")]


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "9p", "fuse.sshfs"])
def test_a_network_file_system_cannot_hold_it(kind: str) -> None:
    assert [level for level, _ in said(file_system=kind)] == ["problem"]
    assert said(file_system="ext4") == said(file_system="") == []


def test_disk_schema_and_soundness() -> None:
    assert [level for level, _ in said(free=LITTLE - 1)] == ["note"]
    assert [level for level, _ in said(free=NEARLY_NONE - 1)] == ["problem"]
    assert said(free=None) == []
    assert [level for level, _ in said(missing_steps=1)] == ["note"]
    assert [level for level, _ in said(missing_steps=1, unknown_steps=1)] == ["problem"]
    assert [level for level, _ in said(writable=False)] == ["problem"]
    assert [level for level, _ in said(sound="ok")] == ["ok"]
    assert [level for level, _ in said(sound="row 3 missing")] == ["problem"]


def test_sizes() -> None:
    assert [size(count) for count in (0, 999, 1_000, 12_345_678, 3 * 10**9)] == [
        *("0 B", "999 B", "1.0 kB", "12.3 MB", "3.0 GB")
    ]
