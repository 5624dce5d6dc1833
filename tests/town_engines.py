"""The fixture that makes a town. A module asks for it by ``pytest_plugins``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from town import HAZARD, REVIEW, Town, local

import duban


@pytest.fixture(params=["memory", "sqlite"])
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    """Make an engine with the town's definitions in force, at the beginning of a day."""
    made: list[duban.Engine] = []

    def make(*texts: str, on: str = "2021-01-01") -> duban.Engine:
        engine = duban.connect(tiny.url(request.param, tmp_path), virtual=local(on), seed=1)
        folder = tiny.write(tmp_path / "defs", hazard=HAZARD, review=REVIEW)
        for number, text in enumerate(texts):
            (folder / f"given{number}.yaml").write_text(text, encoding="utf-8")
        engine.apply(str(folder))
        made.append(engine)
        return engine

    yield make
    for engine in made:
        engine.close()
