"""Expressions: every name and function of the reference, and what is refused when a file is read."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import Any

import celpy
import pytest
from celpy.adapter import json_to_cel
from celpy.evaluation import CELEvalError
from hypothesis import assume, given
from hypothesis import strategies as st
from worlds import Life, begin, last_of, local, machine

from duban.engine.core.scope import Scope
from duban.engine.definition.expressions import (
    MISSING,
    BadExpression,
    Expression,
    ExpressionFailed,
    Kind,
    Language,
)
from duban.engine.timing.instants import UNDATED
from duban.engine.timing.spans import Span

RULES = """
    workflow: thing
    settings: {usual: 5 workdays, most: 3, strict: true, room: A201}
    roles: {owner: {post: principal}}
    fields:
      title: text
      n: number
      amount: money
      sure: flag
      day: date
      at: instant
      length: span
      grade:
        type: choice
        choices: {general: {repair: 5 workdays, points: 1}, major: {repair: 10 workdays, points: 3}}
      units: {type: list, of: unit}
      paper: evidence
    states: {a: {}, b: {}, end: {final: true}}
    deadlines: {fix: {owner: owner, runs_in: a, limit: 5 workdays}}
    facts: {children: {count: thing, of: children}, bad: {any: thing, of: unit}}
    transitions:
      - trigger: open
        source: new
        dest: a
        by: anyone
        asks: [title, n, amount, sure, day, at, length, grade, units, paper]
      - {trigger: move, source: a, dest: b, by: anyone, asks: {word: text, count: number}}
      - {trigger: more, source: '*', by: anyone, then: [{extend: fix, by: days(7)}]}
      - {trigger: finish, source: '*', dest: end, by: anyone}
