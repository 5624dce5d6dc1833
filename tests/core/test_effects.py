"""Effects: one closed list, in written order, each perhaps under a condition or for each item."""

from __future__ import annotations

from typing import Any

import pytest
from worlds import CASE, PAUL, RULE, Life, begin, by, last_of, local

from duban.engine.definition.expressions import ExpressionFailed
from duban.engine.errors import BadValue, TransitionRefused, UnknownUnit
from duban.engine.values.actor import THE_TIMER
from duban.engine.values.command import Fire, Open, Tie


def effects(*listed: str) -> str:
    return f"""
    workflow: thing
    roles:
      owner: {{post: principal}}
      staff: {{post: any, of: case.unit}}
      centre: {{post: head, of: up.centre}}
      reporter: {{party: case.reporter}}
    fields:
      title: text
      n: number
      amount: money
      day: date
      at: instant
      length: span
      sure: flag
      paper: evidence
      grade: {{type: choice, choices: {{general: {{}}, major: {{}}}}}}
      where: unit
      units: {{type: list, of: unit}}
      reporter: {{type: text, personal: true}}
    states: {{a: {{}}, b: {{}}, end: {{final: true}}}}
    deadlines: {{fix: {{owner: owner, runs_in: [a, b], limit: 5 workdays}}}}
    transitions:
      - trigger: open
        source: new
        dest: a
        by: anyone
        asks: [title, n, amount, day, at, where, units, reporter, length, sure]
      - trigger: do
        source: a
        dest: b
        by: anyone
        asks: [n, {{word: text}}]
        then: [{", ".join(listed)}]
      - {{trigger: own, source: '*', by: [owner]}}
      - {{trigger: on, source: b, dest: end, by: anyone, asks: {{word: text}}, requires: word}}
    """


def done(*listed: str, now: str = "2021-03-02T10:00", **data: Any) -> Life:
    life = begin(effects(*listed), **data)
    life.fire("do", now, word="hello")
    return life


# ---- set


def test_later_effects_see_what_earlier_ones_set_and_what_was_given() -> None:
    life = begin(effects("{set: {n: case.n + 1}}", "{set: {n: case.n * 2}}"), n=5)
    life.fire("do", "2021-03-02", n=1)
    assert life.case.data["n"] == 4
    assert life.entries[-1].body["set"] == {"n": 4}


def test_an_effect_happens_only_when_its_condition_holds() -> None:
    assert done("{set: {n: '1'}, when: case.n == 7}", n=7).case.data["n"] == 1
    assert done("{set: {n: '1'}, when: case.n == 7}", n=8).case.data["n"] == 8


def test_conditions_of_effects_see_the_case_before_the_move() -> None:
    life = done("{set: {n: '1'}, when: is.a}", "{set: {n: '2'}, when: is.b}", n=0)
    assert life.case.data["n"] == 1


@pytest.mark.parametrize(
    ("expression", "stored"),
    [
        ("title: input.word + '!'", "hello!"), ("amount: case.amount * 1.5", "150.00"),
        ("day: 'after(opened, workdays(2))'", "2021-03-03"), ("at: opened", "2021-03-01T01:00:00.000000Z"),
        ("length: workdays(3)", "3 workdays"), ("sure: '!case.sure'", True), ("grade: grade.major", "major"),
        ("where: case.unit", "school"), ("units: '[case.unit]'", ["school"]),
    ],
)  # fmt: skip
def test_every_kind_of_field_can_be_set(expression: str, stored: object) -> None:
    life = done(f"{{set: {{{expression}}}}}", amount="100")
    assert life.case.data[expression.split(":")[0]] == stored


@pytest.mark.parametrize("field", ["day", "at", "title", "where"])
def test_what_is_empty_or_has_not_happened_takes_the_value_away(field: str) -> None:
    source = "\"''\"" if field in ("title", "where") else "met.fix"
    given = {"day": "2021-03-01", "at": "2021-03-01T09:00Z", "title": "x", "where": "annex"}
    life = done(f"{{set: {{{field}: {source}}}}}", **{field: given[field]})
    assert field not in life.case.data
    assert life.entries[-1].body["set"] == {field: {"none": True}}


