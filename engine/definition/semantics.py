"""The meaning of a definition is that of `transitions`: the one file that builds its machine.

Production runs on the compiled table. This machine validates a definition when it is loaded and is
the oracle of the table in tests. Conditions are callables of ours, never strings: the library
imports and runs dotted names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from transitions import Machine as Library
from transitions import MachineError

from duban.engine.definition.machine import NEW, Candidate

Answer = Callable[[str, int], bool]


class Token:
    """The object that `transitions` moves; it lives for one question."""

    state: str
    trigger: Callable[[str], bool]


def build(
    states: Iterable[str], candidates: Iterable[Candidate], answer: Answer
) -> Callable[[str, str], tuple[int, str] | None]:
    """Return a function that says, for a state and a trigger, what `transitions` does.

    *answer* decides conditions: ``answer("conditions.2", 7)`` is condition 2 of transition 7. The
    function returns the number of the transition taken and the state after it, or None.

    Raises:
        ValueError, MachineError: `transitions` does not accept the definition.
    """
    taken: list[int] = []

    def condition(kind: str, number: int, index: int) -> Callable[[], bool]:
        return lambda: answer(f"{kind}.{number}", index)

    def note(index: int) -> Callable[[], None]:
        return lambda: taken.append(index)

    table: list[dict[str, Any]] = []
    for candidate in candidates:
        if candidate.trigger is None:
            continue
        index = candidate.index
        table.append(
            {
                "trigger": candidate.trigger,
                "source": sorted(candidate.sources),
                "dest": candidate.dest,
                "conditions": [
                    condition("conditions", n, index) for n in range(len(candidate.conditions))
                ],
                "unless": [condition("unless", n, index) for n in range(len(candidate.unless))],
                "before": note(index),
            }
        )
    known = [NEW, *states]
    library = Library(
        model=None, states=known, transitions=table, initial=NEW, auto_transitions=False
    )

    def ask(state: str, trigger: str) -> tuple[int, str] | None:
        token = Token()
        library.add_model(token, initial=state)
        taken.clear()
        try:
            moved = token.trigger(trigger)
        except (MachineError, AttributeError):
            return None
        finally:
            library.remove_model(token)
        return (taken[0], token.state) if moved else None

    return ask
