"""Random walks with regions, signatures and strikes: what always holds, whatever people do."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from worlds import Life, begin, by

from duban.engine.errors import DubanError, TransitionRefused
from duban.engine.history.entry import unseal
from duban.engine.history.evolve import replay
from duban.engine.values.actor import Actor
from duban.engine.values.forms import case_form, case_of

RULES = """
    workflow: thing
    roles: {heads: {post: head, of: case.leads}, staff: {post: any, of: case.unit}}
    fields: {leads: {type: list, of: unit}, n: number}
    states:
      a: {}
      b: {}
      end: {final: true}
      free: {region: seal, initial: true}
      sealed: {region: seal, forbids: [finish]}
      quiet: {region: talk, initial: true}
      said: {region: talk, final: true}
    transitions:
      - {trigger: open, source: new, dest: a, by: anyone, asks: [leads]}
      - {trigger: go, source: a, dest: b, by: anyone}
      - {trigger: go, source: quiet, dest: said, by: [heads], quorum: 2, unless: is.sealed}
      - {trigger: sign, source: [a, b], dest: =, by: [heads], everyone: true, not_by: [go]}
      - {trigger: sign, source: sealed, dest: free, by: [heads], quorum: 2, then: [{set: {n: times.sign}}]}
      - {trigger: back, source: b, dest: a, by: [staff, heads], not_by: [sign]}
      - {trigger: seal, source: free, dest: sealed, by: anyone, asks: [n]}
      - {trigger: touch, source: [a, b, sealed, quiet], by: anyone}
      - {trigger: undo_go, source: '*', by: anyone, then: [{strike: go}]}
      - {trigger: undo_sign, source: '*', by: anyone, then: [{strike: sign}]}
      - {trigger: undo_touch, source: '*', by: anyone, then: [{strike: touch}, {strike: touch}]}
      - {trigger: finish, source: b, dest: end, by: anyone}
      - {trigger: again, source: end, dest: a, by: anyone, reopen: true}
      - {trigger: again, source: said, dest: quiet, by: anyone, reopen: true}
      - {when: times.touch >= 3 && is.free, source: free, dest: sealed}
"""
STRIKABLE = ("go", "sign", "touch")
PEOPLE = [by("paul"), by("sara"), by("anna"), by("carl"), by("carl", behalf="anna"), by("olga")]
TRIGGERS = [
    "go", "sign", "back", "seal", "touch", "undo_go", "undo_sign", "undo_touch", "finish", "again",
]  # fmt: skip


@st.composite
def walks(draw: st.DrawFn) -> Life:
    life = begin(RULES, leads=["school", "annex", "centre"])
    steps = st.lists(st.tuples(st.sampled_from(TRIGGERS), st.sampled_from(PEOPLE)), max_size=25)
    for trigger, actor in draw(steps):
        try:
            life.fire(trigger, "2021-03-02", actor)
        except TransitionRefused:
            continue
    return life


@given(walks())
def test_replaying_gives_the_case(life: Life) -> None:
    assert replay(life.entries) == life.case
    stored = [unseal(entry.canon, entry.hash, entry.secrets) for entry in life.entries]
    assert replay(stored) == life.case
    assert case_of(case_form(life.case)) == life.case


@given(walks())
def test_a_case_has_one_state_in_each_region(life: Life) -> None:
    regions = life.machine.workflow.regions
    assert [regions.of(state) for state in life.case.states] == list(regions.states)


@given(walks())
def test_what_counts_is_what_was_taken_and_still_stands(life: Life) -> None:
    gone = {seq for entry in life.entries for seq in entry.body.get("strikes", ())}
    standing = [e for e in life.entries if e.kind != "sign" and e.seq not in gone]
    counted = Counter(entry.trigger for entry in standing if entry.trigger)
    assert {name: n for name, n in life.case.times.items() if n} == counted
    assert set(life.case.struck) == gone
    known = [basis.seq for basis in life.case.bases]
    assert known == [e.seq for e in standing if e.trigger in STRIKABLE]


@given(walks())
def test_whoever_did_what_stands_in_this_episode_is_known_and_nobody_else(life: Life) -> None:
    began = max((e.seq for e in life.entries if "episode" in e.body), default=1)
    here = [e for e in life.entries if e.seq >= began and not e.actor.is_timer]
    for trigger in STRIKABLE:
        ever = {p for e in here if e.trigger == trigger for p in e.actor.persons}
        stands = {
            person
            for basis in life.case.bases
            if basis.trigger == trigger and basis.episode == life.case.episode
            for person in basis.persons
        }
        waiting = {p for s in life.case.signed if s.trigger == trigger for p in s.persons}
        assert stands | waiting <= set(life.case.did.get(trigger, ())) <= ever


@given(walks())
def test_signatures_are_of_the_present_states_and_nobody_signed_twice(life: Life) -> None:
    for signature in life.case.signed:
        assert signature.state in life.case.states
    by_rule: dict[tuple[str, str], list[str]] = {}
    for signature in life.case.signed:
        by_rule.setdefault((signature.state, signature.rule), []).extend(signature.persons)
    assert all(len(set(persons)) == len(persons) for persons in by_rule.values())


@given(walks(), st.sampled_from(PEOPLE))
def test_explain_allows_exactly_what_fire_carries_out(life: Life, actor: Actor) -> None:
    before = life.case
    for verdict in life.explain("2021-03-03", actor).verdicts:
        life.case = before
        kind = fired(life, verdict.trigger, actor)
        expected = "sign" if verdict.awaited else "fire"
        assert kind == (expected if verdict.allowed else None), verdict.trigger


def fired(life: Life, trigger: str, actor: Actor) -> str | None:
    try:
        return life.fire(trigger, "2021-03-03", actor).entries[0].kind
    except DubanError:
        return None
