"""The meaning of a definition is that of `transitions`: the one file that builds its machine.

Production runs on the compiled table. This machine validates a definition when it is loaded and is
the oracle of the table in tests. Conditions are callables of ours, never strings: the library
imports and runs dotted names. Regions side by side are the parallel states of its hierarchical
machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from transitions import Machine as Library
from transitions import MachineError
from transitions.extensions.nesting import HierarchicalMachine, NestedState

from duban.engine.definition.machine import NEW, Candidate

Answer = Callable[[str, int], bool]
# The states before, one for each region, and a trigger; the transitions taken, one for each region
# that knows the trigger, and the states after. None: it is refused.
Ask: TypeAlias = Callable[[Sequence[str], str], "tuple[tuple[int, ...], tuple[str, ...]] | None"]

_ALL = "all"


class Token:
    """The object that `transitions` moves; it lives for one question."""

    state: str | list[str]
    trigger: Callable[[str], bool]


class _State(NestedState):
    """A state of a region. The sign between the names is none that a name may hold."""

    separator = "/"


class _SideBySide(HierarchicalMachine):
    state_cls = _State


def build(
    regions: Mapping[str, Sequence[str]], candidates: Iterable[Candidate], answer: Answer
) -> Ask:
    """Return a function that says, for states and a trigger, what `transitions` does.

    *regions* has the states of each region. *answer* decides conditions: ``answer("conditions.2",
    7)`` is condition 2 of transition 7. Where a region knows the trigger and takes no transition,
    the whole is refused: that a trigger moves all regions or none is what we add to the library.

    Raises:
        ValueError, MachineError: `transitions` does not accept the definition.
    """
    known = list(candidates)
    seen: list[str] = []
    taken: dict[str, int] = {}
    paths = _paths(regions)
    table = list(_rows(known, answer, paths, seen, taken))
    library = _library(regions, table)
    names = {path: name for name, path in paths.items()}

    def ask(states: Sequence[str], trigger: str) -> tuple[tuple[int, ...], tuple[str, ...]] | None:
        token = Token()
        here = [paths[state] for state in states]
        library.add_model(token, initial=here if len(here) > 1 else here[0])
        seen.clear()
        taken.clear()
        try:
            token.trigger(trigger)
        except (MachineError, AttributeError):
            return None
        finally:
            library.remove_model(token)
        if not taken or set(seen) != taken.keys():
            return None
        after = [token.state] if isinstance(token.state, str) else token.state
        return tuple(taken[s] for s in states if s in taken), tuple(names[path] for path in after)

    return ask


def _paths(regions: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return what the library calls each state."""
    if len(regions) == 1:
        return {NEW: NEW, **{name: name for names in regions.values() for name in names}}
    return {
        NEW: NEW,
        **{name: f"{_ALL}/{region}/{name}" for region, names in regions.items() for name in names},
    }


def _library(regions: Mapping[str, Sequence[str]], table: list[dict[str, Any]]) -> Any:
    how: dict[str, Any] = {
        "model": None,
        "transitions": table,
        "initial": NEW,
        "auto_transitions": False,
    }
    if len(regions) == 1:
        return Library(states=[NEW, *next(iter(regions.values()))], **how)
    parallel = [
        {"name": region, "children": list(names), "initial": names[0]}
        for region, names in regions.items()
    ]
    return _SideBySide(states=[NEW, {"name": _ALL, "parallel": parallel}], **how)


def _rows(
    candidates: Iterable[Candidate],
    answer: Answer,
    paths: Mapping[str, str],
    seen: list[str],
    taken: dict[str, int],
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the library's table; each notes when it is looked at and when it is taken."""

    def condition(kind: str, number: int, index: int) -> Callable[[], bool]:
        return lambda: answer(f"{kind}.{number}", index)

    def look(source: str) -> Callable[[], None]:
        return lambda: seen.append(source)

    def note(source: str, index: int) -> Callable[[], None]:
        return lambda: taken.update({source: index})

    for candidate in candidates:
        if candidate.trigger is None:
            continue
        index = candidate.index
        for source in sorted(candidate.sources):
            yield {
                "trigger": candidate.trigger,
                "source": paths.get(source, source),
                "dest": paths.get(candidate.dest or "", candidate.dest),
                "prepare": look(source),
                "conditions": [
                    condition("conditions", n, index) for n in range(len(candidate.conditions))
                ],
                "unless": [condition("unless", n, index) for n in range(len(candidate.unless))],
                "before": note(source, index),
            }
