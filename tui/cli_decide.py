"""`decide`: the policy as a service of JSON lines, for scripts and for whoever wants to check it."""

from __future__ import annotations

import sys

import click


@click.command()
def decide() -> None:
    """Answer questions about pings: one JSON object a line on stdin, one answer a line on stdout.

    A question holds kind (user, tool, notification), ttl (5m, 1h), idle_seconds, pings_sent, prefix_tokens,
    read_multiplier, write_multiplier, interval_seconds and, if known, episode, ended_signal, ends_known_fraction. The
    answer holds ping, reason and expected_value (in prefix tokens x input price). {"event": "outcome", "episode": …,
    "gap_seconds": … or null} teaches and gets no answer.
    """
    from keepalive.decide_service import DecideService

    if sys.stdin is None or sys.stdout is None:
        raise click.ClickException("decide reads questions from stdin and answers on stdout: both have to be open")
    for answer in DecideService().answers(sys.stdin.buffer):
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
