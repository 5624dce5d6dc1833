"""Nobody acts outside their role: a matrix generated from the hazard definition that ships.

For each state that a script can reach, and each trigger possible in it, everybody in a small
district is tried: who plays none of the roles asked for is refused, and no row is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import duban
from duban.engine.definition.machine import NEW, OPEN

ROOT = Path(__file__).parents[2]
NOW = datetime(2021, 3, 1, 2, 0, tzinfo=UTC)


def _who(post: str) -> duban.Actor:
    return duban.Actor(person=_HOLDERS[post], post=post)


# Played by those who hold the posts on the first of March 2021 in the organisation that ships.
_HOLDERS: dict[str, str] = {}
SCHOOL = "school-001/principal"
CENTRE = "centre-1/inspector"
OFFICE = "safety-office/officer"
DIRECTOR = "commission/director"

Step = tuple[str, str, dict[str, object]]
GRADED: list[Step] = [
    ("register", SCHOOL, {}),
    ("grade", SCHOOL, {"grade": "general"}),
]
PLAN: dict[str, object] = {
    "responsible": "school-001/principal",
    "measures": "replace it",
    "funds": "100.00",
    "fix_by": "2021-03-19",
    "emergency_plan": "close the hall",
    "interim_controls": "watch it",
}
RECTIFYING: list[Step] = [*GRADED, ("plan", SCHOOL, PLAN)]
EVIDENCE: dict[str, object] = {"number": "1", "kind": "photo"}
REPORTED: list[Step] = [*RECTIFYING, ("report_done", SCHOOL, {"after": EVIDENCE})]
SCRIPTS: dict[str, list[Step]] = {
    "found": [],
    "registered": GRADED[:1],
    "graded": GRADED,
    "planned": [
        GRADED[0],
        ("grade", SCHOOL, {"grade": "major"}),
        ("plan", SCHOOL, PLAN),
    ],
    "rectifying": RECTIFYING,
    "extension_asked": [
        *RECTIFYING,
        (
            "ask_extension",
            SCHOOL,
            {"wanted_until": "2021-03-26", "extension_reason": "rain", "interim_controls": "x"},
        ),
    ],
    "suspended": [
        *RECTIFYING,
        (
            "suspend",
            OFFICE,
            {"suspension_reason": "exam", "resume_by": "2021-03-12", "interim_controls": "x"},
        ),
    ],
    "handed_over": [
        *GRADED,
        ("hand_over", OFFICE, {"agency": "fire-service", "handover_reason": "not ours"}),
    ],
    "reported": REPORTED,
    "struck_off": [*REPORTED, ("verify_passed", CENTRE, {"opinion": "good"})],
    "voided": [("void", OFFICE, {"void_reason": "twice"})],
}


@pytest.fixture(scope="module")
def engine() -> Iterator[duban.Engine]:
    made = duban.connect("memory://", virtual=NOW, seed=1)
    made.apply(str(ROOT / "workflows"))
    organisation = made.library().organisation
    assert organisation is not None
    directory, day = made.directory(), NOW.date()
    for holder in organisation.holders:
        if any(row.person == holder.person for row in directory.holders(holder.post, day)):
            _HOLDERS[holder.post] = holder.person
    yield made
    made.close()


@pytest.fixture(scope="module")
def cases(engine: duban.Engine) -> dict[str, duban.Case]:
    """One case in each state."""
    agency = next(u for u in engine.directory().unit_ids if _kind(engine, u) == "agency")
    reached = {}
    for state, script in SCRIPTS.items():
        case = engine.open("hazard", unit="school-001", actor=_who(SCHOOL), data=OPENING)
        for trigger, post, data in script:
            given = {**data, "agency": agency} if "agency" in data else data
            case = engine.fire(case.id, trigger, actor=_who(post), data=given)
        assert case.state == state
        reached[state] = case
    return reached


OPENING: dict[str, object] = {
    "title": "lamp", "category": "fire", "point": "hall", "source": "self_check"
}  # fmt: skip


def _kind(engine: duban.Engine, unit: str) -> str:
    row = engine.directory().unit(unit, NOW.date())
    assert row is not None
    return row.kind


def _everybody() -> list[duban.Actor]:
    """One in each kind of post near and far, a stranger, and some who claim what is not theirs."""
    posts = [
        SCHOOL, "school-001/safety_officer", "school-100/principal", CENTRE, "centre-1/director",
        "centre-2/director", OFFICE, "safety-office/chief", DIRECTOR, "commission/deputy",
        "commission/inspector", "finance/chief", "basic-education/officer",
    ]  # fmt: skip
    claims = [
        duban.Actor(person="nobody"),
        duban.Actor(person="nobody", post=OFFICE),
        duban.Actor(person=_HOLDERS["school-100/principal"], post=SCHOOL),
        duban.Actor(person="nobody", post=OFFICE, on_behalf_of=_HOLDERS[OFFICE]),
        duban.Actor(person="system:timer"),
        duban.Actor(person="system:timer", post=OFFICE, authenticated_by="engine"),
    ]
    return [*(_who(post) for post in posts if post in _HOLDERS), *claims]


def test_the_scripts_reach_every_state_of_the_definition(
    engine: duban.Engine, cases: dict[str, duban.Case]
) -> None:
    assert set(cases) == set(engine.library().workflow("hazard").states)


@pytest.mark.parametrize("state", list(SCRIPTS))
def test_without_the_role_every_trigger_is_refused_and_no_row_is_written(
    engine: duban.Engine, cases: dict[str, duban.Case], state: str
) -> None:
    case = cases[state]
    workflow = engine.library().workflow("hazard")
    final = workflow.states[state].final
    possible = {
        transition.trigger
        for transition in workflow.transitions
        if transition.trigger
        and (state in transition.source or ("*" in transition.source and not final))
    }
    before, tally = engine.history(case.id), engine.tally()
    refused: dict[str, int] = dict.fromkeys(possible, 0)
    for actor in _everybody():
        verdicts = {v.trigger: v for v in engine.explain(case.id, actor=actor).verdicts}
        for trigger in possible:
            codes = [reason.code for reason in verdicts[trigger].reasons]
            if "RULE-002" not in codes:
                continue
            data = dict.fromkeys(verdicts[trigger].missing, "x")
            with pytest.raises((duban.TransitionRefused, duban.BadInput)):
                engine.fire(case.id, trigger, actor=actor, data=data)
            with pytest.raises(duban.TransitionRefused) as error:
                engine.fire(case.id, trigger, actor=actor)
            assert error.value.reasons
            refused[trigger] += 1
    assert all(refused.values()), refused
    assert engine.history(case.id) == before
    assert engine.tally() == tally


def test_strangers_and_false_claims_are_refused_everywhere(
    engine: duban.Engine, cases: dict[str, duban.Case]
) -> None:
    tally = engine.tally()
    for actor in _everybody()[-6:]:
        for case in cases.values():
            for verdict in engine.explain(case.id, actor=actor).verdicts:
                assert not verdict.allowed, (actor, case.state, verdict.trigger)
        with pytest.raises(duban.TransitionRefused, match="RULE-002"):
            engine.open("hazard", unit="school-001", actor=actor, data=OPENING)
    assert engine.tally() == tally


def test_nobody_verifies_what_they_reported(
    engine: duban.Engine, cases: dict[str, duban.Case]
) -> None:
    case = cases["reported"]
    both = duban.Actor(person=_HOLDERS[CENTRE], post=CENTRE, on_behalf_of=_HOLDERS[SCHOOL])
    with pytest.raises(duban.TransitionRefused, match="another person"):
        engine.fire(case.id, "verify_passed", actor=both, data={"opinion": "good"})


def test_opening_has_roles_like_any_transition(engine: duban.Engine) -> None:
    workflow = engine.library().workflow("hazard")
    (opening,) = [t for t in workflow.transitions if t.trigger == OPEN]
    assert opening.source == [NEW]
    assert opening.by
    far = _who("school-100/principal")
    with pytest.raises(duban.TransitionRefused, match="needs role finder"):
        engine.open("hazard", unit="school-001", actor=far, data=OPENING)
