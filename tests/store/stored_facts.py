"""What the store says of imported transcripts, held against the reference counter; each disagreement is one line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

from store import board
from store.ingest.importer import import_paths
from store.models import SessionDetail, TurnView
from tests.store.made_up import NOW, budget_of, memory_store
from tests.store.reference_counter import TreeCount
from tests.store.reference_model import FileCount, RequestCount, total

_TOKENS = "input, cache_read, cache_write_5m, cache_write_1h, output, reasoning"


def detail(connection: sqlite3.Connection, session: str) -> SessionDetail:
    """`show` of a session."""
    return board.detail(connection, session, now=NOW, keeper_on=False, budget_of=budget_of)


def disagreements(connection: sqlite3.Connection, tree: TreeCount, root: Path) -> list[str]:
    """Every fact of the tree that the store has otherwise, as `file: fact: counted x, stored y`."""
    found: list[str] = []
    for file in tree.files:
        name = file.path.relative_to(root).as_posix()
        found += [f"{name}: {what}" for what in _file(connection, tree, file)]
    for session in sorted({file.session for file in tree.files if file.lines and file.session}):
        found += [f"session {session}: {what}" for what in _session(connection, tree, session)]
    counted = {name for file in tree.files for name in ([file.path] if file.lines else [])}
    stored = {Path(row[0]) for row in connection.execute("SELECT path FROM sources WHERE lines > 0")}
    found += [f"sources: only counted {path}" for path in counted - stored]
    found += [f"sources: only stored {path}" for path in stored - counted]
    return found


def dump(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """The whole content that an import wrote, without row numbers: equal stores give equal dumps."""
    queries = {
        "sources": "SELECT path, agent, session_id, agent_id, offset, lines, malformed, first_at, last_at, last_write,"
        " compactions, prompts, queued, notifications, slash_commands, shell_commands, interrupts, error FROM sources",
        "requests": f"SELECT message_id, session_id, agent_id, model, started_at, turn, {_TOKENS}, s.path FROM requests"  # noqa: S608
        " JOIN (SELECT id AS source_id, path FROM sources) s ON s.source_id = source",
        "request_copies": "SELECT message_id, c.session_id, turn, path FROM request_copies c"
        " JOIN sources s ON s.id = c.source",
        "turns": "SELECT session_id, n, prompt, answer, paths, path_kinds, failed, exit_codes FROM turns",
        "sessions": "SELECT id, agent, cwd, title, model FROM sessions",
    }
    return {name: sorted(connection.execute(query).fetchall(), key=repr) for name, query in queries.items()}


def imported(paths: Iterable[Path]) -> dict[str, list[tuple[object, ...]]]:
    """What a new store holds after importing these, one after the other."""
    with memory_store() as connection:
        for path in paths:
            import_paths(connection, [path])
        return dump(connection)


def search_is_whole(connection: sqlite3.Connection) -> bool:
    """Whether the search index says what the turns say (raises sqlite3.DatabaseError if not)."""
    connection.execute("INSERT INTO turns_fts (turns_fts, rank) VALUES ('integrity-check', 1)")
    return True


def _differ(pairs: dict[str, tuple[object, object]]) -> Iterator[str]:
    for what, (counted, stored) in pairs.items():
        if counted != stored:
            yield f"{what}: counted {counted!r}, stored {stored!r}"


def _ms(at: float | None) -> float | None:
    return None if at is None else round(at, 3)


def _file(connection: sqlite3.Connection, tree: TreeCount, file: FileCount) -> Iterator[str]:
    cursor = connection.execute("SELECT * FROM sources WHERE path = ?", (str(file.path),))
    names = [column[0] for column in cursor.description]
    row = cursor.fetchone()
    if row is None:
        if file.lines:
            yield "no source"
        return
    has = dict(zip(names, row, strict=True))
    yield from _differ(
        {
            "client": (file.client, has["agent"]),
            "session": (file.session or has["session_id"], has["session_id"]),  # (no record has named it yet)
            "agent id": (file.agent_id, has["agent_id"]),
            "lines": (file.lines, has["lines"]),
            "malformed": (len(file.malformed), has["malformed"]),
            "first time": (_ms(file.first_at), _ms(has["first_at"])),
            "last time": (_ms(file.last_at), _ms(has["last_at"])),
            "last write": (file.last_write, has["last_write"]),
            "compactions": (len(file.compactions), has["compactions"]),
            "prompts": (file.prompts, has["prompts"]),
            "queued": (file.queued, has["queued"]),
            "notifications": (file.notifications, has["notifications"]),
            "slash commands": (file.slash_commands, has["slash_commands"]),
            "! commands": (file.shell_commands, has["shell_commands"]),
            "interrupts": (file.interrupts, has["interrupts"]),
            "error": ("", has["error"]),
        }
    )
    yield from _requests(connection, tree, file, has["id"])


def _requests(connection: sqlite3.Connection, tree: TreeCount, file: FileCount, source: int) -> Iterator[str]:
    kept = connection.execute(
        f"SELECT message_id, turn, coalesce(model, ''), {_TOKENS} FROM requests WHERE source = ?",  # noqa: S608
        (source,),
    ).fetchall()
    copies = connection.execute("SELECT message_id, turn FROM request_copies WHERE source = ?", (source,)).fetchall()
    counted = tree.kept(file)
    yield from _differ(
        {
            "requests kept": (sorted(map(_plain, counted)), sorted(row[2:] for row in kept)),
            "turns of requests kept": (
                sorted(r.turn for r in counted if not file.agent_id),
                sorted(row[1] for row in kept if not file.agent_id),
            ),
        }
    )
    if file.client == "claude":
        in_turns = {row[0]: None if file.agent_id else row[1] for row in (*copies, *kept)}
        yield from _differ(
            {
                "ids kept": ({r.id for r in counted}, {row[0] for row in kept}),
                "turn of each id": (
                    {r.id: None if file.agent_id else r.turn for r in file.requests.values()},
                    in_turns,
                ),
            }
        )


def _plain(request: RequestCount) -> tuple[object, ...]:
    return (request.model or "", *request.tokens)


def _session(connection: sqlite3.Connection, tree: TreeCount, session: str) -> Iterator[str]:
    files = [file for file in tree.files if file.session == session]
    main = [file for file in files if not file.agent_id]
    known = connection.execute("SELECT count(*) FROM sessions WHERE id = ?", (session,)).fetchone()[0]
    if not known:
        if any(file.requests or file.prompts for file in main):
            yield "not in the store"
        return
    shown = detail(connection, session)
    requests = tree.session(session)
    totals = shown.totals
    tokens = (totals.input, totals.cache_read, totals.cache_write_5m, totals.cache_write_1h, totals.output)
    yield from _differ(
        {
            "requests": (len(requests), totals.requests),
            "tokens": (tuple(total(r.tokens for r in requests))[:5], tokens),
            "models": ({model for file in files for model in file.models}, set(shown.models)),
            "compactions": (sum(len(file.compactions) for file in files), shown.compactions),
            "malformed lines": (sum(len(file.malformed) for file in files), shown.malformed_lines),
        }
    )
    if len(main) == 1 and main[0].first_at is not None:
        yield from _differ(
            {
                "first time": (_ms(main[0].first_at), _ms(shown.first_at)),
                "last time": (_ms(main[0].last_at), _ms(shown.last_at)),
            }
        )
    if len(main) == 1:
        yield from _turns(main[0], shown)


def _turns(file: FileCount, shown: SessionDetail) -> Iterator[str]:
    counted, stored = file.kept_turns, {turn.n: turn for turn in shown.turns}
    yield from _differ({"turns": (list(counted), list(stored))})
    for n in counted.keys() & stored.keys():
        turn, view = counted[n], stored[n]
        prompt = turn.prompt or ""
        yield from _differ(
            {
                f"turn {n} prompt": (prompt[:200], view.prompt[:200]),
                f"turn {n} files": (
                    list(dict.fromkeys(turn.files)),
                    [change.path for change in view.files_changed],
                ),
                f"turn {n} failed": (turn.failed, _named(turn.failed, view)),
            }
        )


def _named(counted: list[tuple[str, int]], view: TurnView) -> list[tuple[str, int]]:
    """The stored failures; where the counter knows no command, whatever the store calls it is right."""
    stored = [(entry.command, entry.exit_code) for entry in view.failed_commands]
    names = [command for command, _ in counted] + ["?"] * len(stored)
    return [(entry[0] if name else "", entry[1]) for entry, name in zip(stored, names, strict=False)]
