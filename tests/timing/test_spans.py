from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duban.engine.errors import BadOffset, BadSpan
from duban.engine.timing.spans import DUE, MOST, UNITS, Offset, Span

SPANS = st.builds(Span, st.integers(0, MOST), st.sampled_from(UNITS))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("15 workdays", Span(15, "workdays")),
        ("1 workday", Span(1, "workdays")),
        ("30 days", Span(30, "days")),
        ("1 month", Span(1, "months")),
        ("24 hours", Span(24, "hours")),
        ("0 days", Span(0, "days")),
        ("100000 hours", Span(100_000, "hours")),
    ],
)
def test_a_span_is_a_number_and_its_unit(text: str, span: Span) -> None:
    assert Span.parse(text) == span


@pytest.mark.parametrize(
    "text",
    [
        "3d",
        "3",
        "days",
        "1:30",
        "P1M",
        "-3 days",
        "+3 days",
        "3  days",
        "3 days ",
        "3 days\n",
        "3 Days",
        "03 days",
        "1.5 days",
        "3 weeks",
        "3 years",
        "３ days",
        "٣ days",
        "3个工作日",
        "100001 days",
        "999999 days",
        "9999999 days",
        "",
    ],
)
def test_any_other_span_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(BadSpan) as refused:
        Span.parse(text)
    assert refused.value.code == "TIME-011"
    assert str(refused.value) == (
        f"{text!r} is not a length of time; write a number from 0 to 100000 and one of "
        "workdays, days, months, hours, such as '15 workdays'"
    )
    assert refused.value.text("zh") == (
        f"“{text}”不是时长；请写 0 到 100000 的数字加单位 workdays、days、months 或 hours，"
        "例如“15 workdays”"
    )


@pytest.mark.parametrize("count", [-1, 100_001])
def test_a_span_out_of_range_cannot_be_made(count: int) -> None:
    with pytest.raises(BadSpan, match=str(count)):
        Span(count, "days")


@given(SPANS)
def test_a_span_is_read_back_from_how_it_is_written(span: Span) -> None:
    assert Span.parse(str(span)) == span


def test_a_rung_stands_before_on_or_after_due() -> None:
    assert Offset.parse("3 workdays before") == Offset(Span(3, "workdays"), "before")
    assert Offset.parse("5 workdays after") == Offset(Span(5, "workdays"), "after")
    assert Offset.parse("due") is DUE


@pytest.mark.parametrize(
    "text", ["", "before", "3 workdays", "3d after", "3 days before due", "-3 days before", "Due"]
)
def test_any_other_place_on_a_ladder_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(BadOffset) as refused:
        Offset.parse(text)
    assert refused.value.code == "TIME-013"
    assert str(refused.value) == (
        f"{text!r} is not a place on a ladder; write 'due', or a length of time and 'before' or "
        "'after', such as '3 workdays before'"
    )
    assert refused.value.text("zh") == (
        f"“{text}”不是阶梯上的位置；请写“due”，或时长加 before 或 after，例如“3 workdays before”"
    )


def test_due_itself_has_no_span() -> None:
    with pytest.raises(BadOffset, match="3 days due"):
        Offset(Span(3, "days"), "due")


@given(SPANS, st.sampled_from(["before", "after"]))
def test_an_offset_is_read_back_from_how_it_is_written(span: Span, side: str) -> None:
    text = f"{span} {side}"
    assert str(Offset.parse(text)) == text
    assert str(DUE) == "due"
