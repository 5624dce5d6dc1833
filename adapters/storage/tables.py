"""The tables, declared once for every database. Rows never leave this folder.

Names begin with ``duban_`` because a host may keep its own tables in the same database. An instant
is a number of microseconds, a hash is text in hexadecimal, a document is its canonical JSON.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Dialect,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    text,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

from duban.engine.timing.instants import from_micros, to_micros


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored as microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a naive datetime is not an instant"
            raise ValueError(message)
        return to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


class Words(TypeDecorator[str]):
    """Text in the order of its code points, which SQLite and Python keep, whatever the locale."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        # Not adapted to the dialect here: psycopg's would make it a VARCHAR.
        return Text(collation="C" if dialect.name == "postgresql" else None)


NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Row(SQLModel):
    """What all tables share: a catalogue of their own, apart from the host's."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMES)


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


class CaseRow(Row, table=True):
    """A case as it stands: its canonical form, and beside it what is searched for."""

    __tablename__ = "duban_case"
    __table_args__ = (
        CheckConstraint("counts IN ('open', 'closed', 'void')", name="counts"),
        CheckConstraint("version >= 1", name="version"),
        Index("ix_duban_case_workflow", "workflow", "counts", "unit"),
        Index("ix_duban_case_campaign", "campaign", "counts", "unit"),
        Index("ix_duban_case_unit", "unit", "counts"),
        Index("ix_duban_case_opened", "opened", "id"),
        Index("ix_duban_case_due", "due", "id", **_where("due IS NOT NULL")),
        Index("ix_duban_case_provisional", "id", **_where("provisional = 1")),
        Index("ix_duban_case_aside", "id", **_where("aside IS NOT NULL")),
    )

    id: str = Field(sa_type=Words, primary_key=True)
    version: int = Field(sa_type=BigInteger)
    head: str = Field(sa_type=Words)
    workflow: str = Field(sa_type=Words)
    rules: str = Field(sa_type=Words)
    unit: str = Field(sa_type=Words)
    campaign: str | None = Field(sa_type=Words)
    phase: str | None = Field(sa_type=Words)
    state: str = Field(sa_type=Words)
    counts: str = Field(sa_type=Words)
    due: datetime | None = Field(sa_type=Instant)
    lapses: datetime | None = Field(default=None, sa_type=Instant)
    provisional: int | None = Field(default=None, sa_type=BigInteger)
    opened: datetime = Field(sa_type=Instant)
    changed: datetime = Field(sa_type=Instant)
    body: str = Field(sa_type=Words)
    aside: str | None = Field(default=None, sa_type=Words)


class EntryRow(Row, table=True):
    """One immutable line of a case's history: the bytes that were hashed, and projections."""

    __tablename__ = "duban_entry"
    __table_args__ = (
        ForeignKeyConstraint(["case_id"], ["duban_case.id"]),
        CheckConstraint("seq >= 1", name="seq"),
        CheckConstraint("length(hash) = 64", name="hash"),
        Index(
            "uq_duban_entry_rung",
            "case_id",
            "deadline",
            "episode",
            "round",
            "rung",
            unique=True,
            **_where("deadline IS NOT NULL"),
        ),
    )

    case_id: str = Field(sa_type=Words, primary_key=True)
    seq: int = Field(sa_type=BigInteger, primary_key=True)
    canon: bytes = Field(sa_type=LargeBinary)
    hash: str = Field(sa_type=Words)
    kind: str = Field(sa_type=Words)
    trigger: str | None = Field(sa_type=Words)
    person: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Instant)
    effective: datetime = Field(sa_type=Instant)
    episode: int = Field(sa_type=BigInteger)
    deadline: str | None = Field(sa_type=Words)
    round: int | None = Field(sa_type=BigInteger)
    rung: int | None = Field(sa_type=BigInteger)


class SecretRow(Row, table=True):
    """A personal value that an entry commits to, with the salt; both can be erased."""

    __tablename__ = "duban_secret"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "seq"], ["duban_entry.case_id", "duban_entry.seq"]),
    )

    case_id: str = Field(sa_type=Words, primary_key=True)
    seq: int = Field(sa_type=BigInteger, primary_key=True)
    path: str = Field(sa_type=Words, primary_key=True)
    salt: bytes = Field(sa_type=LargeBinary)
    value: str = Field(sa_type=Words)


class WatchRow(Row, table=True):
    """A key under which a case wants to be woken when another case changes."""

    __tablename__ = "duban_watch"
    __table_args__ = (
        ForeignKeyConstraint(["case_id"], ["duban_case.id"]),
        Index("ix_duban_watch_case_id", "case_id"),
        {"sqlite_with_rowid": False},
    )

    key: str = Field(sa_type=Words, primary_key=True)
    case_id: str = Field(sa_type=Words, primary_key=True)


