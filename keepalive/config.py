"""Where things are and what the user set: paths and `config.toml`, read once and refused whole when wrong.

`WARMSIDE_HOME` puts everything under one folder; else the platform's own folders are used. Unknown keys are errors:
a misspelt cap must not silently be no cap.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from store.models import BudgetMode, TTLClass
from store.rows import BudgetRow


class ConfigError(Exception):
    """`config.toml` is wrong; the message is one line that names the file, the line and the key."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AnthropicConfig(_Section):
    """What the provider promises."""

    upstream: str = "https://api.anthropic.com"
    """Where requests go that name no launch."""
    ttl_seconds: dict[TTLClass, float] = Field(default_factory=lambda: {"5m": 300.0, "1h": 3600.0})
    """Lifetime of an entry from the start of the request that wrote or read it, seconds."""


class ProvidersConfig(_Section):
    anthropic: AnthropicConfig = AnthropicConfig()


class BudgetConfig(_Section):
    """Keep-alive of sessions that have no budget of their own."""

    mode: BudgetMode = BudgetMode.AUTO
    pings: int | None = Field(default=None, ge=0)
    """Pings an idle period; left out, the policy decides."""
    usd_per_ping: float = Field(default=0.25, ge=0)
    usd_per_day: float = Field(default=3.0, ge=0)
    """All sessions together, from local midnight."""
    min_prefix_tokens: int = Field(default=20_000, ge=0)
    """Smaller prefixes are cheaper to write again than to look after."""


class Config(_Section):
    """`config.toml`."""

    providers: ProvidersConfig = ProvidersConfig()
    budget: BudgetConfig = BudgetConfig()

    def ttl(self, ttl_class: TTLClass | None) -> float | None:
        """Seconds that an entry of this class lives, or None for an unknown class."""
        return None if ttl_class is None else {**_TTL, **self.providers.anthropic.ttl_seconds}[ttl_class]

    def default_budget(self) -> BudgetRow:
        """The budget of a session without one of its own."""
        return BudgetRow(
            session_id="", mode=self.budget.mode, pings=self.budget.pings, usd=None, until=None, updated_at=0.0
        )


_TTL: dict[TTLClass, float] = {"5m": 300.0, "1h": 3600.0}


class Paths(_Section):
    """Every file and folder of ours, and the clients' folders that we read."""

    config_file: Path
    state_dir: Path
    store_file: Path
    lock_file: Path
    log_file: Path
    claude_dir: Path


def find_paths(environ: Mapping[str, str] = os.environ) -> Paths:
    """Resolve all paths; nothing is created."""
    home = environ.get("WARMSIDE_HOME")
    if home:
        config, state, data = (Path(home).expanduser(),) * 3
    else:
        config = platformdirs.user_config_path("warmside")
        state = platformdirs.user_state_path("warmside")
        data = platformdirs.user_data_path("warmside")
    claude = environ.get("CLAUDE_CONFIG_DIR")
    return Paths(
        config_file=config / "config.toml",
        state_dir=state,
        store_file=data / "warmside.db",
        lock_file=state / "keeper.lock",
        log_file=state / "keeper.log",
        claude_dir=Path(claude).expanduser() if claude else Path.home() / ".claude",
    )


def load(path: Path) -> Config:
    """Read `config.toml`; a missing file is the default configuration.

    Raises:
        ConfigError: the file is unreadable, no TOML, or holds a key or value that is not known.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    try:
        return Config.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        keys = [str(part) for part in first["loc"]]
        what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise ConfigError(f"{path}:{_line_of(text, keys)}: {'.'.join(keys)}: {what}") from error


def _line_of(text: str, keys: list[str]) -> int:
    """The line of the last key of a dotted path, searched below its table's head; 1 when it cannot be told."""
    lines = text.splitlines()
    start = 0
    for number, line in enumerate(lines):
        head = re.match(r"\s*\[([^\]]+)\]", line)
        if head and [part.strip().strip("\"'") for part in head[1].split(".")] == keys[:-1]:
            start = number
    for wanted in (keys[-1], keys[0]):
        for number, line in enumerate(lines[start:], start + 1):
            if re.match(rf"\s*\[?[\"']?{re.escape(wanted)}\b", line):
                return number
    return start + 1
