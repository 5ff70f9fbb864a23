"""Step 13: which idle periods cost anything."""

from __future__ import annotations

from sqlite_utils import Database

from store.schema.registry import migrations, script


@migrations()
def m013_pinged_periods(db: Database) -> None:
    """Most idle periods see no ping. What judges money asks for the others, and with each plan: it must find the
    newest few of a kind without looking at what a year has left behind.
    """
    script(
        db,
        """
ALTER TABLE idle_periods ADD COLUMN pinged INTEGER /* has pings: only such a period cost anything */ NOT NULL DEFAULT 0;
ALTER TABLE idle_periods ADD COLUMN agent TEXT /* of a pinged one: a part of its kind, here for the index */;
UPDATE idle_periods SET pinged = 1, agent = (SELECT s.agent FROM sessions s WHERE s.id = session_id)
    WHERE id IN (SELECT idle_id FROM pings);
CREATE TRIGGER pings_mark AFTER INSERT ON pings WHEN new.idle_id IS NOT NULL BEGIN
    UPDATE idle_periods SET pinged = 1, agent = (SELECT s.agent FROM sessions s WHERE s.id = session_id)
        WHERE id = new.idle_id AND pinged = 0;
END;
CREATE INDEX idle_pinged ON idle_periods(agent, ttl_class, waiting_for, closed_at) -- the last of a kind
    WHERE pinged = 1;
CREATE INDEX idle_pinged_closed ON idle_periods(closed_at) WHERE pinged = 1;    -- the ledger since some day
CREATE INDEX idle_pinged_session ON idle_periods(session_id) WHERE pinged = 1;  -- one session's ledger
CREATE INDEX pings_forked ON pings(idle_id)                                     -- the trial of forks
    WHERE warmer = 'fork' AND outcome = 'hit' AND ttl_class = '1h';
        """,
    )
