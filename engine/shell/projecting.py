"""Which cases are concerned when the dates of a campaign or the days of a calendar change.

They get a timer that is due at once, in the transaction that publishes. The sweep does the rest, in
its own bounded transactions: exactly once, after a crash too, and one bad case is set aside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from duban.engine.definition.campaign import Campaign
from duban.engine.definition.following import DATES, uses_any
from duban.engine.definition.library import Library
from duban.engine.definition.machine import Machine
from duban.engine.ports import Transaction, Where
from duban.engine.shell.catalogue import Catalogue, is_campaign

AUTO = "auto"
"""The timer of a case that looks again at what it follows. Due now, it is looked at in the sweep."""


def wake_concerned(tx: Transaction, catalogue: Catalogue, before: Library) -> int:
    """Let the cases look again whose dates may have moved since *before*; return how many."""
    after = catalogue.library(tx)
    woken = 0
    for name in _moved_campaigns(before, after):
        where = Where(campaign=name, counts="open")
        woken += _wake(tx, catalogue, where, lambda machine: uses_any(machine, frozenset(DATES)))
    changed = {name for name in after.calendars if _days(after, name) != _days(before, name)}
    if changed:
        where = Where(counts="open")
        woken += _wake(tx, catalogue, where, lambda machine: machine.calendar in changed)
    if _organisation(after) != _organisation(before):
        woken += _wake(tx, catalogue, Where(counts="open"), _looks_up)
    return woken


def _organisation(library: Library) -> set[str]:
    return {definition.hash for definition in library.of_kind("organisation").values()}


def _looks_up(machine: Machine) -> bool:
    """Whether cases watch what is below a unit: with the organisation, that is something else."""
    return any(
        fact.model.of in ("below", "up") or fact.model.of.startswith("up.")
        for fact in machine.facts.values()
    )


def _days(library: Library, calendar: str) -> str | None:
    known = library.definitions.get(("calendar", calendar))
    return known.hash if known else None


def _moved_campaigns(before: Library, after: Library) -> Iterator[str]:
    for name, campaign in after.campaigns.items():
        known = before.campaigns.get(name)
        if known is not None and _dates(known) != _dates(campaign):
            yield name


def _dates(campaign: Campaign) -> list[tuple[str, str | None, str | None]]:
    phases = [(phase.phase, phase.from_, phase.to) for phase in campaign.phases]
    return [("", campaign.begins, campaign.ends), *sorted(phases)]


def _wake(
    tx: Transaction, catalogue: Catalogue, where: Where, concerned: Callable[[Machine], bool]
) -> int:
    """Wake the cases of *where* whose rules are *concerned*; what waits has nothing that moves."""
    # The rules of all cases are few; each is compiled once.
    in_use = {rules: _machine(tx, catalogue, rules) for rules in tx.rules(where)}
    machines = {
        rules: machine for rules, machine in in_use.items() if machine and concerned(machine)
    }
    # By themselves, cases also move without a clock that runs.
    alone = [rules for rules, machine in machines.items() if machine.automatic or _begins(machine)]
    timed = [rules for rules in machines if rules not in alone]
    woken = 0
    for rules, running in ((alone, None), (timed, True)):
        if rules:
            chosen = Where(campaign=where.campaign, counts="open", rules=rules, running=running)
            woken += tx.wake_all(chosen, AUTO, tx.now())
    return woken


def _begins(machine: Machine) -> bool:
    """Whether a clock may begin only now that what it follows has a date."""
    return any(deadline.model.live for deadline in machine.deadlines.values())


def _machine(tx: Transaction, catalogue: Catalogue, rules: str) -> Machine | None:
    document = tx.document(rules)
    if document is None or is_campaign(document.name) or document.kind == "campaign":
        return None
    return catalogue.machine(tx, rules)
