from __future__ import annotations

from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.errors import UnknownWorkflow
from duban.engine.shell.publishing import publish

pytest_plugins = ["tiny_engines"]


def _actions(plan: duban.Plan) -> dict[str, str]:
    return {change.name: change.action for change in plan.changes}


def test_a_plan_says_what_is_new_changed_and_unchanged_and_changes_nothing(
    engine: duban.Engine, tmp_path: Path
) -> None:
    folder = tiny.write(
        tmp_path / "more",
        campaign=True,
        steps=tiny.STEPS.replace("repeat: 5 days", "repeat: 6 days"),
    )
    before = engine.published()
    plan = engine.plan(str(folder))
    assert _actions(plan) == {
        "drive": "new",
        "plain": "unchanged",
        "tiny": "unchanged",
        "fix": "unchanged",
        "fragile": "unchanged",
        "steps": "changed",
        "trap": "unchanged",
    }
    assert {change.name for change in plan.effective} == {"drive", "steps"}
    assert engine.published() == before


def test_applying_twice_changes_nothing_the_second_time(
    engine: duban.Engine, tmp_path: Path
) -> None:
    before = engine.published()
    assert engine.apply(str(tmp_path / "defs")).effective == ()
    assert engine.published() == before


def test_comments_and_layout_are_no_change(engine: duban.Engine, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "same", steps="# a comment\n\n" + tiny.STEPS)
    assert engine.plan(str(folder)).effective == ()


def test_what_was_published_names_who_and_when(engine: duban.Engine, tmp_path: Path) -> None:
    engine.set_clock(tiny.START + tiny.DAY)
    text = tiny.STEPS.replace("5 days", "7 days")
    engine.apply(str(tiny.write(tmp_path / "more", steps=text)), by="officer-li")
    found = {activation.name: activation for activation in engine.published()}
    assert (found["steps"].by, found["steps"].at) == ("officer-li", tiny.START + tiny.DAY)
    assert (found["fix"].by, found["fix"].at) == ("operator", tiny.START)


def test_one_file_can_be_applied_alone_and_is_checked_with_what_is_in_force(
    engine: duban.Engine, tmp_path: Path
) -> None:
    ladder = tmp_path / "steps.yaml"
    ladder.write_text(tiny.STEPS.replace("5 days", "7 days"), encoding="utf-8")
    assert _actions(engine.apply(str(ladder))) == {"steps": "changed"}
    ladder.write_text(tiny.STEPS.replace("[owner, chief]", "[owner, mayor]"), encoding="utf-8")
    with pytest.raises(duban.InvalidDefinition, match="mayor"):
        engine.apply(str(ladder))


FAULTY = (
    tiny.WORKFLOW.replace("dest: doing, by: [worker], then", "dest: dooing, by: [worker], then")
    .replace("requires: [title]", "requires: [titel]")
    .replace("owner: worker", "owner: wroker")
)
MISWRITTEN = tiny.WORKFLOW.replace("limit: setting.limit", "limit: setting.limmit").replace(
    "not_by: [finish]", "not_by: [finish], conditions: case.wieght > 1"
)


@pytest.mark.parametrize(
    ("text", "words"),
    [(FAULTY, ("dooing", "titel", "wroker")), (MISWRITTEN, ("limmit", "wieght"))],
)
def test_every_fault_is_reported_with_file_line_and_column(
    engine: duban.Engine, tmp_path: Path, text: str, words: tuple[str, ...]
) -> None:
    folder = tiny.write(tmp_path / "bad", fix=text)
    with pytest.raises(duban.InvalidDefinition) as refused:
        engine.apply(str(folder))
    told = str(refused.value)
    for word in words:
        line = next(n for n, row in enumerate(text.splitlines(), 1) if word in row)
        assert any(
            fault.place.line == line and word in fault.en and fault.place.column > 1
            for fault in refused.value.faults
        ), (word, told)
        assert f"fix.yaml:{line}:" in told


def test_the_faults_of_all_files_are_reported_together(
    engine: duban.Engine, tmp_path: Path
) -> None:
    ladder = tiny.STEPS.replace("at: due", "at: someday")
    calendar = tiny.CALENDAR.replace("saturday", "caturday")
    folder = tiny.write(tmp_path / "bad", steps=ladder, calendar=calendar)
    with pytest.raises(duban.InvalidDefinition) as refused:
        engine.apply(str(folder))
    files = {fault.place.file.rsplit("/")[-1] for fault in refused.value.faults}
    assert files == {"steps.yaml", "calendar.yaml"}


def test_a_faulty_definition_publishes_nothing_at_all(engine: duban.Engine, tmp_path: Path) -> None:
    before = engine.published()
    folder = tiny.write(
        tmp_path / "bad", fix=FAULTY, steps=tiny.STEPS.replace("5 days", "9 days"), campaign=True
    )
    with pytest.raises(duban.InvalidDefinition):
        engine.apply(str(folder))
    assert engine.published() == before
    assert engine.tally()["cases"] == 0
    assert engine.plan(str(tmp_path / "defs")).effective == ()


