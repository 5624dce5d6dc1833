"""JSON as it is printed."""

from __future__ import annotations

import json


def to_json(data: object) -> bytes:
    """Return *data* as UTF-8 JSON, whatever the terminal's encoding."""
    return json.dumps(data, ensure_ascii=False, indent=2, default=str).encode()
