"""The price table: where it comes from, and which open sessions have no price. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from keepalive.doctor.finding import Finding, note, ok, problem

UPGRADE = "uv tool upgrade warmside (or pipx upgrade warmside)"
OLD_DAYS = 120


@dataclass(frozen=True, slots=True)
class Prices:
    """`library` is the version of the price data that is installed ('' for none), `age_days` since when, and
    `installed_on` that day, ISO.

    `sources` and `models` are those of the store's table; `newest` the day from which its newest price holds, ISO.
    `unknown` are models of open sessions without a price.
    """

    library: str
    age_days: float | None = None
    installed_on: str = ""
    models: int = 0
    sources: Sequence[str] = ()
    newest: str = ""
    unknown: Sequence[str] = ()


def check(prices: Prices) -> list[Finding]:
    """Without a price tokens are shown without money, and nothing is pinged by itself."""
    said = []
    if not prices.library:
        said.append(problem("the price data (genai-prices) is not installed: no request has a price", UPGRADE))
    else:
        text = f"genai-prices {prices.library}" + (f", installed {prices.installed_on}" if prices.installed_on else "")
        old = prices.age_days is not None and prices.age_days > OLD_DAYS
        said.append(note(f"{text}: prices may have changed since", UPGRADE) if old else ok(text))
    if prices.models:
        newest = f", the newest price from {prices.newest}" if prices.newest else ""
        said.append(ok(f"{prices.models} models priced ({'; '.join(prices.sources)}){newest}"))
    for model in prices.unknown:
        said.append(note(f"no known price for {model}: its session is not pinged by itself", UPGRADE))
    return said
