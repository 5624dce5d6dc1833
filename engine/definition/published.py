"""A definition on its way to being published: its model, its canonical bytes, where it was read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from duban.engine.definition.base import Model
from duban.engine.definition.campaign import Campaign, Phase
from duban.engine.definition.faults import SourceMap
from duban.engine.definition.organisation import CalendarFile, Organisation
from duban.engine.definition.workflow import Ladder, Workflow
from duban.engine.errors import Fault
from duban.engine.values.canonical import canonical, read

KINDS: dict[str, type[Model]] = {
    "workflow": Workflow,
    "ladder": Ladder,
    "campaign": Campaign,
    "phase": Phase,
    "calendar": CalendarFile,
    "organisation": Organisation,
}


@dataclass(frozen=True)
class Definition:
    """One definition of a kind and a name."""

    kind: str
    name: str
    model: Model
    source: SourceMap

    @property
    def origin(self) -> str:
        """How faults name it."""
        return f"{self.kind}:{self.name}"

    @cached_property
    def canon(self) -> bytes:
        """Its canonical bytes: formatting, comments and key order do not count."""
        return canonical(self.model.plain())

    @cached_property
    def hash(self) -> str:
        """The hash of its canonical bytes: its identity."""
        return sha256(self.canon).hexdigest()


@dataclass(frozen=True, slots=True)
class Survey:
    """What a source of definitions holds: those that can be read, and what is wrong with the rest.

    `unread` names what could not be read (``workflow:hazard``; ``*``: it does not say what it is).
    """

    definitions: tuple[Definition, ...]
    faults: tuple[Fault, ...] = ()
    unread: frozenset[str] = frozenset()


def read_definition(kind: str, name: str, canon: bytes, source: SourceMap) -> Definition:
    """Return the definition that was stored as *canon*."""
    return Definition(kind, name, KINDS[kind].model_validate(read(canon)), source)
