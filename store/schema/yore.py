"""Step 15: what failed in days long past, found without reading their texts."""

from __future__ import annotations

from sqlite_utils import Database

from store.schema.registry import migrations, script


@migrations()
def m015_failed_turns(db: Database) -> None:
    """Failures are a column behind the texts: to ask a turn whether it has any means to read all of them."""
    script(
        db,
        """
CREATE INDEX turns_failed ON turns(started_at, session_id) WHERE failed <> '';   -- as turns_time, of a third of them
        """,
    )
