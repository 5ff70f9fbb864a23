"""What is known of one lineage at one moment, and what follows from it about time: expiry, due time, last moment.

Everything a decision may look at is in `LineageView`; whoever builds one does the reading, this module computes. It
must not read a clock, a file or a store, so that the same view and the same `now` always give the same answer. Times
are wall-clock seconds since the epoch (UTC), durations seconds, sizes tokens, money US dollars.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from store.words import ReasonArgs, TTLClass, WaitingFor, Warmer

Login = Literal["api_key", "subscription"]


@dataclass(frozen=True, slots=True)
class LineageView:
    """All that a decision may know about one lineage."""

    session_ended: bool
    process_dead: bool
    agent_id: str
    """Empty for the main thread."""
    requests: int
    """Real requests seen of this lineage; pings are never among them."""
    replaced: str
    """Why another prefix took over, as a reason code."""
    in_flight: bool
    """A real request is running."""
    ping_in_flight: bool
    last_request_at: float | None
    """Start of the last real request."""
    last_touch_at: float | None
    """Start of the last real request or verified ping: the TTL runs from here."""
    ttl_class: TTLClass | None
    ttl_seconds: float | None
    """The configured lifetime of that class; tests and the demo shorten it."""
    ttfb_p95: float
    """This lineage's p95 time to first byte."""
    prefix_tokens: int
    minimum_tokens: int
    """Below this the provider caches nothing (model_rules.py)."""
    thinking_enabled: bool
    replayable: bool
    """The captured body may be sent again with `max_tokens: 0`."""
    has_prefix: bool
    """The vault holds the bytes of the last request."""
    login: Login | None
    attached: bool
    """Came through the gateway with a launch token."""
    waiting_for: WaitingFor | None
    read_usd: float | None
    """Price of one ping; None when no price is known."""
    write_usd: float | None
    """Price of writing the whole prefix again; None when no price is known."""
    read_multiplier: float
    """r: price of a cache read in units of the input price."""
    write_multiplier: float
    """w: price of a cache write in units of the input price."""
    stop: str
    """Reason code recorded for the lineage or its account after a ping (missed, refused, limited, provider), or ""."""
    stop_args: ReasonArgs
    stop_until: float | None
    """When the recorded stop lapses by itself; None = only an event ends it."""
    limits_used: float
    """Share of the account's rate limit that is used, 0..1."""
    limits_reset_at: float | None
    compacts_at: float | None
    """When the client is expected to compact the conversation by itself."""
    ends_known_fraction: float
    """Share of this client's session ends that are signalled at once, 0..1."""
    clock_trusted: bool
    """False between a suspend or a clock step and the recomputation after it."""
    model: str = ""
    """Named in the reason when no price is known."""
    plugin: bool = False
    """A plugin stands behind the session."""
    plugin_missed: bool = False
    """None does, though it is installed and the client would load it."""
    fork_allowed: bool = False
    """A fork may leave under its login: an API key, or the person has said yes to a plan's. Where the login is not
    known, the client itself lets nothing go under a plan's."""
    rests: bool = True
    """As far as its plugin knows no turn runs."""
    replaced_tokens: int = 0
    """Size of the prefix that took over, where one did."""
    agent: str = ""
    """The client; people's pauses differ by the tool that they use."""
    forks_unproven: bool = False
    """No real request has shown yet that a fork renews a one-hour entry."""
    lost_money: bool = False
    """The last idle periods of its class (client, TTL class, kind of wait) have cost more than they saved."""
    left_to_lapse: bool = False
    """The person's own trial has drawn this idle period to be left alone."""


def by_replay(view: LineageView) -> bool:
    """Whether this is a lineage whose requests are ours to repeat: under a plan's login none is."""
    return view.attached and view.login == "api_key"


def forkable(view: LineageView) -> bool:
    """Whether the client can be asked for a fork now. A fork sends the whole conversation, which has to rest: while a
    tool runs or a question is open, the newest message would not be refreshed."""
    return view.plugin and view.fork_allowed and view.rests and view.waiting_for is WaitingFor.YOU


def warmer_of(view: LineageView) -> Warmer | None:
    """Which way the next ping would go: a replay costs no output and does not ask the client, so it comes first."""
    if by_replay(view) and view.has_prefix and view.replayable:
        return "replay"
    return "fork" if forkable(view) else None


def margin(ttl_seconds: float, ttfb_p95: float) -> float:
    """Seconds before expiry at which a ping is due: room for the scheduler, plus the time to reach the provider."""
    return min(60.0, max(5.0, ttl_seconds / 20)) + ttfb_p95


def touched_at(view: LineageView) -> float | None:
    """When the entry was last written or read, None before the first request."""
    known = [at for at in (view.last_request_at, view.last_touch_at) if at is not None]
    return max(known, default=None)


def expires_at(view: LineageView) -> float | None:
    """When the provider may drop the entry; None without a promised lifetime."""
    touched = touched_at(view)
    if touched is None or view.ttl_class is None or view.ttl_seconds is None:
        return None
    return touched + view.ttl_seconds


def interval(view: LineageView) -> float | None:
    """Seconds from one ping to the next when each is sent as it falls due."""
    if view.ttl_seconds is None:
        return None
    return view.ttl_seconds - margin(view.ttl_seconds, view.ttfb_p95)


def due_at(view: LineageView) -> float | None:
    """When the next ping is due."""
    expiry = expires_at(view)
    if expiry is None or view.ttl_seconds is None:
        return None
    return expiry - margin(view.ttl_seconds, view.ttfb_p95)


def last_send_at(view: LineageView) -> float | None:
    """From this moment on a ping could reach the provider after expiry and be billed as a write: none is sent."""
    expiry = expires_at(view)
    return None if expiry is None else expiry - max(2.0, view.ttfb_p95)


def original_expiry(view: LineageView) -> float | None:
    """When the entry would have gone cold without any ping: a saving counts only after it."""
    if view.last_request_at is None or view.ttl_class is None or view.ttl_seconds is None:
        return None
    return view.last_request_at + view.ttl_seconds


def clock_usable(view: LineageView, now: float) -> bool:
    """Whether `now` may be compared with the entry's times. A touch in the future means that the clock was set back."""
    touched = touched_at(view)
    return view.clock_trusted and (touched is None or now >= touched)
