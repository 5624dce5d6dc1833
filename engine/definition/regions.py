"""The regions of a workflow: states that stand side by side, a case being in one of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Protocol


class InRegion(Protocol):
    """What a state says of its region."""

    @property
    def region(self) -> str: ...

    @property
    def initial(self) -> bool: ...

    @property
    def final(self) -> bool: ...


class Regions:
    """Answers questions about the regions of *states*; a case begins in the first of them."""

    def __init__(self, states: Mapping[str, InRegion]) -> None:
        self._states = states

    @cached_property
    def states(self) -> Mapping[str, tuple[str, ...]]:
        """The states of each region, in order of first appearance."""
        found: dict[str, tuple[str, ...]] = {}
        for name, state in self._states.items():
            found[state.region] = (*found.get(state.region, ()), name)
        return found

    @cached_property
    def first(self) -> str:
        """The region in which `open` leads to a state."""
        return next(iter(self.states), "main")

    @cached_property
    def beginnings(self) -> Mapping[str, str]:
        """The state in which each further region begins."""
        return {
            region: name
            for region, names in self.states.items()
            for name in names
            if region != self.first and self._states[name].initial
        }

    @cached_property
    def _that_end(self) -> frozenset[str]:
        return frozenset(state.region for state in self._states.values() if state.final)

    def of(self, state: str) -> str | None:
        """Return the region of *state*; None when there is no such state."""
        return self._states[state].region if state in self._states else None

    def ending(self, states: Collection[str]) -> tuple[str, ...]:
        """Return those of *states* that lie in regions with a final state."""
        return tuple(state for state in states if self.of(state) in self._that_end)

    def over(self, states: Collection[str]) -> bool:
        """Return whether a case in *states* is over: final in every region that can end."""
        ending = self.ending(states)
        return bool(ending) and all(self._states[state].final for state in ending)

    def not_final(self, region: str) -> tuple[str, ...]:
        """Return the states of *region* that end nothing."""
        return tuple(n for n in self.states.get(region, ()) if not self._states[n].final)
