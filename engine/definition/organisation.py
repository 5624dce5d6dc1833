"""The shape of an organisation and of a calendar."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field as Key
from pydantic import StringConstraints

from duban.engine.definition.base import DateText, FileName, Model, Name, Names, Title

PostText = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]*/[a-z][a-z0-9_]*$")]


class Kind(Model):
    """A kind of unit and the posts that such a unit has."""

    title: Title
    posts: dict[Name, Title]
    head: Name


class Unit(Model):
    """A node of the organisation tree."""

    unit: FileName
    kind: Name
    title: Title
    parent: FileName | None = None
    from_: DateText | None = Key(default=None, alias="from")
    to: DateText | None = None
    tags: Names = []


class Holder(Model):
    """Who holds a post, from when to when."""

    post: PostText
    person: str
    from_: DateText | None = Key(default=None, alias="from")
    to: DateText | None = None
    address: str | None = None


class Files(Model):
    """CSV files that continue the lists above."""

    units: str | None = None
    holders: str | None = None


class Organisation(Model):
    """Units, posts and who holds them."""

    planned: ClassVar[frozenset[str]] = frozenset({"stand_ins"})

    organisation: FileName
    title: Title | None = None
    zone: str
    calendar: FileName | None = None
    closing: str | None = None
    lang: Literal["zh", "en"] = "zh"
    kinds: dict[Name, Kind]
    units: list[Unit] = []
    holders: list[Holder] = []
    files: Files | None = None


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class NoticeOfDays(Model):
    """A published notice: which days rest, which weekend days are worked."""

    issued: DateText
    year: int
    title: Title | None = None
    rest: Names = []
    work: Names = []
    may_shorten: bool = False


class CalendarFile(Model):
    """Working days as published."""

    planned: ClassVar[frozenset[str]] = frozenset({"overrides"})

    calendar: FileName
    title: Title | None = None
    weekend: list[Weekday] = ["saturday", "sunday"]
    notices: list[NoticeOfDays] = []
