"""From YAML events to plain data and places: without recursion, without types of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from duban.engine.errors import Fault, Place
from duban.workflows.breaks import Break, explain, fullwidth_colons
from duban.workflows.document import Limits, Path
from duban.workflows.scalars import NORWAY, balanced, joined, typed, unfinished


class _Enough(Exception):
    """Nothing after this can be read."""


@dataclass(slots=True)
class _Open:
    value: dict[str, Any] | list[Any]
    path: Path
    line: int
    flow: bool
    is_key: bool = False
    key: str | None = None
    lines: dict[str, int] = field(default_factory=dict)


class Scan:
    """One pass over a text: what it holds, and everything that is wrong with it."""

    def __init__(self, text: str, file: str, limits: Limits) -> None:
        self.lines = text.split("\n")
        self.file = file
        self.data: Any = None
        self.documents = 0
        self.complete = False
        self.places: dict[Path, Place] = {}
        self.values: dict[Path, Place] = {}
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.broken: Break | None = None
        self._limits = limits
        self._open: list[_Open] = []
        self._said: set[tuple[str, int]] = set()
        self._run(text)

    def _run(self, text: str) -> None:
        last: Event | None = None
        try:
            for count, event in enumerate(_events(text), 1):
                if count > self._limits.events:
                    self._too_many(event)
                if (handle := _HANDLERS.get(type(event))) is not None:
                    handle(self, event)
                last = event
            self.complete = True
        except _Enough:
            return
        except YAMLError as error:
            self.broken = explain(error, last, self.lines, self.file)

    def _too_many(self, event: Event) -> None:
        limit = self._limits.events
        en = f"file holds more than {limit} values; split it"
        self._fault("DEF-009", event, en, f"文件内容超过 {limit} 项；请拆分")
        raise _Enough

    def _fault(self, code: str, at: Event | Place, en: str, zh: str) -> None:
        place = at if isinstance(at, Place) else self._place(at)
        self.faults.append(Fault(code, place, en, zh))

    def _once_a_line(self, code: str, at: Place, en: str, zh: str) -> None:
        if (code, at.line) not in self._said:
            self._said.add((code, at.line))
            self._fault(code, at, en, zh)

    def _place(self, event: Event) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def document(self, event: DocumentStartEvent) -> None:
        self.documents += 1
        if self.documents > 1:
            self._fault("DEF-011", event, "only one document per file", "每个文件只能有一个文档")
            raise _Enough
        if event.version or event.tags:
            en, zh = (
                "directives (%) are not allowed; remove the line",
                "不允许使用 % 指令；请删除此行",
            )
            self._fault("DEF-013", self._first("%"), en, zh)

    def _first(self, sign: str) -> Place:
        """Return the first line that begins with *sign*; an event of a document stands after it."""
        line = next((n for n, text in enumerate(self.lines, 1) if text.startswith(sign)), 1)
        return Place(self.file, line)

    def alias(self, event: AliasEvent) -> None:
        self._no_alias(self._place(event))
        if self._awaits_key():
            self._open[-1].key = ""
        else:
            self._put(None, event)

    def scalar(self, event: ScalarEvent) -> None:
        self._check_properties(event)
        value = self._text(event)
        if not value and event.style in ("|", ">"):
            self._check_empty_block(event)
        if self._awaits_key():
            self._begin_key(value, event)
            return
        if event.style is None and not event.tag:
            self._check_plain(value, event)
            self._put(typed(value), event)
        else:
            self._put(value, event)

    def collection(self, event: CollectionStartEvent) -> None:
        self._check_properties(event)
        if len(self._open) >= self._limits.depth:
            depth = self._limits.depth
            self._fault(
                "DEF-008", event, f"nesting deeper than {depth} levels", f"嵌套超过 {depth} 层"
            )
            raise _Enough
        value: dict[str, Any] | list[Any] = {} if isinstance(event, MappingStartEvent) else []
        is_key = self._awaits_key()
        if is_key:
            self._fault("DEF-013", event, "a key must be plain text", "键必须是普通文本")
            path: Path = self._open[-1].path
        else:
            path = self._put(value, event)
        line = event.start_mark.line
        self._open.append(_Open(value, path, line, bool(event.flow_style), is_key))

    def close(self, event: Event) -> None:
        if self._open.pop().is_key:
            self._open[-1].key = ""

    def _awaits_key(self) -> bool:
        return (
            bool(self._open)
            and self._open[-1].key is None
            and isinstance(self._open[-1].value, dict)
        )

    def _begin_key(self, key: str, event: ScalarEvent) -> None:
        holder, place = self._open[-1], self._place(event)
        if event.style is None:
            self._check_key(key, holder, place)
        if key in holder.lines:
            first = holder.lines[key]
            en = f"key '{key}' already defined at line {first}"
            self._fault("DEF-006", place, en, f"键“{key}”已在第 {first} 行定义")
        holder.lines.setdefault(key, place.line)
        holder.key = key
        self.places[(*holder.path, key)] = place

    def _check_key(self, key: str, holder: _Open, place: Place) -> None:
        if key == "<<":
            en, zh = (
                "merge keys are not allowed; write the values out",
                "不允许使用合并键；请直接写出内容",
            )
            self._once_a_line("DEF-007", place, en, zh)
        elif " ? " in key:
            self._in_quotes(place, "' ? … : ' is read as a key", "“ ? … : ”会被读作键")
        elif holder.flow and not balanced(key):
            self._comma(place)

    def _put(self, value: object, event: Event) -> Path:
        place = self._place(event)
        if not self._open:
            self.data = value
            self.places[()] = self.values[()] = place
            return ()
        holder = self._open[-1]
        if isinstance(holder.value, list):
            path: Path = (*holder.path, len(holder.value))
            holder.value.append(value)
            self.places[path] = place
        else:
            key = holder.key or ""
            path = (*holder.path, key)
            holder.value[key] = value
            holder.key = None
        self.values[path] = place
        return path

    def _text(self, event: ScalarEvent) -> str:
        value, name = joined(event.value)
        if name:
            en = f"invisible character {name} is not allowed; remove it"
            self._fault("DEF-150", event, en, f"不允许出现不可见字符 {name}；请删除")
        return value

    def _check_properties(self, event: ScalarEvent | CollectionStartEvent) -> None:
        if event.tag:
            self._tag(event)
        elif event.anchor:
            self._no_alias(self._place(event))

    def _no_alias(self, place: Place) -> None:
        self._once_a_line(
            "DEF-007",
            place,
            "anchors and aliases are not allowed; write the value out, or put it in quotes",
            "不允许使用锚点和别名；请直接写出内容，或给值加引号",
        )

    def _tag(self, event: Event) -> None:
        line, column = event.start_mark.line, event.start_mark.column
        at = self.lines[line].rfind("!", 0, column)
        if self.lines[line][column : column + 1] == "!" or at < 0:
            at = column
        found = re.match(r"!\S*", self.lines[line][at:])
        tag = found.group() if found else "!"
        place = Place(self.file, line + 1, at + 1)
        if tag.startswith("!!"):
            en, zh = f"tag not allowed: '{tag}'; remove it", f"不允许使用标签：“{tag}”；请删除"
        else:
            en = f"tag not allowed: '{tag}'; if it begins an expression, put the whole in quotes"
            zh = f"不允许使用标签：“{tag}”；如果是表达式的开头，请给整个表达式加引号"
        self._once_a_line("DEF-010", place, en, zh)

    def _check_plain(self, value: str, event: ScalarEvent) -> None:
        if value in NORWAY:
            place = self._place(event)
            self.warnings.append(
                Fault(
                    "DEF-W01",
                    place,
                    f"'{value}' kept as text",
                    f"“{value}”按文本处理",
                    warning=True,
                )
            )
        if "：" in value:
            self._check_fullwidth(event)
        if self._open and self._open[-1].flow and not balanced(value):
            self._comma(self._place(event))
        self._check_cut(value, event)

    def _check_empty_block(self, event: ScalarEvent) -> None:
        """`>1` is a comparison to its writer, and an empty block of text to YAML."""
        line, column = event.start_mark.line, event.start_mark.column
        if re.match(r"[|>][+-]?\d", self.lines[line][column:]):
            en, zh = f"a value cannot begin with '{event.style}'", f"值不能以“{event.style}”开头"
            self._in_quotes(self._place(event), en, zh)

    def _check_fullwidth(self, event: ScalarEvent) -> None:
        first, last = event.start_mark.line, event.end_mark.line
        holder = self._open[-1] if self._open else None
        if holder is not None and isinstance(holder.value, list):
            return
        if holder is None or holder.lines[holder.key or ""] - 1 < first:
            self.faults += fullwidth_colons(self.lines, first, last, self.file)

    def _check_cut(self, value: str, event: ScalarEvent) -> None:
        line, column = event.end_mark.line, event.end_mark.column
        rest = self.lines[line][column:]
        if rest.lstrip().startswith("#") and unfinished(value):
            place = Place(self.file, line + 1, column + rest.index("#") + 1)
            self._in_quotes(
                place, "' #' begins a comment and cuts the value", "“ #”是注释的开头，会截断值"
            )

    def _comma(self, place: Place) -> None:
        en = "a comma inside {…} or […] ends the value"
        self._in_quotes(place, en, "{…} 或 […] 中的逗号会结束值")

    def _in_quotes(self, place: Place, en: str, zh: str) -> None:
        en, zh = f"{en}; put the expression in quotes", f"{zh}；请给表达式加引号"
        self._once_a_line("DEF-013", place, en, zh)


def _events(text: str) -> Iterator[Event]:
    events: Iterator[Event] = YAML(typ="safe", pure=True).parse(text)
    return events


_HANDLERS: dict[type[Event], Callable[[Scan, Any], None]] = {
    DocumentStartEvent: Scan.document,
    AliasEvent: Scan.alias,
    ScalarEvent: Scan.scalar,
    MappingStartEvent: Scan.collection,
    SequenceStartEvent: Scan.collection,
    MappingEndEvent: Scan.close,
    SequenceEndEvent: Scan.close,
}