@pytest.mark.parametrize(
    "wrong",
    [
        "grade: \"'minor'\"", "n: case.n * 8192", "amount: 1.0 / 0.0",
        "title: case.title + case.title",
    ],
)  # fmt: skip
def test_a_value_that_its_field_cannot_hold_is_refused(wrong: str) -> None:
    with pytest.raises(BadValue):
        done(f"{{set: {{{wrong}}}}}", n=2**40, title="x" * 1500)


def test_an_effect_that_cannot_be_worked_out_refuses_the_whole() -> None:
    life = begin(effects("{set: {title: input.word}}", "{set: {n: 1 / case.n}}"), n=0)
    before = life.case
    with pytest.raises(ExpressionFailed, match="divide by zero"):
        life.fire("do", "2021-03-02", word="x")
    assert life.case == before


# ---- notices


def test_one_notice_for_each_person_however_many_roles_they_hold() -> None:
    life = done("{notify: [owner, staff, centre]}")
    told = [(notice.to, notice.person) for notice in life.last.notices]
    assert told == [
        ("school/principal", "paul"),
        ("school/safety_officer", "sara"),
        ("centre/director", "carl"),
    ]
    assert len({notice.id for notice in life.last.notices}) == 3
    assert [n["id"] for n in life.entries[-1].body["notices"]] == [n.id for n in life.last.notices]


def test_a_text_is_filled_in_and_an_unknown_value_left_empty() -> None:
    text = "{en: '{case.title} at {unit} in {state}: {case.day}{case.grade}', zh: 甲}"
    life = done(f"{{notify: owner, text: {text}}}", title="Roof", day="2021-03-09")
    assert life.last.notices[0].text == "Roof at School in a: 2021-03-09"
    assert life.last.notices[0].subject == "do: Roof"


def test_channels_and_urgency_are_those_of_the_effect() -> None:
    life = done("{notify: owner, channels: [mail, wecom], urgent: true}")
    assert [(n.channel, n.urgent) for n in life.last.notices] == [("mail", True), ("wecom", True)]
    assert len({n.id for n in life.last.notices}) == 2


def test_a_party_is_told_and_stays_out_of_the_bytes() -> None:
    life = done("{notify: reporter}", reporter="li-si")
    assert [(n.to, n.person) for n in life.last.notices] == [("party:reporter", "li-si")]
    assert not any(b"li-si" in entry.canon for entry in life.entries)


def test_a_role_that_nobody_can_play_gives_a_notice_without_a_person() -> None:
    life = done("{notify: reporter}")
    assert [(n.to, n.person) for n in life.last.notices] == [("role:reporter", None)]


# ---- other cases


def test_a_case_is_opened_once_for_each_item_with_an_id_that_follows() -> None:
    effect = "{open: thing, each: case.units, unit: item, with: {title: case.title, n: case.n}, link: parts}"
    life = done(effect, units=["school", "annex"], title="Roof", n=3)
    opened = [c for c in life.last.commands if isinstance(c, Open)]
    assert [(c.unit, dict(c.data)) for c in opened] == [
        ("school", {"title": "Roof", "n": 3}),
        ("annex", {"title": "Roof", "n": 3}),
    ]
    assert opened[0].links == (("parent", CASE),)
    assert life.case.linked("children") == life.case.linked("parts") == tuple(c.id for c in opened)
    again = done(effect, units=["school", "annex"], title="Roof", n=3)
    assert [c.id for c in again.last.commands if isinstance(c, Open)] == [c.id for c in opened]


def test_what_a_case_does_not_have_is_not_handed_to_the_one_it_opens() -> None:
    life = done("{open: thing, with: {day: case.day, title: case.title, at: met.fix}}")
    opened = [c for c in life.last.commands if isinstance(c, Open)]
    assert opened[0].data == {}


