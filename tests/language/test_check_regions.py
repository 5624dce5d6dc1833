"""Faults of regions and signatures, each at its line."""

from __future__ import annotations

import pytest
from worlds import define, library

from duban.engine.definition.check import check
from duban.engine.errors import Fault, InvalidDefinition

SOUND = """\
workflow: site
roles: {owner: {post: principal}, head: {post: head, of: up}}
states:
  a: {}
  b: {}
  shut: {final: true}
  free: {region: seal, initial: true}
  sealed: {region: seal, forbids: [close]}
transitions:
  - {trigger: open, source: new, dest: a, by: anyone}
  - {trigger: go, source: a, dest: b, by: [owner]}
  - {trigger: close, source: '*', dest: shut, by: [owner, head], everyone: true}
  - {trigger: seal, source: free, dest: sealed, by: [head], quorum: 2}
  - {trigger: unseal, source: sealed, dest: free, by: [head], then: [{strike: seal}]}
  - {trigger: look, source: [a, sealed], dest: =, by: anyone}
deadlines:
  lift: {owner: head, runs_in: [sealed], limit: 5 workdays, again: anew}
"""


def faults(text: str) -> list[Fault]:
    try:
        check([define(text)], library(text))
    except InvalidDefinition as error:
        return list(error.faults)
    return []


def test_the_sound_one_is_sound() -> None:
    assert faults(SOUND) == []


@pytest.mark.parametrize(
    ("old", "new", "codes"),
    [
        ("region: seal, initial: true", "region: seal", ["DEF-080"]),
        ("forbids: [close]}", "initial: true}", ["DEF-080"]),
        ("a: {}", "a: {initial: true}", ["DEF-081"]),
        ("source: a, dest: b", "source: a, dest: sealed", ["DEF-082"]),
        ("source: free, dest: sealed", "source: [free, a], dest: sealed", ["DEF-082"]),
        ("source: new, dest: a", "source: new, dest: free", ["DEF-082"]),
        ("by: [owner, head], everyone: true", "everyone: true", ["DEF-083"]),
        ("by: [head], quorum: 2", "by: [head], quorum: 2, everyone: true", ["DEF-084"]),
        ("by: [owner, head], everyone: true", "by: anyone, everyone: true", ["DEF-084"]),
        ("quorum: 2", "quorum: 1", ["DEF-085"]),
        ("strike: seal", "strike: open", ["DEF-086"]),
        ("strike: seal", "strike: sael", ["DEF-035"]),
        ("source: a, dest: b, by", "source: a, by", ["DEF-024"]),
        ("source: sealed, dest: free", "source: [sealed, free], dest: sealed", []),
        (", again: anew", "", ["DEF-057"]),
        ("source: '*', dest: shut", "source: a, dest: shut", ["DEF-025"]),
        ("sealed: {", "gone: {region: seal, final: true}\n  sealed: {", ["DEF-025", "DEF-024", "DEF-025"]),
    ],
)  # fmt: skip
def test_a_fault_has_its_code_and_is_told_in_two_languages(
    old: str, new: str, codes: list[str]
) -> None:
    assert old in SOUND
    found = faults(SOUND.replace(old, new))
    assert [fault.code for fault in found] == codes
    assert all(fault.en and fault.zh and fault.en != fault.zh for fault in found)


def test_a_region_from_which_no_end_can_be_reached_is_told_where_it_has_one() -> None:
    text = SOUND.replace(
        "  sealed: {", "  gone: {region: seal, final: true}\n  stuck: {region: seal}\n  sealed: {"
    ).replace(
        "deadlines:",
        "  - {trigger: lose, source: free, dest: gone, by: [head]}\n"
        "  - {trigger: jam, source: sealed, dest: stuck, by: [head]}\ndeadlines:",
    )
    found = faults(text)
    assert [(fault.code, fault.place.line) for fault in found] == [("DEF-025", 9)]
