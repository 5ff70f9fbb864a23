"""How much the property tests try: all of it, or less where the whole suite has to be done within a while."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=30)
if os.environ.get("WARMSIDE_QUICK"):
    settings.load_profile("quick")
