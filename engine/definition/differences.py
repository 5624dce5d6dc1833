"""What changed between two versions of a definition, in the words of its author."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from duban.engine.values.canonical import Plain, read

# What an item of each list is called; items without a name of their own are told by these keys.
_NOUNS: Mapping[str, tuple[str, str]] = {
    "settings": ("setting", "设置"),
    "roles": ("role", "角色"),
    "fields": ("field", "字段"),
    "states": ("state", "状态"),
    "transitions": ("transition", "流转"),
    "deadlines": ("deadline", "时限"),
    "facts": ("fact", "事实"),
    "sources": ("source", "依据"),
    "rungs": ("rung", "督办级"),
    "phases": ("phase", "阶段"),
    "tasks": ("task", "任务"),
    "duties": ("duty", "报送任务"),
    "goals": ("goal", "目标"),
    "groups": ("group", "单位组"),
    "registers": ("register", "台账"),
    "statistics": ("statistic", "统计"),
    "ladders": ("ladder", "督办阶梯"),
    "kinds": ("kind of unit", "单位类型"),
    "units": ("unit", "单位"),
    "holders": ("holder", "任职"),
    "notices": ("notice", "放假通知"),
}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "transitions": ("trigger", "name", "when", "source"),
    "rungs": ("rung",),
    "phases": ("phase",),
    "tasks": ("task",),
    "units": ("unit", "from"),
    "holders": ("post", "person", "from"),
    "notices": ("year", "issued"),
}
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is new, gone or different: its place, and the two values as they are written.

    ``path`` leads to it by names (``deadlines.repair.limit``); ``before`` or ``after`` is None
    where there is none.
    """

    path: tuple[str, ...]
    before: str | None
    after: str | None

    def text(self, lang: str) -> str:
        """Return it as a line: what it is, and from what to what."""
        noun = _NOUNS.get(self.path[0])
        named = f"{noun[lang == 'zh']} " if noun and len(self.path) > 1 else ""
        place = named + ".".join(self.path[1 if named else 0 :])
        if self.before is None:
            return f"+ {place}" + (f": {self.after}" if self.after else "")
        if self.after is None:
            return f"- {place}"
        return f"~ {place}: {self.before} → {self.after}"


def differences(before: bytes, after: bytes) -> list[Difference]:
    """Return how the definition with the canonical bytes *after* differs from *before*."""
    return list(_compared((), _named(read(before)), _named(read(after))))


def _named(document: Mapping[str, Plain]) -> dict[str, Any]:
    """Lists whose items have names become mappings, so that a moved line is no difference."""
    return {part: _by_name(part, value) for part, value in document.items()}


def _by_name(part: str, value: Any) -> Any:
    if not isinstance(value, list) or part not in _NOUNS:
        return _named(value) if isinstance(value, dict) and part in _NOUNS else value
    found: dict[str, Any] = {}
    for number, item in enumerate(value):
        if _is_pair(item):
            name, content = item
        elif isinstance(item, dict):
            name, content = _name_of(part, item), item
        else:
            name, content = str(number), item
        while name in found:
            name += "'"
        found[name] = _named(content) if isinstance(content, dict) else content
    return found


def _is_pair(item: Any) -> bool:
    return isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)


def _name_of(part: str, item: Mapping[str, Any]) -> str:
    pieces = []
    for key in _KEYS.get(part, ()):
        value = item.get(key)
        if value is not None:
            pieces.append("|".join(map(str, value)) if isinstance(value, list) else str(value))
    return " ".join(pieces)[:_LONGEST]


def _compared(path: tuple[str, ...], before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if not (isinstance(before, dict) and isinstance(after, dict)):
        texts = _shown(before), _shown(after)
        if texts[0] == texts[1]:
            texts = _quoted(before), _quoted(after)
        yield Difference(path, *texts)
        return
    for name in dict.fromkeys((*before, *after)):
        here = (*path, name)
        if name not in after:
            yield Difference(here, _shown(before[name]), None)
        elif name not in before:
            yield Difference(here, None, _brief(after[name]))
        else:
            yield from _compared(here, before[name], after[name])


def _brief(value: Any) -> str:
    """A whole new item is named, not quoted."""
    return "" if isinstance(value, (dict, list)) else _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, list) and value:
        names = [item[0] if _is_pair(item) else item for item in value]
        if all(isinstance(name, str) for name in names):
            return _short(", ".join(names))
    return _quoted(value)


def _quoted(value: Any) -> str:
    return _short(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
