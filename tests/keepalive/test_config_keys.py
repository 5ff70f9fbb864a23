"""An unknown key names its way out, in every table that there is."""

from __future__ import annotations

import pytest

from keepalive.config_keys import known_keys, way_out


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (("bugdet",), "did you mean budget?"),
        (("budget", "usd_per_dya"), "did you mean usd_per_day?"),
        (("budget", "day_usd"), "did you mean usd_per_day?"),
        (("budget", "PINGS"), "did you mean pings?"),
        (("budget", "ttl", "1h", "pnigs"), "did you mean pings?"),
        (("budget", "project", "my.app", "modus"), "did you mean mode?"),
        (("budget", "ttl", "2h"), "known: 5m, 1h"),
        (("providers", "anthropic", "ttl_seconds", "30m"), "known: 5m, 1h"),
        (("providers", "openai"), "known: anthropic"),
        (("notify", "sound"), "known: bell, desktop"),
        (("nowhere", "x"), "none is known there"),
    ],
)
def test_the_key_that_was_meant_or_all_there_are(place: tuple[str, ...], said: str) -> None:
    assert way_out(place) == said


def test_what_is_no_key_is_not_offered() -> None:
    assert "usd_per_day" in known_keys(("budget",))
    assert "said" not in known_keys(("budget",))
    assert known_keys(("keys",)) == []
