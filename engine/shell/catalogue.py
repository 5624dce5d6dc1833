"""What is in force, kept in memory: rebuilt when something was published, compiled once per hash."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeAlias

from duban.engine.core.campaign import WORKFLOW as CAMPAIGN
from duban.engine.core.schedule import Agenda, happenings
from duban.engine.core.standing import Standing
from duban.engine.core.watching import interest
from duban.engine.core.world import World
from duban.engine.definition.campaign import Campaign, Phase, PhasePart
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.faults import SourceMap
from duban.engine.definition.fields import Field
from duban.engine.definition.library import EMPTY, Library, phase_on
from duban.engine.definition.machine import Machine
from duban.engine.definition.published import KINDS, Definition, read_definition
from duban.engine.definition.rules import Rules, read_rules
from duban.engine.definition.workflow import Workflow
from duban.engine.errors import Place, Refused, UnknownWorkflow
from duban.engine.ports import Activation, Published, Reader, Transaction
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import parse_date
from duban.engine.values.canonical import read
from duban.engine.values.case import Case
from duban.engine.values.command import Open

RULES = "rules"
_MOST_MACHINES = 500
# A campaign and a phase, in days of a zone, a calendar and a closing hour.
Of: TypeAlias = tuple[str | None, str | None, Clockwork]


class AlteredRules(Refused):
    """Stored rules do not give the hash under which cases hold them."""

    code = "INTEG-002"
    en = "{what}; run `duban history verify` and restore them from a backup"
    zh = "{what_zh}；请运行 duban history verify 并从备份恢复"


@dataclass(frozen=True, slots=True)
class Edition:
    """All that follows from one revision. Replaced whole, so that threads may share a catalogue.

    ``interests`` tells, for a workflow, by which kinds of keys the facts of any version of any
    workflow look at its cases; ``stood_over`` which standing workflows watch it.
    """

    revision: int
    library: Library
    rules: dict[tuple[str, str | None, str | None], Rules] = field(default_factory=dict)
    clockworks: dict[tuple[str, str | None, str | None], Clockwork] = field(default_factory=dict)
    agendas: dict[str, Agenda] = field(default_factory=dict)
    spans: dict[Of, Mapping[str, datetime]] = field(default_factory=dict)
    activated: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    since: dict[tuple[str | None, str | None], datetime | None] = field(default_factory=dict)
    interests: Mapping[str, frozenset[str]] = field(default_factory=dict)
    stood_over: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    standing: dict[date, Standing] = field(default_factory=dict)


class Catalogue:
    """The definitions of one store. Each transaction asks for the revision, which is cheap."""

    def __init__(self) -> None:
        self._edition = Edition(0, EMPTY)
        self._machines: OrderedDict[str, Machine] = OrderedDict()
        self._personal: dict[str, bool] = {}
        self._looks: dict[str, frozenset[tuple[str, str]]] = {}

    def branch(self) -> Catalogue:
        """Return a catalogue for a transaction that publishes and may be undone.

        A revision that is undone comes again with other contents, so what the branch learns of it
        stays there; machines are shared, since their hash says what they are.
        """
        branch = Catalogue()
        branch._edition, branch._machines = self._edition, self._machines
        branch._personal, branch._looks = self._personal, self._looks
        return branch

    def edition(self, reader: Reader) -> Edition:
        """Return what is in force in the view of *reader*."""
        revision = reader.revision()
        edition = self._edition
        if revision != edition.revision:
            activations = reader.activations()
            latest = {(a.kind, a.name): a for a in activations if a.kind in KINDS}
            documents = [reader.document(activation.hash) for activation in latest.values()]
            found = [_definition(document) for document in documents if document is not None]
            library = EMPTY.with_definitions(found)
            edition = self._edition = Edition(
                revision,
                library,
                activated={key: activation.at for key, activation in latest.items()},
                interests=self._interests(reader, activations),
                stood_over=_stood_over(library),
            )
        return edition

    def _interests(
        self, reader: Reader, activations: Sequence[Activation]
    ) -> Mapping[str, frozenset[str]]:
        """Cases run under old versions too: every version that was ever in force counts."""
        found: dict[str, set[str]] = {}
        for hash in dict.fromkeys(a.hash for a in activations if a.kind == "workflow"):
            if hash not in self._looks:
                document = reader.document(hash)
                self._looks[hash] = frozenset(_looks(document) if document else ())
            for workflow, kind in self._looks[hash]:
                found.setdefault(workflow, set()).add(kind)
        return {workflow: frozenset(kinds) for workflow, kinds in found.items()}

    def standing(self, edition: Edition, day: date) -> Standing:
        """Return which workflows stand for which units on *day*."""
        if day not in edition.standing:
            selectors = {
                name: workflow.standing
                for name, workflow in edition.library.workflows.items()
                if workflow.standing is not None
            }
            edition.standing[day] = Standing(selectors, edition.library.directory, day)
        return edition.standing[day]

    def library(self, reader: Reader) -> Library:
        """Return the definitions in force in the view of *reader*."""
        return self.edition(reader).library

    def machine(self, reader: Reader, rules: str) -> Machine:
        """Return the compiled machine of the rules with this hash.

        Raises:
            UnknownWorkflow: they are not stored, which verification reports.
        """
        machine = self._machines.get(rules)
        if machine is None:
            document = reader.document(rules)
            if document is None:
                raise UnknownWorkflow(workflow=rules, known="-")
            read = read_rules(document.canon)
            if read.hash != rules:
                altered = f"the rules {rules[:12]} were altered in the store"
                altered_zh = f"存储中的规则 {rules[:12]} 被改动"
                raise AlteredRules(what=altered, what_zh=altered_zh)
            machine = compile_rules(read)
            self._keep(machine)
        return machine

    def opening(self, tx: Transaction, command: Open, now: datetime) -> Machine:
        """Return the machine under which *command* opens a case now, storing its rules."""
        edition = self.edition(tx)
        library = edition.library
        day = self.clockwork(edition, None).day(now)
        campaign = library.campaign_of(command.workflow, day, command.campaign)
        return self._in_force(tx, edition, command.workflow, campaign, phase_on(campaign, day))

    def present(self, tx: Transaction, case: Case) -> Machine:
        """Return the machine under which *case* would open in its phase by what is in force now.

        A phase or campaign that is no longer published sets nothing.

        Raises:
            UnknownWorkflow: its workflow is no longer published.
        """
        edition = self.edition(tx)
        campaign = edition.library.campaigns.get(case.campaign or "")
        phases = campaign.phases if campaign else ()
        phase = next((part for part in phases if part.phase == case.phase), None)
        return self._in_force(tx, edition, case.workflow, campaign, phase)

    def _in_force(
        self,
        tx: Transaction,
        edition: Edition,
        workflow: str,
        campaign: Campaign | None,
        phase: PhasePart | None,
    ) -> Machine:
        key = (
            workflow,
            campaign.campaign if campaign else None,
            phase.phase if phase else None,
        )
        rules = edition.rules.get(key)
        if rules is None:
            rules = edition.rules[key] = edition.library.rules(workflow, campaign, phase)
        if tx.document(rules.hash) is None:
            tx.publish(
                Published(hash=rules.hash, kind=RULES, name=workflow, canon=rules.canon, source={})
            )
        if rules.hash not in self._machines:
            self._keep(compile_rules(rules))
        return self._machines[rules.hash]

    def clockwork(self, edition: Edition, machine: Machine | None) -> Clockwork:
        """Return the clockwork of a case's rules, with the calendar as it stands now."""
        library = edition.library
        organisation = library.organisation
        key = (
            (machine.zone, machine.calendar, machine.closing)
            if machine is not None
            else (library.zone, organisation.calendar if organisation else None, None)
        )
        if key not in edition.clockworks:
            edition.clockworks[key] = library.clockwork(*key)
        return edition.clockworks[key]

    def campaign_clockwork(self, library: Library, campaign: Campaign) -> Clockwork:
        """Return the clockwork of a campaign."""
        organisation = library.organisation
        calendar = campaign.calendar or (organisation.calendar if organisation else None)
        return library.clockwork(campaign.zone or library.zone, calendar, None)

    def agenda(self, edition: Edition, campaign: Campaign) -> Agenda:
        """Return all that a campaign brings, reckoned once for each edition."""
        name = campaign.campaign
        if name not in edition.agendas:
            clockwork = self.campaign_clockwork(edition.library, campaign)
            edition.agendas[name] = happenings(campaign, clockwork)
        return edition.agendas[name]

    def campaign_world(self, edition: Edition, campaign: Campaign, now: datetime) -> World:
        """Return the surroundings of what a campaign brings."""
        return World(
            now=now,
            clockwork=self.campaign_clockwork(edition.library, campaign),
            directory=edition.library.directory,
            lang=edition.library.lang,
        )

    def world(
        self,
        edition: Edition,
        machine: Machine,
        now: datetime,
        case: Case | None = None,
        *,
        salt: bytes = b"",
    ) -> World:
        """Return the surroundings of a command on a case with the rules of *machine*.

        *case* is None for one that opens just now, in the campaign of its rules.
        """
        library = edition.library
        clockwork = self.clockwork(edition, machine)
        campaign = machine.campaign if case is None else case.campaign
        phase = machine.phase if case is None else case.phase
        return World(
            now=now,
            clockwork=clockwork,
            directory=library.directory,
            spans=self._spans(edition, (campaign, phase, clockwork)),
            since=self._since(edition, campaign, machine.calendar),
            standing=self.standing(edition, clockwork.day(now)),
            seed=salt,
            lang=library.lang,
        )

    def _spans(self, edition: Edition, of: Of) -> Mapping[str, datetime]:
        if of not in edition.spans:
            edition.spans[of] = _spans(edition.library, *of)
        return edition.spans[of]

    def _since(
        self, edition: Edition, campaign: str | None, calendar: str | None
    ) -> datetime | None:
        if (campaign, calendar) not in edition.since:
            edition.since[campaign, calendar] = _since(edition, campaign, calendar)
        return edition.since[campaign, calendar]

    def has_secrets(self, machine: Machine) -> bool:
        """Whether cases of these rules hold personal values, which need salt."""
        if machine.rules not in self._personal:
            asked: list[Any] = [
                f
                for t in machine.workflow.transitions
                for f in t.asks.values()
                if isinstance(f, Field)
            ]
            fields = [*machine.fields.values(), *asked]
            self._personal[machine.rules] = any(field.personal for field in fields)
        return self._personal[machine.rules]

    def _keep(self, machine: Machine) -> None:
        self._machines[machine.rules] = machine
        if len(self._machines) > _MOST_MACHINES:
            self._machines.popitem(last=False)


