"""Holds a store after an import against what the corpus is known to say."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.corpus import TRUTH

_TOKENS = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "reasoning")
_SOURCES = (
    *("prompts", "queued", "notifications", "slash_commands", "shell_commands", "interrupts"),
    *("compactions", "malformed", "lines"),
)
_SEPARATOR = "\x1e"


def disagreements(corpus: Path, store: Path, imported: Mapping[str, Any]) -> list[str]:
    """One line for each fact that the import has otherwise; `imported` is what the command printed."""
    truth = json.loads((corpus / TRUTH).read_text())
    connection = sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)
    try:
        found = [*_totals(truth["totals"], imported), *_sums(truth["totals"], connection)]
        for file in truth["files"]:
            found += _file(corpus, file, connection)
    finally:
        connection.close()
    return found


def _differ(what: str, store: object, truth: object) -> Iterator[str]:
    if store != truth:
        yield f"{what}: {store} in the store, {truth} in the corpus"


def _totals(truth: Mapping[str, Any], imported: Mapping[str, Any]) -> Iterator[str]:
    names = {name: name for name in ("files", "bytes", "requests", "turns", "sessions")} | {
        "malformed_lines": "malformed"
    }
    for name, ours in names.items():
        if ours in truth:
            yield from _differ(name, imported[name], truth[ours])


def _sums(truth: Mapping[str, Any], connection: sqlite3.Connection) -> Iterator[str]:
    columns = ", ".join(f"sum({name})" for name in _TOKENS)
    row = connection.execute(f"SELECT {columns} FROM requests").fetchone()  # noqa: S608
    known = dict(zip(_TOKENS, row, strict=True))
    known["cache_write"] = known["cache_write_5m"] + known["cache_write_1h"]
    for name, tokens in truth["tokens"].items():
        yield from _differ(f"tokens, {name}", known[name], tokens)
    for name in _SOURCES:
        if name in truth:
            stored = connection.execute(f"SELECT sum({name}) FROM sources").fetchone()[0]  # noqa: S608
            yield from _differ(name, stored, truth[name])
    if "copies" in truth:
        copies = connection.execute("SELECT count(*) FROM request_copies").fetchone()[0]
        yield from _differ("copies of requests", copies, truth["copies"])


def _file(corpus: Path, file: Mapping[str, Any], connection: sqlite3.Connection) -> Iterator[str]:
    name = str(file["path"])
    row = connection.execute(
        "SELECT id, session_id, agent_id, first_at, last_at, last_write FROM sources WHERE path = ?",
        (str(corpus / name),),
    ).fetchone()
    if row is None:
        yield f"{name}: not read"
        return
    for what, stored in zip(("session", "agent_id", "first_at", "last_at", "last_write"), row[1:], strict=True):
        yield from _differ(f"{name}: {what}", stored, file[what])
    kept = connection.execute("SELECT count(*) FROM requests WHERE source = ?", (row[0],)).fetchone()[0]
    yield from _differ(f"{name}: requests that it keeps", kept, file["kept_requests"])
    if file["agent_id"]:
        return
    turns = {
        n: (_split(paths), list(zip(failed.split(_SEPARATOR) if codes else [], map(int, codes.split()), strict=True)))
        for n, paths, failed, codes in connection.execute(
            "SELECT n, paths, failed, exit_codes FROM turns WHERE session_id = ?", (file["session"],)
        )
    }
    wanted = {turn["n"]: (turn["files"], [tuple(one) for one in turn["failed"]]) for turn in file["turns"]}
    yield from _differ(f"{name}: turns", sorted(turns), sorted(wanted))
    for n in turns.keys() & wanted.keys():
        yield from _differ(f"{name}: turn {n}", turns[n], wanted[n])


def _split(joined: str) -> list[str]:
    return joined.split(_SEPARATOR) if joined else []
