"""Random walks through the shipped hazard workflow: what always holds, whatever people do."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from worlds import CASE, Life, begin, by, local, shipped

from duban.engine.core.roles import actors_of_role
from duban.engine.core.scope import Scope
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.fields import Field
from duban.engine.definition.library import phase_on
from duban.engine.definition.machine import Machine
from duban.engine.errors import DubanError, Refused
from duban.engine.history.chain import genesis, link
from duban.engine.history.entry import unseal
from duban.engine.history.evolve import replay
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import canonical
from duban.engine.values.case import Case
from duban.engine.values.forms import case_form, case_of

START = local("2021-03-01T09:00")
UNIT = "school-001"


@cache
def hazard() -> Machine:
    library = shipped()
    campaign = library.campaigns["fuling-2020"]
    return compile_rules(library.rules("hazard", campaign, phase_on(campaign, START.date())))


def a_value(draw: st.DrawFn, name: str, field: Field, now: Any) -> object:
    if field.type == "choice":
        return draw(st.sampled_from(sorted(field.choices)))
    if field.type == "date":
        return (now.date() + timedelta(days=draw(st.integers(-5, 40)))).isoformat()
    return {
        "flag": draw(st.booleans()),
        "number": draw(st.integers(-5, 120)),
        "money": "1200.50",
        "unit": "commission",
        "post": f"{UNIT}/principal",
        "case": "01other",
        "evidence": {"name": "photo.jpg", "kind": (field.kind or ["photo"])[0]},
    }.get(field.type, f"{name} 说明")


def actors(life: Life, now: Any) -> list[Actor]:
    scope = Scope(life.machine, life.case, life.world(now))
    found = [a for role in life.machine.roles for a in actors_of_role(role, scope)]
    return [*dict.fromkeys(found), by("stranger")]


def hazard_case() -> Life:
    staff = shipped().directory
    # Whoever heads the school finds it.
    post = staff.posts(UNIT, ["head"], START.date())[0]
    finder = by(staff.holders(post, START.date())[0].person)
    life = begin(
        hazard(), START, finder, UNIT, staff,
        title="Loose tiles", category="building", point="Hall", source="self_check", reporter="王五",
    )  # fmt: skip
    life.facts = {"proposals": 0}
    return life


@st.composite
def walks(draw: st.DrawFn) -> Life:
    life, now = hazard_case(), START
    for _ in range(draw(st.integers(1, 14))):
        now += draw(st.timedeltas(timedelta(0), timedelta(days=20)))
        actor = draw(st.sampled_from(actors(life, now)))
        explanation = life.explain(now, actor)
        possible = [v for v in explanation.allowed if v.trigger != "void"] or explanation.verdicts
        verdict = draw(st.sampled_from(list(possible)))
        asked = set(verdict.missing) | {n for n in verdict.asks if draw(st.integers(0, 3)) == 0}
        data = {n: a_value(draw, n, verdict.asks[n], now) for n in asked if n in verdict.asks}
        try:
            life.fire(verdict.trigger, now, actor, **data)
        except Refused:
            continue
    return life


def assert_replaying_gives_the_case(life: Life) -> None:
    assert replay(life.entries) == life.case
    stored = [unseal(entry.canon, entry.hash, entry.secrets) for entry in life.entries]
    assert replay(stored) == life.case
    form = case_form(life.case)
    assert case_of(form) == life.case
    assert canonical(case_form(case_of(form))) == canonical(form)


def assert_the_history_is_sound(life: Life) -> None:
    before, at = genesis(CASE), life.entries[0].at
    rungs: list[tuple[object, ...]] = []
    for number, entry in enumerate(life.entries, 1):
        assert (entry.seq, entry.hash) == (number, link(before, entry.canon))
        assert at <= entry.at
        assert entry.effective <= entry.at
        assert "王五".encode() not in entry.canon
        before, at = entry.hash, entry.at
        if entry.kind == "rung":
            rung = entry.body["rung"]
            rungs.append((rung["deadline"], rung["round"], rung["rung"]))
    assert len(rungs) == len(set(rungs))


def assert_timers_are_those_of_the_clocks_that_run(life: Life) -> None:
    over = life.machine.states[life.case.state].final
    for name, clock in life.case.clocks.items():
        assert life.timers.get(name) == clock.next_rung
        assert clock.running or clock.next_rung is None
        assert clock.ended is not None or not over


@given(walks())
def test_whatever_people_do_the_record_holds(life: Life) -> None:
    assert_replaying_gives_the_case(life)
    assert_the_history_is_sound(life)
    assert_timers_are_those_of_the_clocks_that_run(life)


@given(walks(), st.integers(0, 400), st.data())
def test_explain_allows_exactly_what_fire_carries_out(
    life: Life, hours: int, data: st.DataObject
) -> None:
    now = life.case.changed + timedelta(hours=hours)
    actor = data.draw(st.sampled_from(actors(life, now)))
    before: Case = life.case
    for verdict in life.explain(now, actor).verdicts:
        life.case = before
        try:
            life.fire(verdict.trigger, now, actor)
            carried_out = True
        except DubanError:
            carried_out = False
        assert carried_out == (verdict.allowed and not verdict.missing), verdict.trigger
