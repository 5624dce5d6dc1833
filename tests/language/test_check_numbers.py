"""Serials, fan-out and personal values: what is wrong with them is said when they are loaded."""

from __future__ import annotations

from textwrap import dedent

import pytest
from worlds import define

from duban.engine.definition.check import check
from duban.engine.definition.library import EMPTY
from duban.engine.errors import Fault, InvalidDefinition


def faults(*texts: str) -> list[Fault]:
    try:
        definitions = [define(text) for text in texts]
        check(definitions, EMPTY.with_definitions(definitions))
    except InvalidDefinition as error:
        return list(error.faults)
    return []


def order(
    serial: str = "{type: serial, format: '{n}'}", asks: str = "[kind]", then: str = ""
) -> str:
    return dedent(f"""\
        workflow: order
        fields:
          number: {serial}
          kind: {{type: choice, choices: {{a: A}}}}
          day: date
          who: {{type: text, personal: true}}
          people: {{type: list, of: text, personal: true}}
          words: text
          units: {{type: list, of: unit}}
        states: {{draft: {{}}, issued: {{final: true}}}}
        transitions:
          - {{trigger: open, source: new, dest: draft, by: anyone, asks: {asks}}}
          - trigger: sign
            source: draft
            dest: issued
            by: anyone
            asks: {{why: {{type: text, personal: true}}}}
            then: [{then}]
          - {{trigger: jot, source: draft, by: anyone, asks: [words, who]}}
    """)


@pytest.mark.parametrize(
    ("serial", "code"),
    [
        ("{type: serial, format: '〔{year}〕{n}号', per: [year, unit, kind, campaign]}", None),
        ("{type: serial, format: '{month:02}{n:04}{case.kind}{case.unit}{unit}'}", None),
        ("serial", "DEF-095"),
        ("{type: serial, format: 'No. 7'}", "DEF-095"),
        ("{type: text, format: '{n}'}", "DEF-095"),
        ("{type: text, per: year}", "DEF-095"),
        ("{type: serial, format: '{n}{kind}'}", "DEF-096"),
        ("{type: serial, format: '{n}{case.kynd}'}", "DEF-096"),
        ("{type: serial, format: '{n}{unit:04}'}", "DEF-096"),
        ("{type: serial, format: '{n}', per: week}", "DEF-097"),
        ("{type: serial, format: '{n}', per: units}", "DEF-097"),
        ("{type: serial, format: '{n}', per: who}", "DEF-098"),
        ("{type: serial, format: '{n}{case.who}'}", "DEF-098"),
        ("{type: serial, format: '{n}', personal: true}", "DEF-098"),
    ],
)  # fmt: skip
def test_a_serial_is_checked(serial: str, code: str | None) -> None:
    found = faults(order(serial))
    assert [fault.code for fault in found] == ([code] if code else [])
    assert all(fault.place.line == 3 for fault in found)


@pytest.mark.parametrize("asks", ["[number]", "[{no: {type: serial, format: '{n}'}}]"])
def test_nobody_is_asked_for_a_number(asks: str) -> None:
    assert [fault.code for fault in faults(order(asks=asks))] == ["DEF-099"]


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        ("{issue: number}", None),
        ("{issue: words}", "DEF-037"),
        ("{issue: numbr}", "DEF-037"),
        ("{set: {number: \"'7'\"}}", "DEF-099"),
        ("{issue: number, set: {words: \"'7'\"}}", "DEF-048"),
        ("{open: order, each: units, unit: item}", None),
        ("{open: order, each: case.units, unit: item}", None),
        ("{open: order, each: {kind: school, under: case.unit}, unit: item}", None),
        ("{open: order, each: {kind: school, under: case.units}, unit: item}", "DEF-032"),
        ("{open: order, each: {kynd: school}, unit: item}", "DEF-012"),
        ("{open: order, each: schools, unit: item}", "DEF-110"),
        ("{open: order, each: words, unit: item}", "DEF-110"),
        ("{open: order, each: fact.units, unit: item}", "DEF-110"),
    ],
)
def test_effects_name_what_is_there(effect: str, code: str | None) -> None:
    assert [fault.code for fault in faults(order(then=effect))] == ([code] if code else [])


CAMPAIGN = """\
campaign: drive
begins: 2026-01-01
uses: [order]
groups: {schools: {kind: [school]}}
"""


def test_a_group_is_known_when_each_campaign_of_the_workflow_has_it() -> None:
    effect = "{open: order, each: schools, unit: item}"
    assert faults(order(then=effect), CAMPAIGN) == []
    bare = CAMPAIGN.replace("drive", "other").replace("schools", "centres")
    found = faults(order(then=effect), CAMPAIGN, bare)
    assert [fault.code for fault in found] == ["DEF-110"]


OTHER = """\
workflow: other
fields: {title: text, person: {type: text, personal: true}}
states: {a: {}, b: {final: true}}
transitions:
  - trigger: open
    source: new
    dest: a
    by: anyone
    asks: [title, person, {note: text}, {secret: {type: text, personal: true}}]
  - {trigger: tell, source: a, dest: b, by: anyone, asks: [title, person]}
"""


@pytest.mark.parametrize(
    ("effect", "wrong"),
    [
        ("{open: other, with: {title: case.words}}", None),
        ("{open: other, with: {person: case.who}}", None),
        ("{open: other, with: {secret: case.who}}", None),
        (
            "{open: other, with: {title: case.who}}",
            "'who' is personal and 'title' of 'other' is not",
        ),
        ("{open: other, with: {note: case.who + '!'}}", "'who' is personal and 'note' of 'other'"),
        ("{open: other, with: {title: input.why}}", "'why' is personal and 'title' of 'other'"),
        ("{open: other, each: people, with: {title: item}}", "'item' is personal and 'title'"),
        ("{open: other, each: people, with: {person: item}}", None),
        ("{fire: tell, on: children, with: {title: case.who}}", "'who' is personal and 'title'"),
        ("{fire: tell, on: children, with: {person: case.who}}", None),
        (
            "{fire: jot, on: this, with: {words: case.who}}",
            "'who' is personal and 'words' of 'order'",
        ),
        ("{fire: jot, on: this, with: {who: case.who}}", None),
        ("{set: {words: case.who}}", "'who' is personal and 'words' is not"),
        ("{set: {words: input.why}}", "'why' is personal and 'words' is not"),
        ("{set: {who: input.why}}", None),
    ],
)
def test_a_personal_value_stays_where_it_can_be_erased(effect: str, wrong: str | None) -> None:
    found = faults(order(then=effect), OTHER)
    assert [fault.code for fault in found] == (["DEF-065"] if wrong else [])
    assert all(wrong in fault.en and fault.place.line == 18 for fault in found if wrong)


def test_a_rung_does_not_carry_a_personal_value_away_either() -> None:
    ladder = """\
    ladder: steps
    rungs:
      - {rung: late, at: due, then: [{open: other, with: {title: case.who}}]}
    """
    deadline = """\
    roles: {own: {post: head}}
    deadlines: {d: {owner: own, runs_in: draft, limit: 1 days, ladder: steps}}
    """
    found = faults(order() + dedent(deadline), OTHER, dedent(ladder))
    assert [(fault.code, fault.place.line) for fault in found] == [("DEF-065", 3)]


def test_only_an_automatic_transition_has_a_name() -> None:
    row = "  - {trigger: x, name: y, source: draft, by: anyone}\n"
    assert [fault.code for fault in faults(order() + row)] == ["DEF-114"]
    automatic = "  - {when: given.kind, name: y, source: draft, dest: issued}\n"
    assert faults(order() + automatic) == []
