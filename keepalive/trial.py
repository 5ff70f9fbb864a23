"""The coin of the opt-in trial: whether an idle period is kept warm or left to lapse. Pure.

Whoever watches the trial must not be able to draw again until the answer pleases, and neither may a crash: the same
idle period of the same store always draws the same, and nobody can tell the draw before the store's seed is known.
"""

from __future__ import annotations

from hashlib import blake2b

from store.assignments import Arm

_BYTES = 8


def draw(idle_id: int, probability: float, seed: str) -> Arm:
    """The arm of one idle period: `lapse` with the given probability (0..1), else `ping`.

    `seed` is the store's own, at most 64 bytes of text. Raises ValueError for a longer or an empty one.
    """
    key = seed.encode()
    if not key:
        raise ValueError("a draw needs a seed")
    drawn = blake2b(str(idle_id).encode(), key=key, digest_size=_BYTES).digest()
    return "lapse" if int.from_bytes(drawn) < probability * 2 ** (8 * _BYTES) else "ping"
