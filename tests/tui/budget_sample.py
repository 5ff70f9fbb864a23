"""What is in force for a session, made up: every kind of origin, a cap of each kind."""

from __future__ import annotations

from keepalive.allowance import Allowance
from store.models import BudgetMode
from tui.budget_in_force import InForce
from tui.budget_text import Day

ALLOWED = Allowance(
    BudgetMode.AUTO,
    pings=3,
    usd=0.75,
    usd_per_ping=0.25,
    until=None,
    min_prefix_tokens=20_000,
    origins={
        "mode": "session",
        "pings": "session",
        "usd": "budget.project.api",
        "usd_per_ping": "stored",
        "until": "session",
        "min_prefix_tokens": "built_in",
    },
)
IN_FORCE = InForce(ALLOWED, idle_pings=1, session_usd=0.07, day=Day(3.0, in_config=True, spent=0.41, paused_until=None))
