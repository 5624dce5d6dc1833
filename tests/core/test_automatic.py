"""What a case does by itself: automatic transitions, and the timers that follow from their text."""

from __future__ import annotations

import pytest
from worlds import CASE, TICK, Life, begin, last_of, local

from duban.engine.core.course import NeverRests
from duban.engine.core.decide import decide_note
from duban.engine.errors import TransitionRefused
from duban.engine.values.command import Cause, Tie


def automatic(*rows: str, deadlines: str = "{}") -> str:
    listed = "\n".join(f"      - {row}" for row in rows)
    return f"""
    workflow: thing
    roles: {{owner: {{post: principal}}}}
    fields: {{day: date, n: number, flag: flag, done: flag, other: date}}
    states: {{a: {{}}, b: {{}}, c: {{}}, end: {{final: true}}}}
    deadlines: {deadlines}
    facts: {{others: {{count: thing, of: unit}}}}
    transitions:
      - {{trigger: open, source: new, dest: a, by: anyone, asks: [day, n, flag, other]}}
      - {{trigger: note, source: '*', by: anyone, asks: [day, n, flag, other]}}
      - {{trigger: back, source: '*', dest: a, by: anyone}}
      - {{trigger: finish, source: '*', dest: end, by: anyone}}
{listed}
"""


def states(life: Life) -> list[str]:
    return [entry.body["moves"][0][2] for entry in life.entries if "moves" in entry.body]


def test_automatic_transitions_follow_one_another_each_in_an_entry_of_its_own() -> None:
    life = begin(
        automatic(
            "{when: case.flag, source: a, dest: b}",
            "{when: is.b, source: b, dest: c}",
            "{when: case.n == 3, source: c, dest: end}",
        ),
        flag=True,
        n=3,
    )
    assert states(life) == ["a", "b", "c", "end"]
    assert life.kinds == ["open", "auto", "auto", "auto"]
    assert [entry.actor.person for entry in life.entries[1:]] == ["system:timer"] * 3
    assert [entry.body["rule"] for entry in life.entries[1:]] == [
        "transitions.4",
        "transitions.5",
        "transitions.6",
    ]


def test_the_first_in_the_file_wins() -> None:
    rows = ["{when: 'true', source: a, dest: b}", "{when: 'true', source: a, dest: c}"]
    assert states(begin(automatic(*rows))) == ["a", "b"]
    assert states(begin(automatic(*reversed(rows)))) == ["a", "c"]


def test_conditions_and_unless_hold_for_automatic_ones_too() -> None:
    life = begin(
        automatic(
            "{when: case.flag, source: a, dest: b, conditions: case.n > 1, unless: case.n > 5}"
        ),
        flag=True,
        n=7,
    )
    assert life.case.state == "a"
    assert life.fire("note", "2021-03-02", n=3).case.state == "b"


def test_a_condition_without_a_value_does_not_hold_and_stops_nothing() -> None:
    assert begin(automatic("{when: case.n / 0 > 1, source: a, dest: b}")).case.state == "a"


def test_sixteen_steps_are_rest_and_one_more_is_not() -> None:
    counting = automatic(
        "{when: case.n < 16, source: a, then: [{set: {n: case.n + 1}}]}",
    )
    assert begin(counting, n=0).case.version == 17
    with pytest.raises(NeverRests, match=r"16 steps; last `transitions\.4`"):
        begin(counting, n=-1)
    with pytest.raises(NeverRests):
        begin(automatic("{when: 'true', source: a, dest: =}"))


# ---- time


def test_reached_is_asked_again_when_that_day_begins() -> None:
    life = begin(automatic("{when: reached(case.day), source: a, dest: b}"), day="2021-03-10")
    assert life.timers == {"auto": local("2021-03-10")}
    assert life.due(local("2021-03-10") - TICK).entries == ()
    life.due("2021-03-10")
    assert life.case.state == "b"
    assert life.timers == {}


def test_passed_is_asked_again_when_that_day_is_over() -> None:
    life = begin(automatic("{when: passed(case.day), source: a, dest: b}"), day="2021-03-10")
    assert life.timers == {"auto": local("2021-03-11")}
    assert life.due(last_of("2021-03-10")).entries == ()
    assert life.due("2021-03-11").case.state == "b"


def test_what_fell_due_counts_from_its_own_instant_and_tells_when_it_was_recorded() -> None:
    life = begin(automatic("{when: passed(case.day), source: a, dest: b}"), day="2021-03-10")
    life.due("2021-05-01T12:00")
    entry = life.entries[-1]
    assert (entry.effective, entry.at) == (local("2021-03-11"), local("2021-05-01T12:00"))
    assert life.case.entered["b"] == local("2021-03-11")


