"""From what pydantic says about data to faults at their places, in the words of the writer."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from duban.engine.errors import Fault
from duban.workflows.document import Document, Path, refuse
from duban.workflows.expected import expected, found_en, found_zh
from duban.workflows.shapes import keys_at

M = TypeVar("M", bound=BaseModel)

_FROM_VALIDATORS = frozenset({"value_error", "assertion_error"})
_EMBEDDINGS = 64


def validate(model: type[M], document: Document, data: object | None = None, base: Path = ()) -> M:
    """Return *data* (or the part of *document* at *base*) as a *model*.

    Raises:
        InvalidDefinition: with every fault, each at its place in the document.
    """
    try:
        return model.model_validate(document.part(base) if data is None else data)
    except ValidationError as error:
        told = error.errors(include_url=False)
    raise refuse(_Reading(model, document, base, told).faults())


class _Reading:
    def __init__(
        self, model: type[BaseModel], document: Document, base: Path, told: Sequence[ErrorDetails]
    ) -> None:
        self._model = model
        self._document = document
        self._told = [(error, _path(document, base, _loc(error))) for error in told]

    def faults(self) -> Iterator[Fault]:
        meant = set()
        for error, path in self._told:
            if error["type"] == "extra_forbidden":
                fault, key = self._unknown_key(error, path)
                meant.add((path[:-1], key))
                yield fault
        for error, path in self._told:
            if error["type"] == "missing" and (path, str(error["loc"][-1])) not in meant:
                yield self._missing(str(error["loc"][-1]), path)
            elif error["type"] == "union_tag_not_found":
                yield self._missing(str((error.get("ctx") or {})["discriminator"]).strip("'"), path)
            elif (fault_of_value := self._from_validator(error, path)) is not None:
                yield fault_of_value
        yield from self._wrong_types()

    def _fault(self, code: str, path: Path, en: str, zh: str) -> Fault:
        return Fault(code, self._document.place(path), en, zh)

    def _unknown_key(self, error: ErrorDetails, path: Path) -> tuple[Fault, str]:
        key = str(error["loc"][-1])
        known = keys_at(self._model, error["loc"][:-1])
        near = difflib.get_close_matches(key, known, 1)
        if near:
            hint_en, hint_zh = f"; did you mean '{near[0]}'?", f"；是否应为“{near[0]}”？"
        else:
            hint_en = "; known: " + ", ".join(known) if known else ""
            hint_zh = "；可用：" + "、".join(known) if known else ""
        cut = self._cut_by_comma(path)
        hint_en, hint_zh = cut or (hint_en, hint_zh)
        en, zh = f"unknown key '{key}'{hint_en}", f"未知的键“{key}”{hint_zh}"
        return self._fault("DEF-012", path, en, zh), near[0] if near and not cut else ""

    def _missing(self, key: str, path: Path) -> Fault:
        return self._fault(
            "DEF-014", path, f"key '{key}' is missing; add it", f"缺少键“{key}”；请补上"
        )

    def _from_validator(self, error: ErrorDetails, path: Path) -> Fault | None:
        facts: dict[str, Any] = error.get("ctx") or {}
        kind = error["type"]
        if kind in _FROM_VALIDATORS:
            cause = facts.get("error")
            en = str(cause) or error["msg"]
            return self._fault("DEF-016", path, en, str(getattr(cause, "zh", en)))
        if kind.startswith("DEF-") or "zh" in facts:
            code = kind if kind.startswith("DEF-") else "DEF-016"
            return self._fault(code, path, error["msg"], str(facts.get("zh", error["msg"])))
        return None

    def _wrong_types(self) -> Iterator[Fault]:
        """One fault for each value, though a union tells one for each of its branches."""
        wrong: dict[Path, list[ErrorDetails]] = {}
        for error, path in self._told:
            if self._is_wrong_type(error, path):
                wrong.setdefault(path, []).append(error)
        for path, errors in wrong.items():
            if not self._fits_a_branch(path):
                yield self._wrong_type(path, errors)

    def _is_wrong_type(self, error: ErrorDetails, path: Path) -> bool:
        if error["type"] in ("extra_forbidden", "missing", "union_tag_not_found"):
            return False
        return self._from_validator(error, path) is None

    def _fits_a_branch(self, path: Path) -> bool:
        return any(
            other[: len(path)] == path
            for error, other in self._told
            if other != path or error["type"] == "missing"
        )

    def _wrong_type(self, path: Path, errors: list[ErrorDetails]) -> Fault:
        told = dict.fromkeys(expected(error) for error in errors)
        en = " or ".join(text for text, _ in told)
        zh = "或".join(text for _, text in told)
        value = (errors[0].get("ctx") or {}).get("tag", errors[0]["input"])
        cut, cut_zh = self._cut_by_comma(path) or ("", "")
        return self._fault(
            "DEF-015",
            path,
            f"expected {en}, found {found_en(value)}{cut}",
            f"应为{zh}，实为{found_zh(value)}{cut_zh}",
        )

    def _cut_by_comma(self, path: Path) -> tuple[str, str] | None:
        """Return a hint where the key at *path* looks like the rest of a text with a comma in it.

        Inside `{…}` a comma ends the value: `{en: Repair, at once}` has a key `at once`.
        """
        around = self._document.part(path[:-1]) if path else None
        key = path[-1] if path else None
        if not isinstance(around, dict) or around.get(key, "") is not None:
            return None
        before = list(around)[: list(around).index(key)][-1:]
        place = self._document.place(path)
        if not before or self._document.place((*path[:-1], before[0])).line != place.line:
            return None
        text = around[before[0]]
        if not isinstance(text, str):
            return None
        whole = f'{before[0]}: "{text}, {key}"'
        return (
            f"; inside {{…}} a comma ends the value: put text with a comma in quotes: {whole}",
            f"；在 {{…}} 中逗号表示值结束；含逗号的文本请加引号：{whole}",
        )


def _loc(error: ErrorDetails) -> Path:
    if error["type"] != "union_tag_invalid":
        return error["loc"]
    return (*error["loc"], str((error.get("ctx") or {})["discriminator"]).strip("'"))


def _path(document: Document, base: Path, loc: Sequence[str | int]) -> Path:
    """Return the longest path in *document* along *loc*, which also names branches of unions."""
    paths: list[Path] = [base]
    for step in loc:
        taken = [(*path, step) for path in paths if (*path, step) in document.places]
        paths = list(dict.fromkeys([*taken, *paths]))[:_EMBEDDINGS]
    return max(paths, key=len)
