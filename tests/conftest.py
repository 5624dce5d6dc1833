"""What all tests share: profiles of hypothesis (`fast` repeats, `many` looks further), and a plain log."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

_SLOW = [HealthCheck.too_slow]
settings.register_profile(
    "fast", deadline=None, derandomize=True, max_examples=60, suppress_health_check=_SLOW
)
settings.register_profile("many", deadline=None, max_examples=2000, suppress_health_check=_SLOW)
settings.load_profile("many" if os.environ.get("DUBAN_MANY") else "fast")


@pytest.fixture(autouse=True)
def plain_logs() -> Iterator[None]:
    """What one test configures of the log, as the command line does, is nothing to the next."""
    yield
    if "structlog" in sys.modules:
        import structlog

        structlog.reset_defaults()