def test_a_store_without_definitions_says_that_there_is_no_workflow(
    kind: str, tmp_path: Path
) -> None:
    engine = tiny.engine(tiny.url(kind, tmp_path))
    with pytest.raises(UnknownWorkflow, match="no workflow 'fix'"):
        tiny.opened(engine)
    engine.close()


def test_another_process_sees_what_was_published_since(tmp_path: Path) -> None:
    address = tiny.url("sqlite", tmp_path)
    first = tiny.engine(address, tmp_path / "defs")
    second = tiny.engine(address)
    assert tiny.opened(second).state == "reported"
    looser = tiny.WORKFLOW.replace("limit: 5 workdays", "limit: 9 workdays")
    first.apply(str(tiny.write(tmp_path / "more", fix=looser)))
    assert tiny.opened(second).clocks["repair"].span == "9 workdays"
    first.close()
    second.close()


def test_publishing_that_is_undone_leaves_nothing_behind_in_memory(
    file: duban.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The revision that was undone comes again with other contents, from another process."""

    def broken(*args: object) -> None:
        publish(*args)  # type: ignore[arg-type]  # passed on as they came
        message = "the disk is full"
        raise OSError(message)

    def limit(days: int) -> str:
        text = tiny.WORKFLOW.replace("limit: 5 workdays", f"limit: {days} workdays")
        return str(tiny.write(tmp_path / f"more-{days}", fix=text, campaign=True))

    other = tiny.engine(tiny.url("sqlite", tmp_path))
    monkeypatch.setattr("duban.engine.shell.engine.publish", broken)
    with pytest.raises(OSError, match="disk"):
        file.apply(limit(9))
    monkeypatch.undo()
    other.apply(limit(7))
    assert tiny.opened(file).clocks["repair"].span == "7 workdays"
    other.close()


# Under these rules, whoever finishes without a note drops the case.
SHORTER = tiny.WORKFLOW.replace(
    "  - {trigger: finish,",
    "  - {trigger: finish, source: doing, dest: dropped, by: [worker], unless: given.note}\n"
    "  - {trigger: finish,",
)


def test_a_running_case_stays_on_its_rules_when_workflow_and_ladder_change(
    engine: duban.Engine, tmp_path: Path
) -> None:
    old = tiny.opened(engine)
    changed = SHORTER.replace("limit: 5 workdays", "limit: 2 workdays")
    ladder = "ladder: steps\nrungs:\n  - {rung: shout, at: due, then: [{notify: [chief]}]}\n"
    engine.apply(str(tiny.write(tmp_path / "more", fix=changed, steps=ladder)))
    new = tiny.opened(engine)
    assert new.rules != old.rules
    assert (new.clocks["repair"].span, old.clocks["repair"].span) == ("2 workdays", "5 workdays")
    engine.set_clock(tiny.START + 8 * tiny.DAY)
    engine.sweep()
    assert _rungs(engine, old) == ["remind", "urge"]
    assert _rungs(engine, new) == ["shout"]
    for case, end in ((old, "checking"), (new, "dropped")):
        engine.fire(case.id, "start", actor=tiny.ANN)
        assert engine.fire(case.id, "finish", actor=tiny.ANN).state == end
    assert engine.case(old.id).rules == old.rules
    assert engine.verify().holds


def _rungs(engine: duban.Engine, case: duban.Case) -> list[str]:
    return [e.body["rung"]["name"] for e in engine.history(case.id) if e.kind == "rung"]


def test_a_running_case_stays_on_its_rules_when_the_phase_changes(drive: duban.Engine) -> None:
    old = tiny.opened(drive)
    drive.set_clock(tiny.START.replace(month=4, day=3))
    new = tiny.opened(drive)
    assert (old.phase, new.phase) == ("first", "second")
    assert (old.clocks["repair"].span, new.clocks["repair"].span) == ("5 workdays", "3 workdays")
    drive.sweep()
    again = drive.fire(old.id, "start", actor=tiny.ANN)
    assert (again.rules, again.clocks["repair"].span) == (old.rules, "5 workdays")


def test_the_rules_of_a_running_case_survive_a_restart(tmp_path: Path) -> None:
    address = tiny.url("sqlite", tmp_path)
    first = tiny.engine(address, tmp_path / "defs")
    old = tiny.opened(first)
    first.apply(str(tiny.write(tmp_path / "more", fix=SHORTER)))
    first.close()
    second = tiny.engine(address)
    second.fire(old.id, "start", actor=tiny.ANN)
    assert second.fire(old.id, "finish", actor=tiny.ANN).state == "checking"
    assert second.verify().holds
    second.close()
