"""A case that looks at others moves by itself when they change: exactly once, and never too late."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import watchers
from hypothesis import given, settings
from hypothesis import strategies as st
from watchers import ANN

import duban
from duban.engine.core.standing import standing_id
from duban.engine.errors import DubanError

pytest_plugins = ["tiny_engines"]

Make = Callable[..., duban.Engine]

GROUP = """\
workflow: group
title: Group
states: {running: {}, half: {}, done: {final: true}}
fields: {wanted: number}
transitions:
  - trigger: open
    source: new
    dest: running
    by: anyone
    asks: [wanted]
    then:
      - {open: finding, unit: "'shop-1'", with: {level: "'two'"}}
      - {open: finding, unit: "'shop-3'", with: {level: "'two'"}}
  - {when: fact.done == 1, source: running, dest: half}
  - {when: fact.open == 0, source: [running, half], dest: done}
facts:
  open: {count: finding, of: children}
  done: {count: finding, of: children, counts: closed}
"""

# One summary for a village, however many houses were registered at once.
VILLAGE = """\
workflow: village
title: Village
standing: {kind: shop}
roles: {head: {post: head, of: up.base}}
fields: {told: number}
states: {watching: {}}
transitions:
  - {trigger: open, source: new, dest: watching, then: [{set: {told: '0'}}]}
  - when: fact.houses > case.told
    source: watching
    then:
      - {set: {told: fact.houses}}
      - {notify: [head], text: {en: '{case.told} in all', zh: '共{case.told}户'}}
facts:
  houses: {count: finding, of: unit, counts: any}
"""

ROLLING = """\
workflow: rolling
title: Rolling
standing: {kind: base}
fields: {warned: flag}
states: {calm: {}, warned: {}}
transitions:
  - {trigger: open, source: new, dest: calm}
  - {when: fact.burst >= 2, source: calm, dest: warned}
  - {trigger: calm_down, source: warned, dest: calm, by: anyone}
facts:
  burst: {most: finding, within: 3 months, of: below, counts: any, on: case.on}
"""

FOLLOWER = """\
workflow: follower
title: Follower
roles: {owner: {post: head, of: up.base}}
states: {waiting: {}, over: {final: true}}
transitions:
  - {trigger: open, source: new, dest: waiting, by: anyone}
  - {trigger: end, source: waiting, dest: over, by: anyone}
deadlines:
  act: {owner: owner, runs_in: [waiting], limit: 'after(fact.last, days(10))', follows: [fact.last]}
facts:
  last: {latest: finding.on, of: unit, on: case.on}
"""

PING = """\
workflow: ping
title: Ping
states: {a: {}, b: {}}
transitions:
  - {trigger: open, source: new, dest: a, by: anyone}
  - {when: fact.others_in_a > 0, source: a, dest: b}
  - {when: fact.others_in_a == 0, source: b, dest: a}
facts:
  others_in_a: {count: ping, of: all, states: [a], but_this: false}
