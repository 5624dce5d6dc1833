"""Profiles of hypothesis: `fast` is the same on every run, `many` (DUBAN_MANY=1) looks further."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow]
settings.register_profile(
    "fast", deadline=None, derandomize=True, max_examples=60, suppress_health_check=_SLOW
)
settings.register_profile("many", deadline=None, max_examples=2000, suppress_health_check=_SLOW)
settings.load_profile("many" if os.environ.get("DUBAN_MANY") else "fast")
