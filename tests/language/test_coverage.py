"""Coverage: every rung reaches somebody, today and on each day on which a post falls vacant."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import define, shipped

from duban.engine.definition.coverage import Staff, check_coverage
from duban.engine.definition.faults import Report
from duban.engine.definition.library import EMPTY, Library
from duban.engine.definition.workflow import Workflow
from duban.engine.errors import Fault
from duban.engine.values.directory import Directory, Holder, Unit, UnitKind

TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)
WORKFLOW = """\
workflow: fix
roles:
  owner: {post: clerk}
  chief: {post: head, of: up}
fields: {who: unit}
states: {a: {}, z: {final: true}}
transitions:
  - {trigger: open, source: new, dest: a, by: owner, asks: [who]}
  - {trigger: end, source: a, dest: z, by: owner}
deadlines: {d: {owner: owner, runs_in: a, limit: 5 workdays, ladder: steps}}
"""
LADDER = """\
ladder: steps
rungs:
  - {rung: urge, at: due, then: [{notify: owner}]}
  - {rung: tell, at: 3 workdays after, then: [{notify: [owner, chief]}]}
repeat: 5 workdays
"""
CAMPAIGN = "campaign: c\nbegins: 2026-01-01\nends: 2026-12-31\nuses: [fix]\n"


def organisation(*holders: str, units: str = "") -> str:
    return (
        "organisation: town\nzone: UTC\nkinds:\n"
        "  bureau: {title: B, posts: {head: H}, head: head}\n"
        "  desk: {title: D, posts: {head: H, clerk: C}, head: head}\nunits:\n"
        "  - {unit: bureau, kind: bureau, title: B}\n"
        "  - {unit: desk, kind: desk, title: D, parent: bureau}\n" + units + ("holders:\n" if holders else "")
        + "".join(f"  - {{post: {holder}}}\n" for holder in holders)
    )  # fmt: skip


def told(*texts: str, today: date = TODAY) -> list[Fault]:
    library = EMPTY.with_definitions([define(text) for text in texts])
    return said(library, today)


def said(library: Library, today: date) -> list[Fault]:
    report = Report({d.origin: d.source for d in library.definitions.values()})
    check_coverage(library, report, today)
    assert report.faults == []
    return report.warnings


FULL = ("bureau/head, person: bo", "desk/head, person: di", "desk/clerk, person: cy")


def test_where_everybody_is_there_nothing_is_said() -> None:
    assert told(WORKFLOW, LADDER, organisation(*FULL)) == []


def test_without_an_organisation_nothing_is_said() -> None:
    assert told(WORKFLOW, LADDER) == []


def test_a_post_that_falls_vacant_is_told_with_its_day_and_climbs() -> None:
    people = (*FULL[:2], "desk/clerk, person: cy, to: 2026-06-30")
    (warning,) = told(WORKFLOW, LADDER, organisation(*people))
    assert warning.code == "DEF-196"
    assert "from 2026-07-01 nobody holds 1 post(s) that rungs tell: desk/clerk" in warning.en


def test_a_successor_leaves_no_hole() -> None:
    people = (
        *FULL[:2],
        "desk/clerk, person: cy, to: 2026-06-30",
        "desk/clerk, person: ed, from: 2026-07-01",
    )
    assert told(WORKFLOW, LADDER, organisation(*people)) == []


def test_a_rung_that_reaches_nobody_is_told_from_the_day_on_which_the_last_goes() -> None:
    people = (
        "bureau/head, person: bo, to: 2026-09-30",
        "desk/head, person: di, to: 2026-08-31",
        "desk/clerk, person: cy, to: 2026-06-30",
    )
    warnings = told(WORKFLOW, LADDER, organisation(*people))
    assert sorted(w.code for w in warnings) == ["DEF-195", "DEF-196", "DEF-196"]
    silent = next(w for w in warnings if w.code == "DEF-195")
    said_of_d = "from 2026-10-01 what 'd' tells by urge, tell reaches nobody for 1 unit(s): desk"
    assert silent.en == said_of_d


def test_who_comes_back_ends_the_hole() -> None:
    people = (
        "desk/clerk, person: cy, to: 2026-04-30",
        "desk/clerk, person: cy, from: 2026-06-01, to: 2026-07-31",
    )
    warnings = told(WORKFLOW, LADDER, organisation(*people))
    gaps = [w.en.split(" what")[0] for w in warnings if w.code == "DEF-195"]
    assert gaps == ["from 2026-05-01", "from 2026-08-01"]


def test_a_unit_that_comes_later_is_looked_at_from_then_on() -> None:
    later = "  - {unit: annex, kind: desk, title: A, parent: bureau, from: 2026-09-01}\n"
    (warning,) = told(WORKFLOW, LADDER, organisation(*FULL, units=later))
    assert "from 2026-09-01 nobody holds 1 post(s) that rungs tell: annex/clerk" in warning.en


def test_what_lies_after_the_campaign_is_not_looked_at() -> None:
    people = (*FULL[:2], "desk/clerk, person: cy, to: 2027-06-30")
    assert told(WORKFLOW, LADDER, CAMPAIGN, organisation(*people)) == []
    assert told(WORKFLOW, LADDER, CAMPAIGN, organisation(), today=date(2027, 1, 1)) == []
    assert told(WORKFLOW, LADDER, organisation(*people)) != []


def test_the_roles_of_the_campaign_count() -> None:
    nobody = (
        CAMPAIGN + "roles: {owner: {post: clerk, of: bureau}, chief: {post: clerk, of: bureau}}\n"
    )
    opened = WORKFLOW.replace("dest: a, by: owner", "dest: a, by: anyone")
    warnings = told(opened, LADDER, nobody, organisation(*FULL))
    assert [w.code for w in warnings] == ["DEF-195"]
    assert (
        "today what 'd' tells by urge, tell reaches nobody in c for 2 unit(s): bureau, desk"
        in warnings[0].en
    )


def test_who_is_known_to_the_case_alone_is_trusted() -> None:
    asked = WORKFLOW.replace("chief: {post: head, of: up}", "chief: {post: head, of: case.who}")
    warnings = told(
        asked.replace("{post: clerk}", "{post: head, of: case.who}"), LADDER, organisation()
    )
    assert warnings == []


@given(
    st.lists(st.tuples(st.integers(-20, 40), st.integers(0, 30)), max_size=5),
    st.lists(st.tuples(st.integers(-20, 40), st.integers(0, 30)), max_size=5),
)
def test_stretches_are_the_days_on_which_the_directory_finds_nobody(
    clerks: list[tuple[int, int]], heads: list[tuple[int, int]]
) -> None:
    terms = [("desk/clerk", term) for term in clerks] + [("desk/head", term) for term in heads]
    directory = Directory(
        kinds={"desk": UnitKind(posts={"head": {}, "clerk": {}}, head="head")},
        units=[Unit(id="desk", kind="desk", title={})],
        holders=[
            Holder(post=post, person="p", begins=TODAY + DAY * begins, ends=TODAY + DAY * (begins + length))
            for post, (begins, length) in terms
        ],
    )  # fmt: skip
    staff = Staff(directory, TODAY, date.max)
    for offset in range(90):
        day = TODAY + DAY * offset
        silent = any(first <= day <= last for first, last in staff.unheard("desk/clerk"))
        assert silent == (not directory.climb("desk/clerk", day)[1])


@pytest.mark.parametrize("workflows", [10])
def test_a_district_is_surveyed_in_a_moment(workflows: int) -> None:
    library = shipped()
    hazard = library.definitions["workflow", "hazard"]
    assert isinstance(hazard.model, Workflow)
    more = [
        replace(
            hazard,
            name=f"hazard{n}",
            model=hazard.model.model_copy(update={"workflow": f"hazard{n}"}),
        )
        for n in range(workflows)
    ]
    large = library.with_definitions(more)
    assert len(large.directory.unit_ids) > 180
    began = perf_counter()
    said(large, date(2021, 3, 1))
    assert perf_counter() - began < 2
