"""What is in force: the most specific setting wins, key by key, and says where it comes from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keepalive.allowance import BUILT_IN, SESSION, STORED, Allowance, budget_of, resolve
from keepalive.config import BudgetConfig, Config, section
from store.budgets import Standing
from store.models import BudgetMode
from store.rows import BudgetRow

EVERYWHERE = {
    "mode": "auto",
    "pings": 1,
    "usd_per_session": 1.0,
    "usd_per_ping": 0.1,
    "min_prefix_tokens": 1_000,
    "ttl": {"5m": {"pings": 2, "usd_per_session": 2.0, "usd_per_ping": 0.2, "min_prefix_tokens": 2_000}},
    "agent": {"claude": {"pings": 3, "usd_per_session": 3.0, "usd_per_ping": 0.3}},
    "project": {"api": {"pings": 4, "usd_per_session": 4.0}},
}
HERE = Standing(project="api", agent="claude", ttl_class="5m")


def row(mode: BudgetMode = BudgetMode.AUTO, **known: Any) -> BudgetRow:
    return BudgetRow(
        **{"session_id": "s1", "mode": mode, "pings": None, "usd": None, "until": None, "updated_at": 0.0, **known}
    )


def config(**keys: Any) -> BudgetConfig:
    return section(BudgetConfig, keys)


def test_a_hold_until_somebody_is_back_ends_with_the_next_prompt() -> None:
    held = BudgetRow(
        session_id="s1", mode=BudgetMode.HOLD, pings=3, usd=None, until=900.0, updated_at=100.0, until_back=True
    )
    for last, mode in ((None, BudgetMode.HOLD), (100.0, BudgetMode.HOLD), (100.5, BudgetMode.AUTO)):
        found = resolve(config(), Standing(own=held, last_request_at=last))
        assert (found.mode, found.pings) == (mode, 3), "its caps stay"
        assert (found.until, found.until_back) == ((None, False) if mode is BudgetMode.AUTO else (900.0, True))
    off = BudgetRow(session_id="", mode=BudgetMode.OFF, pings=None, usd=None, until=None, updated_at=1.0)
    assert resolve(config(), Standing(own=held, default=off, last_request_at=101.0)).mode is BudgetMode.OFF
    plain = replace(held, until_back=False)
    assert resolve(config(), Standing(own=plain, last_request_at=101.0)).mode is BudgetMode.HOLD


def test_nothing_set_is_the_built_in_default() -> None:
    found = resolve(config(), Standing())
    assert (found.mode, found.pings, found.usd, found.usd_per_ping) == (BudgetMode.AUTO, None, None, 0.25)
    assert (found.until, found.min_prefix_tokens) == (None, 20_000)
    assert set(found.origins.values()) == {BUILT_IN}


@pytest.mark.parametrize(
    ("standing", "pings", "usd", "dearest", "least"),
    [
        (HERE, (4, "budget.project.api"), (4.0, "budget.project.api"), (0.3, "budget.agent.claude"), (2_000, "5m")),
        (
            HERE._replace(project="web"),
            (3, "budget.agent.claude"),
            (3.0, "budget.agent.claude"),
            (0.3, "claude"),
            (2_000, "5m"),
        ),
        (Standing(agent="codex", ttl_class="5m"), (2, "5m"), (2.0, "5m"), (0.2, "5m"), (2_000, "budget.ttl.5m")),
        (Standing(agent="codex", ttl_class="1h"), (1, "budget"), (1.0, "budget"), (0.1, "budget"), (1_000, "budget")),
        (Standing(project="", agent="codex"), (1, "budget"), (1.0, "budget"), (0.1, "budget"), (1_000, "budget")),
    ],
)
def test_project_before_agent_before_class_before_the_rest(
    standing: Standing,
    pings: tuple[int, str],
    usd: tuple[float, str],
    dearest: tuple[float, str],
    least: tuple[int, str],
) -> None:
    found = resolve(config(**EVERYWHERE), standing)
    assert (found.pings, found.usd, found.usd_per_ping, found.min_prefix_tokens) == (
        pings[0],
        usd[0],
        dearest[0],
        least[0],
    )
    for key, (_, origin) in {"pings": pings, "usd": usd, "usd_per_ping": dearest, "min_prefix_tokens": least}.items():
        assert found.origins[key].endswith(origin)


def test_a_sessions_own_row_counts_as_a_whole_but_for_the_cap_a_ping() -> None:
    """No cap in it means no cap; its cap a ping, left out, is the configuration's."""
    found = resolve(config(**EVERYWHERE), HERE._replace(own=row(BudgetMode.HOLD, until=9.0)))
    assert (found.mode, found.pings, found.usd, found.until) == (BudgetMode.HOLD, None, None, 9.0)
    assert (found.usd_per_ping, found.min_prefix_tokens) == (0.3, 2_000)
    assert [found.origins[key] for key in ("mode", "pings", "usd", "until")] == [SESSION] * 4
    own = resolve(config(**EVERYWHERE), HERE._replace(own=row(usd_per_ping=0.0, pings=7)))
    assert (own.usd_per_ping, own.pings, own.origins["usd_per_ping"]) == (0.0, 7, SESSION)


