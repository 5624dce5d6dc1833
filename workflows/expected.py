"""What pydantic expected and what it found, in plain words of two languages."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

_SHOWN = 40
_TEXT = ("text", "文本")
_WHOLE = ("a whole number", "整数")
_NUMBER = ("a number", "数字")
_FLAG = ("true or false", "true 或 false")
_LIST = ("a list", "列表")
_MAPPING = ("a mapping", "键值结构")
_DATE = ("a date such as 2021-03-01", "日期，如 2021-03-01")
_INSTANT = ("a time such as 2021-03-01T08:00:00+08:00", "时间，如 2021-03-01T08:00:00+08:00")
_ONE_OF = ("one of {expected}", "{expected}之一")
_PLAIN: dict[str, tuple[str, str]] = {
    "string_type": _TEXT,
    "string_sub_type": _TEXT,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "bool_type": _FLAG,
    "bool_parsing": _FLAG,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "set_type": _LIST,
    "frozen_set_type": _LIST,
    "iterable_type": _LIST,
    "dict_type": _MAPPING,
    "mapping_type": _MAPPING,
    "model_type": _MAPPING,
    "model_attributes_type": _MAPPING,
    "dataclass_type": _MAPPING,
    "none_required": ("nothing", "空值"),
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "datetime_type": _INSTANT,
    "datetime_parsing": _INSTANT,
    "datetime_from_date_parsing": _INSTANT,
    "timezone_aware": _INSTANT,
    "literal_error": _ONE_OF,
    "enum": _ONE_OF,
    "union_tag_invalid": ("one of {expected_tags}", "{expected_tags}之一"),
    "greater_than": ("a number greater than {gt}", "大于 {gt} 的数字"),
    "greater_than_equal": ("a number of at least {ge}", "不小于 {ge} 的数字"),
    "less_than": ("a number less than {lt}", "小于 {lt} 的数字"),
    "less_than_equal": ("a number of at most {le}", "不大于 {le} 的数字"),
    "multiple_of": ("a multiple of {multiple_of}", "{multiple_of} 的倍数"),
    "string_too_short": (
        "text of at least {min_length} characters",
        "至少 {min_length} 个字符的文本",
    ),
    "string_too_long": (
        "text of at most {max_length} characters",
        "至多 {max_length} 个字符的文本",
    ),
    "string_pattern_mismatch": ("text that fits {pattern}", "符合 {pattern} 的文本"),
    "too_short": ("at least {min_length} items", "至少 {min_length} 项"),
    "too_long": ("at most {max_length} items", "至多 {max_length} 项"),
}


def expected(error: ErrorDetails) -> tuple[str, str]:
    """Return what was expected, in English and in Chinese."""
    en, zh = _PLAIN.get(error["type"], ("a usable value", "可用的值"))
    facts: dict[str, Any] = {
        name: str(value).replace("' or '", "', '")
        for name, value in (error.get("ctx") or {}).items()
    }
    return en.format(**facts), zh.format(**facts)


def found_en(value: object) -> str:
    """Return what *value* is, in English."""
    return _found(value, ("nothing", "a mapping", "a list", "the number", "the text", "'{}'"))


def found_zh(value: object) -> str:
    """Return what *value* is, in Chinese."""
    return _found(value, ("空值", "键值结构", "列表", "数字", "文本", "“{}”"))


def _found(value: object, words: tuple[str, str, str, str, str, str]) -> str:
    nothing, mapping, listing, number, text, quotes = words
    if value is None:
        return nothing
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{number} {value}"
    if isinstance(value, str):
        shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
        return f"{text} {quotes.format(shown)}" if text.isascii() else text + quotes.format(shown)
    return mapping if isinstance(value, dict) else listing
