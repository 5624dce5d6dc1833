"""Everything that somebody with the file in hands could do to history, and that is found.

The triggers that refuse changes of history are a deterrent only: they are dropped first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import tiny

import duban
from duban.engine.history.chain import link

pytest_plugins = ["tiny_engines"]

Tamper = Callable[[sqlite3.Connection, str], object]


@pytest.fixture
def told(file: duban.Engine) -> tuple[duban.Engine, str]:
    """An engine with some history, and the id of a case with seven entries."""
    cases = [
        file.open(
            "fix", unit="desk-1", actor=tiny.ANN, data={"title": f"n{n}", "reporter": "Zhang"}
        )
        for n in range(5)
    ]
    middle = cases[2].id
    for trigger, actor in (("start", tiny.ANN), ("finish", tiny.ANN), ("pass", tiny.CHIEF)):
        file.fire(cases[0].id, trigger, actor=actor)
    file.set_clock(tiny.START + 12 * tiny.DAY)
    file.sweep()
    file.fire(middle, "note", actor=tiny.ANN, data={"note": "a", "reason": "private"}, key="k")
    file.fire(middle, "start", actor=tiny.ANN)
    file.fire(middle, "note", actor=tiny.ANN, data={"note": "b"})
    assert len(file.history(middle)) == 7
    return file, middle


def _tamper(folder: Path, change: Tamper, case_id: str) -> None:
    with closing(sqlite3.connect(folder / "duban.db")) as raw, raw:
        for name in ("update", "delete"):
            raw.execute(f"DROP TRIGGER duban_entry_no_{name}")
        raw.execute("PRAGMA foreign_keys = OFF")
        change(raw, case_id)


def test_history_is_whole_after_any_run(told: tuple[duban.Engine, str]) -> None:
    engine, middle = told
    verified = engine.verify()
    assert (verified.holds, verified.cases) == (True, 5)
    assert verified.entries == engine.tally()["entries"]
    alone = engine.verify(middle)
    assert (alone.holds, alone.cases, alone.entries) == (True, 1, 7)


def test_the_database_itself_refuses_to_change_history(
    told: tuple[duban.Engine, str], tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "duban.db")) as raw:
        for statement in ("UPDATE duban_entry SET person = 'eve'", "DELETE FROM duban_entry"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                raw.execute(statement)


def _sql(statement: str) -> Tamper:
    return lambda raw, case: raw.execute(statement, {"case": case})


def _edited(change: Callable[[bytes], bytes], seq: int = 3) -> Tamper:
    def tamper(raw: sqlite3.Connection, case: str) -> None:
        where = "WHERE case_id = ? AND seq = ?"
        ((canon,),) = raw.execute(f"SELECT canon FROM duban_entry {where}", (case, seq))
        changed = change(canon)
        assert changed != canon
        raw.execute(f"UPDATE duban_entry SET canon = ? {where}", (changed, case, seq))

    return tamper


def _swapped(raw: sqlite3.Connection, case: str) -> None:
    for old, new in ((3, 99), (4, 3), (99, 4)):
        raw.execute(
            "UPDATE duban_entry SET seq = ? WHERE case_id = ? AND seq = ?", (new, case, old)
        )


def _rechained(raw: sqlite3.Connection, case: str) -> None:
    """Say that somebody else did it, and recompute every hash; the head of the case is stale."""
    rows = raw.execute(
        "SELECT seq, canon, hash FROM duban_entry WHERE case_id = ? ORDER BY seq", (case,)
    ).fetchall()
    before = rows[4][2]
    for seq, canon, _ in rows[5:]:
        changed = canon.replace(b'"ann"', b'"eve"')
        before = link(before, changed)
        raw.execute(
            "UPDATE duban_entry SET canon = ?, hash = ?, person = 'eve' "
            "WHERE case_id = ? AND seq = ?",
            (changed, before, case, seq),
        )


def _forged(raw: sqlite3.Connection, case: str) -> None:
    """Add an entry with a fitting hash, and leave the case as it is."""
    ((canon, before),) = raw.execute(
        "SELECT canon, hash FROM duban_entry WHERE case_id = ? AND seq = 7", (case,)
    )
    body = {**json.loads(canon), "seq": 8}
    forged = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    raw.execute(
        "INSERT INTO duban_entry (case_id, seq, canon, hash, kind, trigger, person, at, effective, "
        "episode) SELECT case_id, 8, ?, ?, kind, trigger, person, at, effective, episode "
        "FROM duban_entry WHERE case_id = ? AND seq = 7",
        (forged, link(before, forged), case),
    )


def _nonsense(raw: sqlite3.Connection, case: str) -> None:
    """Bytes that are no JSON at all, with a fitting hash."""
    ((before,),) = raw.execute(
        "SELECT hash FROM duban_entry WHERE case_id = ? AND seq = 6", (case,)
    )
    raw.execute(
        "UPDATE duban_entry SET canon = ?, hash = ? WHERE case_id = ? AND seq = 7",
        (b"\xff\x00", link(before, b"\xff\x00"), case),
    )


def _without_actor(raw: sqlite3.Connection, case: str) -> None:
    ((canon, before),) = raw.execute(
        "SELECT e.canon, b.hash FROM duban_entry e JOIN duban_entry b USING (case_id) "
        "WHERE case_id = ? AND e.seq = 7 AND b.seq = 6",
        (case,),
    )
    body = json.loads(canon)
    del body["actor"]
    forged = json.dumps(body).encode()
    raw.execute(
        "UPDATE duban_entry SET canon = ?, hash = ? WHERE case_id = ? AND seq = 7",
        (forged, link(before, forged), case),
    )


ATTACKS: dict[str, tuple[Tamper, str]] = {
    "a byte of an entry": (_edited(lambda c: c.replace(b'"late":', b'"lame":')), "altered"),
    "the actor of an entry": (_edited(lambda c: c.replace(b"ann", b"eve"), 5), "altered"),
    "an entry made unreadable": (_edited(lambda c: b"\xff" + c[1:]), "#3"),
    "an entry cut short": (_edited(lambda c: c[:-1]), "#3"),
    "an entry without its members": (_edited(lambda _: b"{}"), "#3"),
    "a middle entry deleted": (
        _sql("DELETE FROM duban_entry WHERE case_id = :case AND seq = 4"),
        "#4: entry 4 is missing",
    ),
    "the first entry deleted": (
        _sql("DELETE FROM duban_entry WHERE case_id = :case AND seq = 1"),
        "#1: entry 1 is missing",
    ),
    "the tail cut off": (
        _sql("DELETE FROM duban_entry WHERE case_id = :case AND seq > 5"),
        "does not give the stored case",
    ),
    "the whole history deleted": (
        _sql("DELETE FROM duban_entry WHERE case_id = :case"),
        "it has no history",
    ),
    "two entries swapped": (_swapped, "entry 3 is missing, or says"),
    "a forged chain under a stale head": (_rechained, "does not give the stored case"),
    "an entry added with a fitting hash": (_forged, "does not give the stored case"),
    "nonsense with a fitting hash": (_nonsense, "cannot be replayed"),
    "no actor, with a fitting hash": (_without_actor, "cannot be replayed"),
    "the hash of an entry": (
        _sql(f"UPDATE duban_entry SET hash = '{'0' * 64}' WHERE case_id = :case AND seq = 2"),
        "#2",
    ),
    "the body of the case": (
        _sql(
            "UPDATE duban_case SET body = replace(body, '\"doing\"', '\"done\"') WHERE id = :case"
        ),
        "does not give the stored case",
    ),
    "the state beside the body": (
        _sql("UPDATE duban_case SET state = 'done', counts = 'closed' WHERE id = :case"),
        "columns beside the case differ: counts, state",
    ),
    "the due beside the body": (
        _sql("UPDATE duban_case SET due = due + 1 WHERE id = :case"),
        "columns beside the case differ: due",
    ),
    "the head beside the body": (
        _sql(f"UPDATE duban_case SET head = '{'0' * 64}' WHERE id = :case"),
        "differ: head",
    ),
    "the person beside an entry": (
        _sql("UPDATE duban_entry SET person = 'eve' WHERE case_id = :case AND seq = 6"),
        "#6: columns beside the entry differ: person",
    ),
    "the instant beside an entry": (
        _sql("UPDATE duban_entry SET at = at - 1 WHERE case_id = :case AND seq = 6"),
        "#6: columns beside the entry differ: at",
    ),
    "a personal value": (
        _sql(
            "UPDATE duban_secret SET value = '\"Li\"' WHERE case_id = :case AND path = 'set.reporter'"
        ),
        "#1: personal value set.reporter was altered",
    ),
    "a personal value made unreadable": (
        _sql("UPDATE duban_secret SET value = 'Li' WHERE case_id = :case AND seq = 1"),
        "personal value set.reporter was altered",
    ),
    "the salt of a personal value": (
        _sql("UPDATE duban_secret SET salt = zeroblob(32) WHERE case_id = :case AND seq = 5"),
        "#5: personal value input.reason was altered",
    ),
    "a link added": (
        _sql("INSERT INTO duban_link VALUES (:case, 'parent', 'other')"),
        "differ: links",
    ),
    "a timer deleted, so that the case goes silent": (
        _sql("DELETE FROM duban_timer WHERE case_id = :case"),
        "timers do not fit the clocks: repair",
    ),
    "a timer put off": (
        _sql("UPDATE duban_timer SET due = due + 1 WHERE case_id = :case"),
        "timers do not fit the clocks: repair",
    ),
    "the rules of the case altered": (
        _sql(
            "UPDATE duban_definition SET canon = CAST(replace(canon, '5 workdays', '9 workdays') AS BLOB) "
            "WHERE hash = (SELECT rules FROM duban_case WHERE id = :case)"
        ),
        "are missing or altered",
    ),
    "the rules of the case deleted": (
        _sql(
            "DELETE FROM duban_definition "
            "WHERE hash = (SELECT rules FROM duban_case WHERE id = :case)"
        ),
        "are missing or altered",
    ),
    "an entry of a case that is not": (
        _sql(
            "INSERT INTO duban_entry (case_id, seq, canon, hash, kind, person, at, effective, episode) "
            "SELECT 'ghost', seq, canon, hash, kind, person, at, effective, episode "
            "FROM duban_entry WHERE case_id = :case AND seq = 5"
        ),
        "ghost",
    ),
    "a case deleted from above its history": (
        _sql("DELETE FROM duban_case WHERE id = :case"),
        "there is no such case",
    ),
    "an entry moved to another case": (
        _sql(
            "UPDATE duban_entry SET case_id = (SELECT max(id) FROM duban_case), seq = 99 "
            "WHERE case_id = :case AND seq = 7"
        ),
        "#",
    ),
}


@pytest.mark.parametrize("attack", list(ATTACKS))
def test_what_was_altered_is_found(
    told: tuple[duban.Engine, str], tmp_path: Path, attack: str
) -> None:
    engine, middle = told
    change, says = ATTACKS[attack]
    _tamper(tmp_path, change, middle)
    found = [finding.text("en") for finding in engine.verify().findings]
    assert any(says in text for text in found), found
    assert all(text for finding in engine.verify().findings if (text := finding.text("zh")))
    if "case that is not" not in attack and "deleted from above" not in attack:
        assert not engine.verify(middle).holds
        if "the rules" in attack:  # which other cases share
            return
        others = [case.id for case in engine.cases().cases if case.id != middle][:2]
        assert all(engine.verify(other).holds for other in others)


def test_an_erased_personal_value_breaks_nothing_but_its_replay(
    told: tuple[duban.Engine, str], tmp_path: Path
) -> None:
    """The bytes hold a commitment only: the chain is whole without the value."""
    engine, middle = told
    _tamper(tmp_path, _sql("DELETE FROM duban_secret WHERE case_id = :case AND seq = 5"), middle)
    assert engine.verify(middle).holds
    assert engine.history(middle)[4].values("input")["reason"] == {"erased": True}
