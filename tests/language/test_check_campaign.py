"""A campaign names workflows, settings, groups, units and ladders: each must be there."""

from __future__ import annotations

import pytest
from worlds import define, shipped

from duban.engine.definition.check import check
from duban.engine.errors import Fault, InvalidDefinition

SOUND = """\
campaign: drive
begins: 2026-01-01
ends: 2026-12-31
uses: [hazard, report]
groups: {schools: {kind: [school]}}
roles: {office: {post: head, of: safety-office}}
settings: {hazard: {general_repair: 10 workdays}}
ladders: {hazard: {repair: rectification}}
tasks: [{task: t1, title: One, leads: [safety-office]}]
duties:
  monthly: {each: schools, open: report, with: {kind: other, due: duty.due}, due: {every: month, day: 15}}
goals: {fixed: {of: hazard, where: {category: fire}, by: 2026-12-31, share: 90}}
registers: {problems: {title: P, of: hazard, columns: [title]}}
phases:
  - {phase: first, from: 2026-01-01, to: 2026-06-30, settings: {hazard: {major_repair: 40 workdays}}}
"""


def faults(text: str) -> list[Fault]:
    definition = define(text)
    try:
        check([definition], shipped().with_definitions([definition]))
    except InvalidDefinition as error:
        return list(error.faults)
    return []


def test_a_sound_campaign_has_no_faults() -> None:
    assert faults(SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "line", "said"),
    [
        ("[hazard, report]", "[hazrd, report]", "DEF-039", 4, "did you mean 'hazard'?"),
        ("roles: {office", "roles: {ofice", "DEF-033", 6, "did you mean 'office'?"),
        ("{general_repair", "{general_repiar", "DEF-030", 7, "did you mean 'general_repair'?"),
        ("10 workdays", "10", "DEF-176", 7, "is a span, such as 15 workdays; not 10"),
        ("{repair: rect", "{repare: rect", "DEF-029", 8, "did you mean 'repair'?"),
        ("repair: rectification", "repair: rectify", "DEF-028", 8, "did you mean"),
        ("leads: [safety-office]", "leads: [safety-ofice]", "DEF-063", 9, "'safety-office'?"),
        ("each: schools", "each: scools", "DEF-062", 11, "did you mean 'schools'?"),
        ("open: report", "open: reprot", "DEF-039", 11, "did you mean 'report'?"),
        ("with: {kind", "with: {kindd", "DEF-037", 11, "did you mean 'kind'?"),
        ("of: hazard, where", "of: hazad, where", "DEF-039", 12, "did you mean 'hazard'?"),
        ("{category: fire}", "{categry: fire}", "DEF-037", 12, "did you mean 'category'?"),
        ("of: hazard, columns", "of: hazzard, columns", "DEF-039", 13, "did you mean 'hazard'?"),
        ("{major_repair", "{minor_repair", "DEF-030", 15, "did you mean"),
        ("ends: 2026-12-31", "ends: 2025-12-31", "DEF-056", 3, "ends before it begins"),
    ],
)
def test_what_is_not_there_is_a_fault_at_its_line(
    old: str, new: str, code: str, line: int, said: str
) -> None:
    assert old in SOUND
    (fault,) = faults(SOUND.replace(old, new))
    assert (fault.code, fault.place.line) == (code, line)
    assert said in fault.en


def test_a_phase_in_a_file_of_its_own_names_a_campaign_that_is_there() -> None:
    (fault,) = faults("phase: late\ncampaign: fuling\nfrom: 2023-01-01\nto: 2023-12-31\n")
    assert fault.code == "DEF-064"
    assert "did you mean 'fuling-2020'?" in fault.en
