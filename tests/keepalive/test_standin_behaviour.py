"""The knobs: failures queue up in the order in which they were ordered."""

from __future__ import annotations

from keepalive.standin_behaviour import Behaviour


def test_failures_queue_up() -> None:
    knobs = Behaviour()
    knobs.fail_next(2, 529)
    knobs.fail_next(1, 401, "authentication_error", "No.", {"retry-after": "1"})
    assert [(f.status, f.error_type, f.message) for f in list(knobs.failures)[1:]] == [
        (529, None, "The stand-in was told to fail."),
        (401, "authentication_error", "No."),
    ]
    assert len(knobs.failures) == 3
    assert knobs.failures[-1].headers == {"retry-after": "1"}
    assert not Behaviour().failures
