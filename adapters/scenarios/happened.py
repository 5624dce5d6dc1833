"""What happened since the step before: notices by whom they went to, entries by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from duban.adapters.scenarios.difference import Finding, Said, listed, same
from duban.adapters.scenarios.model import NONE
from duban.adapters.scenarios.stage import Stage
from duban.adapters.scenarios.view import View
from duban.engine.history.entry import Entry
from duban.engine.values.notice import Notice


def notices_of(view: View, wanted: int | Mapping[str, int] | None) -> Iterator[Finding]:
    """Yield how the notices of a case since the step before differ from those *wanted*."""
    if wanted is not None:
        notices = view.stage.notices(view.case)
        yield from counted_notices(view.stage, notices, wanted, view)


def counted_notices(
    stage: Stage, notices: list[Notice], wanted: int | Mapping[str, int], view: View | None
) -> Iterator[Finding]:
    """Yield how *notices* differ from the number *wanted*, of all or for each recipient."""
    to = sorted({notice.to for notice in notices})
    if isinstance(wanted, int):
        if len(notices) != wanted:
            yield (), same(wanted), _sent(len(notices), to)
        return
    for whom, count in wanted.items():
        fits = _recipients(stage, whom, view)
        found = [notice for notice in notices if fits(notice)]
        if len(found) != count:
            yield (whom,), same(count), _sent(len(found), to)


def _sent(count: int, to: Iterable[str]) -> Said:
    told = ", ".join(to)
    return Said(f"{count} (sent to: {told or 'nobody'})", f"{count}（发送对象：{told or '无'}）")


def _recipients(stage: Stage, whom: str, view: View | None) -> Callable[[Notice], bool]:
    """Whose notices count: a post, a role, the posts of a unit, or a person."""
    if "/" in whom:
        return lambda notice: whom in (notice.to, notice.climbed_from)
    if view is not None and view.machine is not None and whom in view.machine.roles:
        players = stage.engine.players(view.case, whom)
        posts = {actor.post for actor in players if actor.post}
        parties = {actor.person for actor in players if not actor.post}
        return lambda notice: (
            notice.to in posts or notice.climbed_from in posts or notice.person in parties
        )
    if whom in stage.library.directory:
        return lambda notice: notice.to.startswith(f"{whom}/")
    return lambda notice: notice.person == whom


def history_of(view: View, wanted: list[str] | None) -> Iterator[Finding]:
    """Yield how the entries of a case since the step before differ from those *wanted*."""
    entries = view.entries()
    names = [name for name in wanted or () if name != NONE]
    fits = len(names) == len(entries) and all(
        name in _names(entry) for name, entry in zip(names, entries, strict=True)
    )
    if not fits:
        yield (), listed(names), listed([_names(entry)[0] for entry in entries])


def _names(entry: Entry) -> list[str]:
    """How a scenario may call an entry, the plainest first."""
    if entry.kind == "rung":
        rung = entry.body["rung"]
        return [f"{rung['deadline']}.{rung['name']}", str(rung["name"]), "rung"]
    named = [entry.trigger] if entry.trigger and entry.kind in ("open", "fire") else []
    named += [f"{entry.kind}.{entry.trigger}", entry.trigger] if entry.trigger else []
    moves = entry.body.get("moves", [])
    return [*named, *(f"{entry.kind}.{dest}" for _, _, dest in moves), entry.kind]
