"""What a session may spend, worked out from everything that was set anywhere, and where each part of it comes from.

Pure. The most specific setting wins, key by key: the session's own row (with all its caps) before its project, agent
and TTL class in `config.toml`, those before the stored default, and that before `[budget]`. One exception: a stored
default of mode `off` is the off switch: no configuration turns a session on again, only a mode of its own does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from keepalive.config import BudgetConfig, Config
from store.budgets import BudgetOf, Standing
from store.models import BudgetMode
from store.rows import BudgetRow

T = TypeVar("T")

SESSION = "session"
STORED = "stored"
BUILT_IN = "built_in"
"""Origins: the session's own row, the stored default, nobody. Any other is the table of `config.toml`, such as
`budget.project.api`."""


class Allowance(Struct, frozen=True):
    """What is in force. None: no cap, or no end."""

    mode: BudgetMode
    pings: int | None
    """An idle period."""
    usd: float | None
    """The session."""
    usd_per_ping: float
    until: float | None
    min_prefix_tokens: int
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each of the fields above comes from."""
    until_back: bool = False
    """The mode ends with the session's next prompt, and at `until` at the latest."""


class _Layer(NamedTuple):
    """What one place says; None says nothing, except where it says everything (`whole`: no cap)."""

    origin: str
    mode: BudgetMode | None = None
    until: float | None = None
    """Belongs to the mode: a mode set elsewhere begins without it."""
    until_back: bool = False
    pings: int | None = None
    usd: float | None = None
    usd_per_ping: float | None = None
    min_prefix_tokens: int | None = None
    whole: bool = False


def resolve(config: BudgetConfig, standing: Standing) -> Allowance:
    """What is in force for a session that stands there."""
    own, default = _in_time(standing), standing.default
    layers = _tables(config, standing)
    if own is not None:
        layers.insert(0, _of_row(SESSION, own, whole=True))
    if default is not None:
        layers.append(_of_row(STORED, default, whole=False))

    def base(key: str) -> str:
        return "budget" if config.says(key) else BUILT_IN

    speaks = next((layer for layer in layers if layer.mode is not None), _Layer(base("mode")))
    if (own is None or own.mode is None) and default is not None and default.mode is BudgetMode.OFF:
        speaks = layers[-1]
    pings, pings_from = _cap(layers, lambda layer: layer.pings) or (config.pings, base("pings"))
    usd, usd_from = _cap(layers, lambda layer: layer.usd) or (config.usd_per_session, base("usd_per_session"))
    dearest, dearest_from = _first(layers, lambda layer: layer.usd_per_ping) or (
        config.usd_per_ping,
        base("usd_per_ping"),
    )
    least, least_from = _first(layers, lambda layer: layer.min_prefix_tokens) or (
        config.min_prefix_tokens,
        base("min_prefix_tokens"),
    )
    return Allowance(
        mode=speaks.mode or config.mode,
        pings=pings,
        usd=usd,
        usd_per_ping=dearest,
        until=speaks.until,
        min_prefix_tokens=least,
        until_back=speaks.until_back,
        origins={
            "mode": speaks.origin,
            "pings": pings_from,
            "usd": usd_from,
            "usd_per_ping": dearest_from,
            "until": speaks.origin,
            "min_prefix_tokens": least_from,
        },
    )


def _in_time(standing: Standing) -> BudgetRow | None:
    """The session's own row; only its caps where its mode was to end when somebody is back, and somebody is."""
    own, last = standing.own, standing.last_request_at
    if own is None or not own.until_back or last is None or last <= own.updated_at:
        return own
    return replace(own, mode=None, until=None, until_back=False)


def budget_of(config: Config) -> BudgetOf:
    """The same for readers of the store, who know no configuration."""
    return partial(resolve, config.budget)


def _first(layers: Sequence[_Layer], said: Callable[[_Layer], T | None]) -> tuple[T, str] | None:
    """The most specific value, with its origin."""
    return next(((value, layer.origin) for layer in layers if (value := said(layer)) is not None), None)


def _cap(layers: Sequence[_Layer], said: Callable[[_Layer], T | None]) -> tuple[T | None, str] | None:
    """The same for what a whole layer may leave without a cap."""
    if layers and layers[0].whole:
        return said(layers[0]), layers[0].origin
    return _first(layers, said)


def _of_row(origin: str, row: BudgetRow, *, whole: bool) -> _Layer:
    return _Layer(origin, row.mode, row.until, row.until_back, row.pings, row.usd, row.usd_per_ping, whole=whole)


def _tables(config: BudgetConfig, standing: Standing) -> list[_Layer]:
    """What `config.toml` says of this project, agent and TTL class, the most specific first."""
    project, agent, ttl = standing.project, standing.agent, standing.ttl_class
    named = [
        (f"budget.project.{_quoted(project)}", config.project.get(project) if project else None),
        (f"budget.agent.{_quoted(agent)}", config.agent.get(agent)),
        (f"budget.ttl.{ttl}", config.ttl.get(ttl) if ttl else None),
    ]
    return [
        _Layer(
            origin,
            table.mode,
            None,
            False,
            table.pings,
            table.usd_per_session,
            table.usd_per_ping,
            table.min_prefix_tokens,
        )
        for origin, table in named
        if table is not None
    ]


def _quoted(name: str) -> str:
    """A name as a part of a TOML key."""
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
