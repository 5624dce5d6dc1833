"""Ladders: each rung once, never early, never after the case left, never lost to an outage."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import TICK, Life, begin, by, directory, last_of, local

from duban.engine.errors import TransitionRefused
from duban.engine.values.command import Open
from duban.engine.values.directory import Holder

LADDER = """
    ladder: steps
    rungs:
      - {rung: remind, at: 3 workdays before, title: {en: Reminder, zh: 提醒}, then: [{notify: owner}]}
      - {rung: urge, at: due, title: {en: Urging, zh: 催办}, then: [{notify: [owner, centre]}]}
      - {rung: warn, at: 5 days after, title: {en: Warning, zh: 警示}, then: [{notify: [centre, office]}]}
    repeat: 10 workdays
"""
RULES = """
    workflow: thing
    roles:
      owner: {post: principal}
      centre: {post: head, of: up.centre}
      office: {post: head, of: office}
    fields: {length: span, n: number}
    states: {work: {}, rest: {}, away: {}, escalated: {}, end: {final: true}}
    deadlines:
      fix: {owner: owner, runs_in: work, waits_in: rest, limit: 5 workdays, again: same due, ladder: steps}
    transitions:
      - {trigger: open, source: new, dest: work, by: anyone}
      - {trigger: pause, source: work, dest: rest, by: anyone}
      - {trigger: back, source: [rest, away], dest: work, by: anyone}
      - {trigger: leave, source: work, dest: away, by: anyone}
      - {trigger: escalate, source: work, dest: escalated}
      - {trigger: extend, source: '*', by: anyone, asks: [length], then: [{extend: fix, by: case.length}]}
      - {trigger: finish, source: '*', dest: end, by: anyone}
      - {trigger: note, source: '*', by: anyone}
