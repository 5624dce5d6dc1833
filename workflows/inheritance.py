"""A workflow that extends another: resolved when it is read, so that what is published stands alone.

What the new one names takes the place of what the old one has under that name; the rest is
inherited, and keeps its place in the file that it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from duban.engine.definition.published import Definition
from duban.engine.errors import Fault, InvalidDefinition, Place
from duban.workflows.document import Document, Path, refuse

EXTENDS = "extends"
# What is to be extended is not there.
NOT_EXTENDED = "DEF-111"
_BY_KEY = ("sources", "settings", "roles", "fields", "states", "deadlines", "facts")
_OWN = ("workflow", EXTENDS)
_Places = Mapping[Path, Place]
# Where a part of the old or new document stands in the whole: a path in the one, a path in the other.
_Moves = dict[Path, Path]


class Inheritance:
    """The workflows that may be extended: those that are read together, and those in force."""

    def __init__(self, documents: Sequence[Document], in_force: Sequence[Definition] = ()) -> None:
        self._known = {d.name: d for d in in_force if d.kind == "workflow"}
        self._read = {
            str(document.data["workflow"]): document
            for document in documents
            if "workflow" in document.data
        }

    def whole(self, document: Document) -> Document:
        """Return *document* with what it inherits in it; one that extends nothing as it is.

        Raises:
            InvalidDefinition: what it extends is not known, or extends it in turn.
        """
        return self._whole(document, ())

    def _whole(self, document: Document, below: tuple[str, ...]) -> Document:
        base = document.data.get(EXTENDS)
        if not isinstance(base, str) or "workflow" not in document.data:
            return document
        chain = (*below, str(document.data["workflow"]))
        if base in chain:
            listed = " → ".join((*chain, base))
            en = f"workflows extend one another in a circle: {listed}"
            zh = f"流程循环继承：{listed}"
            raise refuse([Fault("DEF-112", document.place((EXTENDS,)), en, zh)])
        return _merged(self._base(base, document, chain), document)

    def _base(self, name: str, document: Document, chain: tuple[str, ...]) -> Document:
        if name in self._read:
            return self._whole(self._read[name], chain)
        if name in self._known:
            return _as_document(self._known[name])
        known = ", ".join(sorted({*self._read, *self._known} - {*chain})) or "-"
        en = f"it extends '{name}', which is neither read with it nor in force; known: {known}"
        zh = f"它继承的“{name}”既未一并读取，也未生效；已知：{known}"
        raise refuse([Fault(NOT_EXTENDED, document.place((EXTENDS,)), en, zh)])


def _as_document(definition: Definition) -> Document:
    """A definition in force, as if it were read: what stands in an order is a mapping again."""
    data = definition.model.plain()
    for part in _BY_KEY:
        if isinstance(data.get(part), list):
            data[part] = dict(data[part])
    return Document(definition.source.file, data, definition.source.places)


def _merged(old: Document, new: Document) -> Document:
    data = {key: value for key, value in old.data.items() if key not in _OWN}
    from_old: _Moves = {(key,): (key,) for key in data}
    from_new: _Moves = {}
    faults: list[Fault] = []
    for key, value in new.data.items():
        from_new[(key,)] = (key,)
        if key in _BY_KEY and isinstance(value, dict) and isinstance(data.get(key), dict):
            data[key] = _by_key(key, old, new, from_old, from_new, faults)
        elif key == "transitions" and isinstance(value, list) and isinstance(data.get(key), list):
            data[key] = _transitions(old, new, from_old, from_new)
        else:
            data[key] = value
            from_old.pop((key,), None)
    if faults:
        raise InvalidDefinition(faults)
    return Document(
        new.file,
        data,
        _placed(old.places, from_old, new.places, from_new),
        _placed(old.values, from_old, new.values, from_new),
        new.warnings,
    )


def _by_key(
    part: str, old: Document, new: Document, from_old: _Moves, from_new: _Moves, faults: list[Fault]
) -> dict[str, Any]:
    """What is named anew stays where it was in the order; what is null is taken away."""
    merged: dict[str, Any] = dict(old.data[part])
    from_old.update({(part, name): (part, name) for name in merged})
    for name, value in new.data[part].items():
        from_old.pop((part, name), None)
        from_new[part, name] = (part, name)
        if value is not None:
            merged[name] = value
        elif name in merged:
            del merged[name], from_new[part, name]
        elif part == "states":
            merged[name] = value  # a state of which nothing is said is a state
        else:
            faults.append(_nothing_to_take(part, name, old, new))
    _split(part, from_old, from_new)
    return merged


def _nothing_to_take(part: str, name: str, old: Document, new: Document) -> Fault:
    base = new.data[EXTENDS]
    listed = ", ".join(old.data[part]) or "-"
    en = f"'{base}' has no '{name}' in {part} that could be taken away; it has: {listed}"
    zh = f"“{base}”的 {part} 中没有可去掉的“{name}”；现有：{listed}"
    return Fault("DEF-113", new.place((part, name)), en, zh)


def _transitions(old: Document, new: Document, from_old: _Moves, from_new: _Moves) -> list[Any]:
    """Those of a trigger, or automatic ones of a name, stand where the first that they replace stood."""
    part = "transitions"
    waiting: dict[object, list[int]] = {}
    for number, row in enumerate(new.data[part]):
        waiting.setdefault(_told_by(row) or number, []).append(number)
    replaced = set(waiting)
    merged: list[Any] = []

    def take(rows: Sequence[int], source: Document, moves: _Moves) -> None:
        for number in rows:
            moves[part, number] = (part, len(merged))
            merged.append(source.data[part][number])

    for number, row in enumerate(old.data[part]):
        told = _told_by(row)
        if told not in replaced:
            take([number], old, from_old)
        elif told in waiting:
            take(waiting.pop(told), new, from_new)
    for rows in waiting.values():
        take(rows, new, from_new)
    _split(part, from_old, from_new)
    return merged


def _told_by(row: object) -> tuple[str, str] | None:
    """By what a transition is told from others: its trigger, or the name of an automatic one."""
    if not isinstance(row, dict):
        return None
    key = "trigger" if "trigger" in row else "name"
    return (key, str(row[key])) if key in row else None


def _split(part: str, from_old: _Moves, from_new: _Moves) -> None:
    """Of a part that is made of both, each piece goes its own way; its head is the new one's."""
    from_old.pop((part,), None)
    from_new.pop((part,), None)
    from_new[part, _HEAD] = (part,)


# Stands for a part without what is in it.
_HEAD = ""


def _placed(old: _Places, from_old: _Moves, new: _Places, from_new: _Moves) -> dict[Path, Place]:
    placed = dict(_moved(old, from_old))
    placed.update(_moved(new, from_new))
    if () in new:
        placed[()] = new[()]
    return placed


def _moved(places: _Places, moves: _Moves) -> Iterator[tuple[Path, Place]]:
    for path, place in places.items():
        if len(path) == 1 and (path[0], _HEAD) in moves:
            yield path, place
        for length in (2, 1):
            start = moves.get(path[:length]) if len(path) >= length else None
            if start is not None:
                yield (*start, *path[length:]), place
                break
