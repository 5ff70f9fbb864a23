"""Sessions beside the gateway: what their clients are really at, whatever the keeper knows of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from keepalive.state import Login
from store.models import WaitingFor
from tests.keepalive.money_harness import Talk
from tests.keepalive.safety_stage import FILLER
from tests.keepalive.safety_subject import Call, Subject

PROMPT = "(keep-alive) One dot, please."
CLIENTS = tuple(f"0000000{n}-2222-4333-8444-555555555555" for n in (4, 5, 6))
FRAME = 64
"""Tokens around the last reply that a hit may write."""
Plugin = Literal["there", "gone", "deaf"]
"""`gone`: it does not announce itself; `deaf`: it does, and answers nothing."""


@dataclass(eq=False)
class Client(Subject):
    """A session beside the gateway: what its client is really at, whatever the keeper knows of it."""

    plan: bool = False
    """It is logged in with a plan."""
    login: Login | None = None
    """What the keeper was told of it."""
    plugin: Plugin = "there"
    instance: str = "module-1"
    waits: WaitingFor = WaitingFor.YOU
    left: bool = False
    """Its client is gone, and the keeper has not heard of it."""
    changed: bool = False
    """The model was changed since the last turn: a fork would not send what is cached."""
    reply: int = 40
    """Tokens of the last answer as the transcript tells them."""
    heard_at: float = 0.0
    """Start of the newest request that its transcript dates; none that seems older counts."""

    @property
    def prompt_tokens(self) -> int:
        return self.tokens + self.reply + FRAME

    def fork_body(self) -> bytes:
        """The whole transcript, with the last answer marked, and the shortest prompt behind it."""
        talk = replace(self.talk, said=[*self.talk.said, f"answer {len(self.talk.said)}"])
        body = talk.body()
        tail = b'{"role": "user", "content": [{"type": "text", "text": "' + PROMPT.encode() + b'"}]}'
        cut = body.rindex(b"]")
        return body[:cut] + b", " + tail + body[cut:]

    def learn(self, call: Call) -> bool:
        """As the base does; the chain of a transcript goes on while the model stays."""
        at = call.exchange.started_wall
        goes_on = self.turns > 0 and self.model == call.model
        self.turns += 1
        self.answered = self.answered + 1 if goes_on else 1
        self.tokens = call.claim.read + call.claim.write_5m + call.claim.write_1h
        self.model, self.ttl = call.model, call.ttl
        self.touched = self.heard_at = at
        self.last = call
        self.stopped, self.paid_writes = "", 0
        self.age_known, self.evicted = call.age_known, call.evicted
        return goes_on


def clients() -> list[Client]:
    """An API key; a plan's login that nobody knows of yet; one that is known, on an hour's entry."""
    key, unknown, known = CLIENTS
    return [
        Client(Talk(session=key, system="four " + FILLER, key="sk-ant-beside-0004")),
        Client(Talk(session=unknown, system="five " + FILLER, key="sk-ant-oat-0005", oauth=True), plan=True),
        Client(
            Talk(session=known, system="six " + FILLER, key="sk-ant-oat-0006", oauth=True, ttl="1h"),
            plan=True,
            login="subscription",
        ),
    ]
