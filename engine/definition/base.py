"""What all definition models share: strict keys, titles, names, and a word for what is not built yet."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WrapSerializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from duban.engine.errors import BadInput
from duban.engine.timing.instants import parse_date
from duban.engine.timing.spans import Offset, Span

K = TypeVar("K")
V = TypeVar("V")


class Model(BaseModel):
    """A strict, immutable part of a definition."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    planned: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _refuse_planned(cls, value: Any) -> Any:
        if isinstance(value, dict):
            for key in sorted(cls.planned.intersection(value)):
                raise refusal(
                    "DEF-018",
                    f"'{key}' is planned but not built yet; leave it out",
                    f"“{key}”尚未实现，请先去掉",
                )
        return value

    def plain(self) -> dict[str, Any]:
        """Return the definition in its normal form, without what was left to default."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def refusal(code: str, en: str, zh: str) -> PydanticCustomError:
    """Return the error that a validator raises: a code, and the wording in two languages."""
    # Braces belong to pydantic's own templates; the sentences are final here.
    return PydanticCustomError(code, "{message}", {"message": en, "zh": zh})


def _titled(value: Any) -> Any:
    return {"en": value, "zh": value} if isinstance(value, str) else value


def _span(value: Any) -> Any:
    if isinstance(value, str):
        _checked(lambda: Span.parse(value))
    return value


def _offset(value: Any) -> Any:
    if isinstance(value, str):
        _checked(lambda: Offset.parse(value))
    return value


def _date(value: Any) -> Any:
    if isinstance(value, str):
        _checked(lambda: parse_date(value))
    return value


def _checked(parse: Any) -> None:
    try:
        parse()
    except BadInput as error:
        code = "DEF-041" if error.code == "TIME-011" else "DEF-043"
        raise refusal(code, error.text("en"), error.text("zh")) from None


def many(value: Any) -> Any:
    """Return one item as a list of one."""
    return value if isinstance(value, list) or value is None else [value]


def _from_pairs(value: Any) -> Any:
    if isinstance(value, list) and all(isinstance(i, list) and len(i) == 2 for i in value):
        return dict(value)
    return value


def _to_pairs(value: Any, dump: Any) -> Any:
    return [[name, item] for name, item in dump(value).items()]


# In canonical bytes, where keys are sorted, what is written in an order is a list of pairs.
Ordered = Annotated[dict[K, V], BeforeValidator(_from_pairs), WrapSerializer(_to_pairs)]
Title = Annotated[dict[str, str], BeforeValidator(_titled)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
FileName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*$", max_length=64)]
Names = Annotated[list[str], BeforeValidator(many)]
SpanText = Annotated[str, BeforeValidator(_span)]
OffsetText = Annotated[str, BeforeValidator(_offset)]
DateText = Annotated[str, BeforeValidator(_date)]
Expr = str


class Source(Model):
    """A document that rules rest on."""

    title: Title
    number: str | None = None
    issuer: str | None = None
    issued: DateText | None = None
    public: bool | None = None
    under: Names = []
