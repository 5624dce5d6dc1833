"""`transitions` is the semantics: the compiled table does what its machine does, on any machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from worlds import CASE, PAUL, local, world

from duban.engine.core.decide import decide_fire
from duban.engine.core.judge import Judge
from duban.engine.definition.compile import compile_rules
from duban.engine.definition.faults import SourceMap
from duban.engine.definition.library import EMPTY
from duban.engine.definition.machine import NEW, Candidate, Machine
from duban.engine.definition.published import Definition
from duban.engine.definition.semantics import build
from duban.engine.definition.workflow import Workflow
from duban.engine.errors import TransitionRefused
from duban.engine.values.case import Case
from duban.engine.values.command import Fire

STATES = ["s0", "s1", "s2", "s3", "s4", "s5"]
TRIGGERS = ["t0", "t1", "t2", "t3"]


@dataclass(frozen=True)
class Drawn:
    """A machine with its candidates, and the truth of each of its conditions."""

    machine: Machine
    candidates: tuple[Candidate, ...]
    truth: Mapping[str, bool]


def compiled(model: Mapping[str, Any]) -> tuple[Machine, tuple[Candidate, ...]]:
    definition = Definition("workflow", "drawn", Workflow.model_validate(model), SourceMap("drawn"))
    library = EMPTY.with_definitions([definition])
    machine = compile_rules(library.rules("drawn", None, None))
    found = {c.index: c for row in machine.table.values() for c in row}
    return machine, tuple(found[index] for index in sorted(found))


@st.composite
def transition(draw: st.DrawFn, states: list[str], triggers: list[str]) -> dict[str, Any]:
    some = st.lists(st.sampled_from(states), min_size=1, max_size=3, unique=True)
    row: dict[str, Any] = {
        "trigger": draw(st.sampled_from(triggers)),
        "source": draw(st.one_of(st.just("*"), st.sampled_from(states), some)),
        "by": "anyone",
        "conditions": [None] * draw(st.integers(0, 2)),
        "unless": [None] * draw(st.integers(0, 2)),
        "reopen": True,
    }
    dest = draw(st.one_of(st.none(), st.just("="), st.sampled_from(states)))
    return row if dest is None else {**row, "dest": dest}


@st.composite
def machines(draw: st.DrawFn) -> Drawn:
    states = STATES[: draw(st.integers(2, 6))]
    triggers = TRIGGERS[: draw(st.integers(1, 4))]
    rows = draw(st.lists(transition(states, triggers), min_size=1, max_size=12))
    flags: list[str] = []
    for row in rows:
        for kind in ("conditions", "unless"):
            flags += (names := [f"f{len(flags) + n}" for n in range(len(row[kind]))])
            row[kind] = [f"case.{name}" for name in names]
    final = draw(st.sets(st.sampled_from(states), max_size=2))
    opening = {"trigger": "open", "source": "new", "dest": "s0", "by": "anyone"}
    machine, candidates = compiled(
        {
            "workflow": "drawn",
            "fields": dict.fromkeys(flags, "flag"),
            "states": {name: {"final": name in final} for name in states},
            "transitions": [opening, *rows],
        }
    )
    truth = {name: draw(st.booleans()) for name in flags}
    return Drawn(machine, candidates, truth)


def oracle(drawn: Drawn) -> Any:
    """Return `transitions` itself, asking the truth of our conditions."""
    by_index = {candidate.index: candidate for candidate in drawn.candidates}

    def answer(which: str, index: int) -> bool:
        kind, number = which.split(".")
        expression = getattr(by_index[index], kind)[int(number)]
        return drawn.truth[expression.source.removeprefix("case.")]

    return build(drawn.machine.workflow.regions.states, drawn.candidates, answer)


def case_in(drawn: Drawn, state: str) -> Case:
    moment = local("2021-03-01T09:00")
    return Case(
        id=CASE,
        workflow="drawn",
        rules=drawn.machine.rules,
        unit="school",
        states=(state,),
        data=dict(drawn.truth),
        head="00" * 32,
        opened=moment,
        changed=moment,
    )


def fired(drawn: Drawn, case: Case, trigger: str) -> tuple[int, Case] | None:
    """Return the number of the transition that our engine took, and the case after it."""
    command = Fire(case=CASE, trigger=trigger, actor=PAUL)
    try:
        decision = decide_fire(drawn.machine, case, command, world("2021-03-02"))
    except TransitionRefused:
        return None
    rule = str(decision.entries[0].body["rule"])
    return int(rule.removeprefix("transitions.")), decision.case


@given(machines())
def test_from_every_state_every_trigger_takes_the_transition_that_transitions_takes(
    drawn: Drawn,
) -> None:
    ask = oracle(drawn)
    for state in drawn.machine.states:
        for trigger in drawn.machine.triggers:
            ours = fired(drawn, case_in(drawn, state), trigger)
            assert (ours and (ours[0], ours[1].state)) == ask(state, trigger)


@given(machines(), st.lists(st.sampled_from(TRIGGERS), max_size=12))
def test_whole_sequences_of_triggers_end_where_transitions_ends(
    drawn: Drawn, triggers: list[str]
) -> None:
    ask = oracle(drawn)
    state, case = "s0", case_in(drawn, "s0")
    for trigger in triggers:
        theirs = ask(state, trigger)
        ours = fired(drawn, case, trigger)
        assert (ours and (ours[0], ours[1].state)) == theirs
        if ours is not None and theirs is not None:
            state, case = theirs[1], ours[1]


@given(machines())
def test_explain_finds_the_same_transition_as_fire(drawn: Drawn) -> None:
    for state in drawn.machine.states:
        case = case_in(drawn, state)
        for trigger in drawn.machine.triggers:
            ours = fired(drawn, case, trigger)
            verdict = Judge(drawn.machine, case, PAUL, world("2021-03-02")).ask(trigger)
            assert verdict.allowed == (ours is not None)
            if ours is not None:
                assert verdict.candidate is not None
                assert verdict.candidate.index == ours[0]


@given(machines())
@example(
    Drawn(
        *compiled(
            {
                "workflow": "drawn",
                "states": {"s0": {}, "s1": {"final": True}},
                "transitions": [
                    {"trigger": "open", "source": "new", "dest": "s0", "by": "anyone"},
                    {"trigger": "t0", "source": ["*", "s0"], "dest": "s1", "by": "anyone"},
                ],
            }
        ),
        truth={},
    )
)
def test_a_wildcard_leaves_every_state_but_the_final_ones(drawn: Drawn) -> None:
    final = {name for name, state in drawn.machine.states.items() if state.final}
    for candidate in drawn.candidates:
        transition = drawn.machine.workflow.transitions[candidate.index]
        named = {source for source in transition.source if source != "*"}
        everywhere = set(drawn.machine.states) - final if "*" in transition.source else set()
        assert candidate.sources == named | everywhere
        assert NEW not in candidate.sources - named
