"""What is wrong with a definition is said when it is loaded: all of it, each with its code and place."""

from __future__ import annotations

from textwrap import dedent

import pytest
from worlds import define, shipped

from duban.engine.definition.check import check
from duban.engine.definition.library import EMPTY
from duban.engine.errors import Fault, InvalidDefinition

SOUND = """\
workflow: thing
roles: {owner: {post: principal}}
fields: {title: text, n: number, units: {type: list, of: unit}}
states: {a: {}, b: {}, end: {final: true}}
deadlines:
  fix: {owner: owner, runs_in: a, limit: 5 workdays, again: anew, ladder: steps}
facts: {others: {count: thing, of: unit}}
transitions:
  - {trigger: open, source: new, dest: a, by: [owner], asks: [title, n]}
  - {trigger: go, source: a, dest: b, by: [owner]}
  - {trigger: back, source: b, dest: a, by: [owner]}
  - {trigger: finish, source: '*', dest: end, by: anyone}
"""
LADDER = """\
ladder: steps
rungs:
  - {rung: remind, at: 3 workdays before, then: [{notify: owner}]}
  - {rung: urge, at: due, then: [{notify: owner}]}
  - {rung: warn, at: 5 days after}
"""


def faults(*texts: str) -> list[Fault]:
    try:
        definitions = [define(text) for text in texts]
        check(definitions, EMPTY.with_definitions(definitions))
    except InvalidDefinition as error:
        return list(error.faults)
    return []


def codes(*texts: str) -> list[str]:
    return [fault.code for fault in faults(*texts)]


def with_row(row: str) -> str:
    return SOUND + f"  - {row}\n"


def changed(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new)


def test_a_sound_definition_has_no_faults() -> None:
    assert faults(SOUND, LADDER) == []


def test_everything_that_ships_is_sound() -> None:
    library = shipped()
    check(list(library.definitions.values()), library)


