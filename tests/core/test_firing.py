"""One command: which transition is taken, who may take it, and what it asks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from worlds import CORA, DORA, PAUL, SARA, Life, begin, by, directory, machine, world

from duban.engine.core.decide import decide_fire
from duban.engine.errors import BadText, BadValue, StaleCase, TransitionRefused, UnknownUnit
from duban.engine.values.actor import Actor
from duban.engine.values.command import Fire
from duban.engine.values.directory import Holder

RULES = """
    workflow: thing
    roles:
      owner: {post: principal}
      staff: {post: any, of: case.unit}
      centre: {post: inspector, of: up.centre}
      above: {post: head, of: up}
      leads: {post: head, of: case.leads}
      office: {post: head, of: office}
      reporter: {party: case.reporter}
    fields:
      title: text
      amount: money
      n: number
      grade: {type: choice, choices: {general: {}, major: {}}}
      leads: {type: list, of: unit}
      reporter: {type: text, personal: true}
      paper: {type: evidence, seal: true}
      flag: flag
    states:
      a: {}
      b: {forbids: [note]}
      end: {final: true}
    transitions:
      - trigger: open
        source: new
        dest: a
        by: anyone
        asks: [title, amount, n, grade, leads, reporter, flag]
      - {trigger: go, source: a, dest: b, by: [owner], conditions: {grade: major}}
      - {trigger: go, source: a, dest: end, by: [staff], unless: case.n > 5}
      - {trigger: judge, source: a, dest: b, by: [owner], asks: {passed: flag}, conditions: input.passed}
      - {trigger: judge, source: a, by: anyone, asks: {passed: flag}}
      - {trigger: note, source: '*', by: [staff], asks: [title, {remark: text}], requires: [remark]}
      - {trigger: seal, source: a, by: anyone, asks: [paper], requires: [paper]}
      - trigger: low
        source: a
        by: anyone
        conditions: case.amount < 100.0
        otherwise: {zh: 金额过大, en: too dear}
      - {trigger: ratio, source: a, by: anyone, conditions: 10 / case.n > 1}
      - {trigger: ratio, source: a, dest: end, by: anyone}
      - {trigger: back, source: b, dest: a, by: [owner]}
      - {trigger: check, source: [a, b], dest: =, by: [staff], not_by: [back, check]}
      - {trigger: of_centre, source: a, by: [centre]}
      - {trigger: of_above, source: a, by: [above]}
      - {trigger: of_leads, source: a, by: [leads]}
      - {trigger: of_office, source: a, by: [office]}
      - {trigger: of_reporter, source: a, by: [reporter]}
      - {trigger: of_nobody, source: a}
      - {trigger: reopen, source: end, dest: a, by: anyone, reopen: true}
      - {trigger: finish, source: '*', dest: end, by: anyone}
