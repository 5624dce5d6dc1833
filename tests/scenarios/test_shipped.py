"""Every scenario that ships is played: what the definitions are said to do, they do."""

from __future__ import annotations

from pathlib import Path

import pytest

from duban.adapters.scenarios.playing import play
from duban.adapters.scenarios.reading import find_scenarios, read_scenario
from duban.workflows.loader import FileLoader

WORKFLOWS = Path(__file__).parent.parent.parent / "workflows"
SHIPPED = find_scenarios([WORKFLOWS])


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: str(f.relative_to(WORKFLOWS)))
def test_what_ships_goes_as_its_scenario_says(file: Path) -> None:
    played = play(read_scenario(file))
    assert [d.text("en") for failure in played.failures for d in failure.differences] == []
    assert played.left == 0


def test_no_scenario_is_published_with_the_definitions_beside_it() -> None:
    assert SHIPPED
    files = {Path(definition.source.file) for definition in FileLoader().load(str(WORKFLOWS))}
    assert files.isdisjoint(SHIPPED)
