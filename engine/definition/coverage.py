"""Coverage: whether every rung of every deadline reaches somebody, today and when posts fall vacant.

A case of a workflow may lie at any unit where somebody may open one. Its rungs tell roles; a role
is bound to posts; a vacant post climbs to the next one up. All of this is followed for every unit,
for as long as the organisation stands as it does, as stretches of days in which nobody is there:
so the days to come cost no more than today.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from duban.engine.definition.faults import Report
from duban.engine.definition.layers import Layer, layers
from duban.engine.definition.library import Library
from duban.engine.definition.machine import OPEN
from duban.engine.definition.workflow import Binding
from duban.engine.timing.instants import parse_date
from duban.engine.values.directory import Directory

NOBODY, VACANT = "DEF-195", "DEF-196"
COVERAGE = frozenset({NOBODY, VACANT})
_DAY = timedelta(days=1)
_ANYONE, _OWNER = "anyone", "owner"
_LISTED = 5

# Days from the first to the last, both inclusive, in order and apart.
Stretch = tuple[date, date]
Stretches = tuple[Stretch, ...]
Posts = frozenset[str]
# Sets of roles, and for each the rungs by their deadline that tell just these.
Told = dict[frozenset[str], dict[str, list[str]]]


class Staff:
    """Who is where from one day to another, between which no unit comes, goes or moves."""

    def __init__(self, directory: Directory, first: date, last: date) -> None:
        self.directory, self.first, self.last = directory, first, last
        self.units = tuple(u for u in directory.unit_ids if directory.lives(u, first))
        self._posts: dict[tuple[str, str, tuple[str, ...]], Posts] = {}
        self._vacant: dict[str, Stretches] = {}
        self._unheard: dict[str, Stretches] = {}
        self._silent: dict[Posts, Stretches] = {}

    def posts(self, bindings: Iterable[Binding], unit: str) -> Posts | None:
        """Return the posts that play a role on cases of *unit*; None when only the case can tell."""
        found: Posts = frozenset()
        for binding in bindings:
            if not binding.post or (binding.of.startswith("case.") and binding.of != "case.unit"):
                return None
            found |= self._of(binding, unit)
        return found

    def _of(self, binding: Binding, unit: str) -> Posts:
        own = binding.of == "case.unit" or binding.of == "up" or binding.of.startswith("up.")
        cached = (unit if own else "", binding.of, tuple(binding.post))
        if cached not in self._posts:
            at: str | None = binding.of
            if binding.of == "case.unit":
                at = unit
            elif binding.of == "up" or binding.of.startswith("up."):
                kind = binding.of.removeprefix("up").removeprefix(".")
                at = self.directory.ancestor(unit, kind, self.first)
            names = self.directory.posts(at, binding.post, self.first) if at else ()
            self._posts[cached] = frozenset(names)
        return self._posts[cached]

    def vacant(self, post: str) -> Stretches:
        """Return when nobody holds *post*."""
        if post not in self._vacant:
            free: Stretches = ((self.first, self.last),)
            for begins, ends in self.directory.terms_of(post):
                free = _without(free, begins, ends)
            self._vacant[post] = free
        return self._vacant[post]

    def unheard(self, post: str) -> Stretches:
        """Return when a notice to *post* reaches nobody, at the post or above it."""
        if post not in self._unheard:
            free, seen, at = self.vacant(post), {post}, self.directory.next_up(post, self.first)
            while free and at is not None and at not in seen:
                seen.add(at)
                free = both(free, self.vacant(at))
                at = self.directory.next_up(at, self.first)
            self._unheard[post] = free
        return self._unheard[post]

    def silent(self, posts: Posts) -> Stretches:
        """Return when none of *posts* reaches anybody."""
        if posts not in self._silent:
            free: Stretches = ((self.first, self.last),)
            for post in sorted(posts):
                free = both(free, self.unheard(post))
                if not free:
                    break
            self._silent[posts] = free
        return self._silent[posts]


@dataclass(frozen=True, slots=True)
class _Silence:
    """A deadline of which something reaches nobody from a day on."""

    where: str
    workflow: str
    deadline: str
    since: date


class _Survey:
    """What is found: silences with their units, and posts by the day on which they fall vacant."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.silences: dict[_Silence, dict[str, list[str]]] = {}
        self.vacancies: dict[date, dict[str, None]] = {}
        self._until: dict[object, date] = {}
        self._layers = list(_layers(library))

    def look(self, staff: Staff) -> None:
        """Look at every workflow while *staff* is as it is."""
        for layer in self._layers:
            told = _told(layer, self.library)
            roles = {role for roles in told for role in roles}
            begins, ends = _runs(layer)[0]
            looked_at = told and staff.first <= ends and begins <= staff.last
            for unit in _units(layer, staff) if looked_at else ():
                posts = {r: staff.posts(layer.roles.get(r, ()), unit) for r in roles}
                self._unit(unit, layer, posts, told, staff)

    def _unit(
        self,
        unit: str,
        layer: Layer,
        posts: Mapping[str, Posts | None],
        told: Told,
        staff: Staff,
    ) -> None:
        runs = _runs(layer)
        for post in sorted({p for found in posts.values() for p in found or ()}):
            for since in self._begun(post, both(staff.vacant(post), runs)):
                self.vacancies.setdefault(since, {})[post] = None
        for roles, rungs in told.items():
            known = [found for role in roles if (found := posts[role]) is not None]
            if len(known) < len(roles):
                # The case alone can tell who it is: a person named in it, a unit of its choice.
                continue
            silent = both(staff.silent(frozenset().union(*known)), runs)
            for since in self._begun((layer.where, layer.workflow.workflow, roles, unit), silent):
                for deadline, names in rungs.items():
                    at = _Silence(layer.where, layer.workflow.workflow, deadline, since)
                    self.silences.setdefault(at, {}).setdefault(unit, []).extend(names)

    def _begun(self, what: object, stretches: Stretches) -> Iterator[date]:
        """Yield the first day of each of *stretches* that does not merely go on from before."""
        for first, last in stretches:
            until = self._until.get(what)
            if until is None or until < first - _DAY:
                yield first
            self._until[what] = max(last, until or last)


