"""The figures as JSON: every documented key, and plain numbers."""

from __future__ import annotations

import json

from keepalive.simulate.as_json import dumps
from tests.keepalive.simulate.made_results import SOURCE, results

CELL = {
    "ttl", "read_multiplier", "write_multiplier", "ends_signalled", "ends_known_fraction", "idle_periods", "sessions",
    "lapses", "ends", "unpriced", "input_cost", "clairvoyant_cost", "best", "front", "policies",
}  # fmt: skip
POLICY = {
    "policy", "ours", "interval_seconds", "cost", "ratio", "ratio_interval", "lapses_avoided", "lapses_left",
    "lapses_avoided_share", "lapses_avoided_share_interval", "pings", "pings_per_100_idle_periods", "net_saving",
    "net_saving_share", "net_saving_share_interval", "worst_day",
}  # fmt: skip


def test_every_key_is_there_in_every_cell() -> None:
    loaded = json.loads(dumps(SOURCE, results()))
    assert loaded["source"] == {"name": "gaps.csv", "requests": 240, "sessions": 8, "idle_periods": 248}
    assert (loaded["unit"], loaded["resamples"]) == ("input_tokens", 1_000)
    assert len(loaded["cells"]) == 24
    for cell, result in zip(loaded["cells"], results(), strict=True):
        assert set(cell) == CELL
        assert (cell["ttl"], cell["read_multiplier"]) == (result.cell.ttl, result.cell.read)
        assert (cell["best"], cell["front"]) == (result.best, result.front)
        assert [policy["policy"] for policy in cell["policies"] if policy["ours"]] == ["warmside"]
        for policy, score in zip(cell["policies"], result.scores, strict=True):
            assert set(policy) == POLICY
            assert policy["ratio"] == score.ratio.value
            low, high = policy["ratio_interval"]
            assert low <= policy["ratio"] <= high


def test_what_does_not_exist_is_null() -> None:
    cell = json.loads(dumps(SOURCE, results()[:1]))["cells"][0]
    never = next(policy for policy in cell["policies"] if policy["policy"] == "never")
    assert never["worst_day"] is None
    assert set(cell["policies"][0]["worst_day"]) == {"date", "net"}


def test_the_documentation_names_every_key() -> None:
    from keepalive.simulate import as_json

    assert all(f'"{key}"' in str(as_json.__doc__) for key in CELL | POLICY)
