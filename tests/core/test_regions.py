"""Regions side by side: a seal beside the main path, and two opinions that meet."""

from __future__ import annotations

import pytest
from worlds import DORA, PAUL, SARA, Life, begin, by, last_of

from duban.engine.errors import TransitionRefused
from duban.engine.history.evolve import replay
from duban.engine.values.actor import Actor
from duban.engine.values.forms import case_form, case_of

SEAL = """
    workflow: site
    roles:
      owner: {post: principal}
      sealer: {post: head, of: up.commission}
    fields: {reason: text}
    states:
      open_site: {title: {zh: 在用, en: In use}}
      shut: {final: true}
      free: {region: seal, initial: true}
      sealed: {region: seal, forbids: [close], title: {zh: 已查封, en: Sealed}}
    transitions:
      - {trigger: open, source: new, dest: open_site, by: anyone}
      - {trigger: close, source: open_site, dest: shut, by: [owner]}
      - {trigger: seal, source: free, dest: sealed, by: [sealer], asks: [reason]}
      - {trigger: unseal, source: sealed, dest: free, by: [sealer]}
      - {trigger: note, source: '*', by: [owner], asks: [reason]}
      - {trigger: look, source: [open_site, sealed], dest: =, by: anyone, then: [{notify: owner}]}
    deadlines:
      lift: {owner: sealer, runs_in: [sealed], limit: 5 workdays, again: anew, ladder: press}
"""
PRESS = """
    ladder: press
    rungs:
      - {rung: remind, at: 1 workdays before, then: [{notify: owner}]}
      - {rung: press, at: due, then: [{notify: owner}]}
"""

OPINIONS = """
    workflow: project
    roles:
      owner: {post: principal}
      staff: {post: any, of: case.unit}
      head: {post: head, of: up.commission}
    fields: {grade: text}
    states:
      asked: {}
      decided: {final: true}
      dropped: {final: true, counts: void}
      a_open: {region: law, initial: true}
      a_done: {region: law, final: true}
      b_open: {region: money, initial: true}
      b_done: {region: money, final: true}
    transitions:
      - {trigger: open, source: new, dest: asked, by: anyone, asks: [grade]}
      - {trigger: agree_law, source: a_open, dest: a_done, by: anyone}
      - {trigger: agree_money, source: b_open, dest: b_done, by: anyone, conditions: case.grade != 'bad'}
      - {trigger: agree, source: a_open, dest: a_done, by: [staff], asks: {word: text}}
      - trigger: agree
        source: b_open
        dest: b_done
        by: [owner]
        asks: [grade]
        conditions: case.grade != 'bad'
      - {when: is.a_done && is.b_done, source: asked, dest: decided}
      - {trigger: drop, source: '*', dest: dropped, by: anyone}
      - {trigger: again, source: a_done, dest: a_open, by: anyone, reopen: true}
"""


def refusal(life: Life, trigger: str, actor: Actor = PAUL, **data: object) -> TransitionRefused:
    before = life.case
    with pytest.raises(TransitionRefused) as caught:
        life.fire(trigger, "2021-03-02", actor, **data)
    assert life.case == before
    return caught.value


def site() -> Life:
    return begin([SEAL, PRESS])


# ---- a seal beside the main path


def test_a_case_begins_in_one_state_of_each_region_and_one_entry_says_so() -> None:
    life = site()
    assert life.case.states == ("open_site", "free")
    assert life.case.state == "open_site+free"
    assert set(life.case.entered) == {"open_site", "free"}
    assert life.entries[0].body["moves"] == [
        ["", "new", "open_site"], ["seal", "new", "free"],
    ]  # fmt: skip


def test_sealing_leaves_the_main_path_untouched() -> None:
    life = site()
    life.fire("seal", "2021-03-02", DORA, reason="cracks")
    assert life.case.states == ("open_site", "sealed")
    assert life.entries[-1].body["moves"] == [["seal", "free", "sealed"]]
    life.fire("note", "2021-03-03", PAUL, reason="fenced")
    assert life.case.states == ("open_site", "sealed")


def test_what_one_region_forbids_no_other_may_do() -> None:
    life = site()
    life.fire("seal", "2021-03-02", DORA)
    error = refusal(life, "close")
    assert (error.code, error.reasons[0].place) == ("RULE-006", "states.sealed")
    life.fire("unseal", "2021-03-03", DORA)
    assert life.fire("close", "2021-03-03").case.states == ("shut", "free")


def test_a_region_without_an_end_keeps_no_case_from_its_end() -> None:
    life = site()
    life.fire("close", "2021-03-02")
    assert life.case.counts == "closed"
    assert refusal(life, "note", reason="x").code == "RULE-008"


def test_a_deadline_runs_while_any_region_is_where_it_runs() -> None:
    life = site()
    assert "lift" not in life.case.clocks
    life.fire("seal", "2021-03-02T10:00", DORA)
    assert life.clock("lift").due == last_of("2021-03-09")
    life.due("2021-03-10")
    assert life.rungs == ["remind", "press"]
    assert life.case.overdue(life.entries[-1].at)
    life.fire("unseal", "2021-03-10T09:00", DORA)
    assert life.clock("lift").ended is not None
    assert life.timers == {}


