"""Why nothing is written, as one line for a person."""

from __future__ import annotations


class InstallError(Exception):
    """Something stands in the way that a person has to decide; the message is one line."""
