"""Withdrawing a basis: what is struck no longer counts, what rests on it is flagged, nothing is deleted."""

from __future__ import annotations

import pytest
from worlds import CORA, PAUL, SARA, Life, begin, by, machine, world

from duban.engine.core.decide import decide_note
from duban.engine.errors import TransitionRefused
from duban.engine.history.evolve import replay
from duban.engine.values.actor import Actor
from duban.engine.values.command import Cause, Fire, Flag, Open
from duban.engine.values.forms import case_form, case_of

RULES = """
    workflow: listing
    roles: {staff: {post: any, of: case.unit}}
    fields: {n: number}
    states: {a: {}, listed: {}, end: {final: true}}
    transitions:
      - {trigger: open, source: new, dest: a, by: anyone}
      - trigger: find
        source: a
        by: anyone
        then: [{open: task}, {fire: tell, on: parent, else: skip}, {set: {n: times.find}}]
      - {trigger: find_together, source: a, by: anyone, quorum: 2, then: [{open: task}]}
      - {trigger: confirm, source: a, by: anyone, not_by: [find]}
      - {trigger: withdraw, source: a, by: anyone, then: [{strike: find}]}
      - {trigger: withdraw_two, source: a, by: anyone, then: [{strike: find}, {strike: find}]}
      - {trigger: withdraw_all, source: a, by: anyone, then: [{strike: find_together}]}
      - {trigger: end, source: a, dest: end, by: anyone}
      - {trigger: reopen, source: end, dest: a, by: anyone, reopen: true}
      - {when: times.find >= 3, source: a, dest: listed}
      - {when: times.find < 3, source: listed, dest: a}
      - {trigger: withdraw, source: listed, by: anyone, then: [{strike: find}]}
"""
TASK = """
    workflow: task
    states: {doing: {}, stopped: {final: true, counts: void}}
    transitions:
      - {trigger: open, source: new, dest: doing, by: anyone}
      - {when: flagged, source: doing, dest: stopped}
"""


def listing(*finders: Actor) -> Life:
    life = begin([RULES, TASK], links=(("parent", "01parent"),))
    for finder in finders:
        life.fire("find", "2021-03-02", finder)
    return life


def test_the_last_entry_is_struck_and_no_longer_counted() -> None:
    life = listing(PAUL, SARA)
    (entry,) = life.fire("withdraw", "2021-03-03", CORA).entries
    assert entry.body["strikes"] == [3]
    assert life.case.times["find"] == 1
    assert list(life.case.struck) == [3]
    assert [basis.seq for basis in life.case.bases] == [2]
    life.fire("withdraw", "2021-03-03", CORA)
    assert (life.case.times["find"], list(life.case.struck)) == (0, [3, 2])
    assert life.case.bases == ()


def test_nothing_is_deleted_and_replaying_gives_the_case() -> None:
    life = listing(PAUL, SARA)
    before = [entry.canon for entry in life.entries]
    life.fire("withdraw", "2021-03-03", CORA)
    assert [entry.canon for entry in life.entries][:3] == before
    assert replay(life.entries) == life.case
    assert case_of(case_form(life.case)) == life.case


def test_two_strikes_in_one_entry_withdraw_two() -> None:
    life = listing(PAUL, SARA)
    life.fire("withdraw_two", "2021-03-03", CORA)
    assert life.entries[-1].body["strikes"] == [3, 2]
    assert life.case.times["find"] == 0


def test_who_did_only_what_was_struck_has_not_done_it() -> None:
    life = listing(PAUL, SARA, PAUL)
    life.fire("withdraw", "2021-03-03", CORA)
    assert list(life.case.did["find"]) == ["paul", "sara"]
    life.fire("withdraw", "2021-03-03", CORA)
    assert list(life.case.did["find"]) == ["paul"]
    life.fire("confirm", "2021-03-03", SARA)
    with pytest.raises(TransitionRefused, match="another person than 'find'"):
        life.fire("confirm", "2021-03-03", PAUL)
    life.fire("withdraw", "2021-03-03", CORA)
    assert "find" not in life.case.did
    life.fire("confirm", "2021-03-03", PAUL)


def test_what_follows_from_the_number_is_taken_back_by_itself() -> None:
    life = listing(PAUL, SARA, CORA)
    assert life.case.state == "listed"
    entries = life.fire("withdraw", "2021-03-03").entries
    assert [entry.kind for entry in entries] == ["fire", "auto"]
    assert life.case.state == "a"


def test_all_who_signed_are_taken_back_and_who_signs_anew_stays() -> None:
    life = listing()
    for actor in (PAUL, SARA):
        life.fire("find_together", "2021-03-02", actor)
    assert life.case.bases[-1].persons == ("paul", "sara")
    life.fire("find_together", "2021-03-02", SARA)
    life.fire("withdraw_all", "2021-03-03", CORA)
    assert life.case.did["find_together"] == ("sara",)
    assert life.case.times["find_together"] == 0
    assert replay(life.entries) == life.case


def test_a_new_episode_forgets_who_did_it_and_the_entry_can_still_be_struck() -> None:
    life = listing(PAUL)
    life.fire("end", "2021-03-03")
    life.fire("reopen", "2021-03-03")
    life.fire("find", "2021-03-04", SARA)
    life.fire("withdraw_two", "2021-03-05", CORA)
    assert (life.case.times["find"], "find" in life.case.did) == (0, False)


def test_there_must_be_something_to_withdraw() -> None:
    life = listing()
    with pytest.raises(TransitionRefused) as caught:
        life.fire("withdraw", "2021-03-03")
    assert caught.value.code == "RULE-021"
    assert "no entry of 'find' stands that could be withdrawn" in str(caught.value)
    life = listing(PAUL)
    with pytest.raises(TransitionRefused, match="no entry of 'find' stands"):
        life.fire("withdraw_two", "2021-03-03")


def test_cases_opened_or_fired_because_of_it_are_flagged() -> None:
    life = listing(PAUL)
    opened = next(c for c in life.last.commands if isinstance(c, Open))
    fired = next(c for c in life.last.commands if isinstance(c, Fire))
    assert life.entries[-1].body["basis"] == [opened.id, fired.case]
    life.fire("withdraw", "2021-03-03", CORA)
    cause = Cause(case=life.case.id, seq=3, rule="transitions.4.then.0")
    assert life.last.commands == tuple(
        Flag(case=str(other), other=life.case.id, seq=2, cause=cause)
        for other in (opened.id, "01parent")
    )


def test_a_case_that_is_flagged_knows_it_and_may_act_on_it() -> None:
    life = begin(TASK)
    case_id = life.case.id
    cause = Cause(case="01other", seq=9, rule="transitions.4.then.0")
    flag = Flag(case=case_id, other="01other", seq=2, cause=cause)
    rules = machine(TASK)
    for _ in range(2):
        life.take(decide_note(rules, life.case, flag, world("2021-03-03")))
    assert life.entries[1].body["flags"] == [["01other", 2]]
    assert life.entries[1].body["cause"]["seq"] == 9
    assert life.case.flags == (("01other", 2),)
    assert (life.case.state, life.case.counts) == ("stopped", "void")
    assert replay(life.entries) == life.case
    assert case_of(case_form(life.case)) == life.case


def test_a_case_keeps_what_a_strike_takes_only_where_something_may_be_struck() -> None:
    life = begin(TASK)
    assert case_form(life.case).keys().isdisjoint({"bases", "struck", "flags", "signed"})
    life = listing()
    life.fire("confirm", "2021-03-02", by("ivan"))
    assert "basis" not in life.entries[-1].body
