"""What is read and written beside the cases: outbox, definitions, the store's own words, upkeep."""

from __future__ import annotations

from functools import cache, cached_property
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    bindparam,
    func,
    null,
    select,
    update,
)

from duban.adapters.storage.case_statements import CaseStatements
from duban.adapters.storage.statements import (
    ACTIVATION,
    CASE,
    DEAD,
    DEFINITION,
    ENTRY,
    LINK,
    META,
    NOTICE,
    NOTICE_COLUMNS,
    ONE,
    REQUEST,
    SECRET,
    SENT,
    SERIAL,
    TIMER,
    WAITING,
    WATCH,
    ZERO,
)


class AllStatements(CaseStatements):
    """Every statement that needs no filter."""

    # ---- the outbox

    @cached_property
    def next_notice(self) -> str:
        return self._text(select(func.min(NOTICE.c.next_try)).where(NOTICE.c.status == WAITING))

    @cached_property
    def add_notice(self) -> str:
        return self._text(self._insert(NOTICE, NOTICE_COLUMNS), *NOTICE_COLUMNS)

    @cached_property
    def ready_notices(self) -> str:
        """What may be tried; rows that others hold are passed over, where they can."""
        statement = (
            self._all(NOTICE, NOTICE_COLUMNS)
            .where(NOTICE.c.status == WAITING, NOTICE.c.next_try <= bindparam("now"))
            .order_by(NOTICE.c.next_try, NOTICE.c.created, NOTICE.c.id)
            .limit(bindparam("limit"))
            .offset(ZERO)
            .with_for_update(skip_locked=True)
        )
        return self._text(statement, "now", "limit")

    @cache  # noqa: B019  # four texts, and the statements live as long as the process
    def outbox(self, *, of_case: bool, by_status: bool) -> str:
        """Newest first: case, status (those that are asked for), limit."""
        conditions = {"case": (of_case, NOTICE.c.case_id), "status": (by_status, NOTICE.c.status)}
        asked = {name: column for name, (wanted, column) in conditions.items() if wanted}
        statement = (
            self._all(NOTICE, NOTICE_COLUMNS)
            .where(*(column == bindparam(name) for name, column in asked.items()))
            .order_by(NOTICE.c.created.desc(), NOTICE.c.id.desc())
            .limit(bindparam("limit"))
            .offset(ZERO)
        )
        return self._text(statement, *asked, "limit")

    def _claimed(self) -> ColumnElement[bool]:
        return and_(
            NOTICE.c.id == bindparam("which"),
            NOTICE.c.status == WAITING,
            NOTICE.c.attempts == bindparam("attempt"),
        )

    @cached_property
    def lease_notice(self) -> str:
        values = {"attempts": NOTICE.c.attempts + ONE, "next_try": bindparam("until")}
        statement = update(NOTICE).values(values).where(self._claimed())
        return self._text(statement, "until", "which", "attempt")

    @cached_property
    def mark_sent(self) -> str:
        values: dict[str, Any] = {
            "status": SENT,
            "next_try": null(),
            "error": null(),
            "sent": bindparam("now"),
        }
        statement = update(NOTICE).values(values).where(self._claimed())
        return self._text(statement, "now", "which", "attempt")

    @cached_property
    def mark_failed(self) -> str:
        values: dict[str, Any] = {"next_try": bindparam("next"), "error": bindparam("why")}
        statement = update(NOTICE).values(values).where(self._claimed())
        return self._text(statement, "next", "why", "which", "attempt")

    @cached_property
    def mark_dead(self) -> str:
        values: dict[str, Any] = {"status": DEAD, "next_try": null(), "error": bindparam("why")}
        statement = update(NOTICE).values(values).where(self._claimed())
        return self._text(statement, "why", "which", "attempt")

    @cached_property
    def revive(self) -> str:
        values: dict[str, Any] = {"status": WAITING, "next_try": bindparam("now")}
        statement = (
            update(NOTICE)
            .values(values)
            .where(NOTICE.c.id == bindparam("which"), NOTICE.c.status == DEAD)
        )
        return self._text(statement, "now", "which")

    # ---- definitions

    @cached_property
    def publish(self) -> str:
        columns = ("hash", "kind", "name", "canon", "source")
        return self._text(self._insert(DEFINITION, columns).on_conflict_do_nothing(), *columns)

    @cached_property
    def document(self) -> str:
        statement = select(DEFINITION).where(DEFINITION.c.hash == bindparam("hash"))
        return self._text(statement, "hash")

    @cached_property
    def activate(self) -> str:
        columns = ("seq", "kind", "name", "hash", "at", "by")
        return self._text(self._insert(ACTIVATION, columns), *columns)

    @cached_property
    def activations(self) -> str:
        statement = (
            select(ACTIVATION)
            .where(ACTIVATION.c.seq > bindparam("after"))
            .order_by(ACTIVATION.c.seq)
        )
        return self._text(statement, "after")

    @cached_property
    def revision(self) -> str:
        return self._text(select(func.coalesce(func.max(ACTIVATION.c.seq), ZERO)))

    # ---- the store itself

    @cached_property
    def meta(self) -> str:
        return self._text(select(META.c.value).where(META.c.key == bindparam("key")), "key")

    @cached_property
    def set_meta(self) -> str:
        adding = self._insert(META, ("key", "value"))
        statement = adding.on_conflict_do_update(
            index_elements=["key"], set_={"value": adding.excluded.value}
        )
        return self._text(statement, "key", "value")

    @cached_property
    def notices_by_status(self) -> str:
        return self._text(select(NOTICE.c.status, func.count()).group_by(NOTICE.c.status))

    @cached_property
    def totals(self) -> dict[str, str]:
        """By the name of what is counted."""
        aside = select(func.count()).select_from(CASE).where(CASE.c.aside.is_not(None))
        texts = {"aside": self._text(aside)}
        for name, table in (("cases", CASE), ("entries", ENTRY), ("timers", TIMER)):
            texts[name] = self._text(select(func.count()).select_from(table))
        return texts

    @cached_property
    def strays(self) -> dict[str, str]:
        """Cases that are named and are not there, by where they are named."""
        tables = (ENTRY, SECRET, LINK, WATCH, SERIAL, TIMER, NOTICE, REQUEST)
        return {table.name.removeprefix("duban_"): self._strays(table) for table in tables}

    def _strays(self, table: Table) -> str:
        missing = ~select(CASE.c.id).where(CASE.c.id == table.c.case_id).exists()
        named = select(table.c.case_id).distinct().where(missing).order_by(table.c.case_id)
        return self._text(named)
