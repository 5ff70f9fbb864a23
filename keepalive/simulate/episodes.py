"""Idle gaps as idle periods that a policy can be asked about.

Left out: prefixes under 10,000 tokens, gaps over which the context was compacted or the model changed (no ping could
have kept that entry), and rows without a TTL class (nothing was cached). A session's last request opens one more
period, an end: nobody came back as far as the record goes, the prefix is all that this request left, and it counts as a
wait for a person unless somebody saw otherwise. Requests that a forked session copied from its parent must be gone from
the rows already.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from keepalive.question import TTL_SECONDS, Kind
from store.idle_gaps import IdleGap
from store.words import TTLClass

MINIMUM_PREFIX = 10_000


@dataclass(frozen=True, slots=True)
class Episode:
    """One idle period, from a request's send to the next one's."""

    session: str
    agent: str
    kind: Kind
    ttl: TTLClass
    gap: float
    """Seconds; infinite where nobody came back."""
    prefix_tokens: int
    model: str
    began: float
    """When the period began, seconds since the epoch."""
    noticed_after: float | None = None
    """Seconds until the client said that the session was over (also where it was opened again); None: it did not."""

    @property
    def is_end(self) -> bool:
        return self.gap == math.inf

    @property
    def lapses(self) -> bool:
        """Without any ping the next request would write the prefix again."""
        return TTL_SECONDS[self.ttl] < self.gap < math.inf


def episodes(rows: Iterable[IdleGap]) -> list[Episode]:
    """The idle periods of these requests, in their order. A period that is still open is none."""
    found: list[Episode] = []
    for row in rows:
        if _kept(row):
            assert row.ttl_before is not None  # noqa: S101 - part of `_kept`
            began = row.at - row.seconds
            found.append(
                Episode(
                    row.session, row.agent, row.kind, row.ttl_before, row.seconds, row.prefix_tokens,
                    row.model_before, began, row.ended_within,
                )
            )  # fmt: skip
        if row.last_of_session:
            left = row.read + row.written + row.uncached
            if row.ttl_after is not None and left >= MINIMUM_PREFIX:
                found.append(
                    Episode(
                        row.session, row.agent, row.left_waiting, row.ttl_after, math.inf, left,
                        row.model_after, row.at, row.ended_after,
                    )
                )  # fmt: skip
    return found


def _kept(row: IdleGap) -> bool:
    return (
        row.ttl_before is not None
        and row.prefix_tokens >= MINIMUM_PREFIX
        and not row.compacted
        and row.model_before == row.model_after
    )
