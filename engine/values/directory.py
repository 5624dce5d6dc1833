"""The organisation as a value: units, posts, and who held them on a day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit as it was from ``begins`` to ``ends`` (inclusive, None: open)."""

    id: str
    kind: str
    title: Mapping[str, str]
    parent: str | None = None
    begins: date | None = None
    ends: date | None = None
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody in a post (``unit/name``) from ``begins`` to ``ends`` (inclusive, None: open)."""

    post: str
    person: str
    begins: date | None = None
    ends: date | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitKind:
    """A kind of unit: its posts with their titles, and which of them is its head."""

    posts: Mapping[str, Mapping[str, str]]
    head: str


def _lives(row: Unit | Holder, day: date) -> bool:
    return (row.begins is None or row.begins <= day) and (row.ends is None or day <= row.ends)


class Directory:
    """Answers who is who on a day. Immutable; built once for each published organisation."""

    def __init__(
        self, *, kinds: Mapping[str, UnitKind], units: Iterable[Unit], holders: Iterable[Holder]
    ) -> None:
        self._kinds = dict(kinds)
        self._units: dict[str, list[Unit]] = {}
        self._by_post: dict[str, list[Holder]] = {}
        self._by_person: dict[str, list[Holder]] = {}
        self._children: tuple[date | None, dict[str | None, list[str]]] = (None, {})
        for unit in units:
            self._units.setdefault(unit.id, []).append(unit)
        for holder in holders:
            self._by_post.setdefault(holder.post, []).append(holder)
            self._by_person.setdefault(holder.person, []).append(holder)

    def __contains__(self, unit: str) -> bool:
        return unit in self._units

    @property
    def unit_ids(self) -> tuple[str, ...]:
        """All units that ever were."""
        return tuple(self._units)

    def unit(self, unit: str, day: date) -> Unit | None:
        """Return the unit as it is on *day*; as it was last, when it is closed by then."""
        rows = self._units.get(unit)
        if not rows:
            return None
        return next((row for row in rows if _lives(row, day)), rows[-1])

    def title(self, unit: str, lang: str) -> str:
        """Return the unit's title in *lang*, or its id."""
        rows = self._units.get(unit)
        return rows[-1].title.get(lang, unit) if rows else unit

    def line(self, unit: str, day: date) -> Iterator[Unit]:
        """Yield the unit and those above it, upwards."""
        seen = set()
        current = self.unit(unit, day)
        while current is not None and current.id not in seen:
            seen.add(current.id)
            yield current
            current = self.unit(current.parent, day) if current.parent else None

    def ancestor(self, unit: str, kind: str, day: date) -> str | None:
        """Return the nearest unit of *kind* above *unit*; an empty kind is any: the one above."""
        above = (row for row in self.line(unit, day) if row.id != unit)
        return next((row.id for row in above if kind in ("", row.kind)), None)

    def within(self, unit: str, day: date) -> tuple[str, ...]:
        """Return *unit* and all units below it, as they stand on *day*, the nearest first."""
        known, children = self._children
        if known != day:
            children = {}
            for name in self._units:
                row = self.unit(name, day)
                children.setdefault(row.parent if row else None, []).append(name)
            self._children = (day, children)
        found = dict.fromkeys([unit])
        pending = [unit]
        for above in pending:
            below = [name for name in children.get(above, ()) if name not in found]
            found.update(dict.fromkeys(below))
            pending += below
        return tuple(found)

    def posts(self, unit: str, names: Sequence[str], day: date) -> tuple[str, ...]:
        """Return those of the posts *names* that the unit has.

        ``any`` stands for all of them, ``head`` for whichever heads a unit of that kind.
        """
        row = self.unit(unit, day)
        if row is None or row.kind not in self._kinds:
            return ()
        kind = self._kinds[row.kind]
        if "any" in names:
            return tuple(f"{unit}/{name}" for name in kind.posts)
        meant = [kind.head if name == "head" else name for name in names]
        return tuple(f"{unit}/{name}" for name in dict.fromkeys(meant) if name in kind.posts)

    def holders(self, post: str, day: date) -> tuple[Holder, ...]:
        """Return who holds *post* on *day*."""
        return tuple(row for row in self._by_post.get(post, ()) if _lives(row, day))

    def lives(self, unit: str, day: date) -> bool:
        """Return whether there is such a unit on *day*."""
        return any(_lives(row, day) for row in self._units.get(unit, ()))

    def changes(self) -> tuple[date, ...]:
        """Return the days on which a unit comes, goes or changes, in order."""
        rows = [row for rows in self._units.values() for row in rows]
        begins = {row.begins for row in rows if row.begins is not None}
        ends = {row.ends + _DAY for row in rows if row.ends is not None and row.ends < date.max}
        return tuple(sorted(begins | ends))

    def terms_of(self, post: str) -> Iterator[tuple[date, date]]:
        """Yield the first and the last day of each term of a holder of *post*."""
        for row in self._by_post.get(post, ()):
            yield row.begins or date.min, row.ends or date.max

    def posts_of(self, person: str, day: date) -> tuple[str, ...]:
        """Return the posts that *person* holds on *day*."""
        return tuple(row.post for row in self._by_person.get(person, ()) if _lives(row, day))

    def next_up(self, post: str, day: date) -> str | None:
        """Return the next post up: the head of the same unit, else the head of the unit above."""
        unit, _, name = post.partition("/")
        row = self.unit(unit, day)
        if row is None:
            return None
        kind = self._kinds.get(row.kind)
        if kind is not None and kind.head != name:
            return f"{unit}/{kind.head}"
        above = self.unit(row.parent, day) if row.parent else None
        if above is None or above.kind not in self._kinds:
            return None
        return f"{above.id}/{self._kinds[above.kind].head}"

    def climb(self, post: str, day: date) -> tuple[str, tuple[Holder, ...]]:
        """Return the nearest post at or above *post* that somebody holds, and who."""
        seen: set[str] = set()
        current: str | None = post
        while current is not None and current not in seen:
            seen.add(current)
            found = self.holders(current, day)
            if found:
                return current, found
            current = self.next_up(current, day)
        return post, ()

    def select(
        self,
        day: date,
        *,
        kind: Sequence[str] = (),
        under: str | None = None,
        depth: int | None = None,
        tagged: str | None = None,
        units: Sequence[str] = (),
        but: Sequence[str] = (),
    ) -> tuple[str, ...]:
        """Return the units living on *day* that fit all that is given, in the order of the file."""
        chosen = []
        for unit in units or self._units:
            row = next((r for r in self._units.get(unit, ()) if _lives(r, day)), None)
            if row is None or unit in but or (kind and row.kind not in kind):
                continue
            if tagged is not None and tagged not in row.tags:
                continue
            if under is None or self._below(unit, under, depth, day):
                chosen.append(unit)
        return tuple(chosen)

    def _below(self, unit: str, top: str, depth: int | None, day: date) -> bool:
        for distance, row in enumerate(self.line(unit, day)):
            if row.id == top:
                return distance > 0 and (depth is None or distance <= depth)
        return False


NOBODY = Directory(kinds={}, units=(), holders=())
