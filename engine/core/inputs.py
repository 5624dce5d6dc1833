"""From what a caller gives to the plain values that entries hold; what does not fit is refused."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from duban.engine.core.world import World
from duban.engine.definition.fields import Field
from duban.engine.errors import BadText, BadValue, UnknownUnit
from duban.engine.timing.instants import UNDATED, format_instant, parse_date, parse_instant
from duban.engine.timing.spans import Span
from duban.engine.values.canonical import Plain

_ALLOWED_CONTROLS = {"\n", "\t"}
_LONGEST_NAME = 200
_MOST_PIECES = 100
_DIGITS = 16


def plain_values(
    asks: Mapping[str, Field], data: Mapping[str, object], world: World, *, trigger: str
) -> dict[str, Plain]:
    """Return *data* in plain form, each value checked against its field; None is left out.

    Raises:
        BadValue, BadText, BadDate, BadSpan, UnknownUnit: a value does not fit, or is not asked.
    """
    known = ", ".join(sorted(asks)) or "-"
    values: dict[str, Plain] = {}
    for name, value in data.items():
        field = asks.get(name)
        if field is None:
            expected = f"asked by '{trigger}' (asked: {known})"
            zh = f"“{trigger}”所询问的内容（可填：{known}）"
            raise BadValue(field=name, value=_short(value), expected=expected, expected_zh=zh)
        if value is not None:
            values[name] = plain_value(name, field, value, world)
    return values


def plain_value(name: str, field: Field, value: object, world: World) -> Plain:
    """Return one value in plain form."""
    return _CONVERSIONS[field.type](name, field, value, world)


def _bad(name: str, value: object, expected: str, zh: str) -> BadValue:
    return BadValue(field=name, value=_short(value), expected=expected, expected_zh=zh)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _text(name: str, field: Field, value: object, world: World) -> Plain:
    if not isinstance(value, str):
        raise _bad(name, value, "text", "文本")
    clean = clean_text(name, value)
    if len(clean) > field.max:
        raise _bad(
            name, value, f"at most {field.max} characters long", f"不超过 {field.max} 字的文本"
        )
    return clean


def clean_text(name: str, value: str) -> str:
    """Return *value* in NFC.

    Raises:
        BadText: it holds a control character, a lone surrogate, or nothing that can be seen.
    """
    for position, character in enumerate(value, 1):
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in _ALLOWED_CONTROLS):
            what = f"U+{ord(character):04X}"
            raise BadText(name=name, what=what, position=position)
    if value and all(unicodedata.category(c) in {"Cf", "Zs", "Cc"} for c in value):
        raise BadText(name=name, what="U+200B", position=1)
    return unicodedata.normalize("NFC", value)


def _number(name: str, field: Field, value: object, world: World) -> Plain:
    text = value.removeprefix("-") if isinstance(value, str) else ""
    if isinstance(value, str) and text.isascii() and text.isdigit() and len(text) <= _DIGITS:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= 2**53:
        raise _bad(name, value, "a whole number", "整数")
    return value


def _money(name: str, field: Field, value: object, world: World) -> Plain:
    try:
        amount = Decimal(str(value)) if not isinstance(value, bool) else Decimal("NaN")
        exact = amount.quantize(Decimal("0.01"))
    except InvalidOperation:
        exact = Decimal("NaN")
        amount = exact
    if not exact.is_finite() or exact != amount or abs(exact) >= Decimal(10) ** 13:
        raise _bad(name, value, "an amount with at most two decimals", "最多两位小数的金额")
    return str(exact)


def _flag(name: str, field: Field, value: object, world: World) -> Plain:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise _bad(name, value, "true or false", "true 或 false")


def _date(name: str, field: Field, value: object, world: World) -> Plain:
    if isinstance(value, datetime):
        raise _bad(name, value, "a date without a time", "不带时间的日期")
    if isinstance(value, date):
        return parse_date(value.isoformat()).isoformat()
    if not isinstance(value, str):
        raise _bad(name, value, "a date written YYYY-MM-DD", "YYYY-MM-DD 格式的日期")
    return parse_date(value).isoformat()


def _instant(name: str, field: Field, value: object, world: World) -> Plain:
    if isinstance(value, datetime):
        return format_instant(parse_instant(value.isoformat()))
    if not isinstance(value, str):
        raise _bad(name, value, "an instant with its offset", "带时区偏移的时间")
    return format_instant(parse_instant(value))


def _span(name: str, field: Field, value: object, world: World) -> Plain:
    return str(value if isinstance(value, Span) else Span.parse(str(value)))


def _choice(name: str, field: Field, value: object, world: World) -> Plain:
    if value not in field.choices:
        listed = ", ".join(field.choices)
        raise _bad(name, value, f"one of: {listed}", f"以下之一：{listed}")
    return str(value)


def _unit(name: str, field: Field, value: object, world: World) -> Plain:
    text = str(value)
    if text not in world.directory:
        raise unknown_unit(text, world)
    return text


def unknown_unit(unit: str, world: World) -> UnknownUnit:
    """Return the refusal of a unit that does not exist, with the nearest one that does."""
    close = get_close_matches(unit, world.directory.unit_ids, 1, 0.7)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    hint_zh = f"；是否指“{close[0]}”？" if close else ""
    return UnknownUnit(unit=unit, hint=hint, hint_zh=hint_zh)


def _post(name: str, field: Field, value: object, world: World) -> Plain:
    unit, slash, post = str(value).partition("/")
    if not slash or not post:
        raise _bad(name, value, "a post written unit/post", "“单位/岗位”格式的岗位")
    _unit(name, field, unit, world)
    return str(value)


def _list(name: str, field: Field, value: object, world: World) -> Plain:
    if not isinstance(value, (list, tuple)):
        raise _bad(name, value, "a list", "列表")
    item = Field(type=field.of or "text", max=field.max)
    return [plain_value(name, item, element, world) for element in value]


_EVIDENCE: Mapping[str, type] = {
    "kind": str, "number": str, "seal": bool, "channel": str, "name": str, "sha256": str, "size": int,
}  # fmt: skip


def _evidence(name: str, field: Field, value: object, world: World) -> Plain:
    pieces = value if isinstance(value, (list, tuple)) else [value]
    if len(pieces) > _MOST_PIECES:
        raise _bad(
            name, len(pieces), f"at most {_MOST_PIECES} pieces", f"不超过 {_MOST_PIECES} 份材料"
        )
    checked = [_piece(name, field, piece) for piece in pieces]
    if len(checked) < field.number:
        raise _bad(name, value, f"at least {field.number} pieces", f"至少 {field.number} 份材料")
    return checked


def _piece(name: str, field: Field, piece: object) -> Plain:
    given: Any = {"name": piece} if isinstance(piece, str) else piece
    if piece is True:
        given = {"name": name}
    if not isinstance(given, Mapping) or not given:
        raise _bad(name, piece, "evidence: a name, or what is known of it", "材料（名称或说明）")
    for key, item in given.items():
        if key not in _EVIDENCE or not isinstance(item, _EVIDENCE[key]):
            listed = ", ".join(_EVIDENCE)
            raise _bad(name, f"{key}: {item}", f"evidence with {listed}", f"材料（{listed}）")
    _demanded(name, field, given)
    if not 0 <= given.get("size", 0) < 2**53:
        raise _bad(name, given["size"], "a size in bytes", "以字节计的大小")
    return {
        key: clean_text(name, item[:_LONGEST_NAME]) if isinstance(item, str) else item
        for key, item in given.items()
    }


def _demanded(name: str, field: Field, given: Mapping[str, Any]) -> None:
    if field.seal and not given.get("seal"):
        raise _bad(name, given.get("name", given), "sealed (seal: true)", "盖章件（seal: true）")
    if field.channel and given.get("channel", field.channel) != field.channel:
        raise _bad(
            name, given["channel"], f"by {field.channel}", f"通过 {field.channel} 送达的材料"
        )
    if field.kind and given.get("kind", field.kind[0]) not in field.kind:
        listed = ", ".join(field.kind)
        raise _bad(name, given["kind"], f"of kind {listed}", f"以下种类的材料：{listed}")


_CONVERSIONS: Mapping[str, Callable[[str, Field, object, World], Plain]] = {
    "text": _text,
    "case": _text,
    "number": _number,
    "money": _money,
    "flag": _flag,
    "date": _date,
    "instant": _instant,
    "span": _span,
    "choice": _choice,
    "unit": _unit,
    "post": _post,
    "list": _list,
    "evidence": _evidence,
    "serial": _text,
}


def assigned(name: str, field: Field, value: Any, world: World) -> Plain | None:
    """Return the plain form of a value that an expression gave for a field; None when it is empty.

    Raises:
        BadValue, BadText, BadDate, UnknownUnit: the field cannot hold it.
    """
    if value in ("", UNDATED) or (field.type == "evidence" and not value):
        return None
    if isinstance(value, datetime):
        value = world.clockwork.day(value) if field.type == "date" else format_instant(value)
    elif isinstance(value, float) and math.isfinite(value):
        value = Decimal(str(value)).quantize(Decimal("0.01"))
    return plain_value(name, field, value, world)
