"""What taking transitions writes into an entry: the rules, what was given, the moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duban.engine.core.draft import Draft
from duban.engine.core.verdict import Step
from duban.engine.definition.machine import NEW, Candidate, Machine
from duban.engine.history.evolve import moved
from duban.engine.values.canonical import Plain
from duban.engine.values.command import Note, Open


def merge(draft: Draft, candidates: Sequence[Candidate], inputs: Mapping[str, Plain]) -> None:
    """Note in *draft* the rules, and what was given: it fills fields, or stays in the entry."""
    draft.members["rule"] = "+".join(candidate.place for candidate in candidates)
    cites = list(dict.fromkeys(cited for c in candidates for cited in c.cites))
    if cites:
        draft.members["cites"] = cites
    fills = {name for candidate in candidates for name in candidate.fills}
    draft.sets.update({n: v for n, v in inputs.items() if n in fills})
    draft.inputs.update({n: v for n, v in inputs.items() if n not in fills})


def move(machine: Machine, draft: Draft, step: Step) -> None:
    """Note in *draft* that *step* is taken in its region."""
    candidate, source = step.candidate, step.state
    if candidate.reopen:
        draft.members["episode"] = draft.case.episode + 1
    if candidate.dest is None:
        return
    dest = source if candidate.dest == "=" else candidate.dest
    begun = machine.workflow.regions.beginnings.values() if source == NEW else ()
    draft.moves.extend((entered_region(machine, name), source, name) for name in (dest, *begun))
    counts = counted(machine, moved(draft.case, draft.moves, draft.effective)[0])
    if counts != draft.case.counts:
        draft.members["counts"] = counts
    else:
        draft.members.pop("counts", None)


def entered_region(machine: Machine, state: str) -> str:
    """Return the region of *state* as an entry has it: the first one goes without saying."""
    regions = machine.workflow.regions
    return "" if regions.of(state) in (None, regions.first) else machine.states[state].region


def resting(draft: Draft) -> list[Plain]:
    """Return the other cases that this entry opens or fires: they are flagged if it is struck."""
    commands = [command for command in draft.commands if not isinstance(command, Note)]
    found = [command.id if isinstance(command, Open) else command.case for command in commands]
    return [other for other in dict.fromkeys(found) if other and other != draft.case.id]


def counted(machine: Machine, states: Sequence[str]) -> str:
    """Return how a case in *states* counts: closed when every region that can end has ended.

    One void region makes it void.
    """
    ending = machine.workflow.regions.ending(states) or states
    counts = [machine.states[state].counted for state in ending]
    if "open" in counts:
        return "open"
    return "void" if "void" in counts else "closed"
