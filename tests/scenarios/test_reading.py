from __future__ import annotations

from pathlib import Path

import pytest
from plays import OPEN, played, script

from duban.adapters.scenarios.reading import find_scenarios, read_scenario
from duban.engine.errors import BadUsage, InvalidDefinition, NotFound
from duban.workflows.loader import FileLoader


def faults(folder: Path, steps: str, head: str = "") -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        played(folder, steps, head)
    return [f"{f.code} {f.place.line}:{f.place.column} {f.en}" for f in caught.value.faults]


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("{at: 2026-02-30}", "DEF-132 3:6 '2026-02-30' is not usable as a date or time: February"),
        ("{at: tomorrow}", "DEF-132 3:6 'tomorrow' is neither a day, such as 2021-03-01, nor a"),
        ("{att: 2026-01-05}", "DEF-012 3:6 unknown key 'att'; did you mean 'at'?"),
        ("{open: fix, fire: start}", "DEF-131 3:5 a step does one thing, not open and fire"),
        ("{open: fix, unit: desk-1}", "DEF-131 3:5 say 'by' whom it is done"),
        ("{open: fix, by: worker}", "DEF-131 3:5 say at which 'unit' it opens"),
        ("{unit: desk-1}", "DEF-131 3:5 'unit' belongs to open, not to a step with nothing to do"),
        ("{find: {as: x}}", "DEF-131 3:6 'find' names the 'workflow' of the case, or the 'camp"),
        ("{open: fix, unit: desk-1, by: {person: a, role: b}}", "DEF-131 3:31 'by' is a role"),
        ("{fire: start, by: worker}", "DEF-133 3:5 say 'on' which case; none was named so far"),
        ("{fire: start, by: worker, on: lam}", "DEF-133 3:31 no case is named 'lam' here"),
        ("{open: fix, as: due, unit: desk-1, by: worker}", "DEF-134 3:5 'due' cannot name a case"),
        ("{expect: {stat: done}}", "DEF-135 3:15 'stat' is neither something to expect nor the na"),
        ("{expect: {state: done}}", "DEF-136 3:6 this step is about no case"),
        ("{expect: {refused: true}}", "DEF-136 3:6 nothing is asked here that could be refused"),
        (OPEN + ", expect: {due: {repair: soon}}}", "DEF-132 3:"),
        (OPEN + ", expect: {episode: two}}", "DEF-015 3:"),
    ],
)
def test_what_is_wrong_with_a_step_is_told_at_its_place(
    tmp_path: Path, step: str, said: str
) -> None:
    assert [text[: len(said)] for text in faults(tmp_path, f"- {step}")][:1] == [said]


@pytest.mark.parametrize(
    ("step", "code", "near"),
    [
        (OPEN.replace("open: fix", "open: fixx") + "}", "DEF-039", "fix"),
        (OPEN.replace("desk-1", "desk-11") + "}", "DEF-063", "desk-1"),
        (OPEN.replace("by: worker", "by: wroker") + "}", "DEF-033", "worker"),
        (OPEN.replace("weight:", "wieght:") + "}", "DEF-037", "weight"),
        (OPEN + ", expect: {state: reportd}}", "DEF-020", "reported"),
        (OPEN + ", expect: {due: {repairs: 2026-01-12}}}", "DEF-029", "repair"),
        (OPEN + ", expect: {overdue: repairs}}", "DEF-029", "repair"),
        (OPEN + ", expect: {fields: {titel: x}}}", "DEF-037", "title"),
        (OPEN + ", expect: {times: {strt: 1}}}", "DEF-035", "start"),
        (OPEN + ", expect: {may: {worker: strt}}}", "DEF-035", "start"),
        (OPEN + ", expect: {cases: {fixx: 1}}}", "DEF-039", "fix"),
    ],
)
def test_names_that_no_definition_has_are_told_with_the_nearest(
    tmp_path: Path, step: str, code: str, near: str
) -> None:
    (said,) = faults(tmp_path, f"- {step}")
    assert said.startswith(f"{code} 3:")
    assert f"did you mean '{near}'?" in said


def test_a_trigger_and_a_fact_are_looked_for_in_the_workflow_of_the_case(tmp_path: Path) -> None:
    steps = f"- {OPEN}}}\n- {{fire: spread, by: worker, expect: {{facts: {{open: 1}}}}}}"
    assert [text[:14] for text in faults(tmp_path, steps)] == ["DEF-035 4:6 tr", "DEF-137 4:49 f"]


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    steps = "- {expect: {stat: a}}\n- {expect: {sate: a}}\n- {fire: x, by: y}"
    assert [text[:7] for text in faults(tmp_path, steps)] == ["DEF-135", "DEF-135", "DEF-133"]


def test_faults_of_the_definitions_are_told_where_they_stand(tmp_path: Path) -> None:
    organisation = "organisation: {organisation: x, zone: Asia/Shanghai, kinds: {}, unit: []}\n"
    (said,) = faults(tmp_path, "- {at: 2026-01-05}", organisation)
    assert said.startswith("DEF-012 2:")


def test_a_file_without_a_scenario_is_refused(tmp_path: Path) -> None:
    script(tmp_path, f"- {OPEN}}}")
    with pytest.raises(InvalidDefinition) as caught:
        read_scenario(tmp_path / "fix.yaml")
    assert [fault.code for fault in caught.value.faults] == ["DEF-130"]


def test_scenarios_are_found_below_a_folder_and_are_no_definitions(tmp_path: Path) -> None:
    script(tmp_path, f"- {OPEN}}}")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "b.yaml").write_text("title: x\nscenario: b\nsteps: []\n")
    (tmp_path / "scenarios" / "further.yaml").write_text("workflow: fix\n")
    found = find_scenarios([tmp_path])
    assert found == [tmp_path / "play.yaml", tmp_path / "scenarios" / "b.yaml"]
    names = {definition.name for definition in FileLoader().load(str(tmp_path))}
    assert names == {"fix", "fragile", "steps", "trap", "tiny", "plain"}
    assert read_scenario(found[1]).uses == (tmp_path,)


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadUsage):
        find_scenarios([tmp_path])
    with pytest.raises(NotFound):
        find_scenarios([tmp_path / "nowhere"])