"""


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make(address: str, tmp_path: Path) -> Iterator[Make]:
    made: list[duban.Engine] = []

    def start(**files: str) -> duban.Engine:
        made.append(watchers.engine(address, tmp_path / "defs", **files))
        return made[0]

    yield start
    for engine in made:
        assert engine.verify().holds
        engine.close()


def finding(engine: duban.Engine, unit: str = "shop-1", **data: object) -> duban.Case:
    return engine.open("finding", unit=unit, actor=ANN, data=data)


def certificate(engine: duban.Engine, unit: str) -> duban.Case:
    return engine.case(standing_id("certificate", unit, None))


def test_a_certificate_is_suspended_while_a_grave_finding_is_open_anywhere_below(
    make: Make,
) -> None:
    engine = make(certificate=watchers.CERTIFICATE)
    first = finding(engine, "shop-1", level="two")
    engine.sweep()
    assert certificate(engine, "base-1").state == "valid"
    engine.fire(first.id, "note", actor=ANN, data={"level": "one"})
    engine.sweep()
    assert certificate(engine, "base-1").state == "suspended"
    second = finding(engine, "shop-2", level="one")
    engine.fire(first.id, "close", actor=ANN)
    engine.sweep()
    assert certificate(engine, "base-1").state == "suspended"
    engine.fire(second.id, "close", actor=ANN)
    engine.sweep()
    assert certificate(engine, "base-1").state == "valid"
    kinds = [entry.kind for entry in engine.history(certificate(engine, "base-1").id)]
    assert kinds == ["open", "auto", "auto"]


def test_the_timer_is_who_moved_it(make: Make) -> None:
    engine = make(certificate=watchers.CERTIFICATE)
    finding(engine, "shop-1", level="one")
    engine.sweep()
    entry = engine.history(certificate(engine, "base-1").id)[-1]
    assert (entry.kind, entry.actor.is_timer) == ("auto", True)


def test_a_standing_case_is_opened_once_for_each_unit_when_first_needed(make: Make) -> None:
    engine = make(certificate=watchers.CERTIFICATE)
    assert engine.count(duban.Where(workflow="certificate")) == 0
    for unit in ("shop-1", "shop-2", "shop-1", "authority"):
        finding(engine, unit)
    engine.sweep()
    cases = engine.cases(duban.Where(workflow="certificate")).cases
    # Nothing stands for the authority: it is no base and below none.
    assert [case.unit for case in cases] == ["base-1"]


def test_nobody_opens_a_second_one(make: Make) -> None:
    named = watchers.CERTIFICATE.replace(
        "source: new, dest: valid", "source: new, dest: valid, by: anyone"
    )
    engine = make(certificate=named)
    opened = engine.open("certificate", unit="base-2", actor=ANN)
    assert opened.id == certificate(engine, "base-2").id
    with pytest.raises(DubanError, match="stands for base-2 already"):
        engine.open("certificate", unit="base-2", actor=ANN)


def test_a_group_closes_when_none_of_its_members_is_open(make: Make) -> None:
    engine = make(group=GROUP)
    group = engine.open("group", unit="base-1", actor=ANN)
    one, two = group.linked("children")
    engine.fire(one, "close", actor=ANN)
    engine.sweep()
    assert engine.case(group.id).state == "half"
    engine.fire(two, "close", actor=ANN)
    engine.sweep()
    assert engine.case(group.id).state == "done"


def test_one_summary_for_three_hundred_cases_imported_at_once(make: Make) -> None:
    engine = make(village=VILLAGE)
    opens = [duban.Open(workflow="finding", unit="shop-1", actor=ANN) for _ in range(300)]
    assert all(outcome.ok for outcome in engine.fire_many(opens))
    engine.sweep()
    village = standing_id("village", "shop-1", None)
    texts = [sent.notice.text for sent in engine.outbox(case_id=village)]
    assert engine.case(village).data["told"] == 300
    assert len(texts) <= 2
    assert engine.tally()["waiting"] == len(texts)


def test_two_within_three_months_in_one_organisation(make: Make) -> None:
    engine = make(rolling=ROLLING)
    rolling = standing_id("rolling", "base-1", None)
    finding(engine, "shop-1", on="2025-06-01")
    finding(engine, "shop-2", on="2025-09-02")
    engine.sweep()
    assert engine.case(rolling).state == "calm"
    finding(engine, "shop-1", on="2025-11-30")
    engine.sweep()
    assert engine.case(rolling).state == "warned"


def test_a_deadline_follows_an_event_of_another_case(make: Make) -> None:
    engine = make(follower=FOLLOWER)
    case = engine.open("follower", unit="shop-1", actor=ANN)
    assert case.clocks == {}
    finding(engine, on="2026-02-01")
    engine.sweep()
    due = engine.case(case.id).clocks["act"].due
    assert due is not None
    assert due.isoformat() == "2026-02-11T15:59:59.999999+00:00"
    finding(engine, on="2026-02-05")
    engine.sweep()
    moved = engine.case(case.id).clocks["act"].due
    assert moved is not None
    assert (moved - due).days == 4


def test_a_unit_that_moves_is_watched_by_whoever_is_above_it_then(
    make: Make, tmp_path: Path
) -> None:
    engine = make(certificate=watchers.CERTIFICATE)
    finding(engine, "shop-3", level="two")
    engine.sweep()
    moved = watchers.ORGANISATION.replace(
        "shop-1, kind: shop, title: 一车间, parent: base-1",
        "shop-1, kind: shop, title: 一车间, parent: base-2",
    )
    (tmp_path / "moved.yaml").write_text(moved, encoding="utf-8")
    finding(engine, "shop-1", level="one")
    engine.sweep()
    assert certificate(engine, "base-2").state == "valid"
    engine.apply(str(tmp_path / "moved.yaml"))
    engine.sweep()
    assert certificate(engine, "base-2").state == "suspended"


def test_cases_that_drive_one_another_for_ever_are_set_aside(make: Make) -> None:
    engine = make(ping=PING)
    case = engine.open("ping", unit="shop-1", actor=ANN)
    swept = engine.sweep()
    assert [aside for aside, _ in swept.aside] == [case.id]


def test_a_workflow_that_nobody_watches_wakes_nobody(make: Make) -> None:
    engine = make()
    case = finding(engine)
    engine.fire(case.id, "note", actor=ANN, data={"topic": "x"})
    assert engine.tally()["timers"] == 0


# ---- under any history

Step = tuple[str, int, str]
steps = st.lists(
    st.tuples(
        st.sampled_from(["open", "grave", "close", "drop", "sweep"]),
        st.integers(0, 5),
        st.sampled_from(["shop-1", "shop-2", "shop-3"]),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None)
@given(steps=steps)
def test_after_a_sweep_no_certificate_is_other_than_its_findings_say(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    folder = tmp_path_factory.mktemp("walk")
    engine = watchers.engine("memory://", folder, certificate=watchers.CERTIFICATE)
    findings: list[duban.Case] = []
    for what, number, unit in steps:
        _do(engine, findings, what, number, unit)
    engine.sweep()
    for base in ("base-1", "base-2"):
        below = {"base-1": ("shop-1", "shop-2"), "base-2": ("shop-3",)}[base]
        cases = [engine.case(f.id) for f in findings if f.unit in below]
        grave = any(c.counts == "open" and c.data.get("level") == "one" for c in cases)
        if cases:
            standing = certificate(engine, base)
            assert standing.state == ("suspended" if grave else "valid")
            moves = [e for e in engine.history(standing.id) if e.kind == "auto"]
            states = [move.body["moves"][0][2] for move in moves]
            assert all(one != other for one, other in pairwise(states))
    assert engine.verify().holds
    assert engine.sweep().entries == 0
    engine.close()


def _do(
    engine: duban.Engine, findings: list[duban.Case], what: str, number: int, unit: str
) -> None:
    if what == "sweep":
        engine.sweep()
    elif what == "open" or not findings:
        findings.append(finding(engine, unit, level="one" if number % 2 else "two"))
    else:
        case = findings[number % len(findings)]
        trigger = {"grave": "note"}.get(what, what)
        command = duban.Fire(
            case=case.id,
            trigger=trigger,
            actor=ANN,
            data={"level": "one"} if what == "grave" else {},
        )
        engine.fire_many([command])
