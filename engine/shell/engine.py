"""The Engine: open a transaction, load, decide, commit, answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import count, islice

from duban.engine.core.campaign import campaign_case_id
from duban.engine.core.decide import Explanation, explain
from duban.engine.core.roles import actors_of_role
from duban.engine.core.scope import Scope
from duban.engine.definition.library import Library
from duban.engine.definition.machine import Machine
from duban.engine.definition.published import Definition, Survey
from duban.engine.errors import (
    CaseSetAside,
    DubanError,
    NotFound,
    UnknownCase,
    Unreachable,
)
from duban.engine.history.entry import Entry
from duban.engine.history.evolve import replay
from duban.engine.ports import (
    Activation,
    Definitions,
    Ids,
    Notifier,
    Page,
    Sent,
    Sort,
    Store,
    Transaction,
    Where,
)
from duban.engine.shell.attempts import attempt, step
from duban.engine.shell.catalogue import Catalogue, is_campaign
from duban.engine.shell.delivery import Delivered, deliver
from duban.engine.shell.facts import facts_of
from duban.engine.shell.lists import Lists
from duban.engine.shell.migrating import Migrated, Migration, migrate
from duban.engine.shell.numbering import numbered
from duban.engine.shell.publishing import Findings, Plan, examine, foresee, plan, publish
from duban.engine.shell.sweep import Swept, sweep
from duban.engine.shell.verification import Verified, verify
from duban.engine.shell.work import Work
from duban.engine.timing.instants import need_zone
from duban.engine.values.actor import Actor
from duban.engine.values.case import Case
from duban.engine.values.command import Command, Fire, Open
from duban.engine.values.directory import Directory

_PER_COMMIT = 1000
_NOWHERE = Where()


def never() -> bool:
    """Return False: nobody asks to stop."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one of many commands: the case as it stands, or why it was refused."""

    command: Command
    case: Case | None = None
    error: DubanError | None = None

    @property
    def ok(self) -> bool:
        """Whether it was carried out."""
        return self.error is None