ROWS = [
    # names that are not known
    ("{trigger: x, source: aa, dest: b, by: anyone}", "DEF-020"),
    ("{trigger: x, source: a, dest: bb, by: anyone}", "DEF-020"),
    ("{trigger: x, source: a, by: [ovner]}", "DEF-033"),
    ("{trigger: x, source: a, by: anyone, not_by: [goo]}", "DEF-035"),
    ("{trigger: x, source: a, by: anyone, asks: [titel]}", "DEF-037"),
    ("{trigger: x, source: a, by: anyone, requires: [titel]}", "DEF-037"),
    ("{trigger: x, source: a, by: anyone, asks: {title: text}}", "DEF-038"),
    ("{trigger: x, source: a, by: anyone, then: [{set: {titel: \"'x'\"}}]}", "DEF-037"),
    ("{trigger: x, source: a, by: anyone, then: [{notify: ovner}]}", "DEF-033"),
    ("{trigger: x, source: a, by: anyone, then: [{open: thingy}]}", "DEF-039"),
    ("{trigger: x, source: a, by: anyone, then: [{extend: fiks, by: days(1)}]}", "DEF-029"),
    ("{trigger: x, source: a, by: anyone, then: [{stop: fiks}]}", "DEF-029"),
    ("{trigger: x, source: a, by: anyone, then: [{hand_over: ovner, to: case.unit}]}", "DEF-033"),
    ("{trigger: x, source: a, by: anyone, then: [{fire: goo, on: this}]}", "DEF-035"),
    ("{trigger: x, source: a, by: anyone, then: [{notify: owner, each: case.title}]}", "DEF-110"),
    ("{trigger: x, source: a, by: anyone, then: [{notify: owner, text: '{case.titel}'}]}", "DEF-060"),
    # what opens, ends, and can never be
    ("{trigger: open, source: a, dest: b, by: anyone}", "DEF-023"),
    ("{trigger: x, source: new, dest: a, by: anyone}", "DEF-023"),
    ("{trigger: x, source: end, dest: a, by: anyone}", "DEF-026"),
    ("{trigger: go, source: a, dest: end, by: anyone}", "DEF-022"),
    ("{trigger: finish, source: a, dest: b, by: anyone}", "DEF-022"),
    # expressions
    ("{trigger: x, source: a, by: anyone, conditions: os.system}", "DEF-032"),
    ("{trigger: x, source: a, by: anyone, conditions: \"os.system('id')\"}", "DEF-032"),
    ("{trigger: x, source: a, by: anyone, conditions: case.titel == 'x'}", "DEF-032"),
    ("{trigger: x, source: a, by: anyone, conditions: case.title}", "DEF-032"),
    ("{trigger: x, source: a, by: anyone, unless: input.word == 'x'}", "DEF-032"),
    ("{when: case.n, source: a, dest: b}", "DEF-032"),
    ("{trigger: x, source: a, by: anyone, then: [{set: {n: \"'x'\"}}]}", "DEF-032"),
    ("{trigger: x, source: a, by: anyone, then: [{extend: fix, by: case.n}]}", "DEF-032"),
    # shapes
    ("{source: a, dest: b, by: anyone}", "DEF-051"),
    ("{trigger: x, when: is.a, source: a, dest: b}", "DEF-051"),
    ("{when: is.a, source: a, dest: b, by: anyone}", "DEF-052"),
    ("{trigger: x, source: a, by: anyone, everyone: true}", "DEF-084"),
    ("{when: is.a, source: a, dest: b, quorum: 2}", "DEF-083"),
    ("{trigger: x, source: a, by: owner, quorum: 1}", "DEF-085"),
    ("{trigger: x, source: a, by: anyone, then: [{issue: title}]}", "DEF-037"),
    ("{trigger: x, source: a, by: anyone, then: [{notify: owner, open: thing}]}", "DEF-048"),
    ("{trigger: x, source: a, by: anyone, then: [{when: is.a}]}", "DEF-048"),
    ("{trigger: x, source: a, by: anyone, then: [{extend: fix}]}", "DEF-049"),
    ("{trigger: x, source: a, by: anyone, then: [{fire: go}]}", "DEF-049"),
    # what the library would take for its own
    ("{trigger: to_closed, source: a, by: anyone}", "DEF-034"),
    ("{trigger: may_go, source: a, by: anyone}", "DEF-034"),
    ("{trigger: is_a, source: a, by: anyone}", "DEF-034"),
    ("{trigger: trigger, source: a, by: anyone}", "DEF-034"),
    ("{trigger: state, source: a, by: anyone}", "DEF-034"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "code"), ROWS)
def test_a_wrong_transition_is_told_at_its_line(row: str, code: str) -> None:
    found = faults(with_row(row), LADDER)
    assert [fault.code for fault in found] == [code]
    assert found[0].place.line == SOUND.count("\n") + 1
    assert found[0].en
    assert found[0].zh


@pytest.mark.parametrize("trigger", ["__init__", "os.system", "Go", "go on", "1st", "审核", ""])
def test_a_trigger_is_a_plain_name(trigger: str) -> None:
    assert codes(with_row(f"{{trigger: '{trigger}', source: a, by: anyone}}"), LADDER)


@pytest.mark.parametrize("key", ["before", "after", "prepare", "on_enter", "callback"])
def test_a_callback_is_not_part_of_the_language(key: str) -> None:
    row = f"{{trigger: x, source: a, by: anyone, {key}: os.system}}"
    assert codes(with_row(row), LADDER) == ["DEF-012"]


