"""The base of everything the store hands out: frozen, named fields, read from columns with their types checked.

Structs and not models of the library that reads `config.toml`: that one takes longer to load than the sidebar may take
to start.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import ClassVar, TypeVar

import msgspec


class Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Compared and hashed by its fields. Each kind says `frozen` and `kw_only` again, which are not inherited."""

    UNSAID: ClassVar[frozenset[str]] = frozenset()
    """Fields that are for readers in the same process, and no part of a contract."""

    @classmethod
    def from_columns(cls, columns: dict[str, object]) -> dict[str, object]:
        """Where a column holds a value in another shape than the field does: that put right."""
        return columns


R = TypeVar("R", bound=Row)


def row_of(kind: type[R], columns: Mapping[str, object]) -> R:
    """A row from what SQLite has: 0 and 1 are also a bool, a text is also an enum's word.

    Raises:
        msgspec.ValidationError: a column that the row does not have, or of another type. It quotes no text but words.
    """
    return msgspec.convert(kind.from_columns(dict(columns)), kind, strict=False)


def fetch_all(kind: type[R], cursor: sqlite3.Cursor) -> list[R]:
    """Every row of a query as `kind`; the query names its columns as the fields."""
    names = [column[0] for column in cursor.description]
    return [row_of(kind, dict(zip(names, row, strict=True))) for row in cursor]


def fetch_one(kind: type[R], cursor: sqlite3.Cursor) -> R | None:
    """The first row as `kind`, or None."""
    row = cursor.fetchone()
    if row is None:
        return None
    names = [column[0] for column in cursor.description]
    return row_of(kind, dict(zip(names, row, strict=True)))