"""
# Opened on Monday the 1st: due on Monday the 8th, a reminder on the 3rd, a warning once the 13th is over.
REMIND, URGE, WARN = local("2021-03-03"), local("2021-03-09"), local("2021-03-14")


def life(**changes: object) -> Life:
    return begin((RULES, LADDER), **changes)  # type: ignore[arg-type]  # what begin() takes


def with_rungs(*rungs: str, transitions: str = "") -> Life:
    listed = "\n".join(f"      - {rung}" for rung in rungs)
    return begin((RULES + transitions, f"\n    ladder: steps\n    rungs:\n{listed}\n"))


def people(one: Life) -> list[str | None]:
    return [notice.person for notice in one.last.notices]


# ---- when


@pytest.mark.parametrize(("at", "rungs"), [(REMIND, 1), (URGE, 2), (WARN, 3)])
def test_a_rung_is_recorded_at_its_instant_and_never_before(at: datetime, rungs: int) -> None:
    one = life()
    one.due(at - TICK)
    assert len(one.rungs) == rungs - 1
    assert one.timers == {"fix": at}
    one.due(at)
    assert len(one.rungs) == rungs
    entry = one.entries[-1]
    assert (entry.kind, entry.effective, entry.at) == ("rung", at, at)


def test_a_rung_tells_what_it_is() -> None:
    one = life()
    one.due("2021-03-03T08:00")
    assert one.entries[-1].body["rung"] == {
        "deadline": "fix",
        "round": 1,
        "rung": 0,
        "name": "remind",
        "due": "2021-03-08T15:59:59.999999Z",
        "late": 0,
    }
    assert one.entries[-1].body["rule"] == "ladders.fix.rungs.0"


def test_each_rung_is_recorded_once() -> None:
    one = life()
    for hour in range(24 * 20):
        one.due(local("2021-03-01T09:00") + timedelta(hours=hour))
    assert one.rungs == ["remind", "urge", "warn"]


@given(st.lists(st.integers(0, 60 * 24), min_size=1, max_size=12))
def test_however_often_it_is_looked_at_the_same_rungs_are_recorded(hours: list[int]) -> None:
    often, once = life(), life()
    moments = sorted(local("2021-03-01T09:00") + timedelta(hours=hour) for hour in hours)
    for moment in moments:
        often.due(moment)
    once.due(moments[-1])

    def told(one: Life) -> list[tuple[object, datetime]]:
        return [(e.body["rung"]["rung"], e.effective) for e in one.entries if e.kind == "rung"]

    assert told(often) == told(once)
    assert often.clock("fix") == once.clock("fix")
    assert often.timers == once.timers


def test_the_last_rung_repeats_while_the_clock_runs() -> None:
    one = life()
    for day in ("2021-03-14", "2021-03-27", "2021-04-13"):
        one.due(day)
    assert one.rungs == ["remind", "urge", "warn", "warn", "warn"]
    assert [e.body["rung"]["rung"] for e in one.entries[1:]] == [0, 1, 2, 3, 4]
    one.fire("finish", "2021-04-13T10:00")
    assert one.timers == {}
    assert one.due("2022-01-01").entries == ()


@pytest.mark.parametrize("trigger", ["finish", "leave", "pause"])
def test_no_rung_falls_due_after_the_case_left(trigger: str) -> None:
    one = life()
    one.fire(trigger, "2021-03-02")
    assert one.timers == {}
    assert one.due("2021-12-01").entries == ()


def test_rungs_that_fell_due_are_recorded_before_the_command_that_leaves() -> None:
    one = life()
    one.fire("finish", "2021-03-09T10:00")
    assert one.kinds == ["open", "rung", "rung", "fire"]
    assert one.entries[-2].effective == URGE


# ---- rounds


def test_a_pause_does_not_fire_a_rung_again_and_moves_those_to_come() -> None:
    one = life()
    one.fire("pause", "2021-03-03T10:00")
    one.fire("back", "2021-03-10T10:00")
    assert one.rungs == ["remind"]
    # Three of five days are left, from Thursday on: due on Monday the 15th.
    assert one.case.due == last_of("2021-03-15")
    assert one.timers == {"fix": local("2021-03-16")}


def test_an_extension_begins_a_round_in_which_reminders_fire_again() -> None:
    one = life()
    one.due(URGE)
    one.fire("extend", "2021-03-09T10:00", length="10 workdays")
    assert one.case.due == last_of("2021-03-22")
    assert one.timers == {"fix": local("2021-03-17")}
    one.due("2021-03-23")
    assert one.rungs == ["remind", "urge", "remind", "urge"]
    assert [e.body["rung"]["round"] for e in one.entries if e.kind == "rung"] == [1, 1, 2, 2]


def test_a_reminder_whose_time_is_past_when_the_clock_begins_is_not_owed() -> None:
    one = life()
    one.fire("extend", "2021-03-08T10:00", length="1 workday")
    assert one.timers == {"fix": local("2021-03-10")}


# ---- after an outage


def test_after_an_outage_every_missed_rung_is_recorded_in_order_with_how_late_it_was() -> None:
    one = life()
    decision = one.due("2021-03-20T12:00")
    assert one.rungs == ["remind", "urge", "warn"]
    assert [e.effective for e in decision.entries] == [REMIND, URGE, WARN]
    assert {e.at for e in decision.entries} == {local("2021-03-20T12:00")}
    assert [e.body["rung"]["late"] for e in decision.entries] == [17, 11, 6]


def test_only_the_last_missed_rung_is_sent_and_names_the_others() -> None:
    one = life()
    one.due("2021-03-20T12:00")
    assert {notice.seq for notice in one.last.notices} == {4}
    assert people(one) == ["carl", "olga", "paul"]
    assert all("Missed before this: Reminder, Urging" in n.text for n in one.last.notices)


def test_those_whom_only_missed_rungs_would_have_told_get_one_digest() -> None:
    one = life()
    one.due("2021-03-20T12:00")
    assert people(one).count("paul") == 1


def test_one_missed_rung_alone_is_sent_as_it_is() -> None:
    one = life()
    one.due("2021-03-04T12:00")
    assert people(one) == ["paul"]
    assert "Missed" not in one.last.notices[0].text


def test_a_missed_rung_that_takes_the_case_away_is_sent_since_no_later_one_will_be() -> None:
    one = with_rungs(
        "{rung: urge, at: due, then: [{notify: owner}]}",
        "{rung: lift, at: 5 days after, then: [{notify: centre}, {fire: escalate, on: this}]}",
        "{rung: more, at: 10 days after, then: [{notify: office}]}",
    )
    one.due("2021-06-01")
    assert one.rungs == ["urge", "lift"]
    assert people(one) == ["carl", "paul"]


def test_a_lapse_that_takes_the_case_away_leaves_nobody_untold() -> None:
    one = with_rungs(
        "{rung: urge, at: due, then: [{notify: owner}]}",
        "{rung: more, at: 10 days after, then: [{notify: office}]}",
        transitions="      - {when: lapsed.fix, source: work, dest: escalated}\n",
    )
    one.due("2021-06-01")
    assert one.kinds == ["open", "rung", "auto"]
    assert people(one) == ["paul"]


# ---- what a rung does


def test_a_rung_may_fire_a_trigger_of_its_own_case_at_its_own_instant() -> None:
    one = with_rungs("{rung: lift, at: due, then: [{fire: escalate, on: this}]}")
    one.due("2021-06-01T12:00")
    assert one.kinds == ["open", "rung", "effect"]
    assert one.case.state == "escalated"
    assert one.case.entered["escalated"] == URGE
    assert one.clock("fix").ended == URGE
    assert one.entries[-1].at == local("2021-06-01T12:00")


def test_a_trigger_that_is_refused_there_refuses_the_rung_unless_it_may_be_skipped() -> None:
    text = "{rung: lift, at: due, then: [{fire: back, on: this%s}]}"
    with pytest.raises(TransitionRefused):
        with_rungs(text % "").due(URGE)
    skipping = with_rungs(text % ", else: skip")
    skipping.due(URGE)
    assert skipping.kinds == ["open", "rung"]


def test_a_rung_may_open_a_case_and_the_same_one_however_late() -> None:
    text = "{rung: lift, at: due, then: [{open: thing}]}"
    early, late = with_rungs(text), with_rungs(text)
    early.due(URGE)
    late.due("2021-09-01")
    ids = [[c.id for c in one.last.commands if isinstance(c, Open)] for one in (early, late)]
    assert ids[0] == ids[1]
    assert late.case.linked("children") == tuple(ids[0])


# ---- whom it reaches


def test_the_notice_for_a_vacant_post_climbs_and_says_so() -> None:
    one = life(people=directory({"centre/director": "carl"}), actor=by("any"))
    one.due(REMIND)
    notice = one.last.notices[0]
    assert (notice.to, notice.person, notice.climbed_from) == (
        "centre/director",
        "carl",
        "school/principal",
    )
    assert one.entries[-1].body["notices"][0]["climbed_from"] == "school/principal"


def test_when_nobody_is_found_the_notice_stands_without_a_person() -> None:
    one = life(people=directory({}), actor=by("any"))
    one.due(REMIND)
    assert [(n.to, n.person) for n in one.last.notices] == [("school/principal", None)]
    assert "person" not in one.entries[-1].body["notices"][0]


def test_every_holder_of_a_post_gets_a_notice() -> None:
    one = life(people=directory(None, Holder(post="school/principal", person="ben")))
    one.due(REMIND)
    assert people(one) == ["paul", "ben"]


def test_after_an_outage_the_notice_goes_to_who_holds_the_post_now() -> None:
    gone = Holder(post="school/principal", person="old", ends=date(2021, 3, 10))
    new = Holder(post="school/principal", person="new", begins=date(2021, 3, 11))
    one = life(people=directory({}, gone, new), actor=by("any"))
    one.due("2021-03-13T10:00")
    assert "new" in people(one)
    assert "old" not in people(one)
    assert {notice.created for notice in one.last.notices} == {local("2021-03-13T10:00")}
