"""Collecting faults: where each stands is a path into its definition, made a place at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from duban.engine.errors import Fault, InvalidDefinition, Place

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The file that a definition was read from, and the place of each of its parts.

    `places` has its keys and items, `values` what stands behind a key; `warnings` is what was
    odd about the text and could be read all the same.
    """

    file: str
    places: Mapping[Path, Place] = field(default_factory=dict)
    values: Mapping[Path, Place] = field(default_factory=dict)
    warnings: tuple[Fault, ...] = ()

    def place(self, path: Path) -> Place:
        """Return the place of *path*, or of the nearest part around it."""
        for length in range(len(path), -1, -1):
            found = self.places.get(path[:length])
            if found is not None:
                return found
        return Place(self.file)

    def value(self, path: Path) -> Place:
        """Return the place where the value at *path* begins, or else the place of *path*."""
        # One item may stand in place of a list of one.
        alone = path[:-1] if path[-1:] == (0,) else path
        return self.values.get(path) or self.values.get(alone) or self.place(path)


@dataclass(slots=True)
class Report:
    """The faults of several definitions; each definition is named by its kind and name.

    `unread` holds what files that cannot be read would have defined: nobody is told that it is
    missing. It has ``*`` for a file that does not even say what it defines.
    """

    sources: Mapping[str, SourceMap] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()
    _found: dict[Fault, None] = field(default_factory=dict)
    _faulty: set[str] = field(default_factory=set)

    @property
    def faults(self) -> list[Fault]:
        """What must be mended, in order of place."""
        return sorted((f for f in self._found if not f.warning), key=by_place)

    @property
    def warnings(self) -> list[Fault]:
        """What should be looked at, in order of place."""
        return sorted((f for f in self._found if f.warning), key=by_place)

    def sound(self, origin: str) -> bool:
        """Whether nothing was found that must be mended in the definition *origin*."""
        return origin not in self._faulty

    def add(self, origin: str, path: Path, code: str, en: str, zh: str) -> None:
        """Note a fault at *path* of the definition *origin* (``workflow:hazard``)."""
        self._note(origin, Fault(code, self._source(origin).place(path), en, zh))

    def add_value(self, origin: str, path: Path, code: str, en: str, zh: str) -> None:
        """Note a fault of the value that stands at *path*."""
        self._note(origin, Fault(code, self._source(origin).value(path), en, zh))

    def warn(self, origin: str, path: Path, code: str, en: str, zh: str) -> None:
        """Note a warning at *path* of the definition *origin*."""
        self._note(origin, Fault(code, self._source(origin).place(path), en, zh, warning=True))

    def _source(self, origin: str) -> SourceMap:
        return self.sources.get(origin) or SourceMap(origin)

    def _note(self, origin: str, fault: Fault) -> None:
        self._found[fault] = None
        if not fault.warning:
            self._faulty.add(origin)

    def known(
        self,
        origin: str,
        names: Iterable[str],
        known: Iterable[str],
        path: Path,
        fault: tuple[str, str, str],
    ) -> None:
        """Note each of *names* that is not among *known*, with the nearest that is.

        *fault* is the code, and what the names are in English and in Chinese. The place is that of
        the name itself where it is an item or a key at *path*, or its value.
        """
        among = known if isinstance(known, (set, frozenset, Mapping)) else set(known)
        code, what, zh = fault
        for number, name in enumerate(names):
            if name in among or self._may_be_unread(code, name):
                continue
            en, near_zh = nearest(name, among)
            source = self._source(origin)
            places = (source.places.get((*path, step)) for step in (name, number))
            place = next((place for place in places if place), source.value(path))
            told, told_zh = f"{what} '{name}' is not known{en}", f"未知的{zh}“{name}”{near_zh}"
            self._note(origin, Fault(code, place, told, told_zh))

    def _may_be_unread(self, code: str, name: str) -> bool:
        kind = _DEFINED.get(code)
        return kind is not None and not self.unread.isdisjoint({f"{kind}:{name}", "*"})

    def finish(self) -> None:
        """Raise all faults together, in order of place, if there are any."""
        if faults := self.faults:
            raise InvalidDefinition(faults)


def nearest(name: str, known: Iterable[str]) -> tuple[str, str]:
    """Return a hint in both languages: the name that was probably meant, or all there are."""
    among = sorted(known)
    close = get_close_matches(name, among, 1, 0.6)
    if close:
        return f"; did you mean '{close[0]}'?", f"；是否指“{close[0]}”？"
    listed = ", ".join(among[:_LISTED]) + (", …" if len(among) > _LISTED else "")
    return f"; known: {listed or '-'}", f"；已知：{listed or '-'}"


def by_place(fault: Fault) -> tuple[Place, str]:
    """Return what orders faults: their place, then their code."""
    return (fault.place, fault.code)


_LISTED = 40
# What a name can be, for `Report.known`: the code of the fault, and the word in both languages.
STATE = ("DEF-020", "state", "状态")
LADDER = ("DEF-028", "ladder", "督办阶梯")
DEADLINE = ("DEF-029", "deadline", "时限")
SETTING = ("DEF-030", "setting", "设置")
ROLE = ("DEF-033", "role", "角色")
TRIGGER = ("DEF-035", "trigger", "操作")
FIELD = ("DEF-037", "field", "字段")
ELEMENTS = ("DEF-110", "list field, list fact or group", "列表字段、列表事实或分组")
SERIAL = ("DEF-037", "serial field", "编号字段")
WORKFLOW = ("DEF-039", "workflow", "流程")
GROUP = ("DEF-062", "group", "分组")
UNIT = ("DEF-063", "unit", "单位")
CAMPAIGN = ("DEF-064", "campaign", "专项行动")
REGISTER = ("DEF-117", "register", "台账")
STATISTIC = ("DEF-118", "statistic", "统计")
COLUMN = ("DEF-119", "column", "列")
SPLIT = ("DEF-126", "field to split by", "分组字段")
CALENDAR = ("DEF-179", "calendar", "日历")
# Those that stand in files of their own.
_DEFINED = {
    LADDER[0]: "ladder",
    WORKFLOW[0]: "workflow",
    CAMPAIGN[0]: "campaign",
    CALENDAR[0]: "calendar",
}