def _definition(document: Published) -> Definition:
    file = str(document.source.get("file", document.name))
    places = document.source.get("places", {})
    assert isinstance(places, Mapping)
    source = SourceMap(file, {_path(path): _place(file, at) for path, at in places.items()})
    return read_definition(document.kind, document.name, document.canon, source)


def _looks(document: Published) -> Iterator[tuple[str, str]]:
    """Yield which workflows the facts of a workflow look at, each with the kind of key."""
    model = KINDS[document.kind].model_validate(read(document.canon))
    if isinstance(model, Workflow):
        for fact in model.facts.values():
            yield fact.workflow, interest(fact)


def _stood_over(library: Library) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for name, workflow in library.workflows.items():
        if workflow.standing is not None:
            for watched in dict.fromkeys(fact.workflow for fact in workflow.facts.values()):
                found.setdefault(watched, []).append(name)
    return {watched: tuple(names) for watched, names in found.items()}


def _path(text: str) -> tuple[str | int, ...]:
    return tuple(int(step) if step.isdigit() else step for step in text.split("."))


def _place(file: str, at: Any) -> Place:
    return Place(at[2] if len(at) > 2 else file, at[0], at[1])


def _spans(
    library: Library, name: str | None, phase_name: str | None, clockwork: Clockwork
) -> dict[str, datetime]:
    """The campaign's dates are live: a campaign that is prolonged moves what refers to its end."""
    campaign = library.campaigns.get(name or "")
    if campaign is None:
        return {}
    spans = {"campaign.begin": clockwork.begins(parse_date(campaign.begins))}
    if campaign.ends is not None:
        spans["campaign.end"] = clockwork.ends(parse_date(campaign.ends))
    phase = next((p for p in campaign.phases if p.phase == phase_name), None)
    if phase is not None:
        spans["phase.begin"] = clockwork.begins(parse_date(phase.from_))
        spans["phase.end"] = clockwork.ends(parse_date(phase.to))
    return spans


def _since(edition: Edition, campaign: str | None, calendar: str | None) -> datetime | None:
    """Return when what dates are reckoned from was last published: calendar, campaign, phases."""
    return max(
        (
            at
            for (kind, name), at in edition.activated.items()
            if (kind, name) in {("calendar", calendar), ("campaign", campaign)}
            or (kind == "phase" and _is_phase_of(edition.library, name, campaign))
        ),
        default=None,
    )


def _is_phase_of(library: Library, name: str, campaign: str | None) -> bool:
    model = library.definitions["phase", name].model
    return isinstance(model, Phase) and model.campaign == campaign


def is_campaign(workflow: str) -> bool:
    """Whether a case is that of a campaign, which has no machine."""
    return workflow == CAMPAIGN