class LinkRow(Row, table=True):
    """A tie from a case to another."""

    __tablename__ = "duban_link"
    __table_args__ = (
        ForeignKeyConstraint(["case_id"], ["duban_case.id"]),
        Index("ix_duban_link_other", "other", "name", "case_id"),
        {"sqlite_with_rowid": False},
    )

    case_id: str = Field(sa_type=Words, primary_key=True)
    name: str = Field(sa_type=Words, primary_key=True)
    other: str = Field(sa_type=Words, primary_key=True)


class SerialRow(Row, table=True):
    """The register of numbers: each number of a sequence once, with the entry that issued it."""

    __tablename__ = "duban_serial"
    __table_args__ = (
        ForeignKeyConstraint(["case_id", "seq"], ["duban_entry.case_id", "duban_entry.seq"]),
        CheckConstraint("number >= 1", name="number"),
        Index("ix_duban_serial_case", "case_id", "seq"),
        {"sqlite_with_rowid": False},
    )

    key: str = Field(sa_type=Words, primary_key=True)
    number: int = Field(
        sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    case_id: str = Field(sa_type=Words)
    seq: int = Field(sa_type=BigInteger)


class TimerRow(Row, table=True):
    """When a case must be looked at; ``aside`` keeps it out of the sweep."""

    __tablename__ = "duban_timer"
    __table_args__ = (
        ForeignKeyConstraint(["case_id"], ["duban_case.id"]),
        CheckConstraint("aside IN (0, 1)", name="aside"),
        Index("ix_duban_timer_due", "due", "case_id", **_where("aside = 0")),
        {"sqlite_with_rowid": False},
    )

    case_id: str = Field(sa_type=Words, primary_key=True)
    name: str = Field(sa_type=Words, primary_key=True)
    due: datetime = Field(sa_type=Instant)
    aside: int = Field(sa_type=BigInteger)


class NoticeRow(Row, table=True):
    """A notice in the outbox, and how its delivery stands. A claim is the number of its attempt."""

    __tablename__ = "duban_notice"
    __table_args__ = (
        ForeignKeyConstraint(["case_id"], ["duban_case.id"]),
        CheckConstraint("status IN ('waiting', 'sent', 'dead')", name="status"),
        CheckConstraint("urgent IN (0, 1)", name="urgent"),
        Index("ix_duban_notice_case", "case_id", "created"),
        Index("ix_duban_notice_created", "created", "id"),
        Index(
            "ix_duban_notice_waiting",
            "next_try",
            "created",
            "id",
            **_where("status = 'waiting'"),
        ),
        Index("ix_duban_notice_dead", "created", "id", **_where("status = 'dead'")),
    )

    id: str = Field(sa_type=Words, primary_key=True)
    case_id: str = Field(sa_type=Words)
    seq: int = Field(sa_type=BigInteger)
    channel: str = Field(sa_type=Words)
    recipient: str = Field(sa_type=Words)
    person: str | None = Field(sa_type=Words)
    address: str | None = Field(sa_type=Words)
    subject: str = Field(sa_type=Words)
    text: str = Field(sa_type=Words)
    urgent: int = Field(sa_type=BigInteger)
    created: datetime = Field(sa_type=Instant)
    climbed_from: str | None = Field(sa_type=Words)
    status: str = Field(sa_type=Words)
    attempts: int = Field(sa_type=BigInteger)
    next_try: datetime | None = Field(sa_type=Instant)
    error: str | None = Field(sa_type=Words)
    sent: datetime | None = Field(default=None, sa_type=Instant)


class RequestRow(Row, table=True):
    """A request key that was used; its salt can be erased with the case's personal values."""

    __tablename__ = "duban_request"
    __table_args__ = (ForeignKeyConstraint(["case_id"], ["duban_case.id"]),)

    key: str = Field(sa_type=Words, primary_key=True)
    salt: bytes | None = Field(sa_type=LargeBinary)
    body_hash: str = Field(sa_type=Words)
    case_id: str = Field(sa_type=Words)
    seq: int = Field(sa_type=BigInteger)


class DefinitionRow(Row, table=True):
    """A published definition under the hash of its bytes."""

    __tablename__ = "duban_definition"

    hash: str = Field(sa_type=Words, primary_key=True)
    kind: str = Field(sa_type=Words)
    name: str = Field(sa_type=Words)
    canon: bytes = Field(sa_type=LargeBinary)
    source: str = Field(sa_type=Words)


class ActivationRow(Row, table=True):
    """From when on a definition is the one of its name; numbered without a gap."""

    __tablename__ = "duban_activation"
    __table_args__ = (ForeignKeyConstraint(["hash"], ["duban_definition.hash"]),)

    seq: int = Field(
        sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False}
    )
    kind: str = Field(sa_type=Words)
    name: str = Field(sa_type=Words)
    hash: str = Field(sa_type=Words)
    at: datetime = Field(sa_type=Instant)
    by: str = Field(sa_type=Words)


class MetaRow(Row, table=True):
    """A few words about the store itself, such as its clock when that is virtual."""

    __tablename__ = "duban_meta"

    key: str = Field(sa_type=Words, primary_key=True)
    value: str = Field(sa_type=Words)
