"""Clocks that follow what changes outside their case, and the entry that says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import SHANGHAI, TICK, Life, begin, last_of, local

from duban.engine.errors import TransitionRefused
from duban.engine.history.evolve import replay
from duban.engine.timing.calendar import Calendar, Notice
from duban.engine.timing.clockwork import Clockwork

STEPS = """
ladder: steps
rungs:
  - {rung: remind, at: 3 workdays before}
  - {rung: urge, at: due}
  - {rung: escalate, at: 10 days after}
"""


def rules(deadlines: str) -> str:
    return f"""
    workflow: round
    roles: {{owner: {{post: principal}}}}
    fields: {{fix_by: date}}
    facts: {{others: {{count: round, of: unit}}}}
    states: {{doing: {{}}, resting: {{}}, done: {{final: true}}}}
    transitions:
      - {{trigger: open, source: new, dest: doing, by: anyone, asks: [fix_by]}}
      - {{trigger: rest, source: doing, dest: resting, by: anyone}}
      - {{trigger: go_on, source: resting, dest: doing, by: anyone}}
      - {{trigger: more, source: doing, by: anyone, then: [{{extend: k, by: days(10)}}]}}
      - {{trigger: finish, source: doing, dest: done, by: anyone}}
    deadlines:
      {deadlines}
    """


def k(limit: str, more: str = "follows: [campaign.end]") -> str:
    line = f"k: {{owner: owner, runs_in: doing, waits_in: resting, ladder: steps, limit: {limit}"
    return rules(f"{line}, {more}}}" if more else line + "}")


THIRTY_BEFORE = "'given.fix_by ? case.fix_by : end_of_day(before(campaign.end, days(30)))'"
ENDS = {"campaign.end": last_of("2020-12-31")}
LATER = {"campaign.end": last_of("2021-12-31")}
EXTENDED = local("2020-12-30T10:00")


def followed(limit: str = THIRTY_BEFORE, fix_by: str | None = None) -> Life:
    rules = (k(limit), STEPS)
    if fix_by is None:
        return begin(rules, "2020-10-12T09:00", spans=ENDS)
    return begin(rules, "2020-10-12T09:00", spans=ENDS, fix_by=fix_by)


def prolong(life: Life) -> None:
    life.spans, life.since = LATER, EXTENDED


def day(life: Life) -> str:
    due = life.clock("k").due
    assert due is not None
    return due.astimezone(SHANGHAI).date().isoformat()


# ---- a campaign that is prolonged


def test_a_limit_that_refers_to_the_end_of_the_campaign_moves_with_it() -> None:
    life = followed("campaign.end")
    assert day(life) == "2020-12-31"
    prolong(life)
    entry = life.due("2020-12-30T11:00").entries[-1]
    assert day(life) == "2021-12-31"
    assert (entry.kind, entry.effective) == ("project", EXTENDED)
    assert entry.body["projected"] == {
        "k": {
            "from": "2020-12-31T15:59:59.999999Z",
            "to": "2021-12-31T15:59:59.999999Z",
            "why": [
                {
                    "what": "campaign.end",
                    "from": "2020-12-31T15:59:59.999999Z",
                    "to": "2021-12-31T15:59:59.999999Z",
                }
            ],
        }
    }
    assert replay(life.entries) == life.case


def test_a_limit_that_was_met_stays() -> None:
    life = followed()
    life.fire("finish", "2020-11-30T10:00")
    before = life.clock("k")
    prolong(life)
    assert not life.due("2020-12-30T11:00").entries
    assert life.clock("k") == before


def test_a_limit_set_by_hand_stays() -> None:
    life = followed(fix_by="2020-12-20")
    prolong(life)
    assert "project" not in [entry.kind for entry in life.due("2020-12-30T11:00").entries]
    assert day(life) == "2020-12-20"


def test_an_overdue_one_moves_and_its_earlier_spell_stays_in_the_history() -> None:
    life = followed()
    life.due("2020-12-15T09:00")
    assert life.rungs == ["remind", "urge", "escalate"]
    assert life.case.overdue(local("2020-12-15"))
    prolong(life)
    life.due("2020-12-30T11:00")
    assert day(life) == "2021-12-01"
    assert not life.case.overdue(local("2020-12-30T11:00"))
    assert life.rungs == ["remind", "urge", "escalate"]
    life.due("2021-12-31T09:00")
    assert life.rungs == ["remind", "urge", "escalate"] * 2
    assert [e.body["rung"]["round"] for e in life.entries if e.kind == "rung"] == [1] * 3 + [2] * 3


def test_what_fell_due_before_the_campaign_was_prolonged_is_recorded_as_it_stood() -> None:
    life = followed()
    prolong(life)
    # Nobody swept since October.
    life.due("2021-01-05T09:00")
    assert life.kinds == ["open", "rung", "rung", "rung", "project"]
    assert [e.effective for e in life.entries][1:3] == [local("2020-11-26"), local("2020-12-02")]


def test_what_would_have_fallen_due_after_the_campaign_was_prolonged_never_happens() -> None:
    life = followed("campaign.end")
    prolong(life)
    life.due("2021-01-20T09:00")
    assert life.rungs == ["remind"]
    assert not life.case.overdue(local("2021-01-20"))


def test_a_command_before_the_sweep_already_sees_the_new_limit() -> None:
    life = followed("campaign.end")
    prolong(life)
    life.fire("rest", "2021-01-04T09:00")
    assert life.kinds[-2:] == ["project", "fire"]
    life.fire("go_on", "2021-01-06T09:00")
    assert day(life) == "2022-01-02"


def test_a_limit_that_waits_is_worked_out_anew_too() -> None:
    life = followed("campaign.end")
    life.fire("rest", "2020-12-28T09:00")
    prolong(life)
    life.fire("go_on", "2020-12-31T09:00")
    assert day(life) == "2022-01-03"


def test_projecting_twice_is_the_same_as_once() -> None:
    life = followed("campaign.end")
    prolong(life)
    life.due("2020-12-30T11:00")
    before = life.case
    assert not life.due("2020-12-30T11:00").entries
    assert life.case == before


def test_a_clock_begins_when_what_it_follows_gets_a_date() -> None:
    life = begin((k("campaign.end"), STEPS), "2020-10-12T09:00")
    assert life.case.clocks == {}
    prolong(life)
    life.due("2020-12-30T11:00")
    assert day(life) == "2021-12-31"
    assert life.entries[-1].body["projected"]["k"].keys() == {"to", "why"}


def test_an_end_that_is_taken_away_leaves_the_limit_as_it_was() -> None:
    life = followed("campaign.end")
    life.spans, life.since = {}, EXTENDED
    life.due("2020-12-30T11:00")
    assert (day(life), life.kinds.count("project")) == ("2020-12-31", 0)


def test_what_is_not_followed_is_frozen_at_the_start() -> None:
    life = begin((k("campaign.end", more=""), STEPS), "2020-10-12T09:00", spans=ENDS)
    prolong(life)
    life.due("2020-12-30T11:00")
    assert day(life) == "2020-12-31"


def test_an_extension_stays_when_the_limit_moves() -> None:
    life = followed("'before(campaign.end, days(1))'")
    life.fire("more", "2020-11-02T09:00")
    extended = life.clock("k").due
    assert extended is not None
    prolong(life)
    life.due("2020-12-30T11:00")
    assert life.clock("k").due == extended + timedelta(days=365)


def test_a_limit_that_would_pass_its_bounds_is_refused_with_the_last_day() -> None:
    text = k("campaign.end", "follows: [campaign.end], at_most: 12 months")
    life = begin((text, STEPS), "2020-10-12T09:00", spans=ENDS)
    prolong(life)
    with pytest.raises(TransitionRefused, match="2021-10-12"):
        life.due("2020-12-30T11:00")


# ---- other deadlines, facts


def test_a_deadline_moves_in_the_same_entry_as_the_one_that_it_follows() -> None:
    text = rules(
        """
      report: {owner: owner, runs_in: doing, limit: 'after(due.k, days(5))', follows: [due.k], again: anew}
      k: {owner: owner, runs_in: doing, waits_in: resting, limit: 20 days}"""
    )
    life = begin(text, "2021-03-01T09:00")
    assert life.clock("report").due == last_of("2021-03-26")
    life.fire("more", "2021-03-02T09:00")
    assert life.clock("report").due == last_of("2021-04-05")
    assert life.last.entries[-1].body["clocks"].keys() == {"k", "report"}


def test_a_deadline_moves_with_one_that_a_rung_extended() -> None:
    text = rules(
        """
      report: {owner: owner, runs_in: doing, limit: 'after(due.k, days(5))', follows: [due.k], again: anew}
      k: {owner: owner, runs_in: doing, waits_in: resting, limit: 20 days, ladder: once}"""
    )
    once = """
    ladder: once
    rungs:
      - {rung: grant, at: 5 days before, then: [{extend: k, by: days(10)}]}
    """
    life = begin((text, once), "2021-03-01T09:00")
    life.due("2021-03-16T09:00")
    assert life.clock("report").due == last_of("2021-04-05")
    assert life.entries[-1].body["projected"].keys() == {"report"}


def test_a_move_that_is_caught_up_with_does_not_know_what_was_published_after_it() -> None:
    text = k(THIRTY_BEFORE).replace(
        "trigger: finish",
        "when: 'passed(after(opened, days(10)))', source: doing, dest: resting}\n"
        "      - {trigger: finish",
    )
    life = begin((text, STEPS), "2020-10-12T09:00", spans=ENDS)
    prolong(life)
    life.due("2020-12-30T11:00")
    moved, projected = life.entries[-2:]
    assert (moved.kind, projected.kind) == ("auto", "project")
    assert moved.body["clocks"]["k"]["until"] == "2020-12-01T15:59:59.999999Z"


def test_a_limit_follows_a_fact() -> None:
    text = k("'fact.others > 2 ? days(30) : days(10)'", "follows: [fact.others]")
    life = begin((text, STEPS), "2021-03-01T09:00")
    life.facts = {"others": 0}
    life.due("2021-03-02T09:00")  # nobody loaded the fact before
    assert day(life) == "2021-03-12"
    life.facts = {"others": 3}
    life.due("2021-03-03T09:00")
    assert day(life) == "2021-04-01"
    assert life.entries[-1].body["projected"]["k"]["why"] == [
        {"what": "fact.others", "from": 0, "to": 3}
    ]


# ---- the calendar


def notice(issued: str, year: int, rest: str = "", work: str = "", shorten: bool = False) -> Notice:
    def days(text: str) -> frozenset[date]:
        return frozenset(date.fromisoformat(one) for one in text.split())

    return Notice(date.fromisoformat(issued), year, "", days(rest), days(work), shorten)


OLD = notice("2019-11-21", 2020)
LONGER = notice("2020-11-25", 2021, rest="2021-01-04 2021-01-05")
SHORTER = notice("2020-11-25", 2021, work="2021-01-02 2021-01-03")


def office(*notices: Notice) -> Clockwork:
    return Clockwork(Calendar.from_notices("c", notices), SHANGHAI)


def counted(limit: str = "5 workdays", began: str = "2020-12-30T09:00") -> Life:
    return begin((k(limit, ""), STEPS), began, clockwork=office(OLD))


def announce(life: Life, *notices: Notice, at: str = "2020-12-31T09:00") -> None:
    life.clockwork, life.since = office(OLD, *notices), local(at)
    life.due(at)


def test_a_provisional_due_becomes_firm_by_an_entry() -> None:
    life = counted()
    assert (day(life), life.case.provisional) == ("2021-01-06", True)
    announce(life, notice("2020-11-25", 2021))
    assert (day(life), life.case.provisional) == ("2021-01-06", False)
    told = life.entries[-1].body["projected"]["k"]
    assert told["firm"] is True
    assert told["from"] == told["to"]
    assert told["why"] == [{"what": "calendar c", "to": "2020-11-25"}]


def test_a_holiday_that_is_announced_makes_a_limit_later() -> None:
    life = counted()
    announce(life, LONGER)
    assert day(life) == "2021-01-08"


def test_a_limit_never_becomes_earlier_by_a_notice() -> None:
    life = counted()
    announce(life, SHORTER)
    assert (day(life), life.case.provisional) == ("2021-01-06", False)
    assert life.clock("k").first_due == life.clock("k").due
    assert life.clock("k").extensions == ()


def test_a_limit_that_was_kept_still_moves_with_a_pause() -> None:
    life = counted()
    announce(life, SHORTER)
    life.fire("rest", "2021-01-04T09:00")
    life.fire("go_on", "2021-01-06T09:00")
    assert day(life) == "2021-01-08"


def test_a_limit_that_was_kept_still_becomes_later_by_a_further_notice() -> None:
    life = counted()
    announce(life, SHORTER)
    more = notice("2021-01-03", 2021, rest="2021-01-04 2021-01-05 2021-01-06 2021-01-07 2021-01-08")
    announce(life, SHORTER, more, at="2021-01-03T09:00")
    assert day(life) == "2021-01-11"
    assert life.clock("k").grants == ()


def test_a_notice_that_may_shorten_does() -> None:
    life = counted()
    announce(life, replace(SHORTER, may_shorten=True))
    assert day(life) == "2021-01-04"
    assert not life.due("2020-12-31T10:00").entries


def test_a_limit_that_is_no_longer_overdue_begins_a_new_round() -> None:
    life = counted()
    life.due("2021-01-07T09:00")
    assert life.rungs == ["remind", "urge"]
    announce(life, LONGER, at="2021-01-07T10:00")
    assert not life.case.overdue(local("2021-01-07T10:00"))
    life.due("2021-01-09T09:00")
    assert life.rungs == ["remind", "urge", "urge"]


def test_days_that_are_not_worked_days_leave_no_trace() -> None:
    life = counted("5 days")
    announce(life, LONGER)
    assert [entry.body["projected"]["k"]["firm"] for entry in life.entries[1:]] == [True]
    assert day(life) == "2021-01-04"


@given(
    st.integers(1, 60),
    st.sets(st.dates(date(2021, 1, 1), date(2021, 3, 31)), max_size=12),
    st.booleans(),
)
def test_a_notice_makes_a_limit_earlier_only_if_it_says_so(
    count: int, named: set[date], shorten: bool
) -> None:
    life = counted(f"{count} workdays")
    before = life.clock("k").due
    rest = frozenset(day for day in named if day.weekday() < 5)
    announce(life, Notice(date(2020, 11, 25), 2021, "", rest, frozenset(named) - rest, shorten))
    clock = life.clock("k")
    assert before is not None
    assert clock.due is not None
    assert clock.due >= before or shorten
    assert replay(life.entries) == life.case
    assert not life.due("2020-12-31T09:30").entries


# ---- grace


def graceful() -> Life:
    return begin((k("5 workdays", "grace: 1 workday"), STEPS), "2021-03-01T09:00")


def test_a_grace_leaves_the_due_and_lapses_after_it() -> None:
    life = graceful()
    assert (day(life), life.case.lapses) == ("2021-03-08", last_of("2021-03-09"))
    assert not life.case.overdue(last_of("2021-03-09"))
    assert life.case.overdue(last_of("2021-03-09") + TICK)


def test_reminders_count_from_the_due_and_the_other_rungs_from_the_end_of_the_grace() -> None:
    life = graceful()
    life.due("2021-04-01T09:00")
    rungs = [entry.effective for entry in life.entries if entry.kind == "rung"]
    assert rungs == [local("2021-03-03"), local("2021-03-10"), local("2021-03-20")]


def test_what_ends_within_the_grace_was_in_time() -> None:
    life = graceful()
    life.fire("finish", "2021-03-09T20:00")
    assert life.clock("k").met
    late = graceful()
    late.fire("finish", "2021-03-10T08:00")
    assert not late.clock("k").met


# ---- a reminder whose time lies in a pause


@pytest.mark.parametrize("resumed", ["2021-03-05T09:00", "2021-03-06T00:00"])
def test_a_reminder_that_lies_in_a_pause_is_recorded_when_the_clock_goes_on(resumed: str) -> None:
    life = begin((k("'after(opened, workdays(5))'", ""), STEPS), "2021-03-01T09:00")
    life.fire("rest", "2021-03-02T09:00")
    life.fire("go_on", resumed)
    life.due("2021-03-12T09:00")
    rungs = [entry.effective for entry in life.entries if entry.kind == "rung"]
    assert rungs
    assert all(at >= local(resumed) for at in rungs)


@given(st.integers(0, 20), st.integers(0, 20))
def test_no_rung_is_recorded_for_an_instant_in_a_pause(after: int, away: int) -> None:
    life = begin((k("10 workdays", ""), STEPS), "2021-03-01T09:00")
    paused: datetime = local("2021-03-01T10:00") + timedelta(days=after)
    resumed = paused + timedelta(days=away)
    life.fire("rest", paused)
    life.fire("go_on", resumed)
    life.due("2021-06-01T09:00")
    rungs = [entry.effective for entry in life.entries if entry.kind == "rung"]
    assert len(rungs) == 3
    assert not any(paused < at < resumed for at in rungs)
    assert rungs == sorted(rungs)
