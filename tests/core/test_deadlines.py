"""Deadlines on a case: when they start, wait, end, begin again, and what bounds them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from worlds import TICK, Life, begin, last_of, local

from duban.engine.errors import TransitionRefused
from duban.engine.values.actor import THE_TIMER

STATES = """
    states: {idle: {}, work: {}, away: {}, rest: {}, end: {final: true}}
    transitions:
      - {trigger: open, source: new, dest: idle, by: anyone, asks: [day, found, length, grade]}
      - {trigger: start, source: [idle, away, rest], dest: work, by: anyone, asks: [day, found]}
      - {trigger: leave, source: '*', dest: away, by: anyone}
      - {trigger: pause, source: '*', dest: rest, by: anyone}
      - {trigger: note, source: '*', by: anyone, asks: [day, found, grade, length]}
      - {trigger: finish, source: '*', dest: end, by: anyone}
      - {trigger: reopen, source: end, dest: work, by: anyone, reopen: true}
      - trigger: extend
        source: '*'
        by: anyone
        asks: [day, length]
        then:
          - {extend: fix, by: case.length, when: given.length}
          - {extend: fix, to: case.day, when: '!given.length'}
      - {trigger: ask, source: '*', by: anyone}
      - {trigger: stop, source: '*', by: anyone, then: [{stop: fix}]}
      - {trigger: go_on, source: '*', by: anyone, then: [{resume: fix}]}
      - {trigger: restart, source: '*', by: anyone, then: [{restart: fix}]}
