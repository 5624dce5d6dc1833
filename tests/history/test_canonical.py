"""Canonical JSON: one value, one text; what has no canonical form is refused."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from duban.engine.values.canonical import canonical, read

keys = st.text(st.characters(max_codepoint=127, exclude_categories=["Cs"]), max_size=8)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = st.one_of(st.booleans(), st.integers(-(2**53) + 1, 2**53 - 1), texts)
values: Any = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


def composed(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {key: composed(item) for key, item in value.items()}
    return [composed(item) for item in value] if isinstance(value, list) else value


@given(values)
def test_it_is_the_rfc_8785_form_of_the_composed_value(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(composed(value))


@given(values)
def test_it_reads_back_as_what_it_was(value: Any) -> None:
    assert json.loads(canonical(value)) == composed(value)
    assert canonical(json.loads(canonical(value))) == canonical(value)


@pytest.mark.parametrize(
    "text", ["\n\u0303", "a\t\u0301e\u0301", '"\u0338', "\\\u0303", "\x0c\u0307"]
)
def test_a_mark_after_an_escaped_character_does_not_melt_into_the_escape(text: str) -> None:
    assert read(canonical({"x": text})) == {"x": unicodedata.normalize("NFC", text)}


def test_composed_and_decomposed_text_give_the_same_bytes() -> None:
    assert canonical({"x": "e\u0301"}) == canonical({"x": "\u00e9"})


@pytest.mark.parametrize(
    "value",
    [
        1.0, float("nan"), None, 2**53, -(2**53), b"x", "\ud800", {"x": None}, [[1.5]], {"é": 1},
        {1: "x"}, {1: "x", "a": 1}, {None: 1}, {"x"}, object(), {"x": {"y": [None]}},
    ],
)  # fmt: skip
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)
