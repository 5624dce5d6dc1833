"""The checks of serials: what they are numbered by and written with, and that only rules issue them."""

from __future__ import annotations

from duban.engine.definition.faults import Path, Report
from duban.engine.definition.fields import Field, placeholders
from duban.engine.definition.names import RESERVED_FIELDS
from duban.engine.definition.workflow import OWN, Workflow

PER = frozenset({"year", "month", "unit", "campaign"})
_WRITTEN = frozenset({"n", "year", "month", "unit"})
_FIGURES = frozenset({"n", "year", "month"})
# Of these, each value is one word that stays what it is.
_PARTS = frozenset({"text", "number", "flag", "choice", "unit", "post", "case"})


class NumberCheck:
    """The checks of one workflow's serials."""

    def __init__(self, workflow: Workflow, report: Report) -> None:
        self.workflow, self.report = workflow, report
        self.serials = {n for n, field in workflow.fields.items() if field.type == "serial"}

    def run(self) -> None:
        """Run them all."""
        for name in self.serials:
            field, path = self.workflow.fields[name], ("fields", name)
            self._per(field, (*path, "per"))
            self._format(field, (*path, "format"))
        for number, transition in enumerate(self.workflow.transitions):
            for name, asked in transition.asks.items():
                serial = name in self.serials if asked == OWN else asked.type == "serial"  # type: ignore[union-attr]  # what is not OWN is a Field
                if serial:
                    self._by_hand(name, ("transitions", number, "asks"))

    def _fault(self, path: Path, code: str, en: str, zh: str) -> None:
        self.report.add(f"workflow:{self.workflow.workflow}", path, code, en, zh)

    def _per(self, field: Field, path: Path) -> None:
        fields = self.workflow.fields
        for part in field.per:
            if part in PER:
                continue
            if part not in fields or fields[part].type not in _PARTS:
                listed = ", ".join(sorted(PER))
                self._fault(
                    path,
                    "DEF-097",
                    f"'{part}' is nothing to number by: take {listed}, or a field with one value",
                    f"不能按“{part}”编号：可用 {listed}，或单值字段",
                )
            self._keep_personal(part, path)

    def _format(self, field: Field, path: Path) -> None:
        for name, padded in placeholders(field.format or "").items():
            own = name.removeprefix("case.")
            known = own in self.workflow.fields or own in RESERVED_FIELDS
            if name not in _WRITTEN and not (name.startswith("case.") and known):
                self._fault(
                    path,
                    "DEF-096",
                    f"the format uses `{{{name}}}`; it may use n, year, month, unit and case.…",
                    f"编号格式中的 `{{{name}}}` 不可用；可用 n、year、month、unit 和 case.…",
                )
            elif padded and name not in _FIGURES:
                self._fault(
                    path,
                    "DEF-096",
                    f"`{{{name}:{padded}}}`: only n, year and month can be filled with zeros",
                    f"`{{{name}:{padded}}}`：只有 n、year、month 可以补零",
                )
            self._keep_personal(own, path)

    def _keep_personal(self, name: str, path: Path) -> None:
        if name in self.workflow.fields and self.workflow.fields[name].personal:
            self._fault(
                path,
                "DEF-098",
                f"'{name}' is personal: as part of a number it could never be erased",
                f"“{name}”是个人信息：写入编号后将无法删除",
            )

    def _by_hand(self, name: str, path: Path) -> None:
        self._fault(
            path,
            "DEF-099",
            f"'{name}' is a serial: nobody fills it in, the effect 'issue' does",
            f"“{name}”是编号：不能填写，只能由 issue 发放",
        )
