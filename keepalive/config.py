"""What the user set: `config.toml`, read once and refused whole when wrong.

Unknown keys and values of another type are errors: a misspelt cap must not silently be no cap.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TypeVar

from keepalive import config_checked
from keepalive.config_rules import Section
from keepalive.config_shape import (
    AnthropicConfig,
    BudgetConfig,
    BudgetDefaults,
    Config,
    ExperimentConfig,
    HistoryConfig,
    LookConfig,
    NotifyConfig,
    ProvidersConfig,
    WarningsConfig,
)
from keepalive.paths import Paths, find_paths
from keepalive.toml_place import line_of
from store.models import BudgetMode

__all__ = [
    "AnthropicConfig",
    "BudgetConfig",
    "BudgetDefaults",
    "Config",
    "ConfigError",
    "ExperimentConfig",
    "HistoryConfig",
    "LookConfig",
    "NotifyConfig",
    "Paths",
    "ProvidersConfig",
    "WarningsConfig",
    "find_paths",
    "load",
    "section",
    "still_kept",
    "without_pings",
]


class ConfigError(Exception):
    """`config.toml` is wrong; the message is one line that names the file, the line and the key."""


_OF_A_KEY = "[key]"
"""How pydantic ends the place of a dictionary's key that does not fit."""


def load(path: Path, checked: Path | None = None) -> Config:
    """Read `config.toml`; a missing file is the default configuration. A file that was found right before, as
    `checked` remembers, is not checked again.

    Raises:
        ConfigError: the file is unreadable, no TOML, or holds a key or value that is not known.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text") from error
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    known = None if checked is None else config_checked.recall(checked, text)
    if known is not None:
        return known
    found = _checked(path, text)
    if checked is not None:
        config_checked.remember(checked, text, found)
    return found


S = TypeVar("S", bound=Section)


def section(kind: type[S], values: object) -> S:
    """A part of the configuration, or all of it, from the values of a file.

    Raises:
        pydantic.ValidationError: they are not what it can be.
    """
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(values)


def _checked(path: Path, text: str) -> Config:
    from pydantic import ValidationError

    from keepalive import config_keys

    try:
        return section(Config, tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = tuple(part for part in first["loc"] if part != _OF_A_KEY)
        keys = [str(part) for part in place]
        unknown = first["type"] == "extra_forbidden" or _OF_A_KEY in first["loc"]
        what = f"unknown key, {config_keys.way_out(place)}" if unknown else first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"{path}:{line_of(text, keys)}: {'.'.join(keys)}: {what}") from error


def without_pings(path: Path | None = None) -> Config:
    """What a keeper runs with when `config.toml` is wrong: requests pass, and no cap lets a ping through, whatever
    budget a session has of its own. What must not be stored (see `still_kept`) is not stored, by the file at `path`."""
    history = None if path is None else still_kept(path)
    return Config(
        budget=BudgetConfig(mode=BudgetMode.OFF, usd_per_ping=0.0, usd_per_day=0.0), history=history or _NOTHING_READ
    )


_NOTHING_READ = HistoryConfig(catch_up=False, store_text=False, ignore_paths=("*",))


def still_kept(path: Path) -> HistoryConfig | None:
    """What a wrong `config.toml` says of what may be stored, where that can be told for certain; else None, and then
    nothing is to be read: a slip elsewhere in the file must not store what its owner wants nowhere."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return HistoryConfig()
    except (OSError, UnicodeDecodeError):
        return None
    if not any(name in text for name in ("store_text", "ignore_paths")):
        return HistoryConfig()
    from pydantic import ValidationError

    try:
        return section(HistoryConfig, tomllib.loads(text).get("history", {}))
    except (tomllib.TOMLDecodeError, ValidationError):
        return None
