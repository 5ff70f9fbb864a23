"""What is said of the keeper and its configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keepalive.doctor.keeper import RESTART, START, ConfigFile, Keeper, check, check_config

GOOD = Keeper(12, 4242, "https://me:pw@api.example/x", supervised=True, listening=True, launches=1)
TOML = Path("/h/config.toml")


def said(keeper: Keeper) -> list[tuple[str, str | None]]:
    return [(one.level, one.mend) for one in check(keeper)]


def test_a_keeper_that_is_whole() -> None:
    (one,) = check(GOOD)
    assert one.text == "the keeper runs: pid 12, port 4242, to https://api.example, 1 client attached"
    assert one.level == "ok"


def test_none_is_a_problem_only_for_clients_that_need_it() -> None:
    assert said(Keeper(None)) == [("note", START)]
    assert said(Keeper(None, launches=2)) == [("problem", START)]


def test_each_fault_has_its_line() -> None:
    assert said(replace(GOOD, supervised=False)) == [("problem", START)]
    assert said(replace(GOOD, listening=False)) == [("problem", RESTART)]
    assert said(replace(GOOD, outdated=True)) == [("note", RESTART)]
    assert said(replace(GOOD, outdated=True, elsewhere="/opt/python")) == [("note", RESTART)]
    assert len(said(replace(GOOD, supervised=False, listening=False, outdated=True))) == 3


def test_the_configuration() -> None:
    def config(**other: bool | str) -> tuple[str, str | None]:
        (one,) = check_config(replace(ConfigFile(TOML, exists=True), **other))  # type: ignore[arg-type]
        return one.level, one.mend

    assert config() == config(exists=False) == ("ok", None)
    assert config(newer=True) == ("note", RESTART)
    assert config(error=f"{TOML}:3: budget.x: unknown key") == ("problem", f"edit {TOML}")
    assert config(error="no TOML", running=True) == ("problem", f"edit {TOML}, then: {RESTART}")
