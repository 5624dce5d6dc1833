"""The checks of ladders: their order, their steps, and whether long overdue goes silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from duban.engine.definition.faults import Path, Report
from duban.engine.definition.fields import is_span
from duban.engine.definition.layers import Layer
from duban.engine.definition.library import Library
from duban.engine.definition.workflow import Deadline, Ladder, Rung
from duban.engine.timing.spans import Offset, Span

_SIDES = ("before", "due", "after")
# The fewest and the most hours that one unit, and a run of many, can come to.
_HOURS = {
    "hours": (1.0, 1.0),
    "days": (24.0, 24.0),
    "workdays": (24.0, 33.6),
    "months": (672.0, 744.0),
}
# The longest rest that may fall on top of a count of working days.
_REST = 10 * 24.0
_DAY = 24.0
# What tells somebody, or brings the case to where somebody is told.
_HEARD = frozenset({"notify", "open", "fire", "issue", "hand_over"})


class LadderCheck:
    """The checks of one ladder by itself."""

    def __init__(self, ladder: Ladder, report: Report) -> None:
        self.ladder, self.report = ladder, report
        self.origin = f"ladder:{ladder.ladder}"

    def run(self) -> None:
        """Run them all."""
        self._names()
        for number, (one, following) in enumerate(pairwise(_offsets(self.ladder)), 1):
            self._order(number, one, following)
        for number, rung in enumerate(self.ladder.rungs):
            if not rung.then:
                en = f"rung '{rung.rung}' does nothing: nobody hears of it"
                zh = f"“{rung.rung}”级没有任何动作，无人知晓"
                self.report.warn(self.origin, ("rungs", number, "rung"), "DEF-157", en, zh)
        self._end()

    def _names(self) -> None:
        times = Counter(rung.rung for rung in self.ladder.rungs)
        for number, rung in enumerate(self.ladder.rungs):
            if times[rung.rung] > 1:
                times[rung.rung] = 0
                en = f"two rungs are called '{rung.rung}'; give each a name of its own"
                zh = f"有两级同名“{rung.rung}”；请各取名称"
                self.report.add(self.origin, ("rungs", number, "rung"), "DEF-152", en, zh)

    def _order(self, number: int, one: Offset, following: Offset) -> None:
        """Rungs stand in order of time, as far as lengths in different units can be told apart."""
        (least, _), (next_least, next_most) = _reach(one), _reach(following)
        path: Path = ("rungs", number, "at")
        sides = _SIDES.index(one.side), _SIDES.index(following.side)
        same_unit = one.span.unit == following.span.unit
        too_early = next_most <= least or (same_unit and next_least <= least)
        if sides[0] > sides[1] or (sides[0] == sides[1] and too_early):
            en = f"rung {number + 1} ({following}) must be later than rung {number} ({one})"
            zh = f"第 {number + 1} 级（{following}）必须晚于第 {number} 级（{one}）"
            self.report.add_value(self.origin, path, "DEF-040", en, zh)
        elif sides[0] == sides[1] and not same_unit and next_least < _reach(one)[1]:
            en = f"{following} may come before {one}; write both in the same unit"
            zh = f"{following} 可能早于 {one}；请使用同一单位"
            self.report.warn(self.origin, path, "DEF-153", en, zh)
        elif one.side == "due" and following.span.count == 0:
            en = f"rung {number + 1} ({following}) comes at once after rung {number} ({one})"
            zh = f"第 {number + 1} 级（{following}）紧接第 {number} 级（{one}）"
            self.report.warn(self.origin, path, "DEF-154", en, zh)

    def _end(self) -> None:
        if not self.ladder.rungs:
            en, zh = "a ladder without rungs tells nobody", "没有任何级别的阶梯不会通知任何人"
            self.report.warn(self.origin, ("rungs",), "DEF-156", en, zh)
            return
        last = len(self.ladder.rungs) - 1
        rung, path = self.ladder.rungs[last], ("rungs", last, "rung")
        if self.ladder.repeat is None:
            en = f"after rung '{rung.rung}' the ladder goes silent; add 'repeat'"
            zh = f"“{rung.rung}”级之后再无督办；请加上 repeat"
            self.report.warn(self.origin, path, "DEF-156", en, zh)
            return
        if rung.then and not any(effect.action in _HEARD for effect in rung.then):
            en = f"rung '{rung.rung}' repeats and nobody hears of it; add a notice"
            zh = f"“{rung.rung}”级会重复，但无人知晓；请加上通知"
            self.report.warn(self.origin, path, "DEF-157", en, zh)
        for number, effect in enumerate(rung.then):
            if effect.action == "open" and effect.when is None:
                en = f"rung '{rung.rung}' repeats and opens a case each time; add a 'when'"
                zh = f"“{rung.rung}”级每次重复都会新建事项；请加上 when"
                at = ("rungs", last, "then", number, "open")
                self.report.warn(self.origin, at, "DEF-159", en, zh)


class ClimbCheck:
    """The checks of the ladders of one workflow on its deadlines, in one campaign and phase."""

    def __init__(self, layer: Layer, library: Library, report: Report) -> None:
        self.layer, self.library, self.report = layer, library, report
        self.origin = f"workflow:{layer.workflow.workflow}"

    def run(self) -> None:
        """Run them all."""
        for name, deadline in self.layer.workflow.deadlines.items():
            ladder = self.library.ladders.get(self.layer.ladders.get(name, ""))
            if ladder is not None:
                self._fits(name, deadline, ladder)

    def _fits(self, name: str, deadline: Deadline, ladder: Ladder) -> None:
        limit = self._limit(deadline)
        if limit is None:
            return
        where = f" ({self.layer.where})" if self.layer.where else ""
        where_zh = f"（{self.layer.where}）" if self.layer.where else ""
        path: Path = ("deadlines", name)
        for rung in _too_early(ladder.rungs, limit):
            named = f"rung '{rung.rung}' ({rung.at}) of ladder '{ladder.ladder}'"
            en = f"{named} lies before a clock of {limit} begins"
            zh = f"阶梯“{ladder.ladder}”的“{rung.rung}”级（{rung.at}）早于 {limit} 时限的起点"
            self.report.warn(self.origin, path, "DEF-155", en + where, zh + where_zh)
        if limit.unit == "hours":
            return
        for one, following in pairwise(ladder.rungs):
            if _close(Offset.parse(one.at), Offset.parse(following.at)):
                named = f"rungs '{one.rung}' and '{following.rung}'"
                en = f"{named} are less than a day apart on a clock of {limit}"
                zh = f"“{one.rung}”与“{following.rung}”两级相距不足一天，而时限为 {limit}"
                self.report.warn(self.origin, path, "DEF-154", en + where, zh + where_zh)
        if ladder.repeat and _most(Span.parse(ladder.repeat)) < _DAY:
            en = f"the last rung repeats each {ladder.repeat} on a clock of {limit}"
            zh = f"末级每 {ladder.repeat} 重复一次，而时限为 {limit}"
            self.report.warn(self.origin, path, "DEF-154", en + where, zh + where_zh)

    def _limit(self, deadline: Deadline) -> Span | None:
        """Return the limit where it is always the same, or a setting."""
        text: object = deadline.limit
        if deadline.limit.startswith("setting."):
            text = self.layer.settings.get(deadline.limit.removeprefix("setting."))
        return Span.parse(text) if isinstance(text, str) and is_span(text) else None


def _offsets(ladder: Ladder) -> list[Offset]:
    return [Offset.parse(rung.at) for rung in ladder.rungs]


def _least(span: Span) -> float:
    return span.count * _HOURS[span.unit][0]


def _most(span: Span) -> float:
    return span.count * _HOURS[span.unit][1] + (
        _REST if span.unit == "workdays" and span.count else 0
    )


def _reach(offset: Offset) -> tuple[float, float]:
    """Return the earliest and the latest that *offset* can come to, in hours from the due instant."""
    if offset.side == "before":
        return -_most(offset.span), -_least(offset.span)
    return _least(offset.span), _most(offset.span)


def _too_early(rungs: Sequence[Rung], limit: Span) -> Iterator[Rung]:
    for rung in rungs:
        offset = Offset.parse(rung.at)
        if offset.side == "before" and _before_begin(offset.span, limit):
            yield rung


def _before_begin(span: Span, limit: Span) -> bool:
    return span.count >= limit.count if span.unit == limit.unit else _least(span) >= _most(limit)


def _close(one: Offset, following: Offset) -> bool:
    """Whether nobody can do anything between the two."""
    if "hours" not in (one.span.unit, following.span.unit) or one.side != following.side:
        return False
    return one.side != "due" and abs(_least(following.span) - _least(one.span)) < _DAY
