"""Step 12: what the policy is told by the person and by its own trial."""

from __future__ import annotations

from sqlite_utils import Database

from store.schema.registry import migrations, script


@migrations()
def m012_budgets_and_trials(db: Database) -> None:
    """A session's own cap a ping, and which arm of the opt-in trial an idle period was given."""
    script(
        db,
        """
ALTER TABLE budgets ADD COLUMN usd_per_ping REAL /* dearest ping, NULL leaves it to the config */;
ALTER TABLE budgets ADD COLUMN until_back INTEGER /* its mode ends with the next prompt, too */ NOT NULL DEFAULT 0;
CREATE TABLE assignments (
    idle_id INTEGER PRIMARY KEY REFERENCES idle_periods(id), -- drawn once, at its first due ping
    assigned_at REAL NOT NULL,
    arm TEXT NOT NULL,              -- ping, or lapse: no ping is sent in this period
    probability REAL NOT NULL       -- of a lapse when it was drawn: the weight of this row
) STRICT, WITHOUT ROWID;
        """,
    )