WHOLE = [
    ("a: {}, b: {}", "a: {}, b: {}, c: {}", ["DEF-024"]),
    ("end: {final: true}}", "end: {final: true}, new: {}}", ["DEF-034"]),
    ("a: {}, b: {}", "a: {forbids: [goo]}, b: {}", ["DEF-035"]),
    ("title: text", "id: text, title: text", ["DEF-034"]),
    ("title: text", "is: {type: choice, choices: {x: X}}, title: text", ["DEF-034"]),
    ("title: text", "in: flag, title: text", ["DEF-034"]),
    ("title: text", "title: {type: choice}", ["DEF-044"]),
    ("title: text", "title: {type: list}", ["DEF-045"]),
    ("title: text", "title: {type: serial}", None),
    ("title: text", "g: {type: choice, choices: {x: {d: 1 day}, y: {}}}, title: text", ["DEF-046"]),
    ("{owner: {post: principal}}", "{owner: {of: case.unit}}", ["DEF-047"]),
    ("{owner: {post: principal}}", "{owner: {post: head, of: case.units, party: case.title}}", ["DEF-047"]),
    ("{owner: {post: principal}}", "{owner: {post: head, of: case.unitz}}", ["DEF-032"]),
    ("owner: owner", "owner: ovner", ["DEF-033"]),
    ("runs_in: a", "runs_in: aa", None),
    ("limit: 5 workdays", "limit: case.n", ["DEF-032"]),
    ("limit: 5 workdays", "limit: 5 weeks", ["DEF-032"]),
    ("limit: 5 workdays", "limit: 5 workdays, at_most: case.title", ["DEF-032"]),
    ("limit: 5 workdays", "limit: 5 workdays, starts: case.n", ["DEF-032"]),
    ("limit: 5 workdays", "limit: 5 workdays, follows: [nn]", ["DEF-037"]),
    ("limit: 5 workdays", "limit: 5 workdays, grace: soon", ["DEF-041"]),
    ("limit: 5 workdays", "limit: due.fixx, follows: [due.fixx]", ["DEF-032", "DEF-090"]),
    ("limit: 5 workdays", "limit: campaign.end, follows: [campaign.ends]", ["DEF-090"]),
    ("limit: 5 workdays", "limit: campaign.end, follows: [fact.other]", ["DEF-090"]),
    ("limit: 5 workdays", "limit: due.fix, follows: [due.fix]", ["DEF-091"]),
    ("limit: 5 workdays", "limit: 5 workdays, follows: [campaign.end]", ["DEF-092"]),
    ("limit: 5 workdays", "limit: 5 workdays, extension: {request: goo}", ["DEF-035"]),
    ("limit: 5 workdays", "limit: 5 workdays, extension: {each: 5}", None),
    ("again: anew, ", "", ["DEF-057"]),
    ("ladder: steps", "ladder: stepz", ["DEF-028"]),
    ("count: thing", "count: thingy", ["DEF-039"]),
    ("count: thing", "count: thing, any: thing", ["DEF-053"]),
    ("count: thing", "sum: thing", ["DEF-071"]),
    ("by: anyone}", "by: anyone, reopenn: true}", ["DEF-012"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "expected"), WHOLE)
def test_what_does_not_fit_together_is_told_with_its_code(
    old: str, new: str, expected: list[str] | None
) -> None:
    found = codes(changed(old, new), LADDER)
    assert found
    assert expected is None or sorted(found) == expected


def test_deadlines_that_follow_one_another_around_are_told_each() -> None:
    around = """
  one: {owner: owner, runs_in: a, again: anew, limit: due.two, follows: [due.two]}
  two: {owner: owner, runs_in: a, again: anew, limit: due.three, follows: [due.three]}
  three: {owner: owner, runs_in: a, again: anew, limit: due.one, follows: [due.one]}
facts:"""
    found = faults(changed("\nfacts:", around), LADDER)
    assert [fault.code for fault in found] == ["DEF-091"] * 3
    assert "one → two → three → one" in found[0].text("en")


def test_what_a_deadline_may_follow_is_no_fault() -> None:
    follows = """
  one:
    owner: owner
    runs_in: a
    again: anew
    limit: first_of(due.fix, campaign.end)
    follows: [due.fix, campaign.end]
  two:
    owner: owner
    runs_in: a
    again: anew
    starts: phase.begin
    limit: days(fact.others)
    follows: [phase.begin, fact.others]
facts:"""
    assert faults(changed("\nfacts:", follows), LADDER) == []


def test_a_state_from_which_no_end_is_reached_is_told() -> None:
    trap = with_row("{trigger: trap, source: a, dest: c, by: anyone}").replace(
        "b: {}", "b: {}, c: {}"
    ).replace("source: '*'", "source: [a, b]")  # fmt: skip
    assert codes(trap, LADDER) == ["DEF-025"]


def test_a_wildcard_may_catch_what_others_left_and_never_reopens() -> None:
    assert codes(with_row("{trigger: go, source: '*', by: anyone}"), LADDER) == []
    assert codes(with_row("{trigger: go, source: [a, '*'], by: anyone}"), LADDER) == []
    assert codes(with_row("{trigger: finish, source: '*', dest: b, by: anyone}"), LADDER) == [
        "DEF-022"
    ]


def test_an_input_that_another_transition_asks_is_not_asked_here() -> None:
    asking = "{trigger: x, source: a, by: anyone, asks: {ok: flag}, conditions: input.ok}"
    using = "{trigger: y, source: a, by: anyone, conditions: input.ok}"
    assert codes(with_row(asking), LADDER) == []
    assert codes(with_row(asking) + f"  - {using}\n", LADDER) == ["DEF-036"]


@pytest.mark.parametrize(
    ("name", "near"), [("ovner", "did you mean 'owner'?"), ("zzz", "known: anyone, owner")]
)
def test_what_is_not_known_names_the_nearest_or_all(name: str, near: str) -> None:
    fault = faults(with_row(f"{{trigger: x, source: a, by: [{name}]}}"), LADDER)[0]
    assert near in fault.en


def test_every_fault_is_told_at_once_in_order_of_place() -> None:
    text = changed("ladder: steps", "ladder: stepz").replace("dest: b", "dest: bb")
    found = faults(text, LADDER)
    assert [fault.code for fault in found] == ["DEF-024", "DEF-028", "DEF-020"]
    assert [f.place for f in found] == sorted(f.place for f in found)


# ---- ladders and campaigns


@pytest.mark.parametrize(
    "offsets",
    [
        ["due", "3 days before"], ["1 day after", "due"], ["3 days before", "5 days before"],
        ["5 days after", "3 days after"], ["2 days after", "2 days after"], ["due", "due"],
    ],
)  # fmt: skip
def test_rungs_stand_in_order_of_time(offsets: list[str]) -> None:
    rungs = "".join(f"  - {{rung: r{n}, at: {at}}}\n" for n, at in enumerate(offsets))
    found = faults(SOUND, "ladder: steps\nrungs:\n" + rungs)
    assert [(fault.code, fault.place.line) for fault in found] == [("DEF-040", 4)]


@pytest.mark.parametrize("at", ["3 days", "-3 days before", "soon", "1:30", "0 weeks after"])
def test_a_place_that_is_none_is_told(at: str) -> None:
    assert codes(SOUND, LADDER.replace("at: due", f"at: '{at}'"))


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        ("{notify: boss}", "DEF-033"), ("{set: {titel: \"'x'\"}}", "DEF-037"),
        ("{extend: fiks, by: days(1)}", "DEF-029"), ("{fire: goo, on: this}", "DEF-035"),
        ("{open: thingy}", "DEF-039"), ("{notify: owner, when: case.titel == ''}", "DEF-032"),
    ],
)  # fmt: skip
def test_what_a_rung_does_must_fit_the_workflow_that_uses_the_ladder(
    effect: str, code: str
) -> None:
    ladder = LADDER.replace("5 days after}", f"5 days after, then: [{effect}]}}")
    assert [(f.code, f.place.line) for f in faults(SOUND, ladder)] == [(code, 5)]


def test_a_ladder_that_a_campaign_names_must_exist() -> None:
    campaign = dedent(
        """\
        campaign: drive
        begins: 2021-01-01
        uses: [thing]
        ladders: {thing: {fix: stepz}}
        """
    )
    assert codes(SOUND, LADDER, campaign) == ["DEF-028"]
    assert codes(SOUND, LADDER, campaign.replace("stepz", "steps")) == []
