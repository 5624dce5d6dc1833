"""How a notice stands when it is put into the outbox."""

from __future__ import annotations

from duban.engine.ports import Sent
from duban.engine.values.notice import Notice

VACANT = "nobody holds the post"


def posted(notice: Notice) -> Sent:
    """Return *notice* waiting to be sent; one that nobody can receive is a dead letter at once."""
    if notice.person is None:
        return Sent(notice=notice, status="dead", attempts=0, next_try=None, error=VACANT)
    return Sent(notice=notice, status="waiting", attempts=0, next_try=notice.created, error=None)
