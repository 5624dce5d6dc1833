"""Carrying the cases of an earlier campaign over, a batch to each transaction, each case once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from duban.engine.core.campaign import campaign_case_id, decide_happening, decide_noted
from duban.engine.core.carrying import decide_carried
from duban.engine.core.course import Decision
from duban.engine.core.schedule import Happening
from duban.engine.core.world import World
from duban.engine.definition.campaign import Campaign
from duban.engine.definition.lists import CarryOver
from duban.engine.ports import Transaction, Where
from duban.engine.shell.catalogue import Catalogue
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case
from duban.engine.values.command import Cause

BATCH = 500
_RULE = "carry_over"


def carry(
    tx: Transaction,
    catalogue: Catalogue,
    campaign: Campaign,
    case: Case,
    happening: Happening,
    world: World,
    write: Callable[[Decision], None],
) -> tuple[Case, bool]:
    """Carry a batch over to *campaign*, whose case is *case*; return it, and whether that was all.

    Both campaigns list in their histories which cases went.
    """
    wanted = campaign.carry_over
    assert wanted is not None
    agenda = catalogue.agenda(catalogue.edition(tx), campaign)
    cases = _batch(tx, wanted)
    earlier = sum(trigger.startswith(f"{happening.key}:") for trigger in case.times)
    if not cases:
        measure: dict[str, Plain] = {"from": wanted.from_, "batches": earlier}
        decision = decide_happening(campaign, agenda, case, happening, measure, world)
        write(decision)
        return decision.case, True
    ids = [carried.id for carried in cases]
    told: dict[str, Plain] = {"from": wanted.from_, "cases": ids}
    number = earlier + 1
    decision = decide_noted(agenda, case, "carry", f"{happening.key}:{number}", told, world)
    write(decision)
    cause = Cause(case=case.id, seq=decision.case.version, rule=_RULE)
    for carried in cases:
        write(decide_carried(carried, campaign.campaign, cause, world))
    _tell(tx, catalogue, wanted.from_, campaign.campaign, number, ids, world.now, write)
    return decision.case, False


def _batch(tx: Transaction, wanted: CarryOver) -> list[Case]:
    """Return some of the cases that are to go, held and as they stand now."""
    counts = None if wanted.counts == "any" else wanted.counts
    found: list[Case] = []
    for workflow in wanted.of:
        where = Where(workflow=workflow, campaign=wanted.from_, counts=counts)
        for seen in tx.find(where, limit=BATCH - len(found)).cases if len(found) < BATCH else ():
            case = tx.lock(seen.id)
            # Whoever held it meanwhile may have closed it.
            if case is not None and case.campaign == wanted.from_ and counts in (None, case.counts):
                found.append(case)
    return found


def _tell(
    tx: Transaction,
    catalogue: Catalogue,
    name: str,
    to: str,
    number: int,
    ids: list[str],
    now: datetime,
    write: Callable[[Decision], None],
) -> None:
    """Let the earlier campaign list what left it."""
    edition = catalogue.edition(tx)
    left, case = edition.library.campaigns.get(name), tx.lock(campaign_case_id(name))
    if left is None or case is None:
        return
    agenda, world = catalogue.agenda(edition, left), catalogue.campaign_world(edition, left, now)
    told: dict[str, Plain] = {"to": to, "cases": ids}
    write(decide_noted(agenda, case, "carry", f"carried:{to}:{number}", told, world))
