from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
import tiny

import duban
from duban.engine.core.course import Decision
from duban.engine.core.decide import decide_due
from duban.engine.core.world import World
from duban.engine.definition.machine import Machine
from duban.engine.errors import CaseSetAside, UnknownUnit
from duban.engine.shell.sweep import Swept

pytest_plugins = ["tiny_engines"]

# The tiny ladder counts 5 workdays from Monday 5 January: due at the end of the 12th.
REMIND = tiny.START.replace(day=8, hour=16)
URGE = tiny.START.replace(day=12, hour=16)
ESCALATE = tiny.START.replace(day=15, hour=16)
AGAIN = tiny.START.replace(day=20, hour=16)


def _rungs(engine: duban.Engine, case: duban.Case) -> list[duban.Entry]:
    return [entry for entry in engine.history(case.id) if entry.kind == "rung"]


def _names(engine: duban.Engine, case: duban.Case) -> list[str]:
    return [entry.body["rung"]["name"] for entry in _rungs(engine, case)]


def _each_once(engine: duban.Engine) -> int:
    """Every rung that lies before now was recorded once, in order; return how many there are."""
    found = 0
    after = None
    while True:
        page = engine.cases(after=after)
        for case in page.cases:
            numbers = [e.body["rung"]["rung"] for e in _rungs(engine, case)]
            assert numbers == list(range(len(numbers)))
            found += len(numbers)
        if page.next is None:
            return found
        after = page.next


