"""Each invariant holds of the engine as it is, and is found broken where somebody breaks it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tiny

from duban.adapters.scenarios.holding import hold
from duban.adapters.scenarios.walking import Broken, NeedsHypothesis
from duban.engine.core import clocks, terms
from duban.engine.core.course import Course
from duban.engine.core.judge import Judge
from duban.engine.core.verdict import Verdict
from duban.engine.values.case import Clock

JOB = """\
workflow: job
roles:
  worker: {post: any, of: case.unit}
  chief: {post: leader, of: office}
fields: {size: number, note: text, ready: date}
states:
  doing: {}
  resting: {}
  checking: {}
  over: {final: true}
transitions:
  - {trigger: open, source: new, dest: doing, by: [worker], asks: [size, ready], requires: [size, ready]}
  - {trigger: change, source: '*', by: [worker], asks: [size, note, ready]}
  - {trigger: rest, source: doing, dest: resting, by: [worker]}
  - {trigger: go_on, source: resting, dest: doing, by: [worker]}
  - {trigger: finish, source: doing, dest: checking, by: [worker]}
  - {trigger: back, source: checking, dest: doing, by: [chief]}
  - {trigger: accept, source: checking, dest: over, by: [chief], not_by: [finish]}
deadlines:
  work:
    owner: worker
    runs_in: [doing]
    waits_in: [resting]
    limit: 'case.size > 50 ? workdays(20) : workdays(10)'
    again: waits
    ladder: steps
  ready:
    owner: worker
    runs_in: [doing, resting, checking]
    limit: case.ready
    follows: [ready]
    ladder: steps
