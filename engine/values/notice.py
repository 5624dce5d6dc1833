"""What is to be sent, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message to one recipient over one channel, from the outbox.

    ``to`` is the post (``unit/post``) or party it is meant for, ``person`` who holds it, None when
    nobody does: then it stands as a dead letter. ``climbed_from`` names the vacant post below.
    """

    id: str
    case: str
    seq: int
    channel: str
    to: str
    person: str | None
    address: str | None
    subject: str
    text: str
    urgent: bool
    created: datetime
    climbed_from: str | None = None
