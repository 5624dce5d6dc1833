"""One rung of a ladder: what its entry says, and what it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from duban.engine.core.draft import Draft
from duban.engine.core.effects import Effects
from duban.engine.core.scope import Scope
from duban.engine.core.texts import Occasion
from duban.engine.definition.machine import CompiledDeadline, CompiledRung, Machine
from duban.engine.timing.instants import format_instant
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Clock

# A deadline and the round of its ladder: within them rungs are numbered.
Key = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Climb:
    """The next rung of a deadline whose clock stands at *clock* and is due at *due*."""

    deadline: CompiledDeadline
    clock: Clock
    due: datetime

    @property
    def key(self) -> Key:
        """The deadline and the round."""
        return self.deadline.name, self.clock.round

    @property
    def number(self) -> int:
        """The number of the rung in its round, from 0."""
        return self.clock.rung

    @property
    def rung(self) -> CompiledRung:
        """The rung; past the end of the ladder, its last one again."""
        return self._numbered(self.number)

    def _numbered(self, number: int) -> CompiledRung:
        return self.deadline.rungs[min(number, len(self.deadline.rungs) - 1)]

    def told(self, late: timedelta) -> dict[str, Plain]:
        """Return what the entry says of the rung, recorded *late* after its instant."""
        told: dict[str, Plain] = {
            "rung": {
                "deadline": self.deadline.name,
                "round": self.clock.round,
                "rung": self.number,
                "name": self.rung.name,
                "due": format_instant(self.due),
                "late": max(0, late.days),
            },
            "rule": self.rung.place,
        }
        if self.rung.cites:
            told["cites"] = list(self.rung.cites)
        return told

    def carry_out(
        self, draft: Draft, machine: Machine, missed: Sequence[int], *, silent: bool
    ) -> None:
        """Carry out the effects; those whom only the *missed* rungs would have told get a digest."""
        world = draft.world
        before = [self._numbered(number) for number in missed]
        occasion = Occasion(
            title=self.rung.title,
            owner=self.deadline.model.owner,
            due=self.due,
            late=max(0, (draft.effective - self.due).days),
            missed=tuple(rung.title.get(world.lang, rung.name) for rung in before),
        )
        scope = Scope(machine, draft.case, world.as_of(draft.effective))
        effects = Effects(draft, scope, occasion, silent=silent)
        effects.run(self.rung.effects)
        if not silent:
            told = [e for rung in before for e in rung.effects if e.action == "notify"]
            # A rung that repeated a hundred times would have told the same people each time.
            effects.digest(list({effect.place: effect for effect in told}.values()))