"""


def written(folder: Path, job: str = JOB) -> Path:
    tiny.write(folder, job=job)
    (folder / "fix.yaml").unlink()
    (folder / "fragile.yaml").unlink()
    (folder / "trap.yaml").unlink()
    return folder


def found(folder: Path, examples: int = 60) -> Broken | None:
    (held,) = hold([folder], examples)
    (walked,) = held.walked
    assert walked.lives
    return walked.broken


def test_the_engine_as_it_is_breaks_nothing(tmp_path: Path) -> None:
    (held,) = hold([written(tmp_path)], 60)
    (walked,) = held.walked
    assert held.ok
    assert (walked.workflow, walked.broken) == ("job", None)
    assert walked.lives >= 50
    assert walked.fired > 100


# ---- an engine with a fault


def gives_a_day_away(resume: Callable[..., Clock]) -> Callable[..., Clock]:
    def resumed(clock: Clock, *rest: Any) -> Clock:
        gone_on = resume(clock, *rest)
        assert gone_on.due is not None
        return replace(gone_on, due=gone_on.due + timedelta(days=7))

    return resumed


def climbs_again(resume: Callable[..., Clock]) -> Callable[..., Clock]:
    def resumed(clock: Clock, *rest: Any) -> Clock:
        return resume(replace(clock, rung=0), *rest)

    return resumed


def a_day_early(rung_instant: Callable[..., datetime | None]) -> Callable[..., datetime | None]:
    def instant(*given: Any) -> datetime | None:
        at = rung_instant(*given)
        return None if at is None else at - timedelta(days=1)

    return instant


def forgets_to_hold(hold: Callable[..., Clock]) -> Callable[..., Clock]:
    def held(clock: Clock, *rest: Any, **how: bool) -> Clock:
        return replace(hold(clock, *rest, **how), due=clock.due, next_rung=clock.next_rung)

    return held


def follows_everything(following: Callable[..., Clock]) -> Callable[..., Clock]:
    def followed(deadline: Any, clock: Clock, scope: Any, draft: Any) -> Clock:
        return terms.refreshed(deadline, clock, scope, draft.effective, {"case.size"})

    return followed


def keeps_more_than_it_records(commit: Callable[..., None]) -> Callable[..., None]:
    def committed(course: Course, draft: Any) -> None:
        commit(course, draft)
        course.case = replace(course.case, data={**course.case.data, "note": "kept aside"})

    return committed


def promises_everything(ask: Callable[..., Verdict]) -> Callable[..., Verdict]:
    def asked(judge: Judge, trigger: str) -> Verdict:
        return replace(ask(judge, trigger), reasons=(), missing=())

    return asked


def denies_everything(ask: Callable[..., Verdict]) -> Callable[..., Verdict]:
    def asked(judge: Judge, trigger: str) -> Verdict:
        return replace(ask(judge, trigger), missing=("something",))

    return asked


@pytest.mark.parametrize(
    ("where", "name", "fault", "invariant"),
    [
        (clocks, "resume", gives_a_day_away, "pausing and resuming is the identity"),
        (clocks, "resume", climbs_again, "a rung never repeats"),
        (clocks, "rung_instant", a_day_early, "a rung never fires early or after leaving"),
        (clocks, "hold", forgets_to_hold, "a rung never fires early or after leaving"),
        (terms, "_following", follows_everything, "an edit moves no deadline that does not follow it"),
        (Course, "_commit", keeps_more_than_it_records, "replay gives the case"),
        (Judge, "ask", promises_everything, "explain and fire never disagree"),
        (Judge, "ask", denies_everything, "explain and fire never disagree"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
def test_a_fault_of_the_engine_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: object,
    name: str,
    fault: Callable[[Any], Any],
    invariant: str,
) -> None:
    folder = written(tmp_path)
    monkeypatch.setattr(where, name, fault(getattr(where, name)))
    broken = found(folder, 200)
    assert broken is not None
    assert broken.invariant.en == invariant
    assert "open job at" in broken.story[0]


# ---- definitions with a fault


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # A post that the organisation has, and nobody holds.
        ("chief: {post: leader, of: office}", "chief: {post: leader, of: desk-2}"),
        ("chief: {post: leader, of: office}", "chief: {post: head, of: up.desk}"),
    ],
)
def test_a_case_that_nobody_can_bring_to_an_end_is_found(
    tmp_path: Path, before: str, after: str
) -> None:
    assert before in JOB
    broken = found(written(tmp_path, JOB.replace(before, after)))
    assert broken is not None
    assert broken.invariant.en == "every case can reach an end"
    assert broken.how.en == "from 'doing' nobody who is there can bring the case to an end"
    assert broken.how.zh == "从“doing”起，现有人员无法使事项办结"
    assert len(broken.story) == 1


def test_what_only_a_rule_does_is_no_dead_end(tmp_path: Path) -> None:
    job = JOB.replace("chief: {post: leader, of: office}", "chief: {post: leader, of: desk-2}")
    by_itself = "  - {when: 'passed(due.ready)', source: [doing, resting, checking], dest: over}\n"
    assert found(written(tmp_path, job.replace("deadlines:\n", f"{by_itself}deadlines:\n"))) is None


def test_a_deadline_may_follow_what_it_says_it_follows(tmp_path: Path) -> None:
    followed = JOB.replace("again: waits\n", "again: waits\n    follows: [size]\n")
    assert found(written(tmp_path, followed), 150) is None


# ---- which definitions


def test_definitions_are_those_of_the_scenarios_each_set_once(tmp_path: Path) -> None:
    written(tmp_path / "job")
    tiny.write(tmp_path / "fix")
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    for name, uses in (("a", "job"), ("b", "job"), ("c", "fix")):
        text = f"scenario: {name}\nuses: [../{uses}]\nstarts: 2026-01-05\nsteps: []\n"
        (scenarios / f"{name}.yaml").write_text(text)
    held = hold([tmp_path], 3)
    assert [[walked.workflow for walked in one.walked] for one in held] == [
        ["job"],
        ["fix", "fragile"],
    ]


def test_without_hypothesis_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(NeedsHypothesis, match=r"pip install 'duban\[test\]'"):
        hold([written(tmp_path)], 3)