"""


def rules(deadline: str, more: str = "") -> str:
    return f"""
    workflow: thing
    roles: {{owner: {{post: principal}}}}
    settings: {{usual: 5 workdays}}
    fields:
      day: date
      found: date
      length: span
      grade: {{type: choice, choices: {{general: {{repair: 5 workdays}}, major: {{repair: 10 workdays}}}}}}
    deadlines:
      fix: {{owner: owner, runs_in: work, waits_in: rest, {deadline}}}
    {more}
    """ + STATES  # fmt: skip


FIVE = rules("limit: 5 workdays, again: anew")


# ---- start


def test_a_clock_starts_when_the_case_first_enters_a_state_in_which_it_runs() -> None:
    life = begin(FIVE)
    assert life.case.clocks == {}
    life.fire("start", "2021-03-03T10:00")
    assert life.clock("fix").started == local("2021-03-03T10:00")
    assert life.case.due == last_of("2021-03-10")


@pytest.mark.parametrize(
    ("limit", "due"),
    [
        ("case.grade.repair", "2021-03-15"),
        ("setting.usual", "2021-03-08"),
        ("case.length", "2021-03-04"),
        ("case.day", "2021-03-20"),
        ("'earliest(case.day, campaign.end)'", "2021-03-18"),
        ("'after(opened, workdays(2))'", "2021-03-03"),
    ],
)
def test_a_limit_is_a_span_or_a_day_that_the_case_gives(limit: str, due: str) -> None:
    life = begin(
        rules(f"limit: {limit}, again: anew"),
        spans={"campaign.end": last_of("2021-03-18")},
        grade="major", length="3 days", day="2021-03-20",
    )  # fmt: skip
    assert life.fire("start", "2021-03-01T10:00").case.due == last_of(due)


def test_a_clock_may_count_from_a_day_in_the_past_and_be_overdue_at_once() -> None:
    life = begin(rules("limit: 5 workdays, starts: case.found, again: anew"), found="2021-02-01")
    life.fire("start", "2021-03-01T10:00")
    assert life.case.due == last_of("2021-02-07")
    assert life.case.overdue(local("2021-03-01T10:00"))


def test_an_undated_limit_starts_later_when_the_field_is_given() -> None:
    life = begin(rules("limit: case.day, follows: [day], again: anew"))
    life.fire("start", "2021-03-01T10:00")
    assert life.case.clocks == {}
    life.fire("note", "2021-03-02T10:00", day="2021-03-31")
    assert life.case.due == last_of("2021-03-31")


def test_a_limit_that_cannot_be_said_starts_nothing_and_refuses_nothing() -> None:
    life = begin(rules("limit: case.grade.repair, follows: [grade], again: anew"))
    assert life.fire("start", "2021-03-01T10:00").case.clocks == {}
    life.fire("note", "2021-03-01T11:00", grade="general")
    assert life.case.due == last_of("2021-03-08")


# ---- follow


def test_a_limit_is_frozen_at_the_start_unless_it_follows() -> None:
    frozen = begin(rules("limit: case.grade.repair, again: anew"), grade="general")
    frozen.fire("start", "2021-03-01T10:00")
    frozen.fire("note", "2021-03-02T10:00", grade="major")
    assert frozen.case.due == last_of("2021-03-08")


def test_a_limit_that_follows_is_worked_out_anew_from_where_the_clock_began() -> None:
    life = begin(rules("limit: case.grade.repair, follows: [grade], again: anew"), grade="general")
    life.fire("start", "2021-03-01T10:00")
    life.fire("extend", "2021-03-02T10:00", length="2 workdays")
    life.fire("note", "2021-03-03T10:00", grade="major")
    assert life.case.due == last_of("2021-03-17")
    assert life.clock("fix").first_due == last_of("2021-03-15")
    again = life.clock("fix")
    life.fire("note", "2021-03-04T10:00", grade="major")
    assert life.clock("fix") == again


def test_a_limit_follows_its_field_while_the_clock_waits_too() -> None:
    life = begin(rules("limit: case.grade.repair, follows: [grade], again: anew"), grade="general")
    life.fire("start", "2021-03-01T10:00")
    life.fire("pause", "2021-03-01T11:00")
    life.fire("note", "2021-03-01T12:00", grade="major")
    assert life.case.due is None
    assert life.fire("start", "2021-03-01T13:00").case.due == last_of("2021-03-15")


# ---- waits and ends


def test_a_clock_waits_in_its_states_and_cannot_be_overdue_there() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    life.fire("pause", "2021-03-03T10:00")
    assert life.case.due is None
    assert not life.case.overdue(local("2022-01-01"))
    assert life.fire("start", "2021-03-09T10:00").case.due == last_of("2021-03-12")


def test_a_clock_that_an_effect_stopped_goes_on_only_by_an_effect() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    life.fire("stop", "2021-03-01T11:00")
    life.fire("pause", "2021-03-02T10:00")
    life.fire("start", "2021-03-03T10:00")
    assert life.case.due is None
    assert life.fire("go_on", "2021-03-08T10:00").case.due == last_of("2021-03-15")


def test_a_clock_that_is_resumed_where_it_waits_goes_on_waiting() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    life.fire("stop", "2021-03-01T11:00")
    life.fire("pause", "2021-03-02T10:00")
    assert life.fire("go_on", "2021-03-03T10:00").case.due is None
    assert life.fire("start", "2021-03-08T10:00").case.due == last_of("2021-03-15")


def test_a_clock_that_ends_in_time_was_met_when_it_last_ran() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    life.fire("leave", "2021-03-08T23:59:59.999999")
    clock = life.clock("fix")
    assert (clock.met, clock.ended) == (True, local("2021-03-08T23:59:59.999999"))
    assert clock.due == last_of("2021-03-08")
    assert life.case.due is None


def test_a_clock_that_ends_one_instant_late_has_lapsed_for_good() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    life.fire("leave", last_of("2021-03-08") + TICK)
    clock = life.clock("fix")
    assert not clock.met
    assert clock.lapsed(local("2030-01-01"))


def test_a_clock_that_lapsed_runs_on_until_the_case_leaves() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    life.due("2021-06-01")
    assert life.clock("fix").running
    assert life.case.overdue(local("2021-06-01"))


@pytest.mark.parametrize("again", ["waits", "same due", "anew"])
def test_a_final_state_ends_every_clock_and_a_new_episode_begins_it_anew(again: str) -> None:
    life = begin(rules(f"limit: 5 workdays, again: {again}"))
    life.fire("start", "2021-03-01T10:00")
    life.fire("finish", "2021-03-02T10:00")
    assert life.clock("fix").met
    life.fire("reopen", "2021-03-08T10:00")
    clock = life.clock("fix")
    assert (life.case.due, clock.episode, clock.round) == (last_of("2021-03-15"), 2, 2)


@pytest.mark.parametrize(
    ("again", "due"),
    [("waits", "2021-03-12"), ("same due", "2021-03-08"), ("anew", "2021-03-16")],
)
def test_on_entering_again_a_clock_does_what_the_definition_says(again: str, due: str) -> None:
    life = begin(rules(f"limit: 5 workdays, again: {again}"))
    life.fire("start", "2021-03-01T10:00")
    life.fire("leave", "2021-03-03T10:00")
    assert (life.clock("fix").ended is None) == (again == "waits")
    assert life.fire("start", "2021-03-09T10:00").case.due == last_of(due)


def test_a_restarted_clock_begins_anew_where_the_case_is() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    life.fire("restart", "2021-03-03T10:00")
    assert life.case.due == last_of("2021-03-10")
    assert life.clock("fix").round == 2


# ---- extensions and their bounds


def bounded(extension: str, more: str = "limit: 5 workdays, again: anew") -> str:
    return rules(f"{more}, extension: {{{extension}}}")


def refused(life: Life, trigger: str, now: str | datetime, **data: Any) -> str:
    with pytest.raises(TransitionRefused) as caught:
        life.fire(trigger, now, **data)
    assert caught.value.code == "RULE-011"
    return str(caught.value)


def started(text: str, **data: Any) -> Life:
    life = begin(text, **data)
    life.fire("start", "2021-03-01T10:00")
    return life


def test_how_often_it_may_be_extended() -> None:
    life = started(bounded("times: 1"))
    life.fire("extend", "2021-03-02T10:00", length="5 workdays")
    said = refused(life, "extend", "2021-03-03T10:00", length="5 workdays")
    assert "may be extended 1 time(s), and was 1 time(s)" in said


@pytest.mark.parametrize("state", ["work", "rest"])
def test_how_long_a_single_extension_may_be_and_the_last_day_allowed(state: str) -> None:
    life = begin(bounded("each: 5 workdays"))
    life.fire("start", "2021-03-01T10:00")
    if state == "rest":
        life.fire("pause", "2021-03-01T11:00")
    said = refused(life, "extend", "2021-03-01T12:00", length="6 workdays")
    assert "at most 5 workdays, that is until 2021-03-15" in said
    said = refused(life, "extend", "2021-03-01T12:00", day="2021-03-16")
    assert "until 2021-03-15" in said
    life.fire("extend", "2021-03-01T12:00", day="2021-03-15")
    if state == "rest":
        life.fire("start", "2021-03-01T13:00")
    assert life.case.due == last_of("2021-03-15")


def test_how_long_all_extensions_may_be_together() -> None:
    life = begin(bounded("total: 8 workdays"))
    life.fire("start", "2021-03-01T10:00")
    life.fire("extend", "2021-03-01T11:00", length="5 workdays")
    said = refused(life, "extend", "2021-03-01T12:00", length="4 workdays")
    assert "at most 8 workdays, that is until 2021-03-18" in said
    life.fire("extend", "2021-03-01T12:00", length="3 workdays")


def test_when_an_extension_must_be_asked_for() -> None:
    life = begin(bounded("asked: 3 workdays before"))
    life.fire("start", "2021-03-01T10:00")
    said = refused(life, "extend", last_of("2021-03-03") + TICK, length="1 workday")
    assert "had to be asked for by 2021-03-03" in said
    life.fire("extend", last_of("2021-03-03"), length="1 workday")


def test_the_trigger_that_asks_comes_in_time_and_the_grant_may_come_later() -> None:
    life = begin(bounded("asked: 3 workdays before, request: ask"))
    life.fire("start", "2021-03-01T10:00")
    assert "by 2021-03-03" in refused(life, "ask", "2021-03-04T00:00")
    verdict = next(v for v in life.explain("2021-03-04T00:00").verdicts if v.trigger == "ask")
    assert [reason.code for reason in verdict.reasons] == ["RULE-011"]
    life.fire("ask", "2021-03-03T23:59")
    life.fire("extend", "2021-03-08T10:00", length="1 workday")


def test_an_extension_ends_after_the_present_due_and_has_a_date() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    assert "after the present due, 2021-03-08" in refused(
        life, "extend", "2021-03-01T11:00", day="2021-03-08"
    )
    assert "no date" in refused(life, "extend", "2021-03-01T11:00")


def test_the_due_never_passes_its_latest_extensions_included() -> None:
    life = begin(rules("limit: 5 workdays, at_most: 10 workdays, again: anew"))
    life.fire("start", "2021-03-01T10:00")
    said = refused(life, "extend", "2021-03-02T10:00", length="6 workdays")
    assert "would be due 2021-03-16; at the latest 2021-03-15" in said
    life.fire("extend", "2021-03-02T10:00", length="5 workdays")


def test_a_start_past_its_latest_or_before_its_earliest_is_refused_and_not_clamped() -> None:
    late = begin(rules("limit: case.day, at_most: 5 workdays, again: anew"), day="2021-03-09")
    assert "at the latest 2021-03-08" in refused(late, "start", "2021-03-01T10:00")
    early = begin(
        rules("limit: case.day, not_before: 'after(opened, days(7))', again: anew"),
        day="2021-03-05",
    )
    assert "not before 2021-03-08" in refused(early, "start", "2021-03-01T10:00")
    early.fire("start", "2021-03-01T10:00", day="2021-03-08")


def test_a_bound_that_has_not_happened_bounds_nothing() -> None:
    text = rules("limit: 5 workdays, not_before: case.day, at_most: campaign.end, again: anew")
    assert begin(text).fire("start", "2021-03-01T10:00").case.due == last_of("2021-03-08")


def test_an_extension_is_on_the_books() -> None:
    life = begin(FIVE)
    life.fire("start", "2021-03-01T10:00")
    life.fire("extend", "2021-03-02T10:00", length="5 workdays")
    clock = life.clock("fix")
    assert (clock.due, clock.first_due) == (last_of("2021-03-15"), last_of("2021-03-08"))
    assert [(grant.by, grant.at) for grant in clock.grants] == [
        ("5 workdays", local("2021-03-02T10:00"))
    ]


def test_there_is_nothing_to_extend_before_the_start_or_after_the_end() -> None:
    life = begin(FIVE)
    with pytest.raises(TransitionRefused, match="does not run and cannot be extended"):
        life.fire("extend", "2021-03-01T10:00", length="5 workdays")
    assert life.case.clocks == {}
    life.fire("start", "2021-03-02T10:00", THE_TIMER)
    life.fire("leave", "2021-03-03T10:00")
    ended = life.clock("fix")
    with pytest.raises(TransitionRefused, match="does not run and cannot be extended"):
        life.fire("extend", "2021-03-04T10:00", length="5 workdays")
    assert life.clock("fix") == ended
