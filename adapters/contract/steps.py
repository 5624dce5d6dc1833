"""Steps on small cases, made as the engine makes them: sealed, then evolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from duban.engine.history.chain import genesis
from duban.engine.history.entry import Entry, Secret, seal
from duban.engine.history.evolve import evolve
from duban.engine.ports import Request, Store, Write
from duban.engine.timing.instants import format_instant
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case, Clock, Run
from duban.engine.values.forms import actor_form, clock_form
from duban.engine.values.notice import Notice

START = datetime(2026, 1, 5, 9, 30, 0, 123456, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LI = Actor(person="li", post="school-017/safety")

Secrets = Mapping[str, Secret]


def opening(
    case_id: str,
    *,
    at: datetime = START,
    due: datetime | None = None,
    state: str | Sequence[str] = "found",
    secrets: Secrets | None = None,
    timers: Mapping[str, datetime | None] | None = None,
    notices: tuple[Notice, ...] = (),
    key: str | None = None,
    **members: Any,  # members of the entry, such as unit=…, set={…}
) -> Write:
    """Return the step that opens a case; *members* replace those of the entry."""
    states = [state] if isinstance(state, str) else state
    body: dict[str, Plain] = {
        **_common(case_id, 1, at),
        "kind": "open",
        "trigger": "open",
        "workflow": "hazard",
        "rules": "a" * 64,
        "unit": "school-017",
        "counts": "open",
        "moves": [["", "new", name] for name in states],
        **members,
    }
    if due is not None:
        body["clocks"] = {"repair": clock_form(running(at, due))}
    entry = seal(body, genesis(case_id), secrets or {})
    return _write(None, entry, timers, notices, key)


def moving(
    case: Case,
    *,
    at: datetime | None = None,
    secrets: Secrets | None = None,
    timers: Mapping[str, datetime | None] | None = None,
    notices: tuple[Notice, ...] = (),
    key: str | None = None,
    **members: Any,  # members of the entry
) -> Write:
    """Return the step that adds one more entry to *case*."""
    body: dict[str, Plain] = {
        **_common(case.id, case.version + 1, at or case.changed + HOUR),
        "kind": "fire",
        "trigger": "note",
        **members,
    }
    return _write(case, seal(body, case.head, secrets or {}), timers, notices, key)


def _common(case_id: str, seq: int, at: datetime) -> dict[str, Plain]:
    return {
        "v": 1,
        "case": case_id,
        "seq": seq,
        "at": format_instant(at),
        "actor": actor_form(LI),
    }


def _write(
    case: Case | None,
    entry: Entry,
    timers: Mapping[str, datetime | None] | None,
    notices: tuple[Notice, ...],
    key: str | None,
) -> Write:
    request = None
    if key is not None:
        name, _, body = key.partition("=")
        request = Request(key=name, salt=b"s" * 32, body_hash=body, case=entry.case, seq=entry.seq)
    return Write(
        case=evolve(case, entry),
        before=0 if case is None else case.version,
        entries=(entry,),
        notices=notices,
        timers=timers or {},
        request=request,
    )


def running(since: datetime, due: datetime) -> Clock:
    """Return a clock that runs to *due*."""
    return Clock(started=since, span="15 workdays", runs=(Run(since=since),), due=due)


def notice(
    notice_id: str, case_id: str, *, created: datetime = START, person: str | None = "wang"
) -> Notice:
    """Return a notice of the first entry of a case."""
    return Notice(
        id=notice_id,
        case=case_id,
        seq=1,
        channel="wecom",
        to="school-017/head",
        person=person,
        address="wang@example.org",
        subject="整改提醒",
        text="隐患 1 项即将到期",
        urgent=True,
        created=created,
        climbed_from="school-017/safety",
    )


def keep(store: Store, *steps: Write) -> list[Case]:
    """Store *steps* in one transaction and return the cases after them."""
    with store.transaction() as transaction:
        for step in steps:
            transaction.write(step)
    return [step.case for step in steps]


@contextmanager
def refused(kind: type[Exception]) -> Iterator[None]:
    """Fail unless the block raises an error of this kind."""
    try:
        yield
    except kind:
        return
    message = f"{kind.__name__} was not raised"
    raise AssertionError(message)
