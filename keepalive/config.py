"""What the user set: `config.toml`, read once and refused whole when wrong.

Unknown keys and values of another type are errors: a misspelt cap must not silently be no cap.
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, field_validator

from keepalive.paths import Paths, find_paths
from keepalive.toml_place import line_of
from store.cache import COSTLY_USD
from store.ingest.keeping import Keeping
from store.models import BudgetMode, TTLClass

__all__ = [
    "AnthropicConfig",
    "BudgetConfig",
    "BudgetDefaults",
    "Config",
    "ConfigError",
    "ExperimentConfig",
    "HistoryConfig",
    "Paths",
    "find_paths",
    "load",
    "still_kept",
    "without_pings",
]


class ConfigError(Exception):
    """`config.toml` is wrong; the message is one line that names the file, the line and the key."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_Lifetime = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Mode = Annotated[BudgetMode, Field(strict=False)]
_Count = Annotated[int, Field(ge=0)]
_Money = Annotated[float, Field(ge=0, allow_inf_nan=False)]
_TTL: dict[TTLClass, float] = {"5m": 300.0, "1h": 3600.0}


class AnthropicConfig(_Section):
    """What the provider promises."""

    upstream: str = "https://api.anthropic.com"
    """Where requests go that name no launch."""
    ttl_seconds: dict[TTLClass, _Lifetime] = Field(default_factory=_TTL.copy)
    """Lifetime of an entry from the start of the request that wrote or read it, seconds. A class left out keeps its
    own."""

    @field_validator("upstream")
    @classmethod
    def _check_upstream(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("not a URL like https://host, without a password in it")
        return value.rstrip("/")


class ProvidersConfig(_Section):
    anthropic: AnthropicConfig = AnthropicConfig()


class BudgetDefaults(_Section):
    """What is different for some of these sessions; a key left out is as it is elsewhere."""

    mode: _Mode | None = None
    pings: _Count | None = None
    usd_per_ping: _Money | None = None
    usd_per_session: _Money | None = None
    min_prefix_tokens: _Count | None = None


class BudgetConfig(_Section):
    """Keep-alive of sessions that have no budget of their own."""

    mode: _Mode = BudgetMode.AUTO
    pings: _Count | None = None
    """Pings an idle period; left out, the policy decides."""
    usd_per_ping: _Money = 0.25
    usd_per_session: _Money | None = None
    """Left out, a session has no cap of its own: it would cut those that are long and large, where the value is."""
    usd_per_day: _Money = 3.0
    """All sessions together, from local midnight. 0: no ping at all."""
    min_prefix_tokens: _Count = 20_000
    """Smaller prefixes are cheaper to write again than to look after."""
    ttl: dict[TTLClass, BudgetDefaults] = Field(default_factory=dict)
    """By the class of the entry's lifetime. More specific is `agent`, and then `project` (the last part of the
    session's folder)."""
    agent: dict[str, BudgetDefaults] = Field(default_factory=dict)
    project: dict[str, BudgetDefaults] = Field(default_factory=dict)


class HistoryConfig(_Section):
    """What is read of the clients' own transcripts, and how much of it is kept."""

    catch_up: bool = True
    """At the keeper's start, read what was written while none ran."""
    store_text: bool = True
    """Off: no prompt, answer, command or title is stored; times, tokens, paths of changed files and exit codes are."""
    ignore_paths: tuple[str, ...] = ()
    """Folders of which nothing is read, with all below them; `~` is the home folder, `*` any text."""

    @field_validator("ignore_paths", mode="before")
    @classmethod
    def _take_list(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            raise ValueError('not a list of folders like ["~/secret"]')
        return tuple(value)

    @field_validator("ignore_paths")
    @classmethod
    def _check_paths(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in value:
            if not pattern.startswith(("/", "~", "*")):
                raise ValueError(f"{pattern!r} does not begin with /, ~ or *: it would match no folder")
        return value


class WarningsConfig(_Section):
    """What is worth a mark."""

    cold_usd: float = Field(default=COSTLY_USD, ge=0, allow_inf_nan=False)
    """Sessions whose cold resume costs more are marked."""


class NotifyConfig(_Section):
    """How the sidebar tells of what happens while nobody looks at it."""

    bell: bool = True
    """The terminal's bell."""
    desktop: bool = False
    """A notification of the desktop, where the terminal knows the escape sequence for it (OSC 9)."""


class LookConfig(_Section):
    """How the sidebar looks."""

    theme: Literal["auto", "terminal", "dark", "light", "contrast"] = "auto"
    """`terminal`: its own 16 colours. `auto` is that too, where nothing speaks against it."""
    ascii: Literal["auto", "yes", "no"] = "auto"
    """Signs that every terminal has. `auto`: where the locale promises no Unicode."""


def _one_or_more(value: object) -> object:
    """A key or a list of keys. What a key is, and what it may do, is the sidebar's to know."""
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(one, str) for one in listed):
        raise ValueError('not a key like "k" or a list like ["k", "up"]')
    return tuple(listed)


_Keys = Annotated[tuple[str, ...], BeforeValidator(_one_or_more)]


class ExperimentConfig(_Section):
    """A trial of one's own: some idle periods are left to lapse by lot, so that `warmcold` has something to compare."""

    lapse_probability: float = Field(default=0.0, ge=0, le=1, allow_inf_nan=False)
    """Chance that a first due ping is not sent, and none after it in that idle period. 0: no trial."""


class Config(_Section):
    """`config.toml`."""

    providers: ProvidersConfig = ProvidersConfig()
    budget: BudgetConfig = BudgetConfig()
    history: HistoryConfig = HistoryConfig()
    warnings: WarningsConfig = WarningsConfig()
    notify: NotifyConfig = NotifyConfig()
    keys: dict[str, _Keys] = Field(default_factory=dict)
    """Keys of the sidebar by action, instead of those it would have."""
    look: LookConfig = LookConfig()
    experiment: ExperimentConfig = ExperimentConfig()

    def ttl(self, ttl_class: TTLClass | None) -> float | None:
        """Seconds that an entry of this class lives, or None for an unknown class."""
        return None if ttl_class is None else {**_TTL, **self.providers.anthropic.ttl_seconds}[ttl_class]

    @property
    def keeping(self) -> Keeping:
        """What of the transcripts is stored."""
        return Keeping(self.history.store_text, tuple(map(os.path.expanduser, self.history.ignore_paths)))


_OF_A_KEY = "[key]"
"""How pydantic ends the place of a dictionary's key that does not fit."""


def load(path: Path) -> Config:
    """Read `config.toml`; a missing file is the default configuration.

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
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        keys = [str(part) for part in first["loc"] if part != _OF_A_KEY]
        unknown = first["type"] == "extra_forbidden" or _OF_A_KEY in first["loc"]
        what = "unknown key" if unknown else first["msg"].removeprefix("Value error, ")
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
    try:
        return HistoryConfig.model_validate(tomllib.loads(text).get("history", {}))
    except (tomllib.TOMLDecodeError, ValidationError):
        return None
