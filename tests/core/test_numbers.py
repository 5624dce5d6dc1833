"""Numbers: the core asks for the last one, writes the next as officials read it, and issues it once."""

from __future__ import annotations

from typing import Any

import pytest
from worlds import Life, begin, local, world

from duban.engine.core.decide import decide_due, decide_fire
from duban.engine.core.numbers import NumberWanted
from duban.engine.errors import BadValue, TransitionRefused
from duban.engine.history.evolve import replay
from duban.engine.values.actor import Actor
from duban.engine.values.command import Fire

PAUL = Actor(person="paul")


def order(serial: str, *effects: str) -> str:
    return f"""
    workflow: order
    fields:
      number: {{type: serial, {serial}}}
      kind: {{type: choice, choices: {{fire: 消防, food: 食品}}}}
      words: text
      at: unit
      day: date
    states: {{draft: {{}}, issued: {{}}, filed: {{final: true}}}}
    transitions:
      - {{trigger: open, source: new, dest: draft, by: anyone, asks: [kind, words, at, day]}}
      - {{trigger: sign, source: draft, dest: issued, by: anyone, then: [{", ".join(effects or ISSUE)}]}}
      - {{trigger: again, source: issued, by: anyone, then: [{{issue: number}}]}}
      - {{trigger: file, source: issued, dest: filed, by: anyone, conditions: given.number}}
    """


ISSUE = ("{issue: number}",)


def signed(serial: str, now: str = "2021-03-02", last: int = 0, **data: Any) -> Life:
    life = begin(order(serial), unit=data.pop("unit", "school"), **data)
    _sign(life, now, last)
    return life


def _sign(life: Life, now: str, last: int) -> str:
    """Sign with *last* as the last number of whatever sequence is wanted; return its key."""
    command = Fire(case=life.case.id, trigger="sign", actor=PAUL)
    with pytest.raises(NumberWanted) as wanted:
        decide_fire(life.machine, life.case, command, life.world(now))
    key = wanted.value.key
    life.take(decide_fire(life.machine, life.case, command, life.world(now, numbers={key: last})))
    return key


def key_of(serial: str, now: str = "2021-03-02", **data: Any) -> str:
    life = begin(order(serial), unit=data.pop("unit", "school"), **data)
    return _sign(life, now, 0)


@pytest.mark.parametrize(
    ("format", "written"),
    [
        ("涪安督〔{year}〕{n}号", "涪安督〔2021〕7号"),
        ("{year}-{month:02}-{n:04}", "2021-03-0007"),
        ("{month}/{n}", "3/7"),
        ("{unit}第{n}号", "School第7号"),
        ("{case.unit} {case.kind} {case.words} {n}", "school 消防 a b 7"),
        ("{case.at} {case.day} {n}", "x 2021-03-09 7"),
    ],
)
def test_a_number_is_written_as_its_format_says(format: str, written: str) -> None:
    given = {"kind": "fire", "words": "a b", "at": "annex", "day": "2021-03-09"}
    life = signed(f"format: '{format}'", last=6, **given)
    assert life.case.data["number"] == written
    assert life.entries[-1].body["numbers"]["number"][1] == 7
    assert replay(life.entries) == life.case


@pytest.mark.parametrize(
    ("per", "rest"),
    [
        ("[]", []),
        ("year", ["2021"]),
        ("[month]", ["2021-03"]),
        ("[year, unit]", ["2021", "school"]),
        ("[campaign]", [""]),
        ("[kind, at]", ["fire", "annex"]),
    ],
)
def test_what_a_number_begins_anew_by_is_part_of_the_key_of_its_sequence(
    per: str, rest: list[str]
) -> None:
    parts = ",".join(f'"{part}"' for part in ["order", "number", *rest])
    assert key_of(f"format: '{{n}}', per: {per}", kind="fire", at="annex") == f"[{parts}]"


def test_a_year_begins_at_midnight_where_the_case_is() -> None:
    before, after = "2021-12-31T23:59", "2022-01-01T00:00"
    assert local(after).isoformat() == "2021-12-31T16:00:00+00:00"
    keys = [key_of("format: '{n}', per: year", now) for now in (before, after)]
    assert keys == ['["order","number","2021"]', '["order","number","2022"]']


def test_values_that_hold_the_same_letters_are_different_sequences() -> None:
    serial = "format: '{n}', per: [words, at]"
    one, other = (key_of(serial, words=words, at="annex") for words in ('a","b', "a"))
    assert one != other


def test_a_number_is_issued_once() -> None:
    life = signed("format: '{n}'", last=3)
    with pytest.raises(TransitionRefused, match=r"'number' has its number, 4.*RULE-035"):
        life.fire("again", "2021-03-03")
    assert life.case.data["number"] == "4"


@pytest.mark.parametrize("serial", ["format: '{n}', per: kind", "format: '{case.kind}{n}'"])
def test_a_number_that_would_lack_a_part_is_refused(serial: str) -> None:
    life = begin(order(serial))
    with pytest.raises(TransitionRefused, match=r"by 'kind', which has no value.*RULE-036"):
        life.fire("sign", "2021-03-02")


def test_effects_after_it_see_the_number_and_those_before_it_may_be_part_of_it() -> None:
    effects = ("{set: {kind: kind.food}}", "{issue: number}", "{set: {words: case.number + '!'}}")
    life = begin(order("format: '{case.kind}{n}', per: kind", *effects))
    assert _sign(life, "2021-03-02", 0) == '["order","number","food"]'
    assert life.case.data["words"] == "食品1!"


def test_a_number_is_not_given_by_hand() -> None:
    life = begin(order("format: '{n}'"))
    with pytest.raises(BadValue):
        life.fire("sign", "2021-03-02", number="5")


def test_a_case_without_its_number_says_so() -> None:
    life = begin(order("format: '{n}'", "{set: {words: \"'x'\"}}"))
    life.fire("sign", "2021-03-02")
    with pytest.raises(TransitionRefused, match=r"given\.number"):
        life.fire("file", "2021-03-02")


def test_what_was_not_asked_for_is_not_used() -> None:
    life = begin(order("format: '{n}'"))
    command = Fire(case=life.case.id, trigger="sign", actor=PAUL)
    with pytest.raises(NumberWanted):
        decide_fire(life.machine, life.case, command, world("2021-03-02", numbers={"other": 9}))


def test_a_rung_of_the_old_year_issues_a_number_of_the_old_year_though_recorded_in_the_new() -> (
    None
):
    workflow = """
    workflow: order
    roles: {owner: {post: principal}}
    fields: {number: {type: serial, format: '{year}-{n}', per: year}, day: date}
    states: {draft: {}, filed: {final: true}}
    transitions:
      - {trigger: open, source: new, dest: draft, by: anyone, asks: [day]}
      - {trigger: file, source: draft, dest: filed, by: anyone}
    deadlines: {answer: {owner: owner, runs_in: draft, limit: case.day, ladder: steps}}
    """
    ladder = """
    ladder: steps
    rungs:
      - {rung: letter, at: due, then: [{issue: number}, {notify: owner}]}
      - {rung: again, at: 1 days after, then: [{notify: owner}]}
    """
    life = begin((workflow, ladder), "2021-12-20", day="2021-12-30")
    with pytest.raises(NumberWanted) as wanted:
        life.due("2022-01-03")
    assert wanted.value.key == '["order","number","2021"]'
    numbers = {wanted.value.key: 4}
    life.take(decide_due(life.machine, life.case, life.world("2022-01-03", numbers=numbers)))
    assert life.case.data["number"] == "2021-5"
    assert life.rungs == ["letter", "again"]
    assert replay(life.entries) == life.case
