"""Which definitions the invariants are tried on, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from duban.adapters.scenarios.reading import Script, bare_script, find_scenarios, read_scenario
from duban.adapters.scenarios.stage import Stage
from duban.adapters.scenarios.walking import Walked, hypothesis, walk_all
from duban.engine.errors import BadUsage


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the random lives of the workflows of one set of definitions came to."""

    path: Path
    walked: tuple[Walked, ...]

    @property
    def ok(self) -> bool:
        """Whether every invariant held."""
        return all(walked.broken is None for walked in self.walked)


def hold(paths: Sequence[str | Path], examples: int) -> list[Held]:
    """Return for each set of definitions at *paths* whether the invariants hold in *examples* lives.

    A set is what a scenario uses, with its organisation, once for all that use the same; a path
    without scenarios is a set itself.

    Raises:
        InvalidDefinition: a scenario or a definition has faults.
        NeedsHypothesis: hypothesis is not installed.
    """
    held: list[Held] = []
    seen: set[frozenset[str]] = set()
    with _out_of_sight():
        for script in _scripts(paths):
            stage = Stage(script, quiet=True)
            hashes = frozenset(d.hash for d in stage.library.definitions.values())
            if hashes not in seen:
                seen.add(hashes)
                held.append(Held(path=script.uses[0], walked=tuple(walk_all(stage, examples))))
    return held


@contextmanager
def _out_of_sight() -> Iterator[None]:
    """Keep what hypothesis writes down out of the folder of the definitions."""
    hypothesis()
    from hypothesis.configuration import set_hypothesis_home_dir

    with TemporaryDirectory() as folder:
        set_hypothesis_home_dir(folder)
        try:
            yield
        finally:
            set_hypothesis_home_dir(None)


def _scripts(paths: Sequence[str | Path]) -> Iterator[Script]:
    for path in map(Path, paths):
        try:
            found = find_scenarios([path])
        except BadUsage:
            yield bare_script(path)
            continue
        yield from map(read_scenario, found)