"""
GIVEN: dict[str, Any] = {
    "title": "Roof", "n": 3, "amount": "1200.50", "sure": True, "day": "2021-03-20",
    "at": "2021-03-20T09:00+08:00", "length": "2 days", "grade": "major", "units": ["school", "annex"],
    "paper": "letter",
}  # fmt: skip


def scope(life: Life, now: str = "2021-03-03T10:00", **inputs: Any) -> Scope:
    asks = life.machine.candidates("a", "move")[0].asks
    surroundings = life.world(now, facts={"children": 2, "bad": False})
    return Scope(life.machine, life.case, surroundings, inputs=inputs, asks=asks)


def value(
    source: str, life: Life | None = None, now: str = "2021-03-03T10:00", **inputs: Any
) -> Any:
    one = life or begin(RULES, spans={"campaign.end": last_of("2021-12-31")}, **GIVEN)
    return scope(one, now, **inputs).value(one.machine.language.compile(source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("case.title", "Roof"), ("case.n", 3), ("case.amount", 1200.5), ("case.sure", True),
        ("case.day", last_of("2021-03-20")), ("case.at", local("2021-03-20T09:00")),
        ("case.length", Span(2, "days")), ("case.grade", "major"),
        ("case.grade.repair", Span(10, "workdays")), ("case.grade.points", 3),
        ("case.units", ["school", "annex"]), ("case.paper", True), ("case.unit", "school"),
        ("case.id", "01case"), ("case.campaign", ""), ("case.phase", ""), ("case.workflow", "thing"),
        ("grade.general", "general"), ("case.grade == grade.major", True),
        ("given.title", True), ("input.word", "hi"), ("given.input.word", True),
        ("given.input.count", False), ("is.a", True), ("is.b", False),
        ("entered.a", local("2021-03-01T09:00")), ("opened", local("2021-03-01T09:00")),
        ("times.open", 1), ("times.move", 0), ("episode", 1), ("due.fix", last_of("2021-03-08")),
        ("first_due.fix", last_of("2021-03-08")), ("lapsed.fix", False), ("runs.fix", True),
        ("extended.fix", 0), ("setting.usual", Span(5, "workdays")), ("setting.most", 3),
        ("setting.strict", True), ("setting.room", "A201"), ("fact.children", 2), ("fact.bad", False),
        ("campaign.end", last_of("2021-12-31")), ("item", ""),
    ],
)  # fmt: skip
def test_every_name_stands_for_what_the_reference_says(source: str, expected: object) -> None:
    assert value(source, word="hi") == expected


@pytest.mark.parametrize(
    "source", ["entered.b", "met.fix", "campaign.begin", "phase.begin", "phase.end"]
)
def test_what_has_not_happened_is_undated(source: str) -> None:
    assert value(source) == UNDATED
    for question in ("happened", "passed", "reached"):
        assert value(f"{question}({source})") is False
    assert value(f"precedes({source}, opened) || precedes(opened, {source})") is False


EMPTY = [
    ("case.title", ""), ("case.sure", False), ("case.day", UNDATED), ("case.at", UNDATED),
    ("case.grade", ""), ("case.units", []), ("case.paper", False),
    *((f"given.{name}", False) for name in GIVEN),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), EMPTY)
def test_a_field_without_a_value_reads_as_the_reference_says(source: str, expected: object) -> None:
    assert value(source, begin(RULES)) == expected


@pytest.mark.parametrize(
    "source",
    ["case.n", "case.amount", "case.length", "case.grade.repair", "input.count", "case.n > 1"],
)
def test_a_number_or_span_without_a_value_is_an_error_that_names_it(source: str) -> None:
    with pytest.raises(ExpressionFailed, match=source.split(" ")[0]):
        value(source, begin(RULES))


def test_an_error_on_one_side_does_not_matter_when_the_other_decides() -> None:
    assert value("given.n && case.n > 1", begin(RULES)) is False


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("workdays(3)", Span(3, "workdays")), ("days(case.n)", Span(3, "days")),
        ("months(6)", Span(6, "months")), ("hours(24)", Span(24, "hours")),
        ("after(opened, workdays(5))", last_of("2021-03-08")),
        ("after(opened, case.grade.repair)", last_of("2021-03-15")),
        ("after(opened, months(1))", last_of("2021-04-01")),
        ("end_of_day(opened)", last_of("2021-03-01")),
        ("end_of_day(before(campaign.end, days(30)))", last_of("2021-12-01")),
        ("next_workday(case.day)", last_of("2021-03-22")),
        ("previous_workday(case.day)", last_of("2021-03-19")),
        ("next_workday(opened)", last_of("2021-03-01")),
        ("happened(next_workday(entered.b))", False),
        ("happened(end_of_day(entered.b))", False),
        ("after(opened, hours(2))", local("2021-03-01T11:00")),
        ("before(case.day, workdays(3))", local("2021-03-17")),
        ("count_days(opened, case.day)", 19), ("count_workdays(opened, case.day)", 14),
        ("count_days(case.day, opened)", 0),
        ("earliest(opened, case.day)", local("2021-03-01T09:00")),
        ("latest(opened, case.day, due.fix)", last_of("2021-03-20")),
        ("earliest(opened, met.fix)", UNDATED), ("latest(met.fix, opened, case.day, due.fix)", UNDATED),
        ("first_of(met.fix, case.day, opened)", local("2021-03-01T09:00")),
        ("last_of(met.fix, opened)", local("2021-03-01T09:00")), ("last_of(met.fix, entered.b)", UNDATED),
        ("after(met.fix, days(3))", UNDATED), ("before(met.fix, days(3))", UNDATED),
        ("reached(opened)", True), ("reached(case.day)", False), ("passed(case.day)", False),
        ("happened(case.day)", True), ("precedes(opened, case.day)", True),
        ("precedes(case.day, opened)", False), ("size(case.units)", 2), ("size(case.title) > 3", True),
        ("'annex' in case.units", True), ("'x' in case.units", False),
        ("case.n in [1, 3]", True), ("case.title.startsWith('R')", True),
        ("case.sure ? 'y' : 'n'", "y"), ("-case.n + 10 % 4 * 2", 1),
    ],
)  # fmt: skip
def test_every_function_gives_what_the_reference_says(source: str, expected: object) -> None:
    assert value(source) == expected


@pytest.mark.parametrize(
    "source", ["count_days(opened, met.fix)", "count_workdays(met.fix, opened)"]
)
def test_days_to_what_has_not_happened_cannot_be_counted(source: str) -> None:
    with pytest.raises(ExpressionFailed, match="has not happened"):
        value(source)


@pytest.mark.parametrize(
    "source", ["days(0 - 1)", "workdays(100001)", "after(opened, days(100000))"]
)
def test_a_length_or_a_day_that_cannot_be_is_an_error(source: str) -> None:
    with pytest.raises(ExpressionFailed):
        value(source)


def test_a_day_is_reached_when_it_begins_and_passed_when_it_is_over() -> None:
    life = begin(RULES, **GIVEN)
    moments = ["2021-03-19T23:59:59.999999", "2021-03-20T00:00", "2021-03-21T00:00"]
    assert [value("reached(case.day)", life, now) for now in moments] == [False, True, True]
    assert [value("passed(case.day)", life, now) for now in moments] == [False, False, True]


def test_questions_of_time_note_when_their_answer_will_change() -> None:
    life = begin(RULES, **GIVEN)
    looking = scope(life)
    asked = "reached(case.day) || passed(case.day) || lapsed.fix || passed(opened)"
    looking.holds(life.machine.language.compile(asked))
    dues = [local("2021-03-09"), local("2021-03-20"), local("2021-03-21")]
    assert sorted(looking.moment.wakes) == dues


def test_only_true_itself_holds() -> None:
    language = Language({"x": "flag"})
    assert language.compile("x").holds(lambda _: True)
    assert not language.compile("x").holds(lambda _: False)
    with pytest.raises(ExpressionFailed):
        language.compile("x").holds(lambda _: MISSING)


def test_names_in_quotes_and_parts_of_names_are_not_used() -> None:
    language = Language({"case.n": "int", "case.title": "text", "case.title.x": "text"})
    used = language.compile("case.title == 'case.n' && case . title . x == \"a\"").names
    assert used == ("case.title", "case.title.x")


# ---- what is refused


@pytest.mark.parametrize(
    ("source", "column", "said"),
    [
        ("case.titel == 'x'", 1, "did you mean `case.title`?"),
        ("case.sure && case.shure", 14, "did you mean `case.sure`?"),
        ("given.nn", 1, "there is no name `given.nn`"),
        ("pased(case.day)", 1, "did you mean `passed`?"),
        ("case.sure && earliest(opened)", 14, "`earliest` does not take these values"),
        ("case.amount > 50000", 13, "write amounts with a point, as in 50000.0"),
        ("case.n == 'x'", 8, "no matching overload"),
        ("case.grade == case.n", 12, "no matching overload"),
        ("case.day < opened", 1, "precedes(a, b)"),
        ("case.day >= due.fix", 1, "precedes(a, b)"),
        ("case.day - opened == duration('1h')", 1, "precedes(a, b)"),
        ("passed(duration('1h') + opened)", 1, "precedes(a, b)"),
        ("int(opened) < int(case.day)", 1, "precedes(a, b)"),
        ("dyn(opened) < dyn(case.day)", 1, "precedes(a, b)"),
        ("case.length < setting.usual", 1, "neither compared by signs nor added"),
        ("case.length + setting.usual == days(1)", 1, "neither compared by signs nor added"),
        ("[1, 2].all(x, x > 0)", 1, "does not loop"),
        ("case.units.exists(u, u == 'x')", 1, "does not loop"),
        ("case.units.map(u, u) == []", 1, "does not loop"),
        ("os.system('id')", 1, "there is no name `os`"),
        ("__import__('os')", 1, "there is no name `__import__`"),
        ("().__class__", 2, "Syntax error"),
        ("lambda: 1", 7, "Syntax error"),
        ("case.sure &&", 13, "Syntax error"),
        ("", 1, "Syntax error"),
        ("case.title; case.n", 11, "Syntax error"),
        ("case.sure = true", 11, "Syntax error"),
        ("case.grade.__class__", 11, "select operation"),
        ("null", 1, "cannot be used"),
        ("{'a': 1}", 1, "cannot be used"),
        ("duration('1h')", 1, "cannot be used"),
        ("(" * 300 + "true" + ")" * 300, 1, ""),
        ("true" + " || true" * 200, 1000, "too long"),
    ],
)
def test_a_wrong_expression_is_refused_with_its_column_and_a_hint(
    source: str, column: int, said: str
) -> None:
    with pytest.raises(BadExpression) as caught:
        machine(RULES).language.compile(source)
    assert said in str(caught.value)
    assert caught.value.code == "DEF-032"
    if said:
        assert caught.value.facts["column"] == column


def test_a_value_of_another_kind_than_wanted_is_refused() -> None:
    language = machine(RULES).language
    with pytest.raises(BadExpression, match="its value is a span, not a flag"):
        language.compile("workdays(3)", "flag")
    with pytest.raises(BadExpression, match="its value is a text, not a span or instant"):
        language.compile("case.title", "span", "instant")
    assert language.compile("case.day", "span", "instant").kind == "instant"


@pytest.mark.parametrize("chars", ["=", "．", "；", "\u200b", "\x00", "\ud800"])
def test_signs_that_no_expression_has_are_refused(chars: str) -> None:
    with pytest.raises(BadExpression):
        machine(RULES).language.compile(f"case.sure {chars} case.sure")


# ---- another CEL agrees

NAMES: dict[str, Kind] = {
    "a": "flag",
    "b": "flag",
    "i": "int",
    "j": "int",
    "s": "text",
    "t": "text",
}
LANGUAGE = Language(NAMES)
numbers = st.recursive(
    st.sampled_from(["i", "j", "0", "1", "7", "size(s)"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*/%"), inner),
    max_leaves=4,
)
words = st.recursive(
    st.sampled_from(["s", "t", "'x'", "''", "'隐患'"]),
    lambda inner: st.builds("({} + {})".format, inner, inner),
    max_leaves=3,
)
comparisons = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
flags = st.recursive(
    st.one_of(
        st.sampled_from(["a", "b", "true", "false"]),
        st.builds("{} {} {}".format, numbers, comparisons, numbers),
        st.builds("{} {} {}".format, words, comparisons, words),
        # Not on a sum of texts, which celpy takes for none.
        st.builds("{}.startsWith({})".format, st.sampled_from("st"), words),
        st.builds("{}.contains({})".format, st.sampled_from("st"), words),
        st.builds("{} in [{}, {}]".format, words, words, words),
    ),
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)


# Their parser raises the limit of recursion for good when it is made.
_recursion = sys.getrecursionlimit()
THEIRS = celpy.Environment()
sys.setrecursionlimit(_recursion)


def theirs(source: str, values: dict[str, Any]) -> Any:
    program = THEIRS.program(THEIRS.compile(source))
    try:
        return bool(program.evaluate({name: json_to_cel(v) for name, v in values.items()}))
    except CELEvalError:
        return "error"


def ours(expression: Expression, values: dict[str, Any]) -> Any:
    try:
        return expression.value(values.__getitem__)
    except ExpressionFailed:
        return "error"


@given(
    flags,
    st.fixed_dictionaries(
        {
            "a": st.booleans(), "b": st.booleans(), "i": st.integers(-9, 9), "j": st.integers(-9, 9),
            "s": st.sampled_from(["", "x", "隐患", "xx"]), "t": st.sampled_from(["", "x", "隐", "y"]),
        }
    ),
)  # fmt: skip
def test_another_implementation_of_the_language_gives_the_same(
    source: str, values: dict[str, Any]
) -> None:
    expected = theirs(source, values)
    assert ours(LANGUAGE.compile(source, "flag"), values) == expected


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_is_refused(source: str) -> None:
    try:
        LANGUAGE.compile(source)
        column: object = 1
    except BadExpression as error:
        column = error.facts["column"]
    assert isinstance(column, int)


@given(st.dates(date(2021, 1, 1), date(2022, 12, 31)), st.integers(0, 200))
def test_before_takes_back_what_after_added(day: date, count: int) -> None:
    begins = local(day.isoformat())
    life = begin(RULES, n=count, at=begins.isoformat())
    there: datetime = value("after(case.at, days(case.n))", life)
    assume(there != UNDATED)
    assert value("before(after(case.at, days(case.n)), days(case.n))", life) == begins
