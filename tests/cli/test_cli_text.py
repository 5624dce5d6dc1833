from __future__ import annotations

import pytest

from duban.cli.text import clean, pad, table, width, wrap


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("case", 4),
        ("事项", 4),
        ("，", 2),
        ("Ａ", 2),
        ("é", 1),
        ("e\u0301", 1),
        ("a\u200bb", 2),
        ("", 0),
    ],
)
def test_width_is_what_a_terminal_shows(text: str, columns: int) -> None:
    assert width(text) == columns


def test_columns_stand_under_each_other_in_both_scripts() -> None:
    assert list(table(["编号", "state"], [["1", "整改中"], ["登记号", "x"]])) == [
        "编号    state",
        "1       整改中",
        "登记号  x",
    ]


def test_a_table_of_nothing_is_its_head() -> None:
    assert list(table(["id", "due"], [])) == ["id  due"]


def test_nothing_printed_steers_the_terminal() -> None:
    assert clean("a\nb\tc\x1b[31m\u202e\x9b") == "a b c\ufffd[31m\ufffd\ufffd"


def test_english_is_wrapped_between_words() -> None:
    assert wrap("one line of words", 8) == ["one line", "of words"]


def test_chinese_is_wrapped_anywhere_but_before_a_comma() -> None:
    assert wrap("列出全部错误，逐条", 12) == ["列出全部错误，", "逐条"]


def test_a_long_word_stands_alone() -> None:
    assert wrap("a verylongword b", 6) == ["a", "verylongword", "b"]


def test_pad_counts_columns() -> None:
    assert pad("事", 4) == "事  "
