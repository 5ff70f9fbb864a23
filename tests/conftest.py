"""How much the property tests try: all of it, or less where the whole suite has to be done within a while."""

from __future__ import annotations

import os

from hypothesis import settings

# How long an example takes depends on what else the machine does: times are the business of bench/.
settings.register_profile("untimed", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("quick" if os.environ.get("WARMSIDE_QUICK") else "untimed")
