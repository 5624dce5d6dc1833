"""A plan says the change in words, and in numbers what would happen at once; nothing is changed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.definition.differences import differences
from duban.engine.values.canonical import Plain, canonical

pytest_plugins = ["tiny_engines"]


def plan(engine: duban.Engine, folder: Path, *, campaign: bool = False, **files: str) -> duban.Plan:
    return engine.plan(str(tiny.write(folder / "changed", campaign=campaign, **files)))


def words(planned: duban.Plan, lang: str = "en") -> list[str]:
    return [d.text(lang) for change in planned.effective for d in change.differences]


def test_what_is_new_gone_or_different_is_said_in_the_authors_words(
    engine: duban.Engine, tmp_path: Path
) -> None:
    text = (
        tiny.WORKFLOW.replace("limit: 5 workdays", "limit: 3 workdays")
        .replace("  weight: number\n", "  size: number\n")
        .replace("[title, weight, due, reporter]", "[title, size, due, reporter]")
        .replace("by: [worker, chief], not_by: [finish]", "by: [chief]")
    )
    planned = plan(engine, tmp_path, fix=text)
    assert words(planned) == [
        "- field weight",
        "+ field size",
        "~ setting limit: 5 workdays → 3 workdays",
        "~ transition open new.asks: title, weight, due, reporter → title, size, due, reporter",
        "~ transition pass checking.by: worker, chief → chief",
        "- transition pass checking.not_by",
    ]
    assert "~ 设置 limit: 5 workdays → 3 workdays" in words(planned, "zh")


def test_a_line_that_only_moved_is_no_difference() -> None:
    rungs: list[Plain] = [{"rung": "a", "at": "due"}, {"rung": "b", "at": "1 days after"}]
    one = canonical({"ladder": "l", "rungs": rungs})
    other = canonical({"ladder": "l", "rungs": [rungs[1], rungs[0]]})
    assert differences(one, other) == []


def test_open_cases_that_keep_their_rules_are_counted(engine: duban.Engine, tmp_path: Path) -> None:
    for _ in range(3):
        tiny.opened(engine)
    text = tiny.WORKFLOW.replace("limit: 5 workdays", "limit: 3 workdays")
    planned = plan(engine, tmp_path, fix=text)
    assert planned.kept == {"fix": 3}
    assert planned.foreseen is not None
    assert (planned.foreseen.moves, planned.foreseen.rungs) == (0, 0)


def test_what_a_campaign_would_open_at_once_is_counted_and_not_opened(
    engine: duban.Engine, tmp_path: Path
) -> None:
    engine.set_clock(engine.now() + timedelta(days=10))
    before = engine.tally()
    planned = plan(engine, tmp_path, campaign=True)
    assert planned.foreseen is not None
    # The monthly duty due on the 20th opens five working days before, at both desks.
    assert planned.foreseen.opened == {"fix": 2}
    assert engine.tally() == before
    assert "campaign" not in {activation.kind for activation in engine.published()}
    engine.apply(str(tmp_path / "changed"))
    assert engine.sweep().opened == 2


def test_what_is_due_anyway_is_not_held_against_the_change(
    engine: duban.Engine, tmp_path: Path
) -> None:
    tiny.opened(engine)
    engine.set_clock(engine.now() + timedelta(days=9))
    planned = plan(engine, tmp_path, campaign=True)
    assert planned.foreseen is not None
    assert planned.foreseen.rungs == 0
    assert engine.sweep().rungs == 2


def test_a_plan_may_be_asked_for_words_alone(engine: duban.Engine, tmp_path: Path) -> None:
    folder = tiny.write(tmp_path / "changed", campaign=True)
    planned = engine.plan(str(folder), rehearse=False)
    assert planned.foreseen is None
    assert [change.kind for change in planned.effective] == ["campaign"]


def test_a_plan_with_faults_is_refused_and_changes_nothing(
    engine: duban.Engine, tmp_path: Path
) -> None:
    with pytest.raises(duban.InvalidDefinition):
        plan(engine, tmp_path, fix=tiny.WORKFLOW.replace("limit: setting.limit", "limit: nothing"))
    assert engine.verify().holds
