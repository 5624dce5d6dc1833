"""Registers are numbered by the year, frozen as they were issued, and proved; identity stays."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import tiny
import town as t
from town import Town, found, go

import duban
from duban.engine.errors import BadUsage

pytest_plugins = ["town_engines"]

TEXT = t.campaign(t.REGISTERS, t.STATISTICS)


@pytest.fixture
def rolled(town: Town) -> tuple[duban.Engine, dict[str, duban.Case]]:
    """The regime of the roll-over: one closed in 2021, one open, one open and overdue."""
    engine = town(TEXT)
    cases: dict[str, duban.Case] = {}
    for name, day, fix_by in (
        ("H1", "2021-03-01", "2021-06-01"),
        ("H2", "2021-09-01", "2022-03-31"),
        ("H3", "2021-10-01", "2021-11-29"),
    ):
        go(engine, day)
        cases[name] = t.fire(engine, found(engine, name), "plan", fix_by=fix_by)
        if name == "H2":
            continue
        if name == "H1":
            go(engine, "2021-05-01")
            t.fire(engine, cases["H1"], "close")
    go(engine, "2022-01-04")
    return engine, cases


def test_a_new_year_takes_over_what_is_open_under_new_numbers_and_the_same_ids(
    rolled: tuple[duban.Engine, dict[str, duban.Case]],
) -> None:
    engine, cases = rolled
    old, new = engine.register("repairs", year=2021), engine.register("repairs")
    assert (old.year, new.year) == (2021, 2022)
    assert t.titles(old.rows) == [(1, "H1"), (2, "H2"), (3, "H3")]
    assert t.titles(new.rows) == [(1, "H2"), (2, "H3")]
    assert [row.case for row in new.rows] == [cases["H2"].id, cases["H3"].id]
    assert [row.cells["overdue"] for row in new.rows] == [False, True]
    assert new.rows[1].cells["due.repair"] == old.rows[2].cells["due.repair"]
    assert {row.since for row in new.rows} == {t.local("2022-01-01")}


def test_what_is_closed_later_shows_in_the_new_register_only(
    rolled: tuple[duban.Engine, dict[str, duban.Case]],
) -> None:
    engine, cases = rolled
    go(engine, "2022-02-10")
    t.fire(engine, cases["H2"], "close")
    states = {row.cells["title"]: row.cells["state"] for row in engine.register("repairs").rows}
    assert states == {"H2": "closed", "H3": "doing"}
    frozen = engine.frozen("repairs", 1)
    states = {row.cells["title"]: row.cells["state"] for row in frozen.rows}
    assert states == {"H1": "closed", "H2": "doing", "H3": "doing"}
    # The same is found by counting again as it was then.
    assert list(engine.register("repairs", year=2021).rows) == list(frozen.rows)
    assert frozen.statistics["rectified"]["numerator"] == 1  # type: ignore[index,call-overload]  # plain data
    assert (frozen.year, frozen.number, frozen.total) == (2021, 1, 3)


def test_what_was_fixed_on_the_spot_stands_in_the_book_of_checks_only(
    rolled: tuple[duban.Engine, dict[str, duban.Case]],
) -> None:
    engine, _ = rolled
    go(engine, "2022-03-01")
    t.fire(engine, found(engine, "H4"), "on_spot")
    assert t.titles(engine.register("checks").rows) == [(1, "H4")]
    assert t.titles(engine.register("repairs").rows) == [(1, "H2"), (2, "H3")]
    (rectified,) = engine.statistics("rectified")
    assert (rectified.total.numerator, rectified.total.denominator) == (2, 4)


def test_what_comes_back_after_the_new_year_stands_where_it_came_back(
    rolled: tuple[duban.Engine, dict[str, duban.Case]],
) -> None:
    engine, cases = rolled
    go(engine, "2022-01-10")
    t.fire(engine, found(engine, "H5"), "plan", fix_by="2022-05-01")
    go(engine, "2022-01-20")
    t.fire(engine, cases["H1"], "reopen", fix_by="2022-05-01")
    go(engine, "2022-01-30")
    t.fire(engine, found(engine, "H6"), "plan", fix_by="2022-05-01")
    expected = [(1, "H2"), (2, "H3"), (3, "H5"), (4, "H1"), (5, "H6")]
    assert t.titles(engine.register("repairs").rows) == expected
    assert engine.register("repairs").rows[3].since == t.local("2022-01-20T09:00")


def test_a_register_is_frozen_as_the_day_left_it_however_late_that_is_done(town: Town) -> None:
    engine = town(TEXT)
    one = t.fire(engine, found(engine, "one"), "plan", fix_by="2022-05-01")
    # Nobody sweeps until March; meanwhile one is closed and another found.
    engine.set_clock(t.local("2022-03-01"))
    t.fire(engine, one, "close")
    t.fire(engine, found(engine, "two"), "plan", fix_by="2022-05-01")
    engine.sweep()
    frozen = engine.frozen("repairs")
    assert [(row.cells["title"], row.cells["state"]) for row in frozen.rows] == [("one", "doing")]
    (issue,) = engine.frozen_registers()
    assert issue.date.isoformat() == "2021-12-31"
    entry = engine.history(engine.campaign_case("town").id)[-1]
    assert entry.kind == "register"
    assert entry.effective == t.local("2022-01-01")
    assert entry.body["measure"] == {
        "register": "repairs", "number": 1, "date": "2021-12-31", "rows": 1, "hash": issue.hash
    }  # fmt: skip
    assert engine.verify().holds


def test_freezing_by_hand_is_for_those_who_may_and_takes_the_next_number(
    rolled: tuple[duban.Engine, dict[str, duban.Case]],
) -> None:
    engine, _ = rolled
    with pytest.raises(duban.TransitionRefused, match="only by: keeper"):
        engine.freeze("repairs", actor=tiny.ANN)
    with pytest.raises(duban.TransitionRefused, match="only by: -"):
        engine.freeze("checks", actor=tiny.CHIEF)
    before = engine.campaign_case("town").version
    frozen = engine.freeze("repairs", actor=tiny.CHIEF)
    assert (frozen.number, frozen.by, frozen.rows) == (2, "chen", 2)
    assert engine.campaign_case("town").version == before + 1
    assert [f.number for f in engine.frozen_registers("repairs")] == [1, 2]
    assert engine.frozen("repairs", 1).rows != engine.frozen("repairs", 2).rows
    with pytest.raises(duban.NotFound, match="frozen 2 time"):
        engine.frozen("repairs", 3)
    assert engine.verify().holds


def test_reading_a_frozen_register_asks_nothing_of_the_cases_or_the_definitions(
    rolled: tuple[duban.Engine, dict[str, duban.Case]], tmp_path: Path
) -> None:
    engine, cases = rolled
    frozen = engine.frozen("repairs", 1)
    for case in (cases["H2"], cases["H3"]):
        t.fire(engine, engine.case(case.id), "drop")
    renamed = t.HAZARD.replace("整改中", "在改").replace("描述", "说明")
    other = TEXT.replace("[title, source, unit, state, due.repair, overdue]", "[unit]")
    engine.apply(str(tiny.write(tmp_path / "more", hazard=renamed, review=t.REVIEW, given0=other)))
    assert engine.frozen("repairs", 1) == frozen
    assert frozen.legend["state"]["doing"]["zh"] == "整改中"
    assert frozen.heads["title"]["zh"] == "描述"


def test_rows_come_in_pages_and_their_numbers_go_on(town: Town) -> None:
    engine = town(TEXT)
    for number in range(7):
        t.fire(engine, found(engine, f"h{number}"), "plan", fix_by="2021-05-01")
    seen, after = [], 0
    while True:
        page = engine.register("repairs", after=after, limit=3)
        seen += t.titles(page.rows)
        if page.next is None:
            break
        after = page.next
    assert seen == [(n + 1, f"h{n}") for n in range(7)]
    frozen = engine.freeze("repairs", actor=tiny.CHIEF)
    page = engine.frozen("repairs", frozen.number, after=5, limit=100)
    assert [row.number for row in page.rows] == [6, 7]


def test_a_closed_case_keeps_its_number_in_a_register_of_what_is_open(town: Town) -> None:
    text = t.campaign(
        "registers:\n  open: {title: Open, of: hazard, counts: open, columns: [title]}\n"
    )
    engine = town(text)
    cases = [found(engine, f"h{number}") for number in range(3)]
    t.fire(engine, cases[1], "on_spot")
    assert t.titles(engine.register("open").rows) == [(1, "h0"), (3, "h2")]


def test_a_year_that_does_not_restart_or_has_not_come_is_refused(town: Town) -> None:
    text = t.campaign("registers:\n  all: {title: All, of: hazard, columns: [title]}\n")
    engine = town(text)
    with pytest.raises(BadUsage, match="does not restart"):
        engine.register("all", year=2021)
    with pytest.raises(BadUsage, match="has not come"):
        engine.register("all", at=t.local("2021-01-02"))
    with pytest.raises(duban.NotFound, match="there are: all"):
        engine.register("none")


def test_a_register_that_cannot_be_made_keeps_the_campaign_from_nothing_else(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    from duban.engine.errors import UnknownUnit
    from duban.engine.shell import campaigning

    def refuse(*_: object) -> None:
        raise UnknownUnit(unit="x", hint="", hint_zh="")

    monkeypatch.setattr(campaigning, "freeze", refuse)
    engine = town(TEXT + "goals: {all: {of: hazard, by: 2022-01-31, share: 90}}\n")
    go(engine, "2022-02-01")
    entries = {str(e.trigger): e for e in engine.history(engine.campaign_case("town").id)}
    told = entries["duty:freeze:repairs:2021-01-01"].body["measure"]
    assert "unit 'x'" in told["refused"]["repairs"]
    assert "goal:all:2022-01-31" in entries
    assert engine.aside(engine.campaign_case("town").id) is None


@pytest.mark.parametrize("which", ["document", "page", "gone"])
def test_whoever_alters_a_frozen_register_is_found(tmp_path: Path, which: str) -> None:
    engine = duban.connect(tiny.url("sqlite", tmp_path), virtual=t.local("2021-01-01"), seed=1)
    engine.apply(str(tiny.write(tmp_path / "d", hazard=t.HAZARD, review=t.REVIEW, c=TEXT)))
    t.fire(engine, found(engine, "one"), "plan", fix_by="2021-05-01")
    frozen = engine.freeze("repairs", actor=tiny.CHIEF)
    assert engine.verify().holds
    with closing(sqlite3.connect(tmp_path / "duban.db")) as raw, raw:
        table, column = "duban_definition", "canon"
        triggers = raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        where = f"kind = 'register' AND hash {'!=' if which == 'page' else '='} '{frozen.hash}'"
        if which == "gone":
            done = raw.execute(f"DELETE FROM {table} WHERE {where}")
        else:
            changed = f"replace(CAST({column} AS TEXT), 'one', 'two')"
            if which == "document":
                changed = f"replace(CAST({column} AS TEXT), 'repairs', 'repains')"
            done = raw.execute(
                f"UPDATE {table} SET {column} = CAST({changed} AS BLOB) WHERE {where}"
            )
        assert done.rowcount == 1
    (finding,) = engine.verify().findings
    assert "frozen register repairs no. 1" in finding.en
    with pytest.raises(duban.DubanError, match=r"no\. 1 is missing or was altered"):
        engine.frozen("repairs", 1)
    engine.close()
