"""`transitions` is the semantics: the compiled table does what its machine does, on any machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from worlds import CASE, PAUL, local, world

from duban.engine.core.decide import decide_fire, decide_open
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
from duban.engine.values.command import Fire, Open

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
def transition(draw: st.DrawFn, regions: list[list[str]], triggers: list[str]) -> dict[str, Any]:
    every = [state for states in regions for state in states]
    dest = draw(st.one_of(st.none(), st.just("="), st.sampled_from(every)))
    # What leads to a state leaves states of its region; what stays may stand in several.
    among = next((states for states in regions if dest in states), every)
    some = st.lists(st.sampled_from(among), min_size=1, max_size=3, unique=True)
    row: dict[str, Any] = {
        "trigger": draw(st.sampled_from(triggers)),
        "source": draw(st.one_of(st.just("*"), st.sampled_from(among), some)),
        "by": "anyone",
        "conditions": [None] * draw(st.integers(0, 2)),
        "unless": [None] * draw(st.integers(0, 2)),
        "reopen": True,
    }
    return row if dest is None else {**row, "dest": dest}


@st.composite
def machines(draw: st.DrawFn) -> Drawn:
    regions = [
        [f"s{region}_{number}" for number in range(draw(st.integers(2, 4)))]
        for region in range(draw(st.integers(1, 3)))
    ]
    triggers = TRIGGERS[: draw(st.integers(1, 4))]
    rows = draw(st.lists(transition(regions, triggers), min_size=1, max_size=12))
    flags: list[str] = []
    for row in rows:
        for kind in ("conditions", "unless"):
            flags += (names := [f"f{len(flags) + n}" for n in range(len(row[kind]))])
            row[kind] = [f"case.{name}" for name in names]
    every = [state for states in regions for state in states]
    final = draw(st.sets(st.sampled_from(every), max_size=3))
    opening = {"trigger": "open", "source": "new", "dest": "s0_0", "by": "anyone"}
    machine, candidates = compiled(
        {
            "workflow": "drawn",
            "fields": dict.fromkeys(flags, "flag"),
            "states": {
                name: {
                    "final": name in final,
                    "region": f"r{number}",
                    "initial": number > 0 and name == states[0],
                }
                for number, states in enumerate(regions)
                for name in states
            },
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


def everywhere(drawn: Drawn) -> Iterator[tuple[str, ...]]:
    """Yield every combination of states, one for each region."""
    return product(*drawn.machine.workflow.regions.states.values())


def case_in(drawn: Drawn, states: tuple[str, ...]) -> Case:
    moment = local("2021-03-01T09:00")
    return Case(
        id=CASE,
        workflow="drawn",
        rules=drawn.machine.rules,
        unit="school",
        states=states,
        data=dict(drawn.truth),
        head="00" * 32,
        opened=moment,
        changed=moment,
    )


def fired(drawn: Drawn, case: Case, trigger: str) -> tuple[list[int], Case] | None:
    """Return the numbers of the transitions that our engine took, and the case after them."""
    command = Fire(case=CASE, trigger=trigger, actor=PAUL)
    try:
        decision = decide_fire(drawn.machine, case, command, world("2021-03-02"))
    except TransitionRefused:
        return None
    assert len(decision.entries) == 1
    rule = str(decision.entries[0].body["rule"])
    return [int(r.removeprefix("transitions.")) for r in rule.split("+")], decision.case


def assert_same(ours: tuple[list[int], Case] | None, theirs: Any) -> None:
    """Both refuse, or both take the same transitions to the same states."""
    assert (ours is None) == (theirs is None)
    if ours is not None:
        assert ours[0] == list(dict.fromkeys(theirs[0]))
        assert ours[1].states == theirs[1]


@given(machines())
def test_from_every_state_every_trigger_takes_the_transition_that_transitions_takes(
    drawn: Drawn,
) -> None:
    ask = oracle(drawn)
    for states in everywhere(drawn):
        for trigger in drawn.machine.triggers:
            assert_same(fired(drawn, case_in(drawn, states), trigger), ask(states, trigger))


@given(machines(), st.lists(st.sampled_from(TRIGGERS), max_size=12))
def test_whole_sequences_of_triggers_end_where_transitions_ends(
    drawn: Drawn, triggers: list[str]
) -> None:
    ask = oracle(drawn)
    states = next(everywhere(drawn))
    case = case_in(drawn, states)
    for trigger in triggers:
        theirs = ask(states, trigger)
        ours = fired(drawn, case, trigger)
        assert_same(ours, theirs)
        if ours is not None and theirs is not None:
            states, case = theirs[1], ours[1]


@given(machines())
def test_explain_finds_the_same_transitions_as_fire(drawn: Drawn) -> None:
    for states in everywhere(drawn):
        case = case_in(drawn, states)
        for trigger in drawn.machine.triggers:
            ours = fired(drawn, case, trigger)
            verdict = Judge(drawn.machine, case, PAUL, world("2021-03-02")).ask(trigger)
            assert verdict.allowed == (ours is not None)
            if ours is not None:
                assert [candidate.index for candidate in verdict.candidates] == ours[0]


@given(machines())
def test_a_case_begins_in_the_first_state_of_each_region(drawn: Drawn) -> None:
    command = Open(workflow="drawn", unit="school", actor=PAUL)
    case = decide_open(drawn.machine, command, CASE, world("2021-03-02")).case
    assert case.states == next(everywhere(drawn))


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
def test_a_wildcard_leaves_every_state_of_its_region_but_the_final_ones(drawn: Drawn) -> None:
    workflow = drawn.machine.workflow
    final = {name for name, state in drawn.machine.states.items() if state.final}
    for candidate in drawn.candidates:
        transition = drawn.machine.workflow.transitions[candidate.index]
        named = {source for source in transition.source if source != "*"}
        region = workflow.regions.of(transition.dest or "") or workflow.regions.first
        spelt = set(workflow.regions.states[region]) - final if "*" in transition.source else set()
        assert candidate.sources == named | spelt
        assert NEW not in candidate.sources - named
