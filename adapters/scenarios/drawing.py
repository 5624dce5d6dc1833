"""Values for inputs, drawn so that most of them fit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from duban.engine.core.verdict import Verdict
from duban.engine.definition.fields import Field
from duban.engine.definition.workflow import Workflow
from duban.engine.timing.instants import format_instant
from duban.engine.values.case import Case

if TYPE_CHECKING:
    from duban.adapters.scenarios.stage import Stage


class Draw(Protocol):
    """Draws from a strategy of hypothesis."""

    def __call__(self, strategy: Any) -> Any: ...


class Drawing:
    """Draws what is asked: always what is missing, the rest now and then."""

    def __init__(self, stage: Stage, draw: Draw) -> None:
        from hypothesis import strategies

        self._stage, self._draw, self._st = stage, draw, strategies

    def opening(self, workflow: str) -> dict[str, Any]:
        """Return values for opening a case of *workflow*."""
        model = self._stage.library.workflow(workflow)
        openings = [t for t in model.transitions if t.trigger == "open"]
        asks = {n: a for t in openings for n, a in _asked(model, t.asks).items()}
        required = {name for t in openings for name in t.requires}
        # There is no other case yet that one could name.
        return {
            name: self._value(name, field, "")
            for name, field in asks.items()
            if name in required or (field.type != "case" and self._now_and_then())
        }

    def values(self, case: Case, verdict: Verdict) -> dict[str, Any]:
        """Return values for firing what *verdict* is about."""
        wanted = [name for name in verdict.asks if name in verdict.missing or self._now_and_then()]
        return {name: self._value(name, verdict.asks[name], case.id) for name in wanted}

    def _now_and_then(self) -> bool:
        return bool(self._draw(self._st.integers(0, 2)) == 0)

    def _value(self, name: str, field: Field, case_id: str) -> Any:
        if field.type == "list":
            item = Field(type=field.of or "text")
            return [self._value(name, item, case_id)]
        draw = _DRAWN.get(field.type)
        return draw(self, field, case_id) if draw else f"{name} 说明"

    def _day(self, field: Field, case_id: str) -> str:
        days = self._draw(self._st.integers(-3, 45))
        day = self._stage.now.astimezone(self._stage.zone).date() + timedelta(days=days)
        return day.isoformat()

    def _instant(self, field: Field, case_id: str) -> str:
        hours = self._draw(self._st.integers(-24, 24 * 40))
        return format_instant(self._stage.now + timedelta(hours=hours))

    def _choice(self, field: Field, case_id: str) -> str:
        return str(self._draw(self._st.sampled_from(list(field.choices))))

    def _flag(self, field: Field, case_id: str) -> bool:
        return bool(self._draw(self._st.booleans()))

    def _number(self, field: Field, case_id: str) -> int:
        return int(self._draw(self._st.integers(0, 100)))

    def _money(self, field: Field, case_id: str) -> str:
        return f"{self._draw(self._st.integers(0, 100_000))}.50"

    def _unit(self, field: Field, case_id: str) -> str:
        units = self._stage.library.directory.unit_ids
        return str(self._draw(self._st.sampled_from(list(units))))

    def _post(self, field: Field, case_id: str) -> str:
        directory = self._stage.library.directory
        today = self._stage.now.astimezone(self._stage.zone).date()
        posts = [p for unit in directory.unit_ids for p in directory.posts(unit, ["any"], today)]
        return str(self._draw(self._st.sampled_from(posts)))

    def _case(self, field: Field, case_id: str) -> str:
        return case_id or "01other"

    def _span(self, field: Field, case_id: str) -> str:
        return f"{self._draw(self._st.integers(0, 30))} workdays"

    def _evidence(self, field: Field, case_id: str) -> Mapping[str, Any]:
        kind = {"kind": field.kind[0]} if field.kind else {}
        channel = {"channel": field.channel} if field.channel else {}
        return {"name": "file.jpg", "seal": True, **kind, **channel}


_DRAWN = {
    "date": Drawing._day,
    "instant": Drawing._instant,
    "choice": Drawing._choice,
    "flag": Drawing._flag,
    "number": Drawing._number,
    "money": Drawing._money,
    "unit": Drawing._unit,
    "post": Drawing._post,
    "case": Drawing._case,
    "span": Drawing._span,
    "evidence": Drawing._evidence,
}


def _asked(model: Workflow, asks: Mapping[str, Any]) -> dict[str, Field]:
    found: dict[str, Field] = {}
    for name, asked in asks.items():
        field = asked if isinstance(asked, Field) else model.fields.get(name)
        if field is not None:
            found[name] = field
    return found
