"""Taking running cases to the rules in force now; a dry run is the same, undone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from duban.engine.core.inputs import clean_text
from duban.engine.errors import BadUsage, DubanError, Unreachable
from duban.engine.ports import Ids, Store, Transaction, Where
from duban.engine.shell.attempts import attempt, step
from duban.engine.shell.catalogue import Catalogue
from duban.engine.shell.rehearsal import Foreseen, listener, rehearse
from duban.engine.shell.work import Work
from duban.engine.values.actor import Actor
from duban.engine.values.case import Case
from duban.engine.values.command import Migrate

_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """What is to be migrated, why, and under which names.

    ``workflow`` and ``where`` choose among the open cases; ``rules`` keeps those on rules whose
    hash begins so. ``states`` and ``deadlines`` map old names to new ones.
    """

    workflow: str
    reason: str
    actor: Actor
    states: Mapping[str, str] = field(default_factory=dict)
    deadlines: Mapping[str, str] = field(default_factory=dict)
    rules: str = ""
    where: Where = field(default_factory=Where)

    def command(self, case: Case) -> Migrate:
        """Return the command for one case."""
        return Migrate(
            case=case.id,
            actor=self.actor,
            reason=self.reason,
            states=self.states,
            deadlines=self.deadlines,
        )


@dataclass(slots=True, kw_only=True)
class Migrated:
    """What a migration did, or would do: ``refused`` cases stay as they were, with the reason."""

    migrated: int = 0
    already: int = 0
    refused: list[tuple[str, DubanError]] = field(default_factory=list)
    foreseen: Foreseen = field(default_factory=Foreseen)

    def add(self, other: Migrated) -> None:
        """Count *other* in."""
        self.migrated += other.migrated
        self.already += other.already
        self.refused += other.refused
        self.foreseen.add(other.foreseen)


def migrate(
    store: Store, catalogue: Catalogue, ids: Ids, migration: Migration, *, dry_run: bool
) -> Migrated:
    """Migrate every open case chosen, two hundred to a transaction; one refusal touches no other.

    With *dry_run* each transaction is undone after what would fall due at once was counted too.

    Raises:
        BadUsage: there is no reason given.
        BadText: the reason holds what cannot be kept.
    """
    if not migration.reason.strip():
        raise BadUsage(
            what="say why the cases are migrated: their history keeps the reason",
            what_zh="请说明迁移理由：它将记入流转记录",
        )
    migration = replace(migration, reason=clean_text("reason", migration.reason))
    told = Migrated()
    after: str | None = None
    while True:
        with store.reading() as reader:
            page = reader.find(_open(migration), sort="id", limit=_BATCH, after=after)
        chosen = [case.id for case in page.cases if case.rules.startswith(migration.rules)]
        _batch(store, catalogue, ids, migration, chosen, told, dry_run=dry_run)
        after = page.next
        if after is None:
            return told


def _open(migration: Migration) -> Where:
    where = migration.where
    return Where(
        workflow=migration.workflow,
        counts="open",
        units=where.units,
        campaign=where.campaign,
        phase=where.phase,
        states=where.states,
    )


def _batch(
    store: Store,
    catalogue: Catalogue,
    ids: Ids,
    migration: Migration,
    chosen: Sequence[str],
    total: Migrated,
    *,
    dry_run: bool,
) -> None:
    """Migrate the cases *chosen*, and count them in *total* once their transaction holds."""

    def work(tx: Transaction, catalogue: Catalogue) -> Migrated:
        told = Migrated()
        for case_id in chosen:
            _one(tx, catalogue, ids, migration, case_id, told, rehearsed=dry_run)
        return told

    if not chosen:
        return
    if dry_run:
        total.add(rehearse(store, catalogue, work))
    else:
        total.add(attempt(store, lambda tx: work(tx, catalogue)))


def _one(
    tx: Transaction,
    catalogue: Catalogue,
    ids: Ids,
    migration: Migration,
    case_id: str,
    told: Migrated,
    *,
    rehearsed: bool,
) -> None:
    case = tx.case(case_id)
    if case is None or case.counts != "open":
        return
    command = migration.command(case)

    def migrated() -> tuple[Case, Foreseen]:
        foreseen = Foreseen()
        work = Work(tx, catalogue, ids, listener(tx, foreseen))
        after = work.migrate(command)
        if rehearsed and after.rules != case.rules:
            # A sweep would do it a moment later.
            work.settle(case_id)
        return after, foreseen

    try:
        after, foreseen = step(tx, migrated)
    except Unreachable:
        raise
    except DubanError as error:
        told.refused.append((case_id, error))
        return
    told.foreseen.add(foreseen)
    if after.rules == case.rules:
        told.already += 1
    else:
        told.migrated += 1