def test_one_transition_that_moves_two_regions_is_one_entry_and_happens_once() -> None:
    life = site()
    life.fire("seal", "2021-03-02", DORA)
    decision = life.fire("look", "2021-03-05")
    (entry,) = decision.entries
    assert entry.body["moves"] == [
        ["", "open_site", "open_site"], ["seal", "sealed", "sealed"],
    ]  # fmt: skip
    assert entry.body["rule"] == "transitions.5"
    assert len(decision.notices) == 1


def test_a_wildcard_is_about_the_region_it_leads_to() -> None:
    workflow = begin(OPINIONS).machine.workflow
    drop = next(row for row in workflow.transitions if row.trigger == "drop")
    assert workflow.sources_of(drop) == ("asked",)


def test_the_titles_of_all_states_stand_in_a_text() -> None:
    life = begin([SEAL.replace("{notify: owner}", "{notify: owner, text: '{state}'}"), PRESS])
    life.fire("seal", "2021-03-02", DORA)
    (notice,) = life.fire("look", "2021-03-03").notices
    assert notice.text == "In use+Sealed"


# ---- two opinions that meet


def test_two_opinions_in_any_order_and_then_the_decision_follows_by_itself() -> None:
    life = begin(OPINIONS)
    life.fire("agree_money", "2021-03-02")
    assert life.case.states == ("asked", "a_open", "b_done")
    life.fire("agree_law", "2021-03-03")
    assert life.case.states == ("decided", "a_done", "b_done")
    assert life.kinds == ["open", "fire", "fire", "auto"]


def test_a_case_is_over_when_every_region_that_can_end_has() -> None:
    life = begin(OPINIONS)
    life.fire("drop", "2021-03-02")
    assert (life.case.states[0], life.case.counts) == ("dropped", "open")
    life.fire("agree", "2021-03-03", word="yes")
    assert life.case.counts == "void"


def test_a_trigger_moves_every_region_that_knows_it_with_the_asks_of_all() -> None:
    life = begin(OPINIONS)
    verdict = next(v for v in life.explain("2021-03-02").verdicts if v.trigger == "agree")
    assert set(verdict.asks) == {"word", "grade"}
    (entry, automatic) = life.fire("agree", "2021-03-02", word="yes", grade="good").entries
    assert entry.body["rule"] == "transitions.3+transitions.4"
    assert entry.body["moves"] == [["law", "a_open", "a_done"], ["money", "b_open", "b_done"]]
    assert (entry.body["input"], entry.body["set"]) == ({"word": "yes"}, {"grade": "good"})
    assert automatic.kind == "auto"


def test_one_region_that_refuses_refuses_for_all() -> None:
    life = begin(OPINIONS, grade="bad")
    error = refusal(life, "agree")
    assert [reason.place for reason in error.reasons] == ["transitions.4"]
    assert life.fire("agree", "2021-03-02", grade="good").case.states[0] == "decided"


def test_what_one_region_asks_is_no_reason_against_another() -> None:
    rules = OPINIONS.replace(
        "asks: {word: text}}", "asks: {word: text}, conditions: input.word == 'yes'}"
    )
    life = begin(rules)
    verdict = next(v for v in life.explain("2021-03-02").allowed if v.trigger == "agree")
    assert verdict.missing == ("word",)
    assert refusal(life, "agree", grade="good").reasons[0].missing == ("word",)
    assert life.fire("agree", "2021-03-02", word="yes").case.counts == "closed"


def test_every_region_asks_for_its_own_role() -> None:
    error = refusal(begin(OPINIONS), "agree", SARA)
    assert [(r.code, r.place) for r in error.reasons] == [("RULE-002", "transitions.4")]


def test_a_region_that_does_not_know_the_trigger_stays() -> None:
    life = begin(OPINIONS)
    life.fire("agree_law", "2021-03-02")
    life.fire("agree", "2021-03-03")
    assert life.entries[2].body["moves"] == [["money", "b_open", "b_done"]]


def test_reopening_one_region_begins_a_new_episode_and_the_case_is_open_again() -> None:
    life = begin(OPINIONS)
    life.fire("agree", "2021-03-02")
    assert life.case.counts == "closed"
    life.fire("again", "2021-03-03")
    assert (life.case.states, life.case.counts, life.case.episode) == (
        ("decided", "a_open", "b_done"), "open", 2,
    )  # fmt: skip


@pytest.mark.parametrize("rules", [(SEAL, PRESS), (OPINIONS,)])
def test_replaying_gives_the_case_with_all_its_regions(rules: tuple[str, ...]) -> None:
    life = begin(rules)
    for trigger in ("seal", "look", "unseal", "agree_law", "agree", "again"):
        try:
            life.fire(trigger, "2021-03-02", by("dora") if "seal" in trigger else PAUL)
        except TransitionRefused:
            continue
    assert len(life.entries) >= 4
    assert replay(life.entries) == life.case
    assert case_of(case_form(life.case)) == life.case