def check_coverage(library: Library, report: Report, today: date) -> None:
    """Note every rung that reaches nobody, and every post of a role that is or falls vacant."""
    directory = library.directory
    if not directory.unit_ids:
        return
    survey = _Survey(library)
    begins = [today, *(day for day in directory.changes() if day > today)]
    for number, first in enumerate(begins):
        last = begins[number + 1] - _DAY if number + 1 < len(begins) else date.max
        survey.look(Staff(directory, first, last))
    for silence, unheard in survey.silences.items():
        alike: dict[tuple[str, ...], list[str]] = {}
        for unit, rungs in unheard.items():
            alike.setdefault(tuple(rungs), []).append(unit)
        for names, units in alike.items():
            _tell_silence(silence, names, units, today, report)
    for day, posts in sorted(survey.vacancies.items()):
        _tell_vacant(day, list(posts), today, library, report)


def _layers(library: Library) -> Iterator[Layer]:
    """Yield each workflow with the roles of each campaign; alone only where no campaign uses it."""
    seen = set()
    for workflow in library.workflows.values():
        found = list(layers(workflow, library))
        for layer in found[1:] or found:
            campaign = layer.campaign.campaign if layer.campaign else ""
            key = (workflow.workflow, campaign, tuple(sorted(layer.ladders.items())))
            if key not in seen:
                seen.add(key)
                yield layer


def _runs(layer: Layer) -> Stretches:
    """Return the days on which cases of *layer* open."""
    campaign = layer.campaign
    if campaign is None:
        return ((date.min, date.max),)
    ends = [campaign.ends, *(phase.to for phase in campaign.phases)]
    begins = [campaign.begins, *(phase.from_ for phase in campaign.phases)]
    last = max(parse_date(day) for day in ends if day) if campaign.ends else date.max
    return ((min(map(parse_date, begins)), last),)


def _told(layer: Layer, library: Library) -> Told:
    """Return whom the rungs tell: sets of roles, with the deadlines and rungs that tell them."""
    told: Told = {}
    for name, deadline in layer.workflow.deadlines.items():
        ladder = library.ladders.get(layer.ladders.get(name, ""))
        for rung in ladder.rungs if ladder else ():
            roles = {role for effect in rung.then for role in effect.notify or ()}
            named = frozenset(deadline.owner if role == _OWNER else role for role in roles)
            if named and named <= layer.roles.keys():
                told.setdefault(named, {}).setdefault(name, []).append(rung.rung)
    return told


def _units(layer: Layer, staff: Staff) -> list[str]:
    """Return the units at which somebody may open a case, or at which a duty or a case opens one."""
    opening = [t for t in layer.workflow.transitions if t.trigger == OPEN]
    roles = {role for transition in opening for role in transition.by}
    if _ANYONE in roles:
        return list(staff.units)
    bound = [bindings for role in roles if (bindings := layer.roles.get(role)) is not None]
    return [u for u in staff.units if any(_someone(staff.posts(b, u)) for b in bound)]


def _someone(posts: Posts | None) -> bool:
    return posts is None or bool(posts)


def _without(free: Stretches, begins: date, ends: date) -> Stretches:
    """Return *free* without the days from *begins* to *ends*."""
    left: list[Stretch] = []
    for first, last in free:
        if ends < first or last < begins:
            left.append((first, last))
            continue
        if first < begins:
            left.append((first, begins - _DAY))
        if ends < last:
            left.append((ends + _DAY, last))
    return tuple(left)


def both(one: Stretches, other: Stretches) -> Stretches:
    """Return the days that are in *one* and in *other*."""
    found = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple((first, last) for first, last in found if first <= last)


def _tell_silence(
    silence: _Silence, names: Sequence[str], units: list[str], today: date, report: Report
) -> None:
    where = f" in {silence.where}" if silence.where else ""
    where_zh = f"（{silence.where}）" if silence.where else ""
    since, since_zh = _since(silence.since, today)
    rungs = ", ".join(names)
    en = (
        f"{since} what '{silence.deadline}' tells by {rungs} reaches nobody{where} "
        f"for {len(units)} unit(s): {_listed(units)}"
    )
    zh = (
        f"{since_zh}“{silence.deadline}”的 {rungs} 级{where_zh}通知不到任何人，"
        f"涉及 {len(units)} 个单位：{_listed(units)}"
    )
    path = ("deadlines", silence.deadline)
    report.warn(f"workflow:{silence.workflow}", path, NOBODY, en, zh)


def _tell_vacant(
    day: date, posts: list[str], today: date, library: Library, report: Report
) -> None:
    since, since_zh = _since(day, today)
    en = f"{since} nobody holds {len(posts)} post(s) that rungs tell: {_listed(posts)}; notices climb"
    zh = f"{since_zh}有 {len(posts)} 个督办岗位无人：{_listed(posts)}；通知将上报"
    name = next(iter(library.of_kind("organisation")), "")
    report.warn(f"organisation:{name}", ("holders",), VACANT, en, zh)


def _since(day: date, today: date) -> tuple[str, str]:
    return ("today", "目前") if day <= today else (f"from {day}", f"自 {day} 起")


def _listed(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
