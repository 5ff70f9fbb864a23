"""What is said of the price table."""

from __future__ import annotations

from keepalive.doctor.prices import OLD_DAYS, UPGRADE, Prices, check


def test_version_day_and_table() -> None:
    said = check(Prices("0.2.3", 4.0, "2026-11-22", 5, ["a", "b"], "2026-10-07"))
    assert [(one.level, one.text) for one in said] == [
        ("ok", "genai-prices 0.2.3, installed 2026-11-22"),
        ("ok", "5 models priced (a; b), the newest price from 2026-10-07"),
    ]


def test_what_is_old_missing_or_unknown() -> None:
    assert [(one.level, one.mend) for one in check(Prices("0.2.3", OLD_DAYS + 1.0))] == [("note", UPGRADE)]
    assert [(one.level, one.mend) for one in check(Prices(""))] == [("problem", UPGRADE)]
    unknown = check(Prices("0.2.3", unknown=["made-up-9"]))[1]
    assert (unknown.level, unknown.mend) == ("note", UPGRADE)
    assert "made-up-9" in unknown.text
