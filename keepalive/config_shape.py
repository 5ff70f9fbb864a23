"""What `config.toml` can say, key by key, and what is in force where it says nothing."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from msgspec import field

from keepalive.config_rules import Checked, Prepared, Section, Within, Word
from store.cache import COSTLY_USD
from store.ingest.keeping import Keeping
from store.models import BudgetMode, TTLClass

_Lifetime = Annotated[float, Within(gt=0)]
_Mode = Annotated[BudgetMode, Word()]
_Count = Annotated[int, Within(ge=0)]
_Money = Annotated[float, Within(ge=0)]
_Chance = Annotated[float, Within(ge=0, le=1)]
_TTL: dict[TTLClass, float] = {"5m": 300.0, "1h": 3600.0}


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("not a URL like https://host, without a password in it")
    return value.rstrip("/")


class AnthropicConfig(Section, frozen=True, kw_only=True):
    """What the provider promises."""

    upstream: Annotated[str, Checked(_url)] = "https://api.anthropic.com"
    """Where requests go that name no launch."""
    ttl_seconds: dict[TTLClass, _Lifetime] = field(default_factory=_TTL.copy)
    """Lifetime of an entry from the start of the request that wrote or read it, seconds. A class left out keeps its
    own."""


class ProvidersConfig(Section, frozen=True, kw_only=True):
    anthropic: AnthropicConfig = AnthropicConfig()


class BudgetDefaults(Section, frozen=True, kw_only=True):
    """What is different for some of these sessions; a key left out is as it is elsewhere."""

    mode: _Mode | None = None
    pings: _Count | None = None
    usd_per_ping: _Money | None = None
    usd_per_session: _Money | None = None
    min_prefix_tokens: _Count | None = None


class BudgetConfig(Section, frozen=True, kw_only=True):
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
    ttl: dict[TTLClass, BudgetDefaults] = field(default_factory=dict)
    """By the class of the entry's lifetime. More specific is `agent`, and then `project` (the last part of the
    session's folder)."""
    agent: dict[str, BudgetDefaults] = field(default_factory=dict)
    project: dict[str, BudgetDefaults] = field(default_factory=dict)
    said: frozenset[str] = frozenset()
    """The keys that the file has."""

    OURS = frozenset({"said"})

    @classmethod
    def from_file(cls, values: dict[str, Any]) -> BudgetConfig:
        return cls(**values, said=frozenset(values))

    def says(self, key: str) -> bool:
        """Whether somebody chose this, be it what it would be anyway."""
        return key in self.said or getattr(self, key) != getattr(_BUILT_IN, key)


_BUILT_IN = BudgetConfig()


def _listed(value: object) -> object:
    if not isinstance(value, list | tuple):
        raise ValueError('not a list of folders like ["~/secret"]')
    return tuple(value)


def _matching(value: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in value:
        if not pattern.startswith(("/", "~", "*")):
            raise ValueError(f"{pattern!r} does not begin with /, ~ or *: it would match no folder")
    return value


_Folders = Annotated[tuple[str, ...], Prepared(_listed), Checked(_matching)]


class HistoryConfig(Section, frozen=True, kw_only=True):
    """What is read of the clients' own transcripts, and how much of it is kept."""

    catch_up: bool = True
    """At the keeper's start, read what was written while none ran."""
    store_text: bool = True
    """Off: no prompt, answer, command or title is stored; times, tokens, paths of changed files and exit codes are."""
    ignore_paths: _Folders = ()
    """Folders of which nothing is read, with all below them; `~` is the home folder, `*` any text."""


class WarningsConfig(Section, frozen=True, kw_only=True):
    """What is worth a mark."""

    cold_usd: _Money = COSTLY_USD
    """Sessions whose cold resume costs more are marked."""


class NotifyConfig(Section, frozen=True, kw_only=True):
    """How the sidebar tells of what happens while nobody looks at it."""

    bell: bool = True
    """The terminal's bell."""
    desktop: bool = False
    """A notification of the desktop, where the terminal knows the escape sequence for it (OSC 9)."""


class LookConfig(Section, frozen=True, kw_only=True):
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


_Keys = Annotated[tuple[str, ...], Prepared(_one_or_more)]


class ExperimentConfig(Section, frozen=True, kw_only=True):
    """A trial of one's own: some idle periods are left to lapse by lot, so that `warmcold` has something to compare."""

    lapse_probability: _Chance = 0.0
    """Chance that a first due ping is not sent, and none after it in that idle period. 0: no trial."""


class Config(Section, frozen=True, kw_only=True):
    """`config.toml`."""

    providers: ProvidersConfig = ProvidersConfig()
    budget: BudgetConfig = BudgetConfig()
    history: HistoryConfig = HistoryConfig()
    warnings: WarningsConfig = WarningsConfig()
    notify: NotifyConfig = NotifyConfig()
    keys: dict[str, _Keys] = field(default_factory=dict)
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
