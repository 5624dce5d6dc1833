"""Playing a scenario: step after step, what happens and how it differs from what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from duban.adapters.scenarios.checking import applied, check_names
from duban.adapters.scenarios.difference import (
    NOTHING,
    Difference,
    Said,
    codes_of,
    listed,
    reason_of,
    same,
)
from duban.adapters.scenarios.expecting import differences, everywhere
from duban.adapters.scenarios.given import given
from duban.adapters.scenarios.listing import lists
from duban.adapters.scenarios.model import Find, Import
from duban.adapters.scenarios.reading import Scene, Script
from duban.adapters.scenarios.stage import Stage
from duban.adapters.scenarios.view import standing
from duban.engine.definition.machine import OPEN
from duban.engine.errors import DubanError, Fault, InvalidDefinition, Place
from duban.engine.values.command import Open
from duban.workflows.document import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A step that did not go as expected: when, what was done, and each difference.

    ``stands`` says how each case that differs stands then.
    """

    place: Place
    at: str
    doing: Said
    differences: tuple[Difference, ...]
    stands: Mapping[str, Said]


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A scenario that was played: how many steps, what failed, and how many were not reached."""

    script: Script
    steps: int
    failures: tuple[Failure, ...] = ()
    left: int = 0

    @property
    def ok(self) -> bool:
        """Whether everything was as expected."""
        return not self.failures


def play(script: Script) -> Played:
    """Play *script* from its first step to its last.

    After a command that was answered otherwise than expected what follows means nothing: the rest
    of that branch is left out.

    Raises:
        InvalidDefinition: the definitions have faults, or the scenario names what they do not have.
    """
    stage = Stage(script)
    check_names(script, stage.library, stage.read(applied(script.scenes)))
    player = _Player(script, stage)
    player.play(script.scenes)
    return Played(
        script=script, steps=player.steps, failures=tuple(player.failures), left=player.left
    )


class _Player:
    def __init__(self, script: Script, stage: Stage) -> None:
        self.script, self.stage = script, stage
        self.steps = self.left = 0
        self.failures: list[Failure] = []

    def play(self, scenes: Sequence[Scene]) -> None:
        for number, scene in enumerate(scenes):
            with self.stage.tried() if scene.step.variant else nullcontext():
                went = self._scene(scene)
            if not went:
                self.left += len(scenes) - number - 1
                return

    def _scene(self, scene: Scene) -> bool:
        """Play one step; tell whether what follows it still has a meaning."""
        self.steps += 1
        found = [*self._advance(scene)]
        if scene.branch:
            self._check(scene, found)
            self.play(scene.branch)
            return True
        answered = [*self._act(scene)]
        self._check(scene, [*found, *answered])
        self.stage.look_away()
        return not answered or bool(scene.step.variant)

    def _check(self, scene: Scene, found: list[Difference]) -> None:
        names = self.stage.marks.names
        for name, expected in scene.cases.items():
            if name in names:
                found += differences(self.script, scene, name, expected, self.stage)
        found += everywhere(self.script, scene, self.stage)
        found += lists(self.script, scene, self.stage)
        if not found:
            return
        about = dict.fromkeys(d.about for d in found if d.about in names)
        failure = Failure(
            place=scene.place,
            at=self._local(self.stage.now),
            doing=_doing(scene),
            differences=tuple(found),
            stands={name: standing(self.stage, name) for name in about},
        )
        self.failures.append(failure)

    def _local(self, instant: datetime) -> str:
        return instant.astimezone(self.stage.zone).strftime("%Y-%m-%d %H:%M")

    def _advance(self, scene: Scene) -> Iterator[Difference]:
        now = self.stage.now
        to = self.stage.instant(scene.step.at, now) if scene.step.at else now
        if to < now:
            place = self.script.document.place((*scene.path, "at"))
            shown = self._local(now)
            en = f"this is before the step above, at {shown}; time goes forwards"
            zh = f"此时早于上一步骤（{shown}）；时间只能向前"
            raise refuse([Fault("DEF-132", place, en, zh)])
        for case_id, why in self.stage.advance(to):
            what = Said("set aside by the sweep", "被巡检搁置")
            about = self.stage.name_of(case_id)
            yield Difference(scene.place, what, NOTHING, same(why), about)

    # ---- what is done

    def _act(self, scene: Scene) -> Iterator[Difference]:
        action = _ACTIONS.get(scene.step.action)
        if action is None:
            return
        before = self.stage.engine.tally()["entries"]
        try:
            yield from action(self, scene)
        except InvalidDefinition:
            if scene.step.action == "apply" and scene.answer.refused:
                return
            raise
        except DubanError as error:
            yield from self._refused(scene, error)
            if self.stage.engine.tally()["entries"] != before:
                what = Said("history after the refusal", "拒绝之后的流转记录")
                unchanged, more = Said("unchanged", "不变"), Said("has grown", "有新增")
                yield Difference(scene.place, what, unchanged, more)
            return
        if scene.answer.refused:
            place = self._at(scene, "refused")
            wanted = listed(scene.answer.refused) if scene.answer.refused is not True else _REFUSED
            yield Difference(place, _ANSWER, Said(*_refusal(wanted)), Said("carried out", "已执行"))

    def _at(self, scene: Scene, key: str) -> Place:
        return self.script.document.place((*scene.path, "expect", key))

    def _refused(self, scene: Scene, error: DubanError) -> Iterator[Difference]:
        said = reason_of(error)
        if not scene.answer.refused:
            yield Difference(scene.place, _ANSWER, Said("carried out", "予以执行"), said)
            return
        if isinstance(scene.answer.refused, str) and scene.answer.refused not in codes_of(error):
            wanted = Said(*_refusal(same(scene.answer.refused)))
            yield Difference(self._at(scene, "refused"), _ANSWER, wanted, said)
        for text in scene.answer.says:
            if text not in error.text("en") and text not in error.text("zh"):
                what = Said("reason", "理由")
                wanted = Said(f"says '{text}'", f"含有“{text}”")
                yield Difference(self._at(scene, "says"), what, wanted, said)

    def _open(self, scene: Scene) -> Iterator[Difference]:
        step, stage = scene.step, self.stage
        assert step.open is not None
        assert step.unit is not None
        assert step.by is not None
        data = given(stage, step.open, OPEN, step.with_)
        actor = stage.casting().opening(step.open, step.unit, step.campaign, step.by, data)
        case = stage.engine.open(
            step.open, unit=step.unit, actor=actor, data=data, campaign=step.campaign
        )
        stage.marks.names[step.names or step.open] = case.id
        return iter(())

    def _fire(self, scene: Scene) -> Iterator[Difference]:
        step, stage = scene.step, self.stage
        assert step.fire is not None
        assert step.by is not None
        assert scene.about is not None
        case = stage.case(scene.about)
        data = given(stage, case.workflow, step.fire, step.with_)
        actor = stage.casting().on(case, step.by)
        stage.engine.fire(case.id, step.fire, actor=actor, data=data)
        return iter(())

    def _find(self, scene: Scene) -> Iterator[Difference]:
        find = scene.step.find
        assert find is not None
        if find.campaign is not None:
            self.stage.marks.names[find.as_] = self.stage.campaign_case(find.campaign).id
            return
        assert find.workflow is not None
        cases = self.stage.found(find.workflow, of=find.of, unit=find.unit)
        if find.index < len(cases):
            self.stage.marks.names[find.as_] = cases[find.index].id
            return
        what = Said(f"cases of {find.workflow}", f"流程 {find.workflow} 的事项")
        least = find.index + 1
        wanted = Said(f"at least {least}", f"至少 {least} 个")
        yield Difference(self._place_of(scene, find), what, wanted, same(len(cases)))

    def _place_of(self, scene: Scene, find: Find) -> Place:
        return self.script.document.place((*scene.path, "find"))

    def _apply(self, scene: Scene) -> Iterator[Difference]:
        self.stage.apply(scene.step.apply)
        return iter(())

    def _import(self, scene: Scene) -> Iterator[Difference]:
        bulk = scene.step.import_
        assert bulk is not None
        outcomes = self.stage.engine.fire_many(self._openings(bulk))
        for number, outcome in enumerate(outcomes, 1):
            if outcome.error is not None:
                raise outcome.error
            if bulk.as_ is not None and outcome.case is not None:
                self.stage.marks.names[f"{bulk.as_}-{number}"] = outcome.case.id
        return iter(())

    def _openings(self, bulk: Import) -> Iterator[Open]:
        actors: dict[str, Any] = {}
        for number in range(bulk.count):
            unit = bulk.units[number % len(bulk.units)]
            values = {name: _numbered(value, number + 1) for name, value in bulk.with_.items()}
            data = given(self.stage, bulk.open, OPEN, values)
            if unit not in actors:
                casting = self.stage.casting()
                actors[unit] = casting.opening(bulk.open, unit, bulk.campaign, bulk.by, data)
            yield Open(
                workflow=bulk.open,
                unit=unit,
                actor=actors[unit],
                data=data,
                campaign=bulk.campaign,
            )


_ACTIONS = {
    "open": _Player._open,
    "fire": _Player._fire,
    "find": _Player._find,
    "apply": _Player._apply,
    "import": _Player._import,
}
_ANSWER = Said("answer", "结果")
_REFUSED = Said("", "")


def _refusal(code: Said) -> tuple[str, str]:
    return f"refused {code.en}".rstrip(), f"拒绝 {code.zh}".rstrip()


def _numbered(value: Any, number: int) -> Any:
    return value.replace("{n}", str(number)) if isinstance(value, str) else value


def _doing(scene: Scene) -> Said:
    step = scene.step
    on = f" {scene.about}" if scene.about else ""
    by = f" ({step.by.role or step.by.person})" if step.by else ""
    if step.action in ("open", "fire"):
        return same(f"{step.action} {step.open or step.fire}{on}{by}")
    return same(step.action) if step.action else Said("look", "查看")
