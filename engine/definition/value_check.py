"""Values that a choice can never have, and cases that are opened without what their opening asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from duban.engine.definition.faults import Path, Report, nearest
from duban.engine.definition.fields import Field
from duban.engine.definition.library import Library
from duban.engine.definition.logic import tokens
from duban.engine.definition.machine import OPEN
from duban.engine.definition.workflow import OWN, Effect, Ladder, Transition, Workflow

# What a duty gives is known when it falls due: `duty.name` is such a value.
_GIVEN_LATER = ("duty.", "case.", "campaign.", "phase.")
_SCALARS: Mapping[str, tuple[type, str, str]] = {
    "flag": (bool, "true or false", "true 或 false"),
    "number": (int, "a whole number", "整数"),
}


class ValueCheck:
    """The checks of the values in one workflow, or in the effects of one ladder."""

    def __init__(self, part: Workflow | Ladder, library: Library, report: Report) -> None:
        self.part, self.library, self.report = part, library, report
        self.fields: dict[str, Field] = {}
        if isinstance(part, Workflow):
            self.origin = f"workflow:{part.workflow}"
            self.fields = _all_fields(part)
        else:
            self.origin = f"ladder:{part.ladder}"

    def run(self) -> None:
        """Run them all."""
        if isinstance(self.part, Workflow):
            for path, source in _conditions(self.part):
                self._compared(path, source)
            for name, deadline in self.part.deadlines.items():
                for key in ("limit", "starts", "at_most", "not_before"):
                    self._compared(("deadlines", name, key), getattr(deadline, key) or "")
        for path, effect in effects_of(self.part):
            self._effect(path, effect)

    def _effect(self, path: Path, effect: Effect) -> None:
        for source, at in ((effect.when or "", (*path, "when")), *_sources(effect.set, path)):
            self._compared(at, source)
        if isinstance(self.part, Workflow):
            for name, source in (effect.set or {}).items():
                self._given(name, self.part.fields.get(name), source, (*path, "set", name))
        opened = self.library.workflows.get(effect.open or "")
        if opened is not None:
            opening = Opening(opened)
            opening.check(effect.with_, self.origin, (*path, "with"), path, self.report)
            for name, source in effect.with_.items():
                self._given(name, opening.asks.get(name), source, (*path, "with", name))

    # ---- choices

    def _compared(self, path: Path, source: str) -> None:
        """Each choice is compared with what it can be."""
        words = tokens(source)
        for number, word in enumerate(words[1:-1], 1):
            if word in ("==", "!="):
                one, other = words[number - 1], words[number + 1]
                self._pair(path, one, other, words[number + 2 : number + 3])
                self._pair(path, other, one, words[number - 2 : number - 1] if number > 1 else [])
            elif word == "in" and words[number + 1] == "[":
                for item in words[number + 2 :]:
                    if item == "]":
                        break
                    self._pair(path, words[number - 1], item, [])

    def _pair(self, path: Path, name: str, value: str, beside: Sequence[str]) -> None:
        field = self.fields.get(name)
        # Where the value is only the beginning of a longer expression, nothing is said.
        if field is not None and beside not in (["."], ["+"], ["("], ["["]):
            self._fits(name.partition(".")[2], field, value, path)

    def _given(self, name: str, field: Field | None, source: str, path: Path) -> None:
        words = tokens(source)
        if field is not None and len(words) == 1:
            self._fits(name, field, words[0], path)

    def _fits(self, name: str, field: Field, token: str, path: Path) -> None:
        if field.type != "choice":
            return
        if token[0] in "'\"":
            value = token[1:-1]
        else:
            root, _, value = token.partition(".")
            if (
                f"case.{root}" not in self.fields
                or value not in self.fields[f"case.{root}"].choices
            ):
                return
        if value and value not in field.choices:
            near, near_zh = nearest(value, field.choices)
            en = f"'{value}' is no choice of '{name}'{near}"
            self.report.add_value(
                self.origin, path, "DEF-173", en, f"“{value}”不是“{name}”的选项{near_zh}"
            )


class Opening:
    """What opening a case of a workflow asks and requires."""

    def __init__(self, workflow: Workflow) -> None:
        self.workflow = workflow
        self.ways = [t for t in workflow.transitions if t.trigger == OPEN]
        self.asks = {name: f for way in self.ways for name, f in _asked(workflow, way)}

    def check(
        self,
        given: Iterable[str],
        origin: str,
        path: Path,
        whole: Path,
        report: Report,
    ) -> None:
        """Note what is given and not asked at *path*, and what is required and not given."""
        names, opened = list(given), self.workflow.workflow
        what = ("DEF-187", f"input of the opening of '{opened}'", f"“{opened}”立项输入")
        report.known(origin, names, self.asks, path, what)
        lacking = [[name for name in way.requires if name not in names] for way in self.ways]
        if lacking and all(lacking) and all(name in self.asks for name in names):
            fewest = min(lacking, key=len)
            missing = ", ".join(fewest)
            en = f"a case of '{opened}' cannot be opened without {missing}; give it in 'with'"
            zh = f"缺少 {missing}，无法创建“{opened}”事项；请在 with 中给出"
            report.add(origin, whole, "DEF-186", en, zh)

    def check_constant(
        self, name: str, value: object, origin: str, path: Path, report: Report
    ) -> None:
        """Note a constant that the field *name* cannot hold."""
        check_constant(name, self.asks.get(name), value, origin, path, report)


def check_constant(
    name: str, field: Field | None, value: object, origin: str, path: Path, report: Report
) -> None:
    """Note a constant *value* that *field* cannot hold."""
    if field is None or (isinstance(value, str) and value.startswith(_GIVEN_LATER)):
        return
    if field.type == "choice":
        if value not in field.choices:
            near, near_zh = nearest(str(value), field.choices)
            en = f"'{value}' is no choice of '{name}'{near}"
            report.add_value(origin, path, "DEF-174", en, f"“{value}”不是“{name}”的选项{near_zh}")
    elif field.type in _SCALARS:
        kind, en, zh = _SCALARS[field.type]
        if type(value) is not kind:
            told = f"'{name}' is a {field.type}: write {en}, not '{value}'"
            report.add_value(origin, path, "DEF-175", told, f"“{name}”须为 {zh}，不能是“{value}”")


def effects_of(part: Workflow | Ladder) -> Iterator[tuple[Path, Effect]]:
    """Yield every effect of a workflow or a ladder with its path."""
    if isinstance(part, Ladder):
        for number, rung in enumerate(part.rungs):
            for n, effect in enumerate(rung.then):
                yield ("rungs", number, "then", n), effect
        return
    for number, transition in enumerate(part.transitions):
        for n, effect in enumerate(transition.then):
            yield ("transitions", number, "then", n), effect


def _sources(given: Mapping[str, str] | None, path: Path) -> Iterator[tuple[str, Path]]:
    for name, source in (given or {}).items():
        yield source, (*path, "set", name)


def _conditions(workflow: Workflow) -> Iterator[tuple[Path, str]]:
    for number, transition in enumerate(workflow.transitions):
        at: Path = ("transitions", number)
        if transition.when:
            yield (*at, "when"), transition.when
        for key in ("conditions", "unless"):
            for n, condition in enumerate(getattr(transition, key)):
                if isinstance(condition, str):
                    yield (*at, key, n), condition


def _asked(workflow: Workflow, transition: Transition) -> Iterator[tuple[str, Field]]:
    for name, asked in transition.asks.items():
        field = workflow.fields.get(name) if asked == OWN else asked
        if isinstance(field, Field):
            yield name, field


def _all_fields(workflow: Workflow) -> dict[str, Field]:
    fields = {f"case.{name}": field for name, field in workflow.fields.items()}
    for transition in workflow.transitions:
        for name, field in _asked(workflow, transition):
            fields[f"input.{name}"] = field
            if field.choices and name not in workflow.fields:
                fields.setdefault(f"case.{name}", field)
    return {name: field for name, field in fields.items() if field.type == "choice"}
