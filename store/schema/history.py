"""Steps 8 to 10: what transcripts say, counted once, and the search over it."""

from __future__ import annotations

from sqlite_utils import Database

from store.schema.registry import migrations, script


@migrations()
def m008_history(db: Database) -> None:
    """Facts per transcript file, requests that know their file and turn; a turn's usage is the sum of its requests.

    (`sources` is made anew: it only remembered what had been read, and everything is read again.)
    """
    script(
        db,
        """
ALTER TABLE sessions ADD COLUMN seen_by TEXT /* how we know that it is open */ NOT NULL DEFAULT '';
DROP TABLE sources;
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,      -- of the file, or file#key for one session in a client's database
    agent TEXT NOT NULL,            -- which reader
    session_id TEXT NOT NULL,
    agent_id TEXT NOT NULL DEFAULT '',      -- '' is the main thread; a subagent has a file of its own
    size INTEGER NOT NULL,          -- with mtime_ns: unchanged files are not opened again
    mtime_ns INTEGER NOT NULL,
    offset INTEGER NOT NULL,        -- behind the last whole line: a torn one waits
    lines INTEGER NOT NULL,
    malformed INTEGER NOT NULL,
    first_at REAL,                  -- least and greatest time of any record: their order is not that of time
    last_at REAL,
    client_version TEXT NOT NULL DEFAULT '',
    forked_from TEXT,               -- the session whose records this file begins with, where the client says so
    last_write TEXT,                -- TTL class of the last request that wrote: 5m, 1h, unknown; NULL wrote nothing
    compactions INTEGER NOT NULL DEFAULT 0,
    prompts INTEGER NOT NULL DEFAULT 0,
    queued INTEGER NOT NULL DEFAULT 0,      -- typed while the agent worked
    notifications INTEGER NOT NULL DEFAULT 0,
    slash_commands INTEGER NOT NULL DEFAULT 0,
    shell_commands INTEGER NOT NULL DEFAULT 0,
    interrupts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT ''  -- why it could not be read, as one line for a person
) STRICT;
CREATE INDEX sources_session ON sources(session_id);
ALTER TABLE requests ADD COLUMN reasoning INTEGER /* part of output, where the client says so */ NOT NULL DEFAULT 0;
ALTER TABLE requests ADD COLUMN source INTEGER /* the file that keeps it: of several copies the first by path */;
ALTER TABLE requests ADD COLUMN turn INTEGER /* number in its session; NULL: by its time */;
CREATE INDEX requests_source ON requests(source);
CREATE TABLE request_copies (
    message_id TEXT NOT NULL,
    source INTEGER NOT NULL,        -- a forked or resumed session's file begins with its parent's records
    session_id TEXT NOT NULL,
    turn INTEGER,
    PRIMARY KEY (message_id, source)
) STRICT, WITHOUT ROWID;
CREATE INDEX copies_source ON request_copies(source);
ALTER TABLE turns DROP COLUMN requests;
ALTER TABLE turns DROP COLUMN input;
ALTER TABLE turns DROP COLUMN output;
ALTER TABLE turns DROP COLUMN cache_read;
ALTER TABLE turns DROP COLUMN cache_write_5m;
ALTER TABLE turns DROP COLUMN cache_write_1h;
ALTER TABLE turns ADD COLUMN prompt_id TEXT /* of the prompt's record: a fork's copy carries the same one */;
ALTER TABLE turns ADD COLUMN background INTEGER /* notices that came into it by themselves */ NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN compactions INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN paths TEXT /* files changed, joined by U+001E: plain text, for the search */
    NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN path_kinds TEXT /* one letter for each path */ NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN failed TEXT /* failed commands, joined by U+001E */ NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN exit_codes TEXT /* one for each failed command, joined by spaces */ NOT NULL DEFAULT '';
UPDATE turns SET
    paths = (SELECT coalesce(group_concat(replace(value ->> 0, char(30), ' '), char(30)), '')
        FROM json_each(files)),
    path_kinds = (SELECT coalesce(group_concat(value ->> 1, ''), '') FROM json_each(files)),
    failed = (SELECT coalesce(group_concat(replace(value ->> 0, char(30), ' '), char(30)), '')
        FROM json_each(commands)),
    exit_codes = (SELECT coalesce(group_concat(value ->> 1, ' '), '') FROM json_each(commands));
ALTER TABLE turns DROP COLUMN files;
ALTER TABLE turns DROP COLUMN commands;
        """,
    )


@migrations()
def m009_search(db: Database) -> None:
    """Words of turns: external content, kept by triggers, since a live turn is written again as it grows."""
    script(
        db,
        """
CREATE VIRTUAL TABLE turns_fts USING fts5(
    prompt, answer, paths, failed,
    content = 'turns', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);
CREATE TRIGGER turns_fts_insert AFTER INSERT ON turns
WHEN NOT EXISTS (SELECT 1 FROM settings WHERE key = 'search.asleep') BEGIN -- see store/turns.py
    INSERT INTO turns_fts (rowid, prompt, answer, paths, failed)
    VALUES (new.id, new.prompt, new.answer, new.paths, new.failed);
END;
CREATE TRIGGER turns_fts_delete AFTER DELETE ON turns BEGIN
    INSERT INTO turns_fts (turns_fts, rowid, prompt, answer, paths, failed)
    VALUES ('delete', old.id, old.prompt, old.answer, old.paths, old.failed);
END;
CREATE TRIGGER turns_fts_update AFTER UPDATE ON turns
WHEN old.prompt IS NOT new.prompt OR old.answer IS NOT new.answer
  OR old.paths IS NOT new.paths OR old.failed IS NOT new.failed BEGIN
    INSERT INTO turns_fts (turns_fts, rowid, prompt, answer, paths, failed)
    VALUES ('delete', old.id, old.prompt, old.answer, old.paths, old.failed);
    INSERT INTO turns_fts (rowid, prompt, answer, paths, failed)
    VALUES (new.id, new.prompt, new.answer, new.paths, new.failed);
END;
INSERT INTO turns_fts (turns_fts) VALUES ('rebuild');
        """,
    )


@migrations()
def m010_indexes_for_the_search(db: Database) -> None:
    """The search shows the newest turns first and one of several copies; neither may sort or scan all turns."""
    script(
        db,
        """
CREATE INDEX turns_time ON turns(started_at, session_id);
CREATE INDEX turns_prompt ON turns(prompt_id) WHERE prompt_id IS NOT NULL;
        """,
    )