"""


def refusal(life: Life, trigger: str, actor: Actor = PAUL, **data: object) -> TransitionRefused:
    before = life.case
    with pytest.raises(TransitionRefused) as caught:
        life.fire(trigger, "2021-03-02", actor, **data)
    assert life.case == before
    return caught.value


# ---- which one


def test_the_first_candidate_whose_conditions_hold_is_taken() -> None:
    assert begin(RULES, grade="major").fire("go", "2021-03-02").case.state == "b"
    assert begin(RULES, grade="general", n=1).fire("go", "2021-03-02").case.state == "end"


def test_roles_are_asked_after_the_choice_so_a_later_candidate_does_not_help() -> None:
    life = begin(RULES, grade="major", n=1)
    error = refusal(life, "go", SARA)
    assert error.code == "RULE-002"
    assert error.reasons[0].place == "transitions.1"
    assert "needs role owner; sara has: staff" in str(error)


def test_when_no_candidate_fits_every_reason_is_told() -> None:
    error = refusal(begin(RULES, grade="general", n=9), "go")
    assert [reason.code for reason in error.reasons] == ["RULE-004", "RULE-004"]
    assert "`case.grade == grade.major` is not true" in str(error)
    assert "`case.n > 5` is true" in str(error)


def test_missing_input_refuses_and_never_falls_through() -> None:
    life = begin(RULES)
    error = refusal(life, "judge")
    assert (error.code, error.reasons[0].missing) == ("RULE-005", ("passed",))
    assert life.fire("judge", "2021-03-02", passed=False).case.state == "a"
    assert life.fire("judge", "2021-03-02", passed=True).case.state == "b"


def test_otherwise_is_what_the_person_is_told() -> None:
    error = refusal(begin(RULES, amount="100.00"), "low")
    assert error.text("zh") == "01case：金额过大 [RULE-004 transitions.7]"
    assert "too dear" in error.text("en")


def test_a_number_that_was_not_given_refuses_and_says_so() -> None:
    error = refusal(begin(RULES), "low")
    assert error.code == "RULE-007"
    assert 'worked out: nothing was given for "case.amount"' in str(error)


def test_an_error_in_a_condition_is_told_and_not_passed_over_for_the_next_candidate() -> None:
    life = begin(RULES, n=0)
    assert "divide by zero" in str(refusal(life, "ratio"))
    verdict = next(v for v in life.explain("2021-03-02").verdicts if v.trigger == "ratio")
    assert [reason.code for reason in verdict.reasons] == ["RULE-007"]


def test_a_state_that_forbids_a_trigger_wins_over_everything() -> None:
    life = begin(RULES, grade="major")
    life.fire("go", "2021-03-02")
    error = refusal(life, "note", remark="x")
    assert (error.code, error.reasons[0].place) == ("RULE-006", "states.b")


def test_a_trigger_that_does_not_exist_names_the_nearest() -> None:
    error = refusal(begin(RULES), "finnish")
    assert error.code == "RULE-010"
    assert "did you mean 'finish'?" in str(error)


def test_a_trigger_of_another_state_lists_what_is_possible() -> None:
    error = refusal(begin(RULES), "back")
    assert error.code == "RULE-001"
    assert "possible: go, judge, note" in str(error)


def test_nothing_leaves_a_final_state_but_what_reopens_it() -> None:
    life = begin(RULES)
    life.fire("finish", "2021-03-02")
    assert life.case.counts == "closed"
    error = refusal(life, "note", remark="x")
    assert error.code == "RULE-008"
    assert "possible: reopen" in str(error)
    assert life.fire("reopen", "2021-03-03").case.counts == "open"


@pytest.mark.parametrize("name", ["to_end", "trigger", "__init__", "may_go", "open", "new"])
def test_what_the_library_would_add_by_itself_is_no_trigger(name: str) -> None:
    assert refusal(begin(RULES), name).code in {"RULE-010", "RULE-001"}


def test_a_stale_version_is_refused_before_anything_is_judged() -> None:
    life = begin(RULES)
    command = Fire(case=life.case.id, trigger="nonsense", actor=PAUL, version=7)
    with pytest.raises(StaleCase, match="at version 1, you had 7"):
        decide_fire(life.machine, life.case, command, world("2021-03-02"))


# ---- inputs


def test_what_fills_a_field_is_set_and_what_does_not_is_kept_in_the_entry() -> None:
    life = begin(RULES)
    life.fire("note", "2021-03-02", title="Roof", remark="leaks")
    body = life.entries[-1].body
    assert (body["set"], body["input"]) == ({"title": "Roof"}, {"remark": "leaks"})
    assert life.case.data["title"] == "Roof"
    assert "remark" not in life.case.data


def test_what_is_required_and_missing_is_named() -> None:
    error = refusal(begin(RULES), "note", title="x")
    assert (error.code, error.reasons[0].missing) == ("RULE-005", ("remark",))


def test_data_that_nobody_asked_for_is_refused() -> None:
    life = begin(RULES)
    with pytest.raises(BadValue, match=r"asked by 'note' \(asked: remark, title\)"):
        life.fire("note", "2021-03-02", remark="x", tilte="y")


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800", "\u200b", "\x1b[31m"])
def test_texts_that_cannot_be_seen_or_stored_are_refused(text: str) -> None:
    with pytest.raises(BadText):
        begin(RULES, title=text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "1.234"), ("amount", "NaN"), ("amount", True), ("amount", "1e400"),
        ("n", 2**53), ("n", True), ("n", "1.0"), ("n", "٣"), ("grade", "minor"), ("flag", "yes"),
        ("title", 5), ("title", "x" * 2001), ("leads", "school"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_its_field_is_refused(name: str, value: Any) -> None:
    with pytest.raises(BadValue, match=name):
        begin(RULES, **{name: value})


def test_a_unit_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UnknownUnit):
        begin(RULES, leads=["school", "nowhere"])
    with pytest.raises(UnknownUnit):
        begin(RULES, unit="nowhere")


def test_amounts_are_kept_exactly() -> None:
    assert begin(RULES, amount="0.1").case.data["amount"] == "0.10"
    assert begin(RULES, amount=1200.5).case.data["amount"] == "1200.50"


def test_zero_and_no_are_values_that_were_given() -> None:
    rules = """
        workflow: thing
        fields: {n: number, sure: flag, title: text, done: flag}
        states: {a: {}, end: {final: true}}
        transitions:
          - {trigger: open, source: new, dest: a, by: anyone, asks: [n, sure, title]}
          - {trigger: go, source: a, dest: end, by: anyone, conditions: given.n && given.sure && !given.title}
          - {trigger: must, source: a, dest: end, by: anyone, requires: [n, sure]}
    """
    assert begin(rules, n=0, sure=False).fire("go", "2021-03-02").case.state == "end"
    assert begin(rules, n=0, sure=False).fire("must", "2021-03-02").case.state == "end"
    assert refusal(begin(rules), "must").reasons[0].missing == ("n", "sure")


def test_evidence_must_be_what_the_field_demands() -> None:
    life = begin(RULES)
    with pytest.raises(BadValue, match="sealed"):
        life.fire("seal", "2021-03-02", paper={"number": "7"})
    life.fire("seal", "2021-03-02", paper={"number": "7", "seal": True})
    assert life.case.data["paper"] == [{"number": "7", "seal": True}]


# ---- who


@pytest.mark.parametrize(
    ("trigger", "person"),
    [
        ("of_centre", "cora"), ("of_above", "carl"), ("of_office", "olga"), ("of_leads", "anna"),
        ("of_leads", "dora"), ("of_reporter", "zoe"), ("check", "sara"),
    ],
)  # fmt: skip
def test_a_role_is_played_by_who_holds_the_post_that_it_names(trigger: str, person: str) -> None:
    life = begin(RULES, leads=["annex", "commission"], reporter="zoe")
    life.fire(trigger, "2021-03-02", by(person))
    error = refusal(life, trigger, by("mallory"))
    assert error.code == "RULE-002"


def test_a_trigger_without_by_is_fired_by_nobody_but_a_rule() -> None:
    life = begin(RULES)
    assert refusal(life, "of_nobody", DORA).code == "RULE-002"
    life.fired_by_rule("of_nobody", "2021-03-02")
    assert life.entries[-1].kind == "effect"


def test_an_actor_acts_in_the_post_that_is_named_and_no_other() -> None:
    staff = directory(None, Holder(post="annex/principal", person="paul"))
    life = begin(RULES, people=staff, grade="major")
    assert refusal(life, "go", by("paul", "annex/principal")).code == "RULE-002"
    assert life.fire("go", "2021-03-02", by("paul", "school/principal")).case.state == "b"


@pytest.mark.parametrize("trigger", ["finish", "go", "of_reporter"])
def test_a_post_that_is_not_held_is_refused_even_where_anyone_may_act(trigger: str) -> None:
    life = begin(RULES, grade="major", reporter="sara")
    error = refusal(life, trigger, by("sara", "commission/director"))
    assert "sara does not hold the post 'commission/director'" in str(error)


def test_a_holder_counts_from_the_first_to_the_last_day() -> None:
    ben = Holder(
        post="school/principal", person="ben", begins=date(2021, 3, 3), ends=date(2021, 3, 4)
    )
    life = begin(RULES, people=directory({}, ben), actor=by("anyone"), grade="major")
    for day in ("2021-03-02T23:59:59", "2021-03-05T00:00"):
        with pytest.raises(TransitionRefused):
            life.fire("go", day, by("ben"))
    assert life.fire("go", "2021-03-04T23:59:59", by("ben")).case.state == "b"


def test_another_person_than_the_one_who_did_that() -> None:
    life = begin(RULES, grade="major")
    life.fire("go", "2021-03-02")
    life.fire("back", "2021-03-02")
    error = refusal(life, "check", PAUL)
    assert (error.code, len(error.reasons)) == ("RULE-003", 1)
    life.fire("check", "2021-03-02", SARA)


def test_on_whose_behalf_it_was_done_counts_on_both_sides() -> None:
    life = begin(RULES)
    life.fire("check", "2021-03-02", by("sara", behalf="paul"))
    assert refusal(life, "check", PAUL).code == "RULE-003"
    assert refusal(life, "check", SARA).code == "RULE-003"
    other = begin(RULES)
    other.fire("check", "2021-03-02", PAUL)
    assert refusal(other, "check", by("sara", behalf="paul")).code == "RULE-003"


def test_the_timer_neither_satisfies_nor_blocks_another_person() -> None:
    life = begin(RULES)
    life.fired_by_rule("check", "2021-03-02")
    life.fire("check", "2021-03-02", PAUL)
    assert life.case.did["check"] == ("paul",)
    assert life.case.times["check"] == 2


def test_a_new_episode_forgets_who_did_what_and_counts_up() -> None:
    life = begin(RULES)
    life.fire("check", "2021-03-02", PAUL)
    life.fire("finish", "2021-03-03")
    life.fire("reopen", "2021-03-04", CORA)
    assert (life.case.episode, life.case.times["check"]) == (2, 1)
    assert life.case.did == {"reopen": ("cora",)}
    life.fire("check", "2021-03-05", PAUL)


# ---- the move


def test_an_internal_transition_leaves_when_it_was_entered_and_a_reflexive_one_does_not() -> None:
    life = begin(RULES)
    entered = life.case.entered["a"]
    life.fire("note", "2021-03-02", remark="x")
    assert life.case.entered["a"] == entered
    assert "moves" not in life.entries[-1].body
    life.fire("check", "2021-03-03")
    assert life.case.entered["a"] == world("2021-03-03").now
    assert life.entries[-1].body["moves"] == [["", "a", "a"]]


def test_a_refused_opening_opens_nothing() -> None:
    rules = """
        workflow: thing
        roles: {owner: {post: principal}}
        states: {end: {final: true}}
        transitions: [{trigger: open, source: new, dest: end, by: [owner]}]
    """
    with pytest.raises(TransitionRefused, match="needs role owner"):
        begin(rules, actor=SARA)
    assert begin(machine(rules)).case.counts == "closed"


def test_a_personal_input_that_another_candidate_asks_stays_out_of_the_bytes() -> None:
    rules = """
        workflow: thing
        fields: {title: text}
        states: {a: {}, end: {final: true}}
        transitions:
          - {trigger: open, source: new, dest: a, by: anyone}
          - {trigger: judge, source: a, dest: end, by: anyone, asks: {passed: flag}, conditions: input.passed}
          - trigger: judge
            source: a
            by: anyone
            asks: {passed: flag, reason: {type: text, personal: true}}
    """
    life = begin(rules)
    life.fire("judge", "2021-03-02", passed=True, reason="Mrs Li complained")
    entry = life.entries[-1]
    assert b"Li" not in entry.canon
    assert entry.values("input") == {"passed": True, "reason": "Mrs Li complained"}
