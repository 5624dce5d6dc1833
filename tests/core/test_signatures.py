"""Transitions that several must sign: everyone who holds the posts, or so many different persons."""

from __future__ import annotations

from datetime import date

import pytest
from worlds import CORA, PAUL, Life, begin, by, directory, last_of

from duban.engine.errors import TransitionRefused
from duban.engine.history.evolve import replay
from duban.engine.values.actor import Actor
from duban.engine.values.directory import Directory, Holder
from duban.engine.values.forms import case_form, case_of

ANNA, CARL, OLGA = by("anna"), by("carl"), by("olga")
LEADS = ["school", "annex", "centre"]

RULES = """
    workflow: plan
    roles:
      heads: {post: head, of: case.leads}
      writer: {post: inspector, of: up.centre}
    fields:
      leads: {type: list, of: unit}
      opinion: text
      until: date
    states: {drafted: {}, sent: {}, agreed: {final: true}, refused: {final: true}}
    transitions:
      - {trigger: open, source: new, dest: drafted, by: anyone, asks: [leads]}
      - {trigger: send, source: drafted, dest: sent, by: [heads, writer]}
      - trigger: sign
        source: sent
        dest: agreed
        by: [heads]
        everyone: true
        asks: [opinion, until, {passed: flag}]
        conditions: input.passed
        then: [{notify: writer}]
      - {trigger: sign, source: sent, dest: refused, by: [heads], quorum: 2, asks: {passed: flag}}
      - {trigger: approve, source: sent, dest: agreed, by: [heads], not_by: [send], quorum: 2}
      - {trigger: all_approve, source: sent, dest: agreed, by: [heads], not_by: [send], everyone: true}
      - {trigger: minute, source: sent, by: [heads], everyone: true}
      - {trigger: check, source: sent, by: [heads], not_by: [approve]}
      - {trigger: back, source: sent, dest: drafted, by: [heads]}
      - {trigger: turn, source: sent, dest: =, by: anyone}
      - {when: signed.approve == 1 && case.opinion == 'stop', source: sent, dest: refused}
    deadlines:
      agree: {owner: heads, runs_in: [sent], limit: case.until, follows: until, again: anew}
"""


def sent(actor: Actor = CORA, people: Directory | None = None) -> Life:
    life = begin(RULES, people=people, leads=LEADS)
    life.fire("send", "2021-03-02", actor)
    return life


def refusal(life: Life, trigger: str, actor: Actor, **data: object) -> TransitionRefused:
    before = life.case
    with pytest.raises(TransitionRefused) as caught:
        life.fire(trigger, "2021-03-04", actor, **data)
    assert life.case == before
    return caught.value


def test_nothing_moves_before_the_last_of_three_heads_has_signed() -> None:
    life = sent()
    for actor in (PAUL, ANNA):
        decision = life.fire("sign", "2021-03-03", actor, passed=True)
        assert (life.case.state, decision.notices) == ("sent", ())
        assert (life.entries[-1].kind, "moves" in life.entries[-1].body) == ("sign", False)
    assert life.entries[-1].body["signed"] == [["sent", "transitions.2"]]
    assert (life.case.signers("sign"), "sign" in life.case.times) == (2, False)
    decision = life.fire("sign", "2021-03-03", CARL, passed=True)
    assert (life.case.state, len(decision.notices)) == ("agreed", 1)
    assert life.case.times["sign"] == 1
    assert life.case.did["sign"] == ("anna", "carl", "paul")
    assert life.case.signed == ()
    assert replay(life.entries) == life.case


def test_who_signs_gives_an_input_of_his_own_and_fields_stay() -> None:
    life = sent()
    life.fire("sign", "2021-03-03", PAUL, passed=True, opinion="fine", until="2021-04-01")
    body = life.entries[-1].body
    assert (body["input"], body["set"]) == (
        {"passed": True}, {"opinion": "fine", "until": "2021-04-01"},
    )  # fmt: skip
    assert life.clock("agree").due == last_of("2021-04-01")
    assert refusal(life, "sign", ANNA).code == "RULE-005"


def test_signatures_under_one_transition_are_none_under_another() -> None:
    life = sent()
    life.fire("sign", "2021-03-03", PAUL, passed=True)
    life.fire("sign", "2021-03-03", ANNA, passed=False)
    assert life.case.state == "sent"
    life.fire("sign", "2021-03-03", CARL, passed=False)
    assert life.case.state == "refused"


def test_nobody_signs_twice_and_the_refusal_says_who_is_missing() -> None:
    life = sent()
    life.fire("sign", "2021-03-03", PAUL, passed=True)
    error = refusal(life, "sign", PAUL, passed=True)
    assert error.code == "RULE-020"
    assert "you have signed 'sign' already; 2 more must sign, of: anna, carl" in str(error)


