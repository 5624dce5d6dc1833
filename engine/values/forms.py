"""Cases and clocks in their plain form, and back: what an entry and a stored case are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from duban.engine.timing.instants import format_instant, read_instant
from duban.engine.values.actor import Actor
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Basis, Case, Clock, Grant, Run, Signature


def actor_form(actor: Actor) -> dict[str, Plain]:
    """Return *actor* as it stands in an entry."""
    form: dict[str, Plain] = {"by": actor.authenticated_by, "person": actor.person}
    if actor.post:
        form["post"] = actor.post
    if actor.on_behalf_of:
        form["for"] = actor.on_behalf_of
    return form


def actor_of(form: Mapping[str, Any]) -> Actor:
    """Return the actor that *form* stands for."""
    return Actor(
        person=form["person"],
        post=form.get("post"),
        on_behalf_of=form.get("for"),
        authenticated_by=form["by"],
    )


_CLOCK_FLAGS = frozenset({"held", "overran", "provisional"})
_CLOCK_INSTANTS = ("until", "due", "first_due", "next_rung", "ended", "lapses")


def clock_form(clock: Clock) -> dict[str, Plain]:
    """Return *clock* as it stands in an entry and in a stored case."""
    form: dict[str, Plain] = {
        "started": format_instant(clock.started),
        "runs": [_run_form(run) for run in clock.runs],
        "round": clock.round,
        "rung": clock.rung,
    }
    if clock.span is not None:
        form["span"] = clock.span
    for name in _CLOCK_INSTANTS:
        instant = getattr(clock, name)
        if instant is not None:
            form[name] = format_instant(instant)
    if clock.grants:
        form["grants"] = [_grant_form(grant) for grant in clock.grants]
    form.update({name: True for name in _CLOCK_FLAGS if getattr(clock, name)})
    if clock.episode > 1:
        form["episode"] = clock.episode
    if clock.basis:
        form["basis"] = clock.basis
    return form


def clock_of(form: Mapping[str, Any]) -> Clock:
    """Return the clock that *form* stands for."""
    instants: dict[str, Any] = {
        name: read_instant(form[name]) for name in _CLOCK_INSTANTS if name in form
    }
    flags: dict[str, Any] = dict.fromkeys(_CLOCK_FLAGS & form.keys(), True)
    return Clock(
        started=read_instant(form["started"]),
        span=form.get("span"),
        runs=tuple(
            Run(since=read_instant(run[0]), until=read_instant(run[1]) if len(run) > 1 else None)
            for run in form["runs"]
        ),
        grants=tuple(_grant_of(grant) for grant in form.get("grants", ())),
        round=form["round"],
        rung=form["rung"],
        episode=form.get("episode", 1),
        basis=form.get("basis", {}),
        **flags,
        **instants,
    )


def _run_form(run: Run) -> list[Plain]:
    if run.until is None:
        return [format_instant(run.since)]
    return [format_instant(run.since), format_instant(run.until)]


def _grant_form(grant: Grant) -> dict[str, Plain]:
    form: dict[str, Plain] = {"at": format_instant(grant.at)}
    if grant.by is not None:
        form["by"] = grant.by
    if grant.to is not None:
        form["to"] = format_instant(grant.to)
    if grant.kept:
        form["kept"] = True
    return form


def _grant_of(form: Mapping[str, Any]) -> Grant:
    return Grant(
        at=read_instant(form["at"]),
        by=form.get("by"),
        to=read_instant(form["to"]) if "to" in form else None,
        kept="kept" in form,
    )


_PLAIN = ("id", "workflow", "rules", "unit", "counts", "episode", "version", "head")
_OPTIONAL = ("campaign", "phase")


def case_form(case: Case) -> dict[str, Plain]:
    """Return the whole of *case* as plain data; `case_of` is its inverse."""
    form: dict[str, Plain] = {name: getattr(case, name) for name in _PLAIN}
    for name in _OPTIONAL:
        if getattr(case, name) is not None:
            form[name] = getattr(case, name)
    form["states"] = list(case.states)
    form["data"] = case.data
    form["clocks"] = {name: clock_form(clock) for name, clock in case.clocks.items()}
    form["entered"] = {name: format_instant(at) for name, at in case.entered.items()}
    form["times"] = case.times
    form["did"] = {name: list(persons) for name, persons in case.did.items()}
    form["holds"] = case.holds
    form["links"] = [list(link) for link in case.links]
    form.update({name: part for name, part in _seldom(case).items() if part})
    form["opened"] = format_instant(case.opened)
    form["changed"] = format_instant(case.changed)
    return form


def _seldom(case: Case) -> dict[str, list[Plain]]:
    """What most cases never have stands in the form only where there is some."""
    return {
        "signed": [[s.state, s.trigger, s.rule, list(s.persons)] for s in case.signed],
        "bases": [
            [b.seq, b.trigger, b.episode, list(b.persons), list(b.cases)] for b in case.bases
        ],
        "struck": list(case.struck),
        "flags": [[other, seq] for other, seq in case.flags],
    }


def case_of(form: Mapping[str, Any]) -> Case:
    """Return the case that *form* stands for."""
    return Case(
        **{name: form[name] for name in _PLAIN},
        **{name: form[name] for name in _OPTIONAL if name in form},
        states=tuple(form["states"]),
        data=form["data"],
        clocks={name: clock_of(clock) for name, clock in form["clocks"].items()},
        entered={name: read_instant(at) for name, at in form["entered"].items()},
        times=form["times"],
        did={name: tuple(persons) for name, persons in form["did"].items()},
        holds=form["holds"],
        links=tuple((link[0], link[1]) for link in form["links"]),
        signed=tuple(
            Signature(state=state, trigger=trigger, rule=rule, persons=tuple(persons))
            for state, trigger, rule, persons in form.get("signed", ())
        ),
        bases=tuple(
            Basis(
                seq=seq,
                trigger=trigger,
                episode=episode,
                persons=tuple(persons),
                cases=tuple(cases),
            )
            for seq, trigger, episode, persons, cases in form.get("bases", ())
        ),
        struck=tuple(form.get("struck", ())),
        flags=tuple((flag[0], flag[1]) for flag in form.get("flags", ())),
        opened=read_instant(form["opened"]),
        changed=read_instant(form["changed"]),
    )
