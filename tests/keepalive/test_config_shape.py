"""What is in force where the file says nothing."""

from __future__ import annotations

from keepalive.config import section
from keepalive.config_shape import BudgetConfig, Config
from store.models import BudgetMode


def test_a_budget_knows_what_somebody_chose() -> None:
    assert not BudgetConfig().says("usd_per_day")
    assert BudgetConfig(usd_per_day=2.0).says("usd_per_day")
    chosen = section(BudgetConfig, {"usd_per_day": 3.0, "mode": "auto"})
    assert (chosen.usd_per_day, chosen.mode) == (3.0, BudgetMode.AUTO)
    assert [key for key in ("mode", "pings", "usd_per_day", "usd_per_ping") if chosen.says(key)] == [
        "mode",
        "usd_per_day",
    ]


def test_a_class_left_out_keeps_its_lifetime() -> None:
    config = section(Config, {"providers": {"anthropic": {"ttl_seconds": {"5m": 20}}}})
    assert (config.ttl("5m"), config.ttl("1h"), config.ttl(None)) == (20.0, 3600.0, None)
