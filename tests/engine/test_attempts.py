"""Work that other transactions got in the way of is tried again, and is no refusal of a rule."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.errors import Contended, DubanError, Overtaken, StaleCase
from duban.engine.ports import Transaction, Write
from duban.engine.shell import attempts

pytest_plugins = ["tiny_engines"]

STALE = StaleCase(case="c", version=2, expected=1)
CONTENDED = Contended(store="s")
FOR_EVER = 1000


@contextmanager
def in_the_way(
    engine: duban.Engine, error: DubanError, times: int, unit: str = "desk-1"
) -> Iterator[None]:
    """Let *error* meet the next *times* writes to cases of *unit*."""
    with engine.store.transaction() as tx:
        writer: type[Transaction] = type(tx)
    left = times

    def write(self: Transaction, step: Write) -> None:
        nonlocal left
        if left and step.case.unit == unit:
            left -= 1
            raise error
        genuine(self, step)

    with pytest.MonkeyPatch.context() as patch:
        genuine = writer.write
        patch.setattr(writer, "write", write)
        yield


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that would have been made."""
    made: list[float] = []
    monkeypatch.setattr(attempts, "sleep", made.append)
    return made


@pytest.mark.parametrize("error", [STALE, CONTENDED])
def test_a_command_that_others_were_in_the_way_of_is_decided_again(
    engine: duban.Engine, error: DubanError, pauses: list[float]
) -> None:
    case = tiny.opened(engine)
    with in_the_way(engine, error, 3):
        engine.fire(case.id, "note", actor=tiny.ANN, data={"note": "x"})
    assert len(engine.history(case.id)) == 2
    assert len(pauses) == 3
    assert engine.verify().holds


@pytest.mark.parametrize(("error", "raised"), [(STALE, Overtaken), (CONTENDED, Contended)])
def test_who_is_always_in_the_way_is_told_of_in_the_end(
    engine: duban.Engine, error: DubanError, raised: type[DubanError]
) -> None:
    case = tiny.opened(engine)
    with in_the_way(engine, error, FOR_EVER), pytest.raises(raised):
        engine.fire(case.id, "note", actor=tiny.ANN, data={"note": "x"})
    assert engine.case(case.id) == case


def test_a_version_that_the_caller_gave_is_not_tried_again(
    engine: duban.Engine, pauses: list[float]
) -> None:
    case = tiny.opened(engine)
    engine.fire(case.id, "note", actor=tiny.ANN, data={"note": "x"})
    with pytest.raises(StaleCase) as refusal:
        engine.fire(case.id, "note", actor=tiny.ANN, data={"note": "y"}, version=1)
    assert not isinstance(refusal.value, Overtaken)
    assert pauses == []


def test_one_of_many_that_is_always_overtaken_holds_up_no_other(engine: duban.Engine) -> None:
    commands = [
        duban.Open(workflow="fix", unit=actor.post[:6], actor=actor, data={"title": "x"})
        for actor in (tiny.ANN, tiny.BOB)
        if actor.post
    ]
    with in_the_way(engine, STALE, 2):
        assert [outcome.ok for outcome in engine.fire_many(commands)] == [True, True]
    with in_the_way(engine, STALE, FOR_EVER):
        outcomes = engine.fire_many(commands)
    assert [type(outcome.error) for outcome in outcomes] == [Overtaken, type(None)]


def test_many_that_were_contended_are_done_once(engine: duban.Engine) -> None:
    opening = duban.Open(workflow="fix", unit="desk-1", actor=tiny.ANN, data={"title": "x"})
    with in_the_way(engine, CONTENDED, 2):
        assert [outcome.ok for outcome in engine.fire_many([opening] * 3)] == [True] * 3
    assert engine.tally()["cases"] == 3


@pytest.mark.parametrize("error", [STALE, CONTENDED])
def test_a_sweep_that_others_were_in_the_way_of_sets_nothing_aside(
    engine: duban.Engine, error: DubanError
) -> None:
    case = tiny.opened(engine)
    engine.set_clock(tiny.START + 8 * tiny.DAY)
    with in_the_way(engine, error, 2):
        swept = engine.sweep()
    assert (swept.aside, swept.rungs) == ((), 2)
    assert [e.kind for e in engine.history(case.id)].count("rung") == 2


DUTY = """\
campaign: daily
begins: 2026-01-01
ends: 2026-12-31
uses: [plain]
groups: {desks: {kind: [desk]}}
duties: {daily: {each: desks, open: plain, due: [2026-01-20], opens: 5 days before}}
"""
PLAIN = """\
workflow: plain
fields: {due: date}
states: {a: {}, z: {final: true}}
transitions:
  - {trigger: open, source: new, dest: a, by: anyone, asks: [due]}
  - {trigger: end, source: a, dest: z, by: anyone}
"""


@pytest.mark.parametrize("error", [STALE, CONTENDED])
def test_who_was_in_the_way_costs_no_unit_its_duty(
    engine: duban.Engine, error: DubanError, tmp_path: Path
) -> None:
    folder = tmp_path / "duty"
    folder.mkdir()
    (folder / "duty.yaml").write_text(DUTY, encoding="utf-8")
    (folder / "plain.yaml").write_text(PLAIN, encoding="utf-8")
    engine.apply(str(folder))
    engine.set_clock(tiny.START + 11 * tiny.DAY)
    with in_the_way(engine, error, 2, unit="desk-2"):
        swept = engine.sweep()
    assert (swept.aside, swept.opened) == ((), 2)
    last = engine.history(engine.campaign_case("daily").id)[-1]
    assert "refused" not in last.body["measure"]
