"""From files to scenarios: where they are found, and everything that is wrong with one at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from duban.adapters.scenarios.model import Answer, Everywhere, Expected, Scenario, Step
from duban.engine.definition.base import Model
from duban.engine.errors import BadUsage, Fault, InvalidDefinition, NotFound, Place
from duban.workflows.document import Document, refuse
from duban.workflows.files import SCENARIOS, FileSource, is_definition
from duban.workflows.reader import validate

Steps = tuple[str | int, ...]
_Model = TypeVar("_Model", bound=Model)

_SAYS_SO = re.compile(rb"^(\xef\xbb\xbf)?scenario[ \t]*:", re.M)
_OWN = tuple(Expected.model_fields)
_OF_THE_STEP = tuple(Answer.model_fields)
_EVERYWHERE = tuple(Everywhere.model_fields)
KEYS = (*_OF_THE_STEP, *_OWN, *_EVERYWHERE)
_PARTS = {"step": _OF_THE_STEP, "own": _OWN, "all": _EVERYWHERE}
_ANSWERED = frozenset({"open", "fire", "import", "apply"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A step with its place, and what is expected after it: of the step, of each case, of all."""

    step: Step
    path: Steps
    place: Place
    answer: Answer
    cases: Mapping[str, Expected] = field(default_factory=dict)
    everywhere: Everywhere
    about: str | None = None
    branch: tuple[Scene, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Script:
    """A scenario that was read: its model, its scenes, and the document with the places."""

    model: Scenario
    scenes: tuple[Scene, ...]
    document: Document
    warnings: Sequence[Fault] = ()

    @property
    def file(self) -> Path:
        """The file it was read from."""
        return Path(self.document.file)

    @property
    def uses(self) -> tuple[Path, ...]:
        """Where its definitions are: else its folder, or the one above a folder ``scenarios``."""
        here = self.file.parent
        if self.model.uses:
            return tuple(here / name for name in self.model.uses)
        return (here.parent if here.resolve().name == SCENARIOS else here,)

    def sibling(self, name: str) -> str:
        """Return the path of a file that the scenario names."""
        return str(self.file.parent / name)

    def expected_at(self, scene: Scene, *keys: str) -> Place:
        """Return the place of an expectation of *scene*, or of what is nearest around it."""
        about, *rest = keys
        if about == scene.about or about == "":
            own = (*scene.path, "expect", *rest)
            if not rest or (*scene.path, "expect", rest[0]) in self.document.places:
                return self.document.place(own)
        return self.document.place((*scene.path, "expect", *keys))


def find_scenarios(paths: Sequence[str | Path]) -> list[Path]:
    """Return the scenario files at *paths*: files as they are named, and all below folders.

    Raises:
        NotFound: there is no such file or folder.
        BadUsage: none of them holds a scenario.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if not path.exists():
            raise NotFound(
                kind="file or folder", kind_zh="文件或文件夹", name=str(path), hint="", hint_zh=""
            )
        found.update(dict.fromkeys([path] if path.is_file() else sorted(_below(path))))
    if not found:
        named = ", ".join(map(str, paths))
        raise BadUsage(
            what=f"{named} holds no scenarios (*.yaml with a key 'scenario')",
            what_zh=f"{named} 中没有场景文件（含 scenario 键的 *.yaml）",
        )
    return list(found)


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for path in (Path(here, name) for name in files if is_definition(name)):
            if _SAYS_SO.search(path.read_bytes()):
                yield path


def read_scenario(path: Path) -> Script:
    """Return the scenario in the file at *path*.

    Raises:
        InvalidDefinition: with every fault and its place.
    """
    (document,) = FileSource(path).documents()
    if "scenario" not in document.data:
        en = "the file is no scenario; its first key is 'scenario'"
        raise refuse(
            [Fault("DEF-130", Place(document.file), en, "这不是场景文件；首个键应为 scenario")]
        )
    model = validate(Scenario, document)
    reading = _Reading(document)
    scenes = tuple(reading.scenes(model.steps, ("steps",)))
    if reading.faults:
        raise refuse(reading.faults)
    return Script(model=model, scenes=scenes, document=document, warnings=document.warnings)


def bare_script(path: Path) -> Script:
    """Return a scenario without steps on the definitions at *path*."""
    model = Scenario(scenario="definitions", uses=[str(path.resolve())], steps=[])
    document = Document(str(path / "definitions" if path.is_dir() else path), {}, {})
    return Script(model=model, scenes=(), document=document)


class _Reading:
    """Reads the steps in order: which names there are follows from those before."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []
        self.names: dict[str, None] = {}
        self.about: str | None = None

    def scenes(self, steps: Sequence[Step], path: Steps) -> Iterator[Scene]:
        for number, step in enumerate(steps):
            yield self._scene(step, (*path, number))

    def _scene(self, step: Step, path: Steps) -> Scene:
        names, about = dict(self.names), self.about
        self._name(step, path)
        branch: tuple[Scene, ...] = ()
        if isinstance(step.variant, list):
            branch = tuple(self.scenes(step.variant, (*path, "variant")))
        scene = self._expecting(step, path, branch)
        if step.variant:
            # What was tried is undone, and with it the names it gave.
            self.names, self.about = names, about
        return scene

    # ---- names of cases

    def _name(self, step: Step, path: Steps) -> None:
        for key in ("on",) if step.find is None else ("on", "find.of"):
            named = step.on if key == "on" else step.find.of if step.find else None
            if named is not None:
                self._known(named, (*path, *key.split(".")))
        if step.on is not None:
            self.about = step.on
        if step.action in ("open", "find") and step.names is not None:
            self._give(step.names, path)
            self.about = step.names
        if step.import_ is not None and step.import_.as_ is not None:
            for number in range(1, step.import_.count + 1):
                self._give(f"{step.import_.as_}-{number}", (*path, "import", "as"))
        if step.action == "fire" and self.about is None:
            en = "say 'on' which case; none was named so far"
            self._fault("DEF-133", path, en, "请用 on 说明针对哪个事项；此前没有任何事项")

    def _give(self, name: str, path: Steps) -> None:
        if name in self.names or name in KEYS:
            en = f"'{name}' cannot name a case: it is taken; write as: another name"
            self._fault("DEF-134", path, en, f"“{name}”已被占用；请用 as 另起一个名称")
        self.names[name] = None

    def _known(self, name: str, path: Steps) -> None:
        if name not in self.names:
            hint, hint_zh = _nearest(name, self.names)
            en, zh = f"no case is named '{name}' here{hint}", f"此处没有名为“{name}”的事项{hint_zh}"
            self._fault("DEF-133", path, en, zh)

    # ---- expectations

    def _expecting(self, step: Step, path: Steps, branch: tuple[Scene, ...]) -> Scene:
        base = (*path, "expect")
        parts: dict[str, dict[str, Any]] = {"own": {}, "step": {}, "all": {}}
        cases: dict[str, Expected] = {}
        for key, value in step.expect.items():
            part = next((p for p, keys in _PARTS.items() if key in keys), None)
            if part is not None:
                parts[part][key] = value
            elif isinstance(value, dict) and key in self.names:
                cases[key] = self._valid(Expected, value, (*base, key))
            else:
                self._unknown(key, (*base, key))
        own = self._valid(Expected, parts["own"], base)
        if parts["own"] and self.about is None:
            en = "this step is about no case: write the case's name around it"
            self._fault("DEF-136", base, en, "此步骤未针对任何事项：请在外层写明事项名称")
        elif parts["own"] and self.about is not None:
            if self.about in cases:
                en = f"what is expected of '{self.about}' stands here twice"
                self._fault("DEF-136", base, en, f"对“{self.about}”的预期写了两处")
            cases[self.about] = own
        if parts["step"] and step.action not in _ANSWERED:
            en = f"nothing is asked here that could be refused: take '{next(iter(parts['step']))}' away"
            self._fault("DEF-136", base, en, "此步骤没有可被拒绝的操作：请去掉 refused、says")
        return Scene(
            step=step,
            path=path,
            place=self.document.place(path),
            answer=self._valid(Answer, parts["step"], base),
            cases=cases,
            everywhere=self._valid(Everywhere, parts["all"], base),
            about=self.about,
            branch=branch,
        )

    def _valid(self, model: type[_Model], data: dict[str, Any], base: Steps) -> _Model:
        try:
            return validate(model, self.document, data, base)
        except InvalidDefinition as error:
            self.faults += error.faults
            return model()

    def _unknown(self, key: str, path: Steps) -> None:
        hint, hint_zh = _nearest(key, [*KEYS, *self.names])
        en = f"'{key}' is neither something to expect nor the name of a case here{hint}"
        self._fault("DEF-135", path, en, f"“{key}”既不是可预期的内容，也不是事项名称{hint_zh}")

    def _fault(self, code: str, path: Steps, en: str, zh: str) -> None:
        self.faults.append(Fault(code, self.document.place(path), en, zh))


def _nearest(name: str, known: Iterable[str]) -> tuple[str, str]:
    among = list(known)
    if near := get_close_matches(name, among, 1, 0.6):
        return f"; did you mean '{near[0]}'?", f"；是否指“{near[0]}”？"
    listed = ", ".join(among) or "-"
    return f"; known: {listed}", f"；已知：{listed}"