def test_the_nearest_of_several_questions_is_asked_first() -> None:
    life = begin(
        automatic(
            "{when: passed(case.day), source: a, dest: b}",
            "{when: reached(case.other), source: a, dest: c}",
        ),
        day="2021-03-10",
        other="2021-03-05",
    )
    assert life.timers == {"auto": local("2021-03-05")}
    life.fire("note", "2021-03-02", other="2021-04-01")
    assert life.timers == {"auto": local("2021-03-11")}


def test_an_undated_instant_is_never_reached_and_waits_for_nothing() -> None:
    life = begin(automatic("{when: reached(case.day) || passed(case.other), source: a, dest: b}"))
    assert life.timers == {}
    assert life.due("2030-01-01").entries == ()


CLOCKED = automatic(
    "{when: lapsed.fix, source: a, dest: b}",
    "{when: 'passed(after(entered.b, days(2)))', source: b, dest: c}",
    deadlines="{fix: {owner: owner, runs_in: a, limit: 5 days, again: anew}}",
)


def test_a_lapse_moves_the_case_at_the_first_instant_after_the_due() -> None:
    life = begin(CLOCKED)
    assert life.timers["auto"] == local("2021-03-07")
    assert life.due(last_of("2021-03-06")).entries == ()
    life.due("2021-03-07")
    assert life.case.state == "b"
    assert life.clock("fix").lapsed(local("2021-03-07"))
    assert not life.clock("fix").met


def test_later_limits_count_from_the_effective_instant_of_a_lapse() -> None:
    life = begin(CLOCKED)
    life.due("2021-06-01")
    assert [entry.effective for entry in life.entries[1:]] == [
        local("2021-03-07"),
        local("2021-03-10"),
    ]
    assert life.case.state == "c"


def test_a_lapse_is_settled_before_the_command_that_comes_later() -> None:
    life = begin(CLOCKED)
    life.fire("note", "2021-03-08", n=1)
    assert life.kinds == ["open", "auto", "fire"]
    assert states(life) == ["a", "b"]
    late = begin(automatic("{when: passed(case.day), source: a, dest: end}"), day="2021-03-10")
    with pytest.raises(TransitionRefused) as caught:
        late.fire("note", "2021-03-11")
    assert caught.value.code == "RULE-008"


def test_explain_counts_what_fell_due_but_is_not_recorded_yet() -> None:
    late = begin(automatic("{when: passed(case.day), source: a, dest: end}"), day="2021-03-10")
    assert late.explain("2021-03-10T12:00").allowed
    explanation = late.explain("2021-03-11")
    assert explanation.case.state == "end"
    assert explanation.allowed == ()
    assert late.case.state == "a"


def test_what_other_cases_changed_counts_from_when_it_is_noticed() -> None:
    life = begin(automatic("{when: fact.others > 2, source: a, dest: b}"))
    life.facts = {"others": 2}
    assert life.due("2021-03-10").entries == ()
    life.facts = {"others": 3}
    life.due("2021-03-15T08:00")
    assert life.case.entered["b"] == local("2021-03-15T08:00")


def test_a_fact_that_was_not_loaded_holds_nothing() -> None:
    assert begin(automatic("{when: fact.others >= 0, source: a, dest: b}")).case.state == "a"


def test_to_be_tied_to_another_case_forgets_no_timer_and_settles_first() -> None:
    life = begin(CLOCKED)
    tie = Tie(case=CASE, name="thing", other="b", cause=Cause(case="b", seq=1, rule="r"))
    life.take(decide_note(life.machine, life.case, tie, life.world("2021-03-05")))
    assert life.timers["auto"] == local("2021-03-07")
    assert life.case.linked("thing") == ("b",)
    life.take(decide_note(life.machine, life.case, tie, life.world("2021-03-09")))
    assert life.kinds == ["open", "effect", "auto", "effect"]
    assert life.case.entered["b"] == local("2021-03-07")


def test_an_automatic_transition_never_counts_as_a_person() -> None:
    life = begin(automatic("{when: case.flag, source: a, dest: b}"), flag=True)
    assert life.case.did == {"open": ("paul",)}
    assert life.entries[-1].trigger is None


def test_a_clock_that_went_backwards_records_nothing_before_what_was_recorded() -> None:
    life = begin(automatic(), now="2021-03-02T10:00")
    life.fire("note", "2021-03-01T08:00", n=1)
    entry = life.entries[-1]
    assert entry.at == local("2021-03-02T10:00")
    assert entry.effective == local("2021-03-01T08:00")
