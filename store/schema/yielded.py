"""Step 14: what was given up for good, and has to stay away."""

from __future__ import annotations

from sqlite_utils import Database

from store.schema.registry import migrations, script


@migrations()
def m014_forgotten(db: Database) -> None:
    """Clients keep their transcripts, so what was deleted here would come back with the next import of them."""
    script(
        db,
        """
CREATE TABLE forgotten (
    session_id TEXT PRIMARY KEY,    -- nothing of this session's transcripts is stored any more
    forgotten_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE unkept_files (
    path_hash TEXT PRIMARY KEY,     -- sha256 of the path: a path tells where somebody works
    size INTEGER NOT NULL,          -- with mtime_ns: a file of which nothing is kept is not read again, either
    mtime_ns INTEGER NOT NULL,
    rule TEXT NOT NULL              -- digest of the ignore_paths that it fell under; '' belongs to a forgotten session
) STRICT, WITHOUT ROWID;
CREATE INDEX idle_session ON idle_periods(session_id);  -- deleting a session or a lineage asks for what hangs on it
CREATE INDEX pings_lineage ON pings(lineage_id);
        """,
    )
