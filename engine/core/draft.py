"""An entry in the making: what has changed so far, and what goes out with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

from duban.engine.core.world import World
from duban.engine.definition.fields import Field
from duban.engine.history.entry import Entry, Secret, seal
from duban.engine.history.evolve import MIGRATE, NONE, Move, moved
from duban.engine.timing.instants import format_instant
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case, Clock
from duban.engine.values.command import Cause, Command, Note
from duban.engine.values.forms import actor_form, clock_form
from duban.engine.values.notice import Notice


@dataclass(slots=True, kw_only=True)
class Draft:
    """Collects the changes of one entry on ``case``; `entry` seals them."""

    case: Case
    world: World
    kind: str
    actor: Actor
    effective: datetime
    members: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Plain] = field(default_factory=dict)
    sets: dict[str, Plain] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    clocks: dict[str, Clock] = field(default_factory=dict)
    holds: dict[str, str] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    numbers: dict[str, tuple[str, int]] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    commands: list[Command | Note] = field(default_factory=list)
    strikes: list[int] = field(default_factory=list)
    personal: set[str] = field(default_factory=set)

    @property
    def seq(self) -> int:
        """The number that this entry will have."""
        return self.case.version + 1

    def cause(self, rule: str) -> Cause:
        """Return this entry as the cause of what *rule* of it does."""
        return Cause(case=self.case.id, seq=self.seq, rule=rule)

    def data(self) -> dict[str, Plain]:
        """Return the fields as they stand after what was set so far."""
        merged = {**self.case.data, **self.sets}
        return {name: value for name, value in merged.items() if value != NONE}

    def clock(self, name: str) -> Clock | None:
        """Return the deadline's clock as it stands so far."""
        return self.clocks.get(name) or self.case.clocks.get(name)

    def linked(self, name: str) -> tuple[str, ...]:
        """Return the cases tied under *name*, those of this entry among them."""
        ties = (*self.case.links, *self.links)
        return tuple(dict.fromkeys(other for tie, other in ties if tie == name))

    def preview(self) -> Case:
        """Return the case as it will stand: what deadlines look at."""
        renamed = self.kind == MIGRATE
        states, entered = moved(self.case, self.moves, self.effective, renamed=renamed)
        return replace(
            self.case,
            episode=self.members.get("episode", self.case.episode),
            states=states,
            entered=entered,
            data=self.data(),
            clocks={**self.case.clocks, **self.clocks},
            holds={**self.case.holds, **self.holds},
            links=(*self.case.links, *self.links),
        )

    def entry(self, fields: Mapping[str, Field]) -> Entry:
        """Return the sealed entry. Personal values leave the bytes as commitments."""
        secrets: dict[str, Secret] = {}
        for name, value in self.sets.items():
            if value != NONE and name in fields and fields[name].personal:
                self._hide(f"set.{name}", value, secrets)
        for name in self.personal & self.inputs.keys():
            self._hide(f"input.{name}", self.inputs[name], secrets)
        return seal(self._body(), self.case.head, secrets)

    def _hide(self, path: str, value: Plain, secrets: dict[str, Secret]) -> None:
        salt = sha256(self.world.seed + f"{self.seq}/{path}".encode()).digest()
        secrets[path] = Secret(salt=salt, value=value)

    def _body(self) -> dict[str, Plain]:
        # An entry is never recorded before the one before it, whatever the clock does.
        at = max(self.world.now, self.case.changed)
        body: dict[str, Plain] = {
            "v": 1,
            "case": self.case.id,
            "seq": self.seq,
            "at": format_instant(at),
            "kind": self.kind,
            "actor": actor_form(self.actor),
            **self.members,
        }
        if self.effective != at:
            body["effective"] = format_instant(self.effective)
        parts: dict[str, Plain] = {
            "input": dict(self.inputs),
            "set": dict(self.sets),
            "moves": [list(move) for move in self.moves],
            "clocks": {name: clock_form(clock) for name, clock in self.clocks.items()},
            "holds": dict(self.holds),
            "links": [list(link) for link in self.links],
            "numbers": {name: list(issued) for name, issued in self.numbers.items()},
            "strikes": list(self.strikes),
            "notices": [_notice_form(notice) for notice in self.notices],
        }
        body.update({name: part for name, part in parts.items() if part})
        return body


def _notice_form(notice: Notice) -> dict[str, Plain]:
    form: dict[str, Plain] = {"id": notice.id, "to": notice.to, "channel": notice.channel}
    if notice.person is not None and not notice.to.startswith("party:"):
        form["person"] = notice.person
    if notice.climbed_from is not None:
        form["climbed_from"] = notice.climbed_from
    return form
