"""What the engine needs from outside, in its own words. Adapters fit these; they do not inherit them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from duban.engine.definition.published import Definition, Survey
from duban.engine.history.entry import Entry
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.notice import Notice

Sort = Literal["id", "opened", "changed", "due", "unit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which cases: all conditions must hold; what is None does not narrow.

    ``overdue_at`` keeps the open cases with a running clock that lapsed before that instant,
    ``running`` those with a running clock, ``provisional`` those of which a due may still move by a
    notice to come. ``rules`` are hashes of the rules that cases opened under.
    ``linked`` is ``(name, case id)``: the cases to which that case has a link of that name.
    ``fields`` compares fields of the case by equality with their plain values; a tuple means one of
    its values. ``ids`` are those of the cases themselves.
    """

    ids: Sequence[str] | None = None

    workflow: str | None = None
    rules: Sequence[str] | None = None
    units: Sequence[str] | None = None
    campaign: str | None = None
    phase: str | None = None
    states: Sequence[str] | None = None
    counts: str | None = None
    overdue_at: datetime | None = None
    due_before: datetime | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    linked: tuple[str, str] | None = None
    fields: Mapping[str, Plain] | None = None
    set_aside: bool | None = None
    running: bool | None = None
    provisional: bool | None = None


@dataclass(frozen=True, slots=True)
class Fired:
    """An entry that fired a trigger: its case, its number, and the instant for which it counts."""

    case: str
    seq: int
    effective: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Cases in order, and where the next page begins (None: there is none)."""

    cases: tuple[Case, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that will fall due on a case: a deadline's next rung, or a question of time.

    ``name`` is the deadline's name, or ``campaign``, or ``auto`` for what the case looks at by
    itself: automatic transitions, and what changed outside it that its clocks follow.
    """

    case: str
    name: str
    due: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request key that was used: the salted hash of its body, and the entry that it made.

    Without the salt, which is erased with the personal values of the case, nobody can guess the body.
    """

    key: str
    salt: bytes | None
    body_hash: str
    case: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """All that one step changes on one case; stored whole or not at all.

    The numbers that its entries issue go into a register, where a number of a sequence stands once.

    ``timers`` are the changes: a name with the instant at which it falls due, or None to take it
    away. ``before`` is the version that the step was decided on: 0 for a case that is opened.
    ``watches`` are the keys under which the case wants to be woken from now on; None: as before.
    """

    case: Case
    before: int
    entries: tuple[Entry, ...]
    notices: tuple[Notice, ...] = ()
    timers: Mapping[str, datetime | None]
    request: Request | None = None
    watches: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A definition as it is stored: canonical bytes under their hash.

    ``source`` tells where it was read: ``{"file": name, "places": {path: [line, column]}}``, with
    the file as a third where a part was inherited. It is not part of the hash.
    """

    hash: str
    kind: str
    name: str
    canon: bytes
    source: Mapping[str, Plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """From ``at`` on, the definition ``kind``/``name`` is the one with this hash."""

    seq: int
    kind: str
    name: str
    hash: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A case as it lies in the store, for verification: the raw row and its projections.

    ``columns`` and ``entries`` (one for each entry, in order) are what stands beside the bytes;
    ``duban.engine.history.projections`` derives the same from the case and its entries. ``timers``
    are microseconds by name, ``numbers`` the rows of the register of numbers that name the case:
    the entry's number, the key of the sequence, the number.
    """

    case_id: str
    body: bytes
    columns: Mapping[str, Plain]
    entries: Sequence[Mapping[str, Plain]] = ()
    timers: Mapping[str, int] = field(default_factory=dict)
    numbers: Sequence[tuple[int, str, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A notice in the outbox, and how its delivery stands."""

    notice: Notice
    status: Literal["waiting", "sent", "dead"]
    attempts: int
    next_try: datetime | None
    error: str | None


class Reader(Protocol):
    """One consistent view of the store."""

    def now(self) -> datetime:
        """Return the store's clock, in UTC; one value for the whole of a transaction."""
        ...

    def case(self, case_id: str) -> Case | None: ...

    def aside(self, case_id: str) -> str | None:
        """Return why the case was set aside, or None."""
        ...

    def find(
        self,
        where: Where,
        *,
        sort: Sort = "id",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        """Return a page of cases; *after* is the ``next`` of the page before.

        Cases without a due come last when sorting by ``due``. Equal values are ordered by id.
        """
        ...

    def count(self, where: Where) -> int: ...

    def fired(self, where: Where, trigger: str, limit: int) -> Sequence[Fired]:
        """Return up to *limit* entries that fired *trigger* in these cases, by case and number.

        Signatures that wait for others, and entries that were struck, are left out.
        """
        ...

    def watchers(self, keys: Collection[str]) -> Sequence[str]:
        """Return the ids of the cases that watch one of *keys*, each once, in order."""
        ...

    def rules(self, where: Where) -> Sequence[str]:
        """Return the hashes of the rules that these cases opened under, each once, in order."""
        ...

    def history(self, case_id: str) -> Sequence[Entry]:
        """Return the entries of a case in order, with what is left of their personal values."""
        ...

    def walk(self, after: str | None = None) -> Iterator[tuple[Stored, Sequence[Entry]]]:
        """Yield every case as stored with its entries, ordered by id, in bounded memory.

        Each case fits its entries; a long walk may see later cases as they stand later.
        """
        ...

    def strays(self) -> Sequence[str]:
        """Return findings that no single case shows: entries, timers or requests without a case."""
        ...

    def last_number(self, key: str) -> int:
        """Return the last number that was issued in the sequence *key*, 0 when there is none."""
        ...

    def gaps(self) -> Sequence[tuple[str, int]]:
        """Return the sequences in which numbers are missing, each with the first that is."""
        ...

    def request(self, key: str) -> Request | None: ...

    def timers(self, case_id: str) -> Sequence[Timer]: ...

    def next_due(self) -> datetime | None:
        """Return the earliest instant at which a timer falls due or a notice may be tried.

        Timers of cases set aside do not count.
        """
        ...

    def activations(self, after: int = 0) -> Sequence[Activation]:
        """Return the activations with a number above *after*, in order."""
        ...

    def revision(self) -> int:
        """Return the number of the last activation, 0 when nothing was published. Cheap."""
        ...

    def document(self, hash: str) -> Published | None: ...

    def outbox(
        self, *, case_id: str | None = None, status: str | None = None, limit: int = 100
    ) -> Sequence[Sent]:
        """Return notices, newest first."""
        ...

    def tally(self) -> Mapping[str, int]:
        """Return how many cases, entries, timers, notices (by status) and cases aside there are.

        The names: ``cases``, ``aside``, ``entries``, ``timers``, ``waiting``, ``sent``, ``dead``.
        """
        ...


class Transaction(Reader, Protocol):
    """A write transaction. What it wrote is kept together or not at all.

    Where writers do not take turns, each method may raise Contended: the whole transaction is to
    be tried again. What is read after a lock or a hold is as recent as that.
    """

    def lock(self, case_id: str) -> Case | None:
        """Return the case, held against other writers until the transaction ends."""
        ...

    def hold(self, *, looked_at: Collection[str], changed: Collection[str]) -> None:
        """Wait for whoever changes what this transaction looks at, or looks at what it changes.

        They wait for this one until it ends; of two that look at the same, one waits too. The
        names mean nothing to the store. Where writers take turns there is nothing to do.
        """
        ...

    def write(self, step: Write) -> None:
        """Store *step*.

        Raises:
            StaleCase: the stored case is not at ``step.before`` any more (or exists already), or
                the same request key, rung or number was stored meanwhile.
        """
        ...

    def savepoint(self) -> AbstractContextManager[None]:
        """Undo what is written inside if the block raises; the transaction goes on."""
        ...

    def claim(self, now: datetime, limit: int) -> Sequence[str]:
        """Return ids of up to *limit* cases with a timer due at *now*, the longest due first.

        Each is held by this transaction; cases held elsewhere or set aside are passed over.
        """
        ...

    def wake(self, case_id: str, name: str, due: datetime) -> None:
        """Set a timer on a case without changing the case.

        Raises:
            UnknownCase: there is no such case.
        """
        ...

    def wake_all(self, where: Where, name: str, due: datetime) -> int:
        """Set a timer on each of these cases without changing any; return how many there are."""
        ...

    def set_aside(self, case_id: str, why: str | None) -> None:
        """Take a case out of the sweep with a reason, or (None) put it back."""
        ...

    def publish(self, document: Published) -> None:
        """Store a definition; storing the same bytes again changes nothing."""
        ...

    def activate(self, kind: str, name: str, hash: str, by: str) -> Activation:
        """Let the definition with this hash be the one of that name, from now on.

        Raises:
            NotFound: no definition with this hash was published.
        """
        ...

    def claim_notices(self, now: datetime, limit: int, lease: float) -> Sequence[Sent]:
        """Take up to *limit* notices that may be tried, for *lease* seconds, oldest first."""
        ...

    def mark_sent(self, notice_id: str, attempt: int, now: datetime) -> bool:
        """Note that a claimed notice went out; False when the claim was lost meanwhile."""
        ...

    def mark_failed(
        self, notice_id: str, attempt: int, error: str, next_try: datetime | None
    ) -> bool:
        """Note a failure; without *next_try* the notice becomes a dead letter."""
        ...

    def revive(self, notice_id: str, now: datetime) -> bool:
        """Let a dead letter be tried again."""
        ...


class Store(Protocol):
    """A place that keeps cases, their history and what is due. See ``duban.adapters.contract``."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Lend a write transaction: committed on a clean exit, else undone.

        Raises:
            Contended: it was in the way of others, and was undone.
            NestedTransaction: this thread holds one already, or reads a view that would stop it.
            StoreBusy: another writer held the store for too long.
        """
        ...

    def reading(self) -> AbstractContextManager[Reader]:
        """Lend a consistent view. Keep it short: some stores make a commit wait for it."""
        ...

    def joined(self, connection: object) -> Store:
        """Return a store whose transactions are savepoints of the host's *connection*."""
        ...

    def set_clock(self, now: datetime) -> None:
        """Set the clock of a virtual store; an instant before its own is passed over.

        Raises:
            ClockAhead: the store is not virtual.
        """
        ...

    def describe(self) -> Mapping[str, str]:
        """Return what an operator wants to know: kind, version, journal, warnings."""
        ...

    def close(self) -> None: ...


class Notifier(Protocol):
    """A channel. It takes a notice or raises NotDelivered; the notice's id is stable over retries."""

    def send(self, notice: Notice) -> None: ...


class Definitions(Protocol):
    """Where definitions are read when somebody publishes them."""

    def survey(self, source: str, in_force: Sequence[Definition] = ()) -> Survey:
        """Return the definitions at *source* that can be read, and what is wrong with the others.

        A workflow may extend another at *source*, or one *in_force*.
        """
        ...


class Ids(Protocol):
    """The source of case ids and salts; seeded in simulation."""

    def case_id(self, now: datetime) -> str:
        """Return a new opaque id that sorts by time."""
        ...

    def salt(self) -> bytes:
        """Return 32 unpredictable bytes."""
        ...