def test_explain_says_who_is_missing_once_the_actor_has_signed() -> None:
    life = sent()
    life.fire("approve", "2021-03-03", PAUL)
    verdicts = {v.trigger: v for v in life.explain("2021-03-03", ANNA).verdicts}
    assert verdicts["approve"].allowed
    assert verdicts["approve"].awaited == ()
    (signing,) = verdicts["minute"].awaited
    assert (signing.missing, signing.short) == (("carl", "paul"), 2)
    mine = next(v for v in life.explain("2021-03-03", PAUL).refused if v.trigger == "approve")
    assert [reason.code for reason in mine.reasons] == ["RULE-020"]


def test_a_quorum_is_that_many_different_persons() -> None:
    life = sent()
    life.fire("approve", "2021-03-03", ANNA)
    assert life.case.state == "sent"
    life.fire("approve", "2021-03-03", CARL)
    assert life.case.state == "agreed"


def test_one_for_another_is_one_signature_and_the_other_has_signed() -> None:
    life = sent()
    life.fire("approve", "2021-03-03", by("paul", behalf="anna"))
    assert life.case.signers("approve") == 1
    assert refusal(life, "approve", ANNA).code == "RULE-020"
    assert refusal(life, "approve", by("carl", behalf="paul")).code == "RULE-020"


def test_a_successor_must_sign_and_the_signature_of_who_left_stays() -> None:
    until = [
        Holder(post="school/principal", person="paul", ends=date(2021, 3, 9)),
        Holder(post="school/principal", person="pia", begins=date(2021, 3, 10)),
    ]
    held = {"annex/principal": "anna", "centre/director": "carl", "centre/inspector": "cora"}
    life = sent(people=directory(held, *until))
    for actor in (PAUL, ANNA):
        life.fire("minute", "2021-03-05", actor)
    life.fire("minute", "2021-03-11", CARL)
    assert "minute" not in life.case.times
    life.fire("minute", "2021-03-11", by("pia"))
    assert life.case.did["minute"] == ("anna", "carl", "paul", "pia")


def test_when_the_last_who_was_missing_leaves_office_anybody_who_signed_concludes() -> None:
    until = Holder(post="centre/director", person="carl", ends=date(2021, 3, 9))
    held = {"annex/principal": "anna", "school/principal": "paul", "centre/inspector": "cora"}
    life = sent(people=directory(held, until))
    life.fire("all_approve", "2021-03-05", PAUL)
    life.fire("all_approve", "2021-03-05", ANNA)
    assert refusal(life, "all_approve", PAUL).code == "RULE-020"
    life.fire("all_approve", "2021-03-11", PAUL)
    assert life.case.state == "agreed"


def test_four_eyes_hold_for_every_signature() -> None:
    life = sent(PAUL)
    assert refusal(life, "approve", PAUL).code == "RULE-003"
    life.fire("approve", "2021-03-03", ANNA)
    assert refusal(life, "check", ANNA).code == "RULE-003"
    life.fire("approve", "2021-03-03", CARL)
    assert life.case.state == "agreed"


def test_whom_four_eyes_keep_from_signing_is_not_waited_for() -> None:
    life = sent(PAUL)
    life.fire("all_approve", "2021-03-03", ANNA)
    life.fire("all_approve", "2021-03-03", CARL)
    assert life.case.state == "agreed"


@pytest.mark.parametrize("leaving", ["back", "turn"])
def test_signatures_end_when_the_case_leaves_the_state(leaving: str) -> None:
    life = sent()
    life.fire("approve", "2021-03-03", PAUL)
    life.fire(leaving, "2021-03-03", CARL)
    assert life.case.signed == ()
    assert replay(life.entries) == life.case


def test_what_does_not_leave_the_state_begins_to_gather_signatures_anew() -> None:
    life = sent()
    for actor in (PAUL, ANNA, CARL):
        life.fire("minute", "2021-03-03", actor)
    assert (life.case.times["minute"], life.case.signed) == (1, ())
    life.fire("minute", "2021-03-04", PAUL)
    assert (life.case.times["minute"], life.case.signers("minute")) == (1, 1)


def test_a_condition_may_count_the_signatures() -> None:
    life = sent()
    life.fire("sign", "2021-03-03", PAUL, passed=True, opinion="stop")
    life.fire("approve", "2021-03-03", ANNA)
    assert (life.case.state, life.kinds[-2:]) == ("refused", ["sign", "auto"])


def test_a_rule_signs_nothing_and_is_not_held_up() -> None:
    life = sent()
    life.fired_by_rule("approve", "2021-03-03")
    assert life.case.state == "agreed"


def test_who_may_not_fire_may_not_sign() -> None:
    assert refusal(sent(), "approve", OLGA).code == "RULE-002"


def test_signatures_are_part_of_the_stored_case_and_absent_without_any() -> None:
    life = sent()
    assert "signed" not in case_form(life.case)
    life.fire("approve", "2021-03-03", by("paul", behalf="pia"))
    assert case_form(life.case)["signed"] == [["sent", "approve", "transitions.4", ["paul", "pia"]]]
    assert case_of(case_form(life.case)) == life.case
    assert replay(life.entries) == life.case
