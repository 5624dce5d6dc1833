"""What a command line may say: types of our own, since click's take more than they should."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from duban.cli.context import Call
from duban.engine.errors import BadUsage
from duban.engine.timing.instants import find_zone, parse_date, parse_instant

if TYPE_CHECKING:
    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType

_CASE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_DIGITS = re.compile(r"[0-9]{1,16}")
_DAY = re.compile(r"[0-9]{4,9}-[0-9]{2}-[0-9]{2}")
_POST = re.compile(r"[^/\s]+/[^/\s]+")


class BadCaseId(BadUsage):
    """What was given cannot be the id of a case."""

    code = "CASE-001"
    en = "{value!r} is not a case id; `duban case list` shows them"
    zh = "“{value}”不是事项编号；可用 duban case list 查看"


class BadNumber(BadUsage):
    """A number out of its bounds, or not in plain digits."""

    code = "CLI-003"
    en = "{option} needs a whole number from {low} to {high} in the digits 0-9, not {value!r}"
    zh = "{option} 须为 {low} 到 {high} 的整数（半角数字 0-9），不能是“{value}”"


class BadPair(BadUsage):
    """A value that is not given as name=value."""

    code = "CLI-005"
    en = "{option} {value!r}: {why}; write name=text, or name:=JSON for lists, numbers and evidence"
    zh = "{option} “{value}”：{why_zh}；请写 名称=文本，列表、数字、材料等写 名称:=JSON"


class BadJson(BadUsage):
    """A text that should be JSON, and is not."""

    code = "CLI-006"
    en = "{option}: not JSON: {why}"
    zh = "{option}：不是有效的 JSON：{why}"


class BadPost(BadUsage):
    """A post that is not written unit/post."""

    code = "CLI-007"
    en = "{value!r} is not a post; write unit/post, such as school-001/principal"
    zh = "“{value}”不是岗位；请写“单位/岗位”，例如 school-001/principal"


class NoSuchFile(BadUsage):
    """A file or a folder that is not there."""

    code = "CLI-008"
    en = "there is no file or folder {path!r}"
    zh = "没有文件或文件夹“{path}”"


def _named(param: click.Parameter | None) -> str:
    return param.opts[0] if param is not None else "value"


class CaseId(_Type):
    """The id of a case, opaque but plain."""

    name = "case"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _CASE.fullmatch(value):
            raise BadCaseId(value=value)
        return str(value)


class Whole(_Type):
    """A whole number within bounds; ``int`` would take ``٣`` and ``1_000``."""

    name = "number"

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if not _DIGITS.fullmatch(text) or not self.low <= int(text) <= self.high:
            raise BadNumber(option=_named(param), value=text, low=self.low, high=self.high)
        return int(text)


class Instant(_Type):
    """An instant with its offset, or local to the organisation.

    With *days*, also a day's begin; with *ends*, also a day's end.
    """

    name = "instant"

    def __init__(self, *, days: bool = False, ends: bool = False) -> None:
        self.days, self.ends = days, ends

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        if isinstance(value, datetime):
            return value
        call = ctx.find_object(Call) if ctx else None
        if (self.days or self.ends) and _DAY.fullmatch(value):
            value = f"{parse_date(value)}T{'23:59:59.999999' if self.ends else '00:00'}"
        elif not _is_local(value):
            return parse_instant(value)
        return parse_instant(value, call.zone if call else find_zone("UTC"))


def _is_local(text: str) -> bool:
    return re.fullmatch(r"[0-9-]+[T ][0-9:.]+", text) is not None


class Pair(NamedTuple):
    """One value for one field."""

    name: str
    value: object


class Given(_Type):
    """``name=text`` or ``name:=JSON``."""

    name = "name=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Pair:
        if isinstance(value, Pair):
            return value
        name, equals, rest = value.partition("=")
        typed = name.endswith(":")
        name = name.removesuffix(":")
        if not equals:
            raise BadPair(
                option=_named(param), value=value, why="there is no '='", why_zh="缺少“=”"
            )
        if not _NAME.fullmatch(name):
            why, why_zh = f"{name!r} is not the name of a field", f"“{name}”不是字段名"
            raise BadPair(option=_named(param), value=value, why=why, why_zh=why_zh)
        return Pair(name, parse_json(rest, f"{_named(param)} {name}") if typed else rest)


class Post(_Type):
    """A post of a unit."""

    name = "unit/post"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _POST.fullmatch(value):
            raise BadPost(value=value)
        return str(value)


class Data(_Type):
    """A JSON object, or ``@file`` that holds one (``@-``: standard input)."""

    name = "json"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Mapping[str, object]:
        if isinstance(value, Mapping):
            return value
        text = _content(value[1:]) if value.startswith("@") else value
        data = parse_json(text, _named(param))
        if not isinstance(data, dict):
            raise BadJson(option=_named(param), why="an object {…} is needed")
        return data


def _content(path: str) -> str:
    if path != "-" and not Path(path).is_file():
        raise NoSuchFile(path=path)
    with click.open_file(path, encoding="utf-8-sig") as source:
        return str(source.read())


def parse_json(text: str, option: str) -> object:
    """Return what *text* says; amounts keep their digits, and no key stands twice."""
    try:
        return json.loads(
            text, object_pairs_hook=_once, parse_float=Decimal, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        raise BadJson(option=option, why=str(error)) from error


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    twice = {name for name, _ in pairs if [n for n, _ in pairs].count(name) > 1}
    if twice:
        message = f"key {min(twice)!r} stands twice"
        raise ValueError(message)
    return dict(pairs)


def _no_number(text: str) -> object:
    message = f"{text} is not a number"
    raise ValueError(message)


LIMIT: dict[str, Any] = {
    "type": Whole(1, 1000),
    "default": 100,
    "metavar": "N",
    "en": "At most so many, 1 to 1000 (100).",
    "zh": "最多条数，1 到 1000（默认 100）。",
}


def together(data: Mapping[str, object] | None, pairs: Iterable[Pair]) -> dict[str, object]:
    """Return *data* with *pairs* over it; the same name in two pairs is refused."""
    given: dict[str, object] = {}
    for name, value in pairs:
        if name in given:
            why, why_zh = "the name is given twice", "同一名称给出了两次"
            raise BadPair(option="--set", value=f"{name}=…", why=why, why_zh=why_zh)
        given[name] = value
    return {**(data or {}), **given}