def test_the_stored_default_stands_between_the_tables_and_the_rest() -> None:
    default = row(pings=8, usd=8.0, usd_per_ping=0.8)
    found = resolve(config(**EVERYWHERE), HERE._replace(default=default))
    assert (found.pings, found.usd, found.usd_per_ping) == (4, 4.0, 0.3)
    elsewhere = resolve(config(**EVERYWHERE), Standing(default=default))
    assert (elsewhere.pings, elsewhere.usd, elsewhere.usd_per_ping) == (8, 8.0, 0.8)
    assert elsewhere.origins["usd"] == elsewhere.origins["mode"] == STORED


def test_what_the_stored_default_leaves_out_is_the_configurations() -> None:
    """A cap in the file stays a cap, whatever was stored before it was written there."""
    found = resolve(config(pings=2, usd_per_session=1.0), Standing(default=row()))
    assert (found.pings, found.usd) == (2, 1.0)
    assert (found.origins["pings"], found.origins["usd"]) == ("budget", "budget")


def test_the_end_belongs_to_the_mode() -> None:
    held = row(BudgetMode.HOLD, until=9.0)
    assert resolve(config(), Standing(default=held)).until == 9.0
    found = resolve(config(project={"api": {"mode": "auto"}}), HERE._replace(default=held))
    assert (found.mode, found.until, found.origins["until"]) == (BudgetMode.AUTO, None, "budget.project.api")


def test_a_stored_default_that_is_off_is_the_off_switch() -> None:
    """No table of the configuration turns it on again; a session's own row does."""
    tables = config(mode="auto", project={"api": {"mode": "hold", "pings": 4}}, agent={"claude": {"mode": "auto"}})
    off = HERE._replace(default=row(BudgetMode.OFF))
    found = resolve(tables, off)
    assert (found.mode, found.origins["mode"], found.pings) == (BudgetMode.OFF, STORED, 4)
    assert resolve(tables, off._replace(own=row(BudgetMode.AUTO))).mode is BudgetMode.AUTO
    assert resolve(tables, off._replace(default=row(BudgetMode.AUTO))).mode is BudgetMode.HOLD


def test_a_project_may_be_the_only_one_that_is_on() -> None:
    only = config(mode="off", project={"api": {"mode": "auto"}})
    assert resolve(only, HERE).mode is BudgetMode.AUTO
    assert resolve(only, Standing(project="web")).mode is BudgetMode.OFF


MODES = st.none() | st.sampled_from(BudgetMode)
CAPS = st.none() | st.integers(0, 9)
ROWS = st.none() | st.builds(
    lambda mode, pings, dearest: row(mode, pings=pings, usd_per_ping=dearest), st.sampled_from(BudgetMode), CAPS, CAPS
)
TABLES = st.fixed_dictionaries({}, optional={"mode": st.sampled_from(BudgetMode), "pings": st.integers(0, 9)})


@given(ROWS, ROWS, TABLES, TABLES, TABLES, TABLES)
def test_a_key_is_the_first_that_anybody_said(
    own: BudgetRow | None,
    default: BudgetRow | None,
    project: dict[str, Any],
    agent: dict[str, Any],
    ttl: dict[str, Any],
    rest: dict[str, Any],
) -> None:
    found = resolve(
        config(**rest, project={"api": project}, agent={"claude": agent}, ttl={"5m": ttl}),
        HERE._replace(own=own, default=default),
    )
    said = [project.get("pings"), agent.get("pings"), ttl.get("pings"), default and default.pings, rest.get("pings")]
    assert found.pings == (own.pings if own else next((one for one in said if one is not None), None))
    modes = [project.get("mode"), agent.get("mode"), ttl.get("mode"), default and default.mode, rest.get("mode")]
    if own is None and default is not None and default.mode is BudgetMode.OFF:
        assert found.mode is BudgetMode.OFF
    elif own is not None:
        assert found.mode is own.mode
    else:
        assert found.mode is next((one for one in modes if one), BudgetMode.AUTO)
    for key, origin in found.origins.items():
        assert origin in (SESSION, STORED, BUILT_IN, "budget") or origin.startswith("budget."), key


def test_readers_of_the_store_get_it_without_the_configuration() -> None:
    found = budget_of(Config(budget=config(**EVERYWHERE)))(HERE)
    assert isinstance(found, Allowance)
    assert found == resolve(config(**EVERYWHERE), HERE)
