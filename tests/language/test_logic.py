"""What is called impossible is impossible: compared with the language that conditions are run in."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.engine.definition.expressions import Kind, Language
from duban.engine.definition.logic import ANYTHING, NOTHING, Reader, together

NAMES: dict[str, Kind] = {
    "case.p": "flag", "case.q": "flag", "case.n": "int", "times.t": "int", "case.g": "text",
    "g.x": "text", "g.y": "text", "is.a": "flag",
}  # fmt: skip
LANGUAGE = Language(NAMES)
READER = Reader({"g.x": "x", "g.y": "y"})
LEAVES = st.sampled_from(
    ["case.p", "case.q", "is.a", "true", "false", "case.p == case.q", "case.g == g.x",
     "case.g != g.y", "'y' == case.g", "case.g in ['x', 'y']", "case.p == true", "!case.q",
     "(case.p ? case.q : is.a)", "case.g.startsWith('x')"]
) | st.builds(
    lambda name, sign, n: f"{name} {sign} {n}",
    st.sampled_from(["case.n", "times.t"]),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    st.integers(-1, 3),
)  # fmt: skip
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds("!({})".format, inner),
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("{} || {}".format, inner, inner),
        st.builds("{} && {}".format, inner, inner),
    ),
    max_leaves=8,
)
WORLDS = [
    {"case.p": p, "case.q": q, "case.n": n, "times.t": t, "case.g": g, "g.x": "x", "g.y": "y", "is.a": a}
    for p, q, n, t, g, a in product(
        (True, False), (True, False), (-2, 0, 1, 2, 4), (0, 2, 4), ("", "x", "y", "z"), (True, False)
    )
]  # fmt: skip


def true_somewhere(source: str, state: bool) -> bool:
    condition = LANGUAGE.compile(source, "flag")
    return any(condition.holds(world.get) for world in WORLDS if world["is.a"] is state)


@given(CONDITIONS, st.booleans())
def test_a_condition_that_is_called_impossible_holds_nowhere(source: str, state: bool) -> None:
    known = {"is.a": state}.get
    if READER.terms(source, known) == NOTHING:
        assert not true_somewhere(source, state)
    if READER.terms(source, known, False) == NOTHING:
        assert not true_somewhere(f"!({source})", state)


@pytest.mark.parametrize(
    "source",
    [
        "case.p && !case.p", "case.n > 5 && case.n < 3", "case.n == 1 && case.n == 2", "times.t < 0",
        "case.g == g.x && case.g == g.y", "case.g == 'x' && case.g != g.x", "is.a", "!(case.p || !case.p)",
        "case.p == case.q && case.p != case.q", "1 > 2", "'x' == g.y", "case.n > 1 && (case.n < 0 || is.a)",
        "case.n >= 2 && !(case.n > 1)", "(case.p ? case.q : case.p) && !(case.p ? case.q : case.p)",
        "case.n == 1 && case.n == -1",
    ],
)  # fmt: skip
def test_what_is_impossible_is_found(source: str) -> None:
    assert READER.terms(source, {"is.a": False}.get) == NOTHING


@pytest.mark.parametrize(
    "source",
    [
        "case.n > 5 && case.n < 6", "case.g != g.x && case.g != g.y", "case.p || is.a", "1 < 2",
        "case.n > 1 || case.n < 1", "(" * 60 + "case.p && !case.p" + ")" * 60,
        "case.p ? case.q && !case.q : case.p",
    ],
)  # fmt: skip
def test_what_may_be_possible_is_let_be(source: str) -> None:
    assert READER.terms(source, {"is.a": False}.get) != NOTHING


def test_too_many_ways_are_taken_as_any() -> None:
    parts = [
        READER.terms(" || ".join(f"f{n}(case.n) > {m}" for m in range(9)), lambda _: None)
        for n in range(9)
    ]
    assert len(together(parts)) <= 64
    assert together([]) == ANYTHING
