"""Collecting faults: where each stands is a path into its definition, made a place at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from duban.engine.errors import Fault, InvalidDefinition, Place

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The file that a definition was read from, and the place of each of its parts."""

    file: str
    places: Mapping[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """Return the place of *path*, or of the nearest part around it."""
        for length in range(len(path), -1, -1):
            found = self.places.get(path[:length])
            if found is not None:
                return found
        return Place(self.file)


@dataclass(slots=True)
class Report:
    """The faults of several definitions; each definition is named by its kind and name."""

    sources: Mapping[str, SourceMap] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add(self, origin: str, path: Path, code: str, en: str, zh: str) -> None:
        """Note a fault at *path* of the definition *origin* (``workflow:hazard``)."""
        source = self.sources.get(origin, SourceMap(origin))
        fault = Fault(code, source.place(path), en, zh)
        if fault not in self.faults:
            self.faults.append(fault)

    def finish(self) -> None:
        """Raise all faults together, in order of place, if there are any."""
        if self.faults:
            raise InvalidDefinition(sorted(self.faults, key=lambda fault: fault.place))
