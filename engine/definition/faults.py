"""Collecting faults: where each stands is a path into its definition, made a place at the end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from duban.engine.errors import Fault, InvalidDefinition, Place

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class SourceMap:
    """The file that a definition was read from, and the place of each of its parts."""

    file: str
    places: Mapping[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """Return the place of *path*, or of the nearest part around it."""
        for length in range(len(path), -1, -1):
            found = self.places.get(path[:length])
            if found is not None:
                return found
        return Place(self.file)


@dataclass(slots=True)
class Report:
    """The faults of several definitions; each definition is named by its kind and name."""

    sources: Mapping[str, SourceMap] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def add(self, origin: str, path: Path, code: str, en: str, zh: str) -> None:
        """Note a fault at *path* of the definition *origin* (``workflow:hazard``)."""
        source = self.sources.get(origin, SourceMap(origin))
        fault = Fault(code, source.place(path), en, zh)
        if fault not in self.faults:
            self.faults.append(fault)

    def known(
        self,
        origin: str,
        names: Iterable[str],
        known: Iterable[str],
        path: Path,
        fault: tuple[str, str, str],
    ) -> None:
        """Note each of *names* that is not among *known*, with the nearest that is.

        *fault* is the code, and what the names are in English and in Chinese.
        """
        among = sorted(known)
        code, what, zh = fault
        for name in names:
            if name not in among:
                close = get_close_matches(name, among, 1, 0.6)
                listed = ", ".join(among) or "-"
                hint = f"; did you mean '{close[0]}'?" if close else f"; known: {listed}"
                hint_zh = f"；是否指“{close[0]}”？" if close else f"；已知：{listed}"
                en = f"{what} '{name}' is not known{hint}"
                self.add(origin, path, code, en, f"未知的{zh}“{name}”{hint_zh}")

    def finish(self) -> None:
        """Raise all faults together, in order of place, if there are any."""
        if self.faults:
            raise InvalidDefinition(sorted(self.faults, key=lambda fault: fault.place))


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
