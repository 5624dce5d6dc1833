"""Which keys a model takes at a location that pydantic names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, Tag
from pydantic.fields import FieldInfo

_Shape: TypeAlias = Any


def keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> list[str]:
    """Return the keys that the model or models at *loc* take, in the order of their writing."""
    shapes: list[_Shape] = [model]
    for step in loc:
        shapes = _inside(shapes, step) or _branch(shapes, step) or shapes
    keys: dict[str, None] = {}
    for shape, _ in _flat(shapes):
        if _is_model(shape):
            keys.update(dict.fromkeys(_key(name, f) for name, f in shape.model_fields.items()))
    return list(keys)


def _flat(shapes: Sequence[_Shape]) -> Iterator[tuple[_Shape, set[str]]]:
    """Yield each shape that is no union, with the names pydantic gives to it as a branch."""
    waiting: list[tuple[_Shape, set[str]]] = [(shape, set()) for shape in reversed(shapes)]
    while waiting:
        shape, tags = waiting.pop()
        origin: Any = get_origin(shape)
        if hasattr(shape, "__value__"):
            waiting.append((shape.__value__, tags))
        elif origin is Annotated:
            inner, *notes = get_args(shape)
            waiting.append((inner, tags | {note.tag for note in notes if isinstance(note, Tag)}))
        elif origin in (Union, UnionType):
            waiting += [(branch, set(tags)) for branch in reversed(get_args(shape))]
        elif _is_model(shape) and issubclass(shape, RootModel):
            waiting.append((shape.model_fields["root"].annotation, tags))
        else:
            yield shape, tags


def _inside(shapes: Sequence[_Shape], step: str | int) -> list[_Shape]:
    return [inner for shape, _ in _flat(shapes) for inner in _item(shape, step)]


def _item(shape: _Shape, step: str | int) -> Iterator[_Shape]:
    origin, arguments = get_origin(shape), get_args(shape)
    if _is_model(shape):
        for name, field in shape.model_fields.items():
            if step in (name, _key(name, field)):
                yield field.annotation
    elif not isinstance(origin, type) or not arguments:
        return
    elif issubclass(origin, Mapping):
        yield arguments[1]
    elif isinstance(step, int):
        yield arguments[step] if _fixed(origin, arguments, step) else arguments[0]


def _fixed(origin: type, arguments: tuple[Any, ...], step: int) -> bool:
    return origin is tuple and Ellipsis not in arguments and step < len(arguments)


def _branch(shapes: Sequence[_Shape], step: str | int) -> list[_Shape]:
    return [shape for shape, tags in _flat(shapes) if step in tags | _names(shape)]


def _names(shape: _Shape) -> set[str]:
    if not _is_model(shape):
        return set()
    literals = {
        str(value)
        for field in shape.model_fields.values()
        if get_origin(field.annotation) is Literal
        for value in get_args(field.annotation)
    }
    return {shape.__name__, *literals}


def _key(name: str, field: FieldInfo) -> str:
    return (
        field.validation_alias if isinstance(field.validation_alias, str) else field.alias or name
    )


def _is_model(shape: _Shape) -> bool:
    return isinstance(shape, type) and issubclass(shape, BaseModel)