class Engine(Lists):
    """Runs cases through their workflows and keeps the record of it.

    Instants that come in are aware of their zone; those that go out are in UTC. Every call is one
    transaction unless it says otherwise. An engine may be shared by threads.
    """

    def __init__(
        self,
        store: Store,
        *,
        ids: Ids,
        definitions: Definitions,
        notifiers: Mapping[str, Notifier] | None = None,
    ) -> None:
        self.store, self._ids, self._definitions = store, ids, definitions
        self._notifiers = dict(notifiers or {})
        self._catalogue = Catalogue()

    # ---- definitions

    def check(self, *sources: str) -> Findings:
        """Return what there is to say of the definitions at *sources*, together and with those in force.

        Faults and warnings of all files are found at once; none is raised.
        """
        surveys: list[Survey] = []
        in_force = list(self._in_force())
        for source in sources:
            surveys.append(self._definitions.survey(source, in_force))
            in_force += surveys[-1].definitions
        with self.store.reading() as reader:
            return examine(reader, self._catalogue, surveys)

    def plan(self, source: str, *, rehearse: bool = True) -> Plan:
        """Return what `apply` would change, in words and, where it is rehearsed, in numbers.

        A rehearsal publishes in a transaction, lets everything happen that is due at once, counts
        it and undoes it all; other writers wait meanwhile.

        Raises:
            InvalidDefinition: every fault is reported.
        """
        survey = self._definitions.survey(source, self._in_force())
        if rehearse:
            return foresee(self.store, self._catalogue, self._ids, survey)
        with self.store.reading() as reader:
            return plan(reader, self._catalogue, survey)

    def apply(self, source: str, *, by: str = "operator") -> Plan:
        """Publish the definitions at *source*: a file or a folder. What is unchanged stays.

        Open cases keep the rules that they started under.

        Raises:
            InvalidDefinition: nothing was published; every fault is reported.
        """
        survey = self._definitions.survey(source, self._in_force())

        def work(tx: Transaction) -> Plan:
            return publish(tx, self._catalogue.branch(), survey, by)

        return attempt(self.store, work)

    def migrate(self, migration: Migration, *, dry_run: bool = False) -> Migrated:
        """Take open cases to the rules that are in force now; they keep a reason in their history.

        With *dry_run* nothing is changed; the answer is what would be, by the same code.

        Raises:
            BadUsage: there is no reason.
        """
        return migrate(self.store, self._catalogue, self._ids, migration, dry_run=dry_run)

    def _in_force(self) -> Sequence[Definition]:
        return tuple(self.library().definitions.values())

    def published(self) -> Sequence[Activation]:
        """Return what is in force: the last activation of each definition."""
        with self.store.reading() as reader:
            latest = {(a.kind, a.name): a for a in reader.activations()}
        return [latest[key] for key in sorted(latest)]

    def library(self) -> Library:
        """Return all definitions in force."""
        with self.store.reading() as reader:
            return self._catalogue.library(reader)

    def directory(self) -> Directory:
        """Return the organisation in force."""
        return self.library().directory

    def campaign_case(self, name: str) -> Case:
        """Return the case of a campaign, whose history holds its phases, duties and checkpoints."""
        return self.case(campaign_case_id(name))

    # ---- commands

    def open(
        self,
        workflow: str,
        *,
        unit: str,
        actor: Actor,
        data: Mapping[str, object] | None = None,
        key: str | None = None,
        campaign: str | None = None,
    ) -> Case:
        """Open a case of *workflow* at *unit*, in the campaign that runs or the one named.

        The same *key* with the same request changes nothing the second time.

        Raises:
            TransitionRefused, UnknownWorkflow, UnknownUnit, UnknownCampaign, BadValue, KeyReused.
        """
        command = Open(
            workflow=workflow, unit=unit, actor=actor, data=data or {}, key=key, campaign=campaign
        )
        return self._run(command)

    def fire(
        self,
        case_id: str,
        trigger: str,
        *,
        actor: Actor,
        data: Mapping[str, object] | None = None,
        key: str | None = None,
        version: int | None = None,
    ) -> Case:
        """Fire *trigger* on a case and return the case as it stands after it.

        With *version*, the case must still be at that version.

        Raises:
            TransitionRefused, UnknownCase, StaleCase, KeyReused, CaseSetAside, BadValue.
        """
        command = Fire(
            case=case_id, trigger=trigger, actor=actor, data=data or {}, key=key, version=version
        )
        return self._run(command)

    def fire_many(self, commands: Iterable[Command]) -> list[Outcome]:
        """Carry out many commands, 1,000 to a commit; one outcome for each, in order.

        A refusal of one touches no other.
        """
        waiting = iter(commands)
        outcomes: list[Outcome] = []
        while batch := list(islice(waiting, _PER_COMMIT)):
            outcomes += self._fire_batch(batch)
        return outcomes

    def _fire_batch(self, batch: Sequence[Command]) -> list[Outcome]:
        tries = count()

        def work(tx: Transaction) -> list[Outcome]:
            if next(tries):
                # Two that want the same cases in another order would stop each other for ever.
                for case_id in sorted({c.case for c in batch if isinstance(c, Fire)}):
                    tx.lock(case_id)
            return self._fire_all(batch, tx)

        return attempt(self.store, work)

    def _fire_all(self, batch: Sequence[Command], tx: Transaction) -> list[Outcome]:
        outcomes = []
        work = Work(tx, self._catalogue, self._ids)
        for command in batch:
            try:
                case = step(tx, partial(work.run, command))
            except Unreachable:
                raise
            except DubanError as error:
                outcomes.append(Outcome(command=command, error=error))
            else:
                outcomes.append(Outcome(command=command, case=case))
        return outcomes

    def _run(self, command: Command) -> Case:
        def work(tx: Transaction) -> Case:
            return Work(tx, self._catalogue, self._ids).run(command)

        return attempt(self.store, work)

    # ---- questions

    def now(self) -> datetime:
        """Return the store's clock, in UTC."""
        with self.store.reading() as reader:
            return reader.now()

    def explain(self, case_id: str, *, actor: Actor) -> Explanation:
        """Return which triggers *actor* may fire now and, for the others, why not."""
        with self.store.reading() as reader:
            case = reader.case(case_id)
            if case is None:
                raise UnknownCase(case=case_id)
            why = reader.aside(case_id)
            if why is not None:
                raise CaseSetAside(case=case_id, why=why)
            if is_campaign(case.workflow):
                return Explanation(case=case, actor=actor, verdicts=())
            machine = self._catalogue.machine(reader, case.rules)
            world = self._catalogue.world(
                self._catalogue.edition(reader),
                machine,
                reader.now(),
                case,
            )
            world = replace(world, facts=facts_of(reader, machine, case, world))
            judge = partial(explain, machine, case, actor)
            return numbered(judge, world, reader.last_number)

    def case(self, case_id: str, *, at: datetime | None = None) -> Case:
        """Return a case as it is or, with *at* (aware), as it was recorded at that instant.

        Raises:
            UnknownCase: there is none, or there was none yet.
            BadDate: *at* has no zone.
        """
        with self.store.reading() as reader:
            if at is None:
                case = reader.case(case_id)
            else:
                until = need_zone(at)
                case = replay(e for e in reader.history(case_id) if e.at <= until)
        if case is None:
            raise UnknownCase(case=case_id)
        return case

    def cases(
        self,
        where: Where = _NOWHERE,
        *,
        sort: Sort = "id",
        descending: bool = False,
        limit: int = 100,
        after: str | None = None,
    ) -> Page:
        """Return a page of cases; pass its ``next`` as *after* for the one that follows."""
        with self.store.reading() as reader:
            return reader.find(where, sort=sort, descending=descending, limit=limit, after=after)

    def count(self, where: Where = _NOWHERE) -> int:
        """Return how many cases there are."""
        with self.store.reading() as reader:
            return reader.count(where)

    def history(self, case_id: str) -> Sequence[Entry]:
        """Return the entries of a case, oldest first.

        Raises:
            UnknownCase: there is none.
        """
        with self.store.reading() as reader:
            entries = reader.history(case_id)
        if not entries:
            raise UnknownCase(case=case_id)
        return entries

    def facts(self, case_id: str) -> Mapping[str, object]:
        """Return what the workflow of a case asks of other cases, and the answers of now.

        Raises:
            UnknownCase: there is none.
        """
        with self.store.reading() as reader:
            case = reader.case(case_id)
            if case is None:
                raise UnknownCase(case=case_id)
            machine = self._catalogue.machine(reader, case.rules)
            edition = self._catalogue.edition(reader)
            world = self._catalogue.world(edition, machine, reader.now(), case)
            return facts_of(reader, machine, case, world)

    def players(self, case: Case, role: str) -> tuple[Actor, ...]:
        """Return who plays *role* on *case* now: one actor for each holder of each of its posts."""
        with self.store.reading() as reader:
            machine = self._catalogue.machine(reader, case.rules)
            edition = self._catalogue.edition(reader)
            world = self._catalogue.world(edition, machine, reader.now(), case)
        return actors_of_role(role, Scope(machine, case, world))

    def machine(self, case: Case) -> Machine:
        """Return the compiled rules under which *case* opened."""
        with self.store.reading() as reader:
            return self._catalogue.machine(reader, case.rules)

    # ---- what runs by itself

    def sweep(self, *, stop: Callable[[], bool] = never) -> Swept:
        """Let happen what is due: rungs, duties, phases. *stop* is asked between transactions."""
        return sweep(self.store, self._catalogue, self._ids, stop=stop)

    def deliver(self, *, stop: Callable[[], bool] = never) -> Delivered:
        """Send the notices that may be tried now."""
        return deliver(self.store, self._notifiers, stop=stop)

    def next_due(self) -> datetime | None:
        """Return when something falls due next, or None."""
        with self.store.reading() as reader:
            return reader.next_due()

    # ---- care

    def verify(self, case_id: str | None = None) -> Verified:
        """Prove that chains are whole and that replaying each history gives the stored case."""
        with self.store.reading() as reader:
            if case_id is not None and reader.case(case_id) is None:
                raise UnknownCase(case=case_id)
            return verify(reader, case_id)

    def retry(self, case_id: str) -> None:
        """Put a case that was set aside back into the sweep."""
        attempt(self.store, lambda tx: tx.set_aside(case_id, None))

    def aside(self, case_id: str) -> str | None:
        """Return why a case was set aside, or None."""
        with self.store.reading() as reader:
            return reader.aside(case_id)

    def outbox(
        self, *, case_id: str | None = None, status: str | None = None, limit: int = 100
    ) -> Sequence[Sent]:
        """Return notices, newest first."""
        with self.store.reading() as reader:
            return reader.outbox(case_id=case_id, status=status, limit=limit)

    def revive(self, notice_id: str) -> None:
        """Let a dead letter be tried again.

        Raises:
            NotFound: there is no dead letter of that id.
        """
        if not attempt(self.store, lambda tx: tx.revive(notice_id, tx.now())):
            raise NotFound(
                kind="dead letter", kind_zh="未送达的通知", name=notice_id, hint="", hint_zh=""
            )

    def tally(self) -> Mapping[str, int]:
        """Return how many cases, entries, timers and notices there are."""
        with self.store.reading() as reader:
            return reader.tally()

    def describe(self) -> Mapping[str, str]:
        """Return what an operator wants to know of the store."""
        return self.store.describe()

    # ---- composition

    def using(self, connection: object) -> Engine:
        """Return an engine that works inside the host's transaction on *connection*.

        Each call is a savepoint; the host's commit or rollback decides.
        """
        return self._on(self.store.joined(connection))

    def branch(self) -> Engine:
        """Return an engine on the same store, for what may be undone, definitions too."""
        return self._on(self.store)

    def _on(self, store: Store) -> Engine:
        other = Engine(
            store, ids=self._ids, definitions=self._definitions, notifiers=self._notifiers
        )
        other._catalogue = self._catalogue.branch()  # the same machines, compiled once
        return other

    def set_clock(self, now: datetime) -> None:
        """Set the clock of a virtual store.

        Raises:
            ClockAhead: the store's clock is real.
        """
        self.store.set_clock(now)

    def close(self) -> None:
        """Close the store."""
        self.store.close()