def test_the_case_opened_keeps_its_parent_beside_the_links_of_its_own_opening() -> None:
    rules = """
        workflow: thing
        fields: {task: case}
        states: {end: {final: true}}
        transitions:
          - trigger: open
            source: new
            dest: end
            by: anyone
            asks: [task]
            then: [{link: task, to: case.task}]
    """
    life = begin(rules, links=(("parent", "p1"),), cause=RULE, actor=THE_TIMER, task="t1")
    assert life.case.links == (("parent", "p1"), ("task", "t1"))
    ties = [c for c in life.last.commands if isinstance(c, Tie)]
    assert [(t.case, t.name, t.other) for t in ties] == [("t1", "thing", CASE)]


def test_a_trigger_is_fired_on_every_case_of_a_link() -> None:
    life = begin(
        effects("{fire: on, on: parts, with: {word: input.word}, else: skip}"),
        links=(("parts", "x"), ("other", "y"), ("parts", "z")),
    )
    life.fire("do", "2021-03-02", word="hello")
    fired = [c for c in life.last.commands if isinstance(c, Fire)]
    assert [(c.case, c.data, c.otherwise_skip) for c in fired] == [
        ("x", {"word": "hello"}, True),
        ("z", {"word": "hello"}, True),
    ]
    assert fired[0].cause is not None
    assert (fired[0].cause.case, fired[0].cause.seq) == (CASE, 2)


def test_a_trigger_fired_on_this_case_comes_after_the_entry_in_the_same_decision() -> None:
    life = done("{fire: 'on', on: this, with: {word: \"'x'\"}}")
    assert life.case.state == "end"
    assert life.kinds == ["open", "fire", "effect"]
    assert life.entries[-1].body["cause"] == {
        "case": CASE,
        "seq": 2,
        "rule": "transitions.1.then.0",
    }


def test_a_refusal_there_refuses_here_unless_it_may_be_skipped() -> None:
    with pytest.raises(TransitionRefused, match="needs: word"):
        done("{fire: 'on', on: this}")
    assert done("{fire: 'on', on: this, else: skip}").case.state == "b"


# ---- roles and clocks


def test_a_role_handed_over_is_held_there_and_what_follows_meets_the_new_holder() -> None:
    life = done(
        "{notify: owner}", "{hand_over: owner, to: case.where}", "{notify: owner}", where="annex"
    )
    assert [n.person for n in life.last.notices] == ["paul", "anna"]
    with pytest.raises(TransitionRefused):
        life.fire("own", "2021-03-03", PAUL)
    life.fire("own", "2021-03-03", by("anna"))


def test_a_role_that_was_handed_over_can_be_taken_back() -> None:
    life = done(
        "{hand_over: owner, to: case.where}", "{hand_over: owner, to: \"''\"}", where="annex"
    )
    life.fire("own", "2021-03-03", PAUL)


def test_a_role_is_not_handed_to_a_unit_that_does_not_exist() -> None:
    with pytest.raises(UnknownUnit):
        done("{hand_over: owner, to: case.title}", title="nowhere")


def test_clocks_are_extended_stopped_resumed_and_restarted_in_written_order() -> None:
    assert done("{extend: fix, by: workdays(5)}").case.due == last_of("2021-03-15")
    assert done("{extend: fix, to: case.day}", day="2021-03-20").case.due == last_of("2021-03-20")
    assert done("{stop: fix}").case.due is None
    assert done("{stop: fix}", "{resume: fix}").case.due == last_of("2021-03-08")
    assert done("{restart: fix}", "{extend: fix, by: days(1)}").case.due == last_of("2021-03-10")


def test_what_an_entry_did_is_told_in_it() -> None:
    life = done("{restart: fix}")
    clock = life.entries[-1].body["clocks"]["fix"]
    assert (clock["started"], clock["round"]) == ("2021-03-02T02:00:00.000000Z", 2)
    assert life.entries[-1].at == local("2021-03-02T10:00")
