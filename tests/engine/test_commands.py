from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.errors import BadDate, BadUsage, UnknownWorkflow
from duban.engine.values.command import Cause

pytest_plugins = ["tiny_engines"]


def test_opening_is_a_transition_like_any_other(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    assert (case.state, case.version, case.unit) == ("reported", 1, "desk-1")
    assert engine.case(case.id) == case
    (entry,) = engine.history(case.id)
    assert (entry.kind, entry.trigger, entry.actor.person) == ("open", "open", "ann")
    assert entry.at == tiny.START


def test_firing_moves_the_case_and_leaves_one_entry(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    moved = engine.fire(case.id, "start", actor=tiny.ANN)
    assert (moved.state, moved.version) == ("doing", 2)
    assert [entry.trigger for entry in engine.history(case.id)] == ["open", "start"]
    (sent,) = engine.outbox(case_id=case.id)
    assert (sent.notice.person, sent.notice.seq) == ("chen", 2)


@pytest.mark.parametrize(
    ("workflow", "unit", "actor", "data", "error", "says"),
    [
        ("fixx", "desk-1", tiny.ANN, {"title": "x"}, UnknownWorkflow, "published: fix, fragile"),
        ("fix", "desk-9", tiny.ANN, {"title": "x"}, duban.UnknownUnit, "desk-9"),
        ("fix", "desk-1", tiny.BOB, {"title": "x"}, duban.TransitionRefused, "needs role worker"),
        ("fix", "desk-1", tiny.ANN, {}, duban.TransitionRefused, "needs: title"),
        ("fix", "desk-1", tiny.ANN, {"titel": "x"}, duban.DubanError, "titel"),
        ("fix", "desk-1", tiny.ANN, {"title": "x", "weight": "much"}, duban.BadInput, "weight"),
        ("fix", "desk-1", tiny.ANN, {"title": "x", "weight": 2**60}, duban.DubanError, "weight"),
        ("fix", "desk-1", tiny.ANN, {"title": "\ud800"}, duban.BadInput, "title"),
    ],
)
def test_a_refused_opening_says_why_and_stores_nothing(
    engine: duban.Engine,
    workflow: str,
    unit: str,
    actor: duban.Actor,
    data: dict[str, object],
    error: type[Exception],
    says: str,
) -> None:
    with pytest.raises(error, match=says):
        engine.open(workflow, unit=unit, actor=actor, data=data, key="k")
    assert engine.tally() == dict.fromkeys(engine.tally(), 0)
    assert engine.open("fix", unit="desk-1", actor=tiny.ANN, data={"title": "x"}, key="k").version


def test_a_refused_trigger_leaves_no_trace(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    tally = engine.tally()
    for trigger, actor in (("pass", tiny.CHIEF), ("start", tiny.BOB), ("strat", tiny.ANN)):
        with pytest.raises(duban.TransitionRefused):
            engine.fire(case.id, trigger, actor=actor, key="k")
    with pytest.raises(duban.UnknownCase):
        engine.fire("nosuchcase", "start", actor=tiny.ANN)
    assert engine.case(case.id) == case
    assert engine.tally() == tally
    assert engine.fire(case.id, "start", actor=tiny.ANN, key="k").version == 2


def test_the_version_that_the_caller_saw_must_still_stand(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    engine.fire(case.id, "note", actor=tiny.LEE, data={"note": "seen"}, version=1)
    with pytest.raises(duban.StaleCase, match=r"at version 2, you had 1; read it again"):
        engine.fire(case.id, "start", actor=tiny.ANN, version=1)
    assert engine.fire(case.id, "start", actor=tiny.ANN, version=2).version == 3


def test_nobody_but_a_rule_can_claim_a_cause_and_so_escape_the_roles(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    cause = Cause(case=case.id, seq=1, rule="transitions.0")
    drop = duban.Fire(case=case.id, trigger="drop", actor=tiny.STRANGER, cause=cause)
    opening = duban.Open(
        workflow="fix", unit="desk-1", actor=tiny.STRANGER, data={"title": "x"}, cause=cause
    )
    outcomes = engine.fire_many([drop, opening])
    assert [type(outcome.error) for outcome in outcomes] == [BadUsage, BadUsage]
    assert engine.case(case.id) == case
    assert engine.tally()["cases"] == 1


def test_no_caller_gives_a_case_its_id_or_links_and_so_reaches_other_cases(
    engine: duban.Engine,
) -> None:
    victim = tiny.opened(engine)
    base = duban.Open(workflow="fix", unit="desk-2", actor=tiny.BOB, data={"title": "x"})
    outcomes = engine.fire_many(
        [replace(base, links=(("parent", victim.id),)), replace(base, id="../../x")]
    )
    assert [type(outcome.error) for outcome in outcomes] == [BadUsage, BadUsage]
    assert engine.tally()["cases"] == 1


def test_nobody_acts_as_the_timer(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    timer = duban.Actor(person="system:timer")
    behalf = replace(tiny.ANN, on_behalf_of="system:timer")
    for actor in (timer, behalf):
        with pytest.raises(duban.TransitionRefused, match="nobody may act as system:timer"):
            engine.fire(case.id, "note", actor=actor, data={"note": "x"})
    assert engine.case(case.id) == case


def test_values_that_no_entry_can_hold_are_refused_alone(engine: duban.Engine) -> None:
    bad = [_opening(1, data=None), _opening(2, data={"title": "x", "weight": "9" * 5000})]
    outcomes = engine.fire_many([*bad, _opening(3)])
    assert [outcome.ok for outcome in outcomes] == [False, False, True]


# ---- many


def _opening(number: int, **how: object) -> duban.Open:
    base = duban.Open(
        workflow="fix", unit="desk-1", actor=tiny.ANN, data={"title": f"lamp {number}"}
    )
    return replace(base, **how)  # type: ignore[arg-type]  # members of Open


def test_of_many_commands_each_has_one_outcome_in_order_and_a_refusal_touches_no_other(
    engine: duban.Engine,
) -> None:
    commands = [
        _opening(n, actor=tiny.BOB) if n % 7 == 0 else _opening(n, key=f"k-{n}")
        for n in range(1500)
    ]
    outcomes = engine.fire_many(iter(commands))
    assert [outcome.command for outcome in outcomes] == commands
    for number, outcome in enumerate(outcomes):
        assert outcome.ok is (number % 7 != 0)
        if outcome.case is None:
            assert isinstance(outcome.error, duban.TransitionRefused)
        else:
            assert outcome.case.data["title"] == f"lamp {number}"
    done = sum(outcome.ok for outcome in outcomes)
    assert engine.tally()["entries"] == engine.tally()["cases"] == done
    assert engine.verify().holds


def test_commands_of_one_call_see_those_before_them(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    triggers = ["start", "start", "finish", "pass", "pass"]
    actors = [tiny.ANN, tiny.ANN, tiny.ANN, tiny.ANN, tiny.CHIEF]
    outcomes = engine.fire_many(
        duban.Fire(case=case.id, trigger=trigger, actor=actor)
        for trigger, actor in zip(triggers, actors, strict=True)
    )
    assert [outcome.ok for outcome in outcomes] == [True, False, True, False, True]
    assert engine.case(case.id).state == "done"


def test_a_command_that_is_refused_half_way_leaves_nothing_of_itself(engine: duban.Engine) -> None:
    """The case itself would have moved; what its rule opens elsewhere is refused."""
    bad, good = (
        engine.open("fragile", unit="desk-1", actor=tiny.ANN, data={"target": unit})
        for unit in ("desk-9", "desk-2")
    )
    outcomes = engine.fire_many(
        duban.Fire(case=case.id, trigger="spread", actor=tiny.ANN, key=case.id)
        for case in (bad, good)
    )
    assert isinstance(outcomes[0].error, duban.UnknownUnit)
    assert outcomes[1].ok
    with pytest.raises(duban.UnknownUnit):
        engine.fire(bad.id, "spread", actor=tiny.ANN)
    assert engine.case(bad.id) == bad
    assert len(engine.history(bad.id)) == 1
    assert engine.tally()["cases"] == 3
    assert engine.verify().holds


def test_a_key_twice_in_one_call_counts_once(engine: duban.Engine) -> None:
    outcomes = engine.fire_many([_opening(1, key="a"), _opening(1, key="a"), _opening(2, key="a")])
    assert outcomes[0].case == outcomes[1].case
    assert isinstance(outcomes[2].error, duban.KeyReused)
    assert engine.tally()["cases"] == 1


@pytest.mark.parametrize("key", ["\ud800", "\x00", ""])
def test_a_key_that_no_store_can_keep_is_refused_alone(engine: duban.Engine, key: str) -> None:
    bad, good = engine.fire_many([_opening(1, key=key), _opening(2, key="good")])
    assert isinstance(bad.error, duban.BadInput)
    assert good.ok


# ---- request keys


def test_the_same_key_with_the_same_request_changes_nothing_the_second_time(
    engine: duban.Engine,
) -> None:
    first = tiny.opened(engine, key="import-1")
    assert tiny.opened(engine, key="import-1") == first
    moved = engine.fire(first.id, "note", actor=tiny.ANN, data={"note": "a"}, key="n-1")
    tally = engine.tally()
    again = engine.fire(first.id, "note", actor=tiny.ANN, data={"note": "a"}, key="n-1")
    assert again == moved
    assert engine.tally() == tally
    assert len(engine.history(first.id)) == 2


def test_a_repeated_request_is_answered_although_the_rules_would_refuse_it_now(
    engine: duban.Engine,
) -> None:
    case = tiny.opened(engine)
    engine.fire(case.id, "start", actor=tiny.ANN, key="s", version=1)
    engine.fire(case.id, "finish", actor=tiny.ANN)
    again = engine.fire(case.id, "start", actor=tiny.ANN, key="s", version=1)
    assert (again.state, again.version) == ("checking", 3)


def test_the_same_key_with_another_body_is_refused(engine: duban.Engine) -> None:
    case = tiny.opened(engine, key="k")
    other = tiny.opened(engine, "other")
    engine.fire(case.id, "note", actor=tiny.ANN, data={"note": "a"}, key="n")
    tally = engine.tally()
    with pytest.raises(duban.KeyReused, match="'k' was already used for a different request"):
        tiny.opened(engine, "another", key="k")
    fires: list[tuple[str, str, duban.Actor, str]] = [
        (case.id, "note", tiny.ANN, "b"),
        (case.id, "note", tiny.LEE, "a"),
        (case.id, "start", tiny.ANN, "a"),
        (other.id, "note", tiny.ANN, "a"),
    ]
    for case_id, trigger, actor, note in fires:
        with pytest.raises(duban.KeyReused):
            engine.fire(case_id, trigger, actor=actor, data={"note": note}, key="n")
    assert engine.tally() == tally


def test_keys_are_remembered_across_a_restart(tmp_path: Path) -> None:
    address = tiny.url("sqlite", tmp_path)
    first = tiny.engine(address, tmp_path / "defs")
    case = tiny.opened(first, key="k")
    first.close()
    second = tiny.engine(address, seed=2)
    assert tiny.opened(second, key="k") == case
    with pytest.raises(duban.KeyReused):
        tiny.opened(second, "another", key="k")
    assert second.tally()["cases"] == 1
    second.close()


def test_the_key_stands_in_the_entry(engine: duban.Engine) -> None:
    case = tiny.opened(engine, key="import-1")
    assert engine.history(case.id)[0].body["key"] == "import-1"


# ---- questions


def test_a_case_as_it_was_at_every_past_instant(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    seen = [(tiny.START, case)]
    script: list[tuple[str, duban.Actor, dict[str, object]]] = [
        ("start", tiny.ANN, {}),
        ("note", tiny.ANN, {"note": "one", "reason": "private"}),
        ("finish", tiny.ANN, {}),
        ("fail", tiny.CHIEF, {"note": "again"}),
        ("finish", tiny.ANN, {}),
        ("pass", tiny.CHIEF, {}),
        ("reopen", tiny.CHIEF, {}),
    ]
    for number, (trigger, actor, data) in enumerate(script, 1):
        now = tiny.START + number * 30 * tiny.HOUR
        engine.set_clock(now)
        engine.sweep()
        seen.append((now, engine.fire(case.id, trigger, actor=actor, data=data)))
    for (now, then), (later, _) in zip(seen, [*seen[1:], (engine.now(), case)], strict=True):
        assert engine.case(case.id, at=now) == then
        assert engine.case(case.id, at=max(now, later - tiny.HOUR)).state == then.state
    with pytest.raises(duban.UnknownCase):
        engine.case(case.id, at=tiny.START - tiny.HOUR)
    with pytest.raises(BadDate, match="aware"):
        engine.case(case.id, at=datetime(2026, 2, 1))  # noqa: DTZ001  # that is the point


def test_explain_says_what_fire_does(engine: duban.Engine) -> None:
    """In every state of a long script, for everybody and every trigger."""
    case = tiny.opened(engine)
    script = [
        ("start", tiny.ANN),
        ("finish", tiny.ANN),
        ("pass", tiny.CHIEF),
        ("reopen", tiny.CHIEF),
        ("drop", tiny.CHIEF),
    ]
    for step in [*script, None]:
        for actor in (tiny.ANN, tiny.BOB, tiny.LEE, tiny.CHIEF, tiny.STRANGER):
            explained = engine.explain(case.id, actor=actor)
            assert {v.trigger for v in explained.verdicts} == {
                "start", "note", "finish", "pass", "fail", "reopen", "drop"
            }  # fmt: skip
            for verdict in explained.verdicts:
                _agree(engine, case.id, actor, verdict)
        if step is not None:
            engine.fire(case.id, step[0], actor=step[1])


class _Undone(Exception):
    """Thrown to undo a transaction that was only tried."""


def _agree(engine: duban.Engine, case_id: str, actor: duban.Actor, verdict: duban.Verdict) -> None:
    data = dict.fromkeys(verdict.missing, "something")
    before = engine.history(case_id)
    if verdict.allowed:
        # Tried in a savepoint, then undone.
        with engine.store.transaction() as tx, pytest.raises(_Undone), tx.savepoint():
            _tried(engine, tx, case_id, actor, verdict.trigger, data)
    else:
        with pytest.raises(duban.TransitionRefused) as refused:
            engine.fire(case_id, verdict.trigger, actor=actor, data=data)
        assert refused.value.reasons == verdict.reasons
    assert engine.history(case_id) == before


def _tried(
    engine: duban.Engine,
    tx: object,
    case_id: str,
    actor: duban.Actor,
    trigger: str,
    data: dict[str, str],
) -> None:
    from duban.engine.shell.work import Work

    work = Work(tx, engine._catalogue, engine._ids)  # type: ignore[arg-type]  # lent by the store
    work.run(duban.Fire(case=case_id, trigger=trigger, actor=actor, data=data))
    raise _Undone


def test_explain_counts_what_fell_due_but_was_not_swept_yet(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    engine.set_clock(tiny.START + 30 * tiny.DAY)
    explained = engine.explain(case.id, actor=tiny.ANN)
    assert explained.case.version > 1
    assert engine.case(case.id) == case
    fired = engine.fire(case.id, "start", actor=tiny.ANN)
    assert fired.version == explained.case.version + 1


def test_cases_are_filtered_sorted_and_paged(engine: duban.Engine) -> None:
    for number in range(25):
        engine.set_clock(tiny.START + number * tiny.HOUR)
        unit, actor = ("desk-1", tiny.ANN) if number % 2 else ("desk-2", tiny.BOB)
        case = engine.open(
            "fix", unit=unit, actor=actor, data={"title": f"n{number:02}", "weight": number % 3}
        )
        if number % 5 == 0:
            engine.fire(case.id, "start", actor=actor)
    where = duban.Where
    assert engine.count() == 25
    assert engine.count(where(units=["desk-1"])) == 12
    assert engine.count(where(states=["doing"])) == 5
    assert engine.count(where(fields={"weight": 1}, units=["desk-2"])) == 4
    assert engine.count(where(workflow="fragile")) == 0
    assert engine.count(where(opened_from=tiny.START + 20 * tiny.HOUR)) == 5
    assert engine.count(where(overdue_at=tiny.START + 30 * tiny.DAY)) == 25
    assert engine.count(where(overdue_at=tiny.START)) == 0
    for sort, descending in (("id", False), ("opened", True), ("due", False), ("unit", True)):
        titles: list[object] = []
        after = None
        while True:
            page = engine.cases(sort=sort, descending=descending, limit=7, after=after)  # type: ignore[arg-type]  # one of Sort
            titles += [case.data["title"] for case in page.cases]
            after = page.next
            if after is None:
                break
        assert sorted(map(str, titles)) == [f"n{number:02}" for number in range(25)]
        if sort in {"id", "opened"}:
            assert titles == sorted(map(str, titles), reverse=descending)


def test_history_is_in_order_and_only_of_cases_that_exist(engine: duban.Engine) -> None:
    case = tiny.opened(engine)
    engine.fire(case.id, "start", actor=tiny.ANN)
    assert [entry.seq for entry in engine.history(case.id)] == [1, 2]
    for ask in (engine.history, engine.case, engine.verify, engine.retry):
        with pytest.raises(duban.UnknownCase, match="no case 'nosuch'"):
            ask("nosuch")


def test_personal_values_are_read_but_not_in_the_bytes(engine: duban.Engine) -> None:
    case = engine.open(
        "fix", unit="desk-1", actor=tiny.ANN, data={"title": "lamp", "reporter": "张三"}
    )
    (entry,) = engine.history(case.id)
    assert case.data["reporter"] == entry.values("set")["reporter"] == "张三"
    assert "张三".encode() not in entry.canon