def test_each_rung_falls_at_its_instant_and_never_a_moment_early(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    moment = timedelta(microseconds=1)
    expected: list[str] = []
    assert engine.next_due() == REMIND
    for name, instant in (("remind", REMIND), ("urge", URGE), ("escalate", ESCALATE)):
        engine.set_clock(instant - moment)
        assert engine.sweep() == Swept()
        assert _names(engine, case) == expected
        engine.set_clock(instant)
        assert engine.sweep() == Swept(cases=1, entries=1, rungs=1)
        expected.append(name)
        assert _names(engine, case) == expected
        last = _rungs(engine, case)[-1]
        assert (last.at, last.effective, last.actor.person) == (instant, instant, "system:timer")
    assert engine.sweep() == Swept()


def test_a_command_just_before_a_rung_does_not_bring_it_forward(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    engine.set_clock(REMIND - timedelta(microseconds=1))
    engine.fire(case.id, "note", actor=tiny.ANN, data={"note": "x"})
    assert _names(engine, case) == []
    engine.set_clock(REMIND)
    engine.fire(case.id, "note", actor=tiny.ANN, data={"note": "y"})
    assert _names(engine, case) == ["remind"]


def test_the_last_rung_repeats_for_as_long_as_the_clock_runs(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    for week in range(1, 10):
        engine.set_clock(tiny.START + week * 7 * tiny.DAY)
        engine.sweep()
    assert _names(engine, case)[:3] == ["remind", "urge", "escalate"]
    repeated = _rungs(engine, case)[3:]
    assert {entry.body["rung"]["name"] for entry in repeated} == {"escalate"}
    assert [entry.effective for entry in repeated] == [
        AGAIN + n * 5 * tiny.DAY for n in range(len(repeated))
    ]
    assert repeated[-1].effective > engine.now() - 6 * tiny.DAY


def test_after_an_outage_of_fourteen_days_every_missed_rung_is_recorded_in_order(
    engine: duban.Engine,
) -> None:
    case = tiny.opened(engine)
    engine.set_clock(REMIND)
    engine.sweep()
    back = REMIND + 14 * tiny.DAY
    engine.set_clock(back)
    assert engine.sweep().rungs == 3
    missed = _rungs(engine, case)[1:]
    assert [entry.effective for entry in missed] == [URGE, ESCALATE, AGAIN]
    assert {entry.at for entry in missed} == {back}
    assert [entry.body["rung"]["late"] for entry in missed] == [10, 7, 2]
    notices = [sent.notice for sent in engine.outbox(case_id=case.id) if sent.notice.seq > 2]
    assert {notice.seq for notice in notices} == {missed[-1].seq}
    assert [notice.person for notice in notices if notice.urgent] == ["chen"]
    assert Counter(notice.person for notice in notices).most_common(1)[0][1] == 1


def test_a_case_that_left_the_state_is_never_escalated(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    engine.fire(case.id, "start", actor=tiny.ANN)
    engine.fire(case.id, "finish", actor=tiny.ANN)
    engine.set_clock(tiny.START + 30 * tiny.DAY)
    assert engine.sweep() == Swept()
    assert engine.next_due() == engine.outbox()[0].next_try
    assert engine.fire(case.id, "pass", actor=tiny.CHIEF).state == "done"


def test_what_the_sweep_has_not_reached_yet_happens_before_the_command(
    engine: duban.Engine,
) -> None:
    case = tiny.opened(engine)
    engine.set_clock(URGE + tiny.HOUR)
    fired = engine.fire(case.id, "start", actor=tiny.ANN)
    assert [e.kind for e in engine.history(case.id)] == ["open", "rung", "rung", "fire"]
    assert fired.version == 4
    assert engine.sweep() == Swept()


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
def test_two_sweeps_in_threads_record_each_rung_once(
    kind: str, address: str, tmp_path: Path
) -> None:
    first = tiny.engine(address, tmp_path / "defs")
    second = first if kind == "memory" else tiny.engine(address)
    first.fire_many(_openings(250))
    for engine in {id(first): first, id(second): second}.values():
        engine.set_clock(ESCALATE)
    swept: list[Swept] = []
    threads = [
        Thread(target=lambda engine=engine: swept.append(engine.sweep()))
        for engine in (first, second, first)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(swept) == 3
    assert sum(each.rungs for each in swept) == _each_once(first) == 750
    assert first.verify().holds
    second.close()
    first.close()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_sweeps_in_processes_record_each_rung_once(address: str, tmp_path: Path) -> None:
    engine = tiny.engine(address, tmp_path / "defs")
    engine.fire_many(_openings(400))
    engine.set_clock(ESCALATE)
    engine.fire_many(_openings(1, "late"))
    command = [sys.executable, str(Path(__file__).with_name("sweeper.py")), address]
    others = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    told = []
    for other in others:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
    for other in others:
        assert other.stdin is not None
        other.stdin.write("go\n")
        other.stdin.flush()
    for other in others:
        out, _ = other.communicate(timeout=30)
        told.append(int(out))
    assert sum(told) == _each_once(engine) == 1200
    assert engine.verify().holds
    engine.close()


def _openings(count: int, prefix: str = "n") -> list[duban.Open]:
    return [
        duban.Open(
            workflow="fix", unit="desk-1", actor=tiny.ANN, data={"title": f"{prefix}{number}"}
        )
        for number in range(count)
    ]


# ---- a bad case


def _trapped(engine: duban.Engine, unit: str) -> duban.Case:
    return engine.open("fragile", unit="desk-1", actor=tiny.ANN, data={"target": unit})


def test_a_bad_case_is_set_aside_with_its_reason_and_the_rest_goes_on(
    engine: duban.Engine,
) -> None:
    good = [_trapped(engine, "desk-2") for _ in range(3)]
    bad = _trapped(engine, "desk-9")
    good += [_trapped(engine, "desk-2") for _ in range(3)]
    engine.set_clock(tiny.START + 3 * tiny.DAY)
    swept = engine.sweep()
    ((aside, why),) = swept.aside
    assert aside == bad.id
    assert "desk-9" in why
    assert engine.aside(bad.id) == why
    assert engine.case(bad.id) == bad
    assert len(engine.history(bad.id)) == 1
    for case in good:
        assert _names(engine, case) == ["spring"]
    assert (swept.rungs, swept.opened) == (6, 6)
    assert [case.id for case in engine.cases(duban.Where(set_aside=True)).cases] == [bad.id]
    assert engine.sweep().aside == ()
    assert engine.tally()["aside"] == 1
    assert engine.verify().holds


def test_a_case_set_aside_says_so_to_fire_and_to_explain(engine: duban.Engine) -> None:
    bad = _trapped(engine, "desk-9")
    engine.set_clock(tiny.START + 3 * tiny.DAY)
    engine.sweep()
    with pytest.raises(CaseSetAside, match="mend the cause, then run"):
        engine.fire(bad.id, "close", actor=tiny.ANN)
    with pytest.raises(CaseSetAside, match="desk-9"):
        engine.explain(bad.id, actor=tiny.ANN)


def test_retry_puts_a_mended_case_back_and_nothing_was_lost(
    engine: duban.Engine, tmp_path: Path
) -> None:
    bad = _trapped(engine, "desk-9")
    engine.set_clock(tiny.START + 3 * tiny.DAY)
    engine.sweep()
    engine.retry(bad.id)
    assert [case for case, _ in engine.sweep().aside] == [bad.id]
    more = tiny.ORGANISATION.replace(
        "holders:\n", "  - {unit: desk-9, kind: desk, title: 九科, parent: office}\nholders:\n"
    )
    engine.apply(str(tiny.write(tmp_path / "more", organisation=more)))
    engine.set_clock(tiny.START + 5 * tiny.DAY)
    engine.retry(bad.id)
    assert engine.aside(bad.id) is None
    assert engine.sweep().rungs == 1
    (rung,) = _rungs(engine, bad)
    assert (rung.effective, rung.body["rung"]["late"]) == (tiny.START.replace(day=6, hour=16), 3)
    (child,) = engine.cases(duban.Where(linked=("children", bad.id))).cases
    assert (child.unit, child.workflow) == ("desk-9", "fix")
    assert engine.verify().holds


def test_a_fault_of_the_program_sets_the_case_aside_too(
    engine: duban.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = tiny.opened(engine), tiny.opened(engine)

    def broken(machine: Machine, case: duban.Case, world: World) -> Decision:
        if case.id == bad.id:
            message = "a bug"
            raise ZeroDivisionError(message)
        return decide_due(machine, case, world)

    monkeypatch.setattr("duban.engine.shell.work.decide_due", broken)
    engine.set_clock(URGE)
    swept = engine.sweep()
    assert swept.aside == ((bad.id, "ZeroDivisionError('a bug')"),)
    assert _names(engine, good) == ["remind", "urge"]


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
def test_a_timer_that_stands_too_early_is_put_right_and_holds_up_nobody(
    engine: duban.Engine,
) -> None:
    case = tiny.opened(engine)
    with engine.store.transaction() as tx:
        tx.wake(case.id, "repair", tiny.START)
        tx.wake(case.id, "unknown", tiny.START)
    assert engine.sweep().rungs == 0
    assert engine.verify().holds
    assert engine.next_due() == engine.case(case.id).clocks["repair"].next_rung


def test_a_sweep_stops_between_transactions_when_asked(engine: duban.Engine) -> None:
    engine.fire_many(_openings(250))
    engine.set_clock(URGE)
    asked: list[None] = []

    def stop() -> bool:
        asked.append(None)
        return len(asked) > 1

    assert engine.sweep(stop=stop).cases == 100
    assert engine.sweep().cases == 150


def test_a_command_on_an_unknown_unit_is_an_answer_not_a_case_aside(engine: duban.Engine) -> None:
    with pytest.raises(UnknownUnit):
        engine.open("fix", unit="desk-9", actor=tiny.ANN, data={"title": "x"})
    assert engine.tally()["aside"] == 0
