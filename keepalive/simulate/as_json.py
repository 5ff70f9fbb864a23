"""The simulator's figures as one JSON object. Keys are stable; a figure that does not exist is null.

{"source": {"name", "requests", "sessions", "idle_periods"},
 "unit": "input_tokens" (tokens at the input price) or "usd", of every cost and net below,
 "resamples": of the bootstrap over sessions,
 "cells": [{"ttl": "5m"|"1h",
            "read_multiplier", "write_multiplier": r and w (null: each model's own),
            "ends_signalled": share of ends (null: each when its client said so),
            "ends_known_fraction": the share that policies were told,
            "idle_periods", "sessions", "lapses" (without any ping), "ends", "unpriced" (periods left out),
            "input_cost": of all input of this class, "clairvoyant_cost", "best": policy of least cost,
            "front": [policies that none beats in lapses avoided without more pings, fewest pings first],
            "policies": [{"policy", "ours": bool, "interval_seconds", "cost",
                          "ratio": cost over the clairvoyant's, "ratio_interval": [low, high],
                          "lapses_avoided", "lapses_left", "lapses_avoided_share", "lapses_avoided_share_interval",
                          "pings", "pings_per_100_idle_periods",
                          "net_saving": cost of never pinging less this one's,
                          "net_saving_share": of the input cost, "net_saving_share_interval",
                          "worst_day": {"date", "net"} or null where no day lost}]}]}

Where ends are signalled in part, pings and costs are expectations. Intervals are of 95 %.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from keepalive.simulate.policies import OURS
from keepalive.simulate.report import Source
from keepalive.simulate.resampling import RESAMPLES, Interval
from keepalive.simulate.results import CellResult, Score


def dumps(source: Source, results: Sequence[CellResult]) -> str:
    """Indented JSON text."""
    return json.dumps(
        {
            "source": {
                "name": source.name,
                "requests": source.requests,
                "sessions": source.sessions,
                "idle_periods": source.periods,
            },
            "unit": "usd" if source.own_prices else "input_tokens",
            "resamples": RESAMPLES,
            "cells": [_cell(result) for result in results],
        },
        indent=2,
        allow_nan=False,
    )


def _cell(result: CellResult) -> dict[str, object]:
    return {
        "ttl": result.cell.ttl,
        "read_multiplier": result.cell.read,
        "write_multiplier": result.write,
        "ends_signalled": result.cell.ends,
        "ends_known_fraction": result.ends_known,
        "idle_periods": result.periods,
        "sessions": result.sessions,
        "lapses": result.lapses,
        "ends": result.ends,
        "unpriced": result.unpriced,
        "input_cost": result.input_cost,
        "clairvoyant_cost": result.clairvoyant,
        "best": result.best,
        "front": result.front,
        "policies": [_policy(score) for score in result.scores],
    }


def _policy(score: Score) -> dict[str, object]:
    worst = score.worst_day
    return {
        "policy": score.policy,
        "ours": score.policy == OURS,
        "interval_seconds": score.interval_seconds,
        "cost": score.cost,
        "ratio": score.ratio.value,
        "ratio_interval": _pair(score.ratio.interval),
        "lapses_avoided": score.lapses_avoided,
        "lapses_left": score.lapses_left,
        "lapses_avoided_share": score.avoided_share.value,
        "lapses_avoided_share_interval": _pair(score.avoided_share.interval),
        "pings": score.pings,
        "pings_per_100_idle_periods": score.pings_per_100,
        "net_saving": score.net,
        "net_saving_share": score.net_share.value,
        "net_saving_share_interval": _pair(score.net_share.interval),
        "worst_day": None if worst is None else {"date": worst.date, "net": worst.net},
    }


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.low, interval.high]
