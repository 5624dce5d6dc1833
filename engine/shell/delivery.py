"""Sending what lies in the outbox: at least once, or a dead letter that everybody can see."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from time import monotonic

from duban.engine.errors import NotDelivered
from duban.engine.ports import Notifier, Sent, Store, Transaction
from duban.engine.shell.attempts import attempt

_BATCH = 100
_LEASE_SECONDS = 60.0
_NOTE_SECONDS = 1.0
_MOST_ATTEMPTS = 12
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=6)
ANY_CHANNEL = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What one delivery did: notices sent, put off for another try, and given up."""

    sent: int
    failed: int
    dead: int


def deliver(
    store: Store, notifiers: Mapping[str, Notifier], *, stop: Callable[[], bool]
) -> Delivered:
    """Send every notice that may be tried now; a bad one never holds up the others."""
    counts = {"sent": 0, "failed": 0, "dead": 0}
    while not stop():
        claimed = attempt(store, lambda tx: tx.claim_notices(tx.now(), _BATCH, _LEASE_SECONDS))
        if not claimed:
            break
        _send(store, notifiers, claimed, counts, stop)
    return Delivered(**counts)


def _send(
    store: Store,
    notifiers: Mapping[str, Notifier],
    claimed: Sequence[Sent],
    counts: dict[str, int],
    stop: Callable[[], bool],
) -> None:
    """Send what was claimed. What is not tried in time is free again when its lease runs out."""
    began = noted = monotonic()
    outcomes: list[tuple[Sent, str | None]] = []
    for sent in claimed:
        if stop() or monotonic() - began > _LEASE_SECONDS / 2:
            break
        outcomes.append((sent, _try(sent, notifiers)))
        # A crash repeats what went out and was not noted: with a slow channel, note it soon.
        if monotonic() - noted > _NOTE_SECONDS:
            _note(store, outcomes, counts)
            outcomes, noted = [], monotonic()
    _note(store, outcomes, counts)


def _note(
    store: Store, outcomes: Sequence[tuple[Sent, str | None]], counts: dict[str, int]
) -> None:
    if not outcomes:
        return
    for what, count in attempt(store, lambda tx: _noted(tx, outcomes)).items():
        counts[what] += count


def _noted(tx: Transaction, outcomes: Sequence[tuple[Sent, str | None]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    now = tx.now()
    for sent, error in outcomes:
        if error is None:
            tx.mark_sent(sent.notice.id, sent.attempts, now)
            counts["sent"] += 1
        else:
            again = _next_try(sent, now)
            tx.mark_failed(sent.notice.id, sent.attempts, error, again)
            counts["dead" if again is None else "failed"] += 1
    return counts


def _try(sent: Sent, notifiers: Mapping[str, Notifier]) -> str | None:
    """Return None when the channel took the notice, else why it did not."""
    channel = sent.notice.channel
    notifier = notifiers.get(channel) or notifiers.get(ANY_CHANNEL)
    if notifier is None:
        return f"no channel {channel!r} is set up"
    try:
        notifier.send(sent.notice)
    except NotDelivered as error:
        return error.text("en")
    except Exception as error:  # a channel that breaks is no reason to hold up the others
        return repr(error)
    return None


def _next_try(sent: Sent, now: datetime) -> datetime | None:
    """Pauses double, spread by a fifth that follows from the id so that retries do not crowd."""
    if sent.attempts >= _MOST_ATTEMPTS:
        return None
    doubled = _FIRST_PAUSE.total_seconds() * 2.0 ** (sent.attempts - 1)
    pause = min(doubled, _LONGEST_PAUSE.total_seconds())
    spread = sha256(f"{sent.notice.id}/{sent.attempts}".encode()).digest()[0] / 255 * 0.4 - 0.2
    return now + timedelta(seconds=pause * (1 + spread))
