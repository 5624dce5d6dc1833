"""Publishing definitions: what would change, and making it so. Nothing reads files at run time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from duban.engine.core.campaign import TIMER_NAME, campaign_case_id, decide_published
from duban.engine.definition.campaign import Phase
from duban.engine.definition.check import inspect
from duban.engine.definition.coverage import COVERAGE
from duban.engine.definition.differences import Difference, differences
from duban.engine.definition.faults import by_place
from duban.engine.definition.library import Library
from duban.engine.definition.published import Definition, Survey
from duban.engine.errors import BadInput, Fault, InvalidDefinition, Place
from duban.engine.ports import Ids, Published, Reader, Store, Transaction, Where, Write
from duban.engine.shell.attempts import racing
from duban.engine.shell.catalogue import Catalogue
from duban.engine.shell.projecting import wake_concerned
from duban.engine.shell.rehearsal import Foreseen, rehearse, settle_all
from duban.engine.timing.instants import find_zone
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import Plain

# Places of whole rules are enough to cite them; every leaf would weigh more than the definition.
_DEEPEST_PLACE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What publishing does to one definition; hashes are None where there is none."""

    kind: str
    name: str
    action: Literal["new", "changed", "unchanged"]
    before: str | None
    after: str
    differences: tuple[Difference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What publishing would do, or did.

    ``kept`` counts, for each workflow that changes, the open cases that keep their rules.
    ``foreseen`` is what would happen at once; None where that was not asked. ``warnings`` are what
    should be looked at all the same.
    """

    changes: tuple[Change, ...]
    kept: Mapping[str, int] = field(default_factory=dict)
    foreseen: Foreseen | None = None
    warnings: tuple[Fault, ...] = ()

    @property
    def effective(self) -> tuple[Change, ...]:
        """The changes that are not for nothing."""
        return tuple(change for change in self.changes if change.action != "unchanged")


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Definitions, what must be mended in them, and what should be looked at."""

    definitions: tuple[Definition, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


def examine(reader: Reader, catalogue: Catalogue, surveys: Sequence[Survey]) -> Findings:
    """Return what there is to say of *surveys*, as they would stand together with all in force."""
    definitions = tuple(d for survey in surveys for d in survey.definitions)
    library = catalogue.library(reader)
    after = library.with_definitions(definitions)
    unread = frozenset().union(*(survey.unread for survey in surveys))
    # Not only what is new: a ladder that changes may break a workflow in force that climbs it.
    everything = tuple(after.definitions.values())
    report = inspect(everything, after, unread=unread, today=_today(reader, after))
    read = [fault for survey in surveys for fault in survey.faults]
    odd = [warning for d in definitions for warning in d.source.warnings]
    files = {definition.source.file for definition in definitions}
    # Of what is in force already, it is news only whom it no longer reaches in another organisation.
    moved = COVERAGE if any(d.kind == "organisation" for d in definitions) else ()
    news = [w for w in report.warnings if w.place.file in files or w.code in moved]
    return Findings(
        definitions=definitions,
        faults=tuple(sorted({*read, *report.faults}, key=by_place)),
        warnings=tuple(sorted({*odd, *news}, key=by_place)),
    )


def _today(reader: Reader, library: Library) -> date:
    try:
        zone = find_zone(library.zone)
    except BadInput:  # which is told as a fault
        zone = find_zone("UTC")
    return reader.now().astimezone(zone).date()


def plan(reader: Reader, catalogue: Catalogue, survey: Survey) -> Plan:
    """Return what publishing *survey* would do, after checking it with all in force.

    Raises:
        InvalidDefinition: with every fault.
    """
    found = examine(reader, catalogue, [survey])
    if found.faults:
        raise InvalidDefinition(found.faults)
    library = catalogue.library(reader)
    changes = tuple(_change(definition, library) for definition in found.definitions)
    return Plan(changes=changes, kept=_kept(reader, changes), warnings=found.warnings)


def foresee(store: Store, catalogue: Catalogue, ids: Ids, survey: Survey) -> Plan:
    """Return what publishing *survey* would do, with what would happen at once because of it.

    It is done, and undone: what is due already is settled first and not counted.

    Raises:
        InvalidDefinition: with every fault.
    """

    def work(tx: Transaction, branch: Catalogue) -> Plan:
        foreseen = Foreseen()
        settle_all(tx, branch, ids, None)
        planned = publish(tx, branch, survey, "plan")
        settle_all(tx, branch, ids, foreseen)
        return replace(planned, foreseen=foreseen)

    return rehearse(store, catalogue, work)


def _kept(reader: Reader, changes: Sequence[Change]) -> dict[str, int]:
    """A case keeps its workflow, ladders and settings: what changes is for those opened later."""
    names = [c.name for c in changes if c.kind == "workflow" and c.action == "changed"]
    return {name: reader.count(Where(workflow=name, counts="open")) for name in names}


def _change(definition: Definition, library: Library) -> Change:
    current = library.definitions.get((definition.kind, definition.name))
    before = current.hash if current else None
    if before is None:
        action: Literal["new", "changed", "unchanged"] = "new"
    else:
        action = "unchanged" if before == definition.hash else "changed"
    return Change(
        kind=definition.kind,
        name=definition.name,
        action=action,
        before=before,
        after=definition.hash,
        differences=tuple(differences(current.canon, definition.canon))
        if current is not None and action == "changed"
        else (),
    )


def publish(tx: Transaction, catalogue: Catalogue, survey: Survey, by: str) -> Plan:
    """Publish what changed, and let the campaigns concerned know."""
    tx.hold(
        looked_at=["definitions"], changed=()
    )  # what is planned must still be so when it is published
    planned = plan(tx, catalogue, survey)
    before = catalogue.library(tx)
    after = {change.after for change in planned.effective}
    changed = [definition for definition in survey.definitions if definition.hash in after]
    for definition in changed:
        tx.publish(
            Published(
                hash=definition.hash,
                kind=definition.kind,
                name=definition.name,
                canon=definition.canon,
                source=_source(definition),
            )
        )
        tx.activate(definition.kind, definition.name, definition.hash, by)
    told = _campaigns(changed)
    for name in told:
        _announce(tx, catalogue, name, by)
    if any(definition.kind in {"calendar", "organisation"} for definition in changed):
        _wake_others(tx, catalogue, told)
    wake_concerned(tx, catalogue, before)
    return planned


def _source(definition: Definition) -> dict[str, Plain]:
    places: dict[str, Plain] = {
        ".".join(str(step) for step in path): _stored(place, definition.source.file)
        for path, place in definition.source.places.items()
        if path and len(path) <= _DEEPEST_PLACE
    }
    # A long list of units needs no map: nothing cites one of them.
    kept = places if definition.kind in {"workflow", "ladder", "campaign", "phase"} else {}
    return {"file": _name(definition.source.file), "places": kept}


def _stored(place: Place, file: str) -> Plain:
    """The line and column; of a part that was inherited, the file that it came from too."""
    inherited = [] if place.file == file else [_name(place.file)]
    return [place.line, place.column, *inherited]


def _name(file: str) -> str:
    return file.replace("\\", "/").rsplit("/", 1)[-1]


def _campaigns(changed: Iterable[Definition]) -> list[str]:
    names: dict[str, None] = {}
    for definition in changed:
        if definition.kind == "campaign":
            names[definition.name] = None
        elif isinstance(definition.model, Phase):
            names[definition.model.campaign] = None
    return list(names)


def _wake_others(tx: Transaction, catalogue: Catalogue, told: Sequence[str]) -> None:
    """Let campaigns look again at what falls due when: days are counted otherwise now."""
    for name in catalogue.library(tx).campaigns:
        case_id = campaign_case_id(name)
        if name not in told and tx.case(case_id) is not None:
            tx.wake(case_id, TIMER_NAME, tx.now())


def _announce(tx: Transaction, catalogue: Catalogue, name: str, by: str) -> None:
    library = catalogue.library(tx)
    campaign = library.campaigns.get(name)
    if campaign is None:
        return
    edition = catalogue.edition(tx)
    world = catalogue.campaign_world(edition, campaign, tx.now())
    case = tx.lock(campaign_case_id(name))
    rules = library.definitions["campaign", name].hash
    decision = decide_published(
        campaign,
        catalogue.agenda(edition, campaign),
        rules,
        case,
        Actor(person=by, authenticated_by="publishing"),
        world,
    )
    write = Write(
        case=decision.case,
        before=decision.before,
        entries=decision.entries,
        timers=decision.timers,
    )
    with racing():
        tx.write(write)
