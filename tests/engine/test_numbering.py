"""Letters numbered without a gap: by year and unit, in the transaction, by several writers at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import letters
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import duban
from duban.engine.ports import Where
from duban.engine.shell.migrating import Migration
from duban.engine.values.command import Fire

pytest_plugins = ["tiny_engines"]

KEY = '["letter","number","2021","district"]'


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def office(address: str, tmp_path: Path) -> Iterator[duban.Engine]:
    made = letters.engine(address, tmp_path / "defs")
    yield made
    made.close()


def letter(engine: duban.Engine, unit: str = "district", **how: object) -> str:
    case = engine.open("letter", unit=unit, actor=letters.CLERK, data=how)
    return str(case.data["number"])


def matter(engine: duban.Engine, **data: object) -> duban.Case:
    given = {"title": "roof", **data}
    return engine.open("matter", unit="district", actor=letters.CLERK, data=given)


def fire(engine: duban.Engine, case: duban.Case, trigger: str, **data: object) -> duban.Case:
    return engine.fire(case.id, trigger, actor=letters.CLERK, data=data)


def numbers_of(engine: duban.Engine) -> list[str]:
    cases = engine.cases(Where(workflow="letter"), limit=1000).cases
    return [str(case.data["number"]) for case in cases]


def test_letters_are_numbered_by_unit_and_anew_in_the_year_that_begins_here(
    office: duban.Engine,
) -> None:
    assert [letter(office) for _ in range(2)] == ["涪安督〔2021〕1号", "涪安督〔2021〕2号"]
    assert letter(office, "north") == "涪安督〔2021〕1号"
    office.set_clock(letters.EVE + timedelta(minutes=29))
    assert letter(office) == "涪安督〔2021〕3号"
    office.set_clock(letters.EVE + timedelta(minutes=30))
    assert [letter(office), letter(office, "north")] == ["涪安督〔2022〕1号", "涪安督〔2022〕1号"]
    assert letter(office) == "涪安督〔2022〕2号"
    assert office.verify().holds


def test_a_letter_is_opened_with_its_number_in_the_transaction_that_asks_for_it(
    office: duban.Engine,
) -> None:
    pressed = fire(office, matter(office), "press")
    (opened,) = pressed.linked("letter")
    assert pressed.linked("children") == (opened,)
    assert office.case(opened).data == {"number": "涪安督〔2021〕1号", "about": pressed.id}
    (entry,) = office.history(opened)
    assert entry.body["numbers"] == {"number": [KEY, 1]}
    assert entry.body["cause"]["case"] == pressed.id


def test_several_letters_of_one_command_follow_one_another(office: duban.Engine) -> None:
    fire(office, matter(office), "press_twice")
    assert sorted(numbers_of(office)) == ["涪安督〔2021〕1号", "涪安督〔2021〕2号"]


def test_what_is_opened_under_a_name_can_be_told_of_in_the_same_list(office: duban.Engine) -> None:
    settled = fire(office, matter(office), "settle")
    (opened,) = settled.linked("letter")
    assert office.case(opened).state == "answered"
    assert [entry.trigger for entry in office.history(opened)] == ["open", "answer"]


def test_a_refused_command_gives_its_numbers_back(office: duban.Engine) -> None:
    case = matter(office)
    outcomes = office.fire_many(
        Fire(case=case.id, trigger="fail", actor=letters.CLERK, data={"where": where})
        for where in ("nowhere", "school-001", "school-002")
    )
    assert [outcome.ok for outcome in outcomes] == [False, True, False]
    assert str(outcomes[2].error).endswith("[RULE-035 transitions.6.then.0]")
    assert numbers_of(office) == ["涪安督〔2021〕1号"]
    assert office.case(case.id).data["paper"] == "001"
    assert letter(office) == "涪安督〔2021〕2号"
    assert office.verify().holds


def test_a_number_that_falls_due_by_itself_is_issued_by_the_sweep(office: duban.Engine) -> None:
    case = fire(office, matter(office), "press")
    office.set_clock(letters.EVE + timedelta(hours=2))
    assert office.explain(case.id, actor=letters.CLERK).case.data["paper"] == "001"
    assert "paper" not in office.case(case.id).data
    assert office.sweep().aside == ()
    settled = office.case(case.id)
    assert (settled.state, settled.data["paper"]) == ("over", "001")
    assert office.verify().holds


def test_a_case_goes_to_new_rules_with_its_number_and_may_get_one_on_the_way(
    office: duban.Engine, tmp_path: Path
) -> None:
    sent = office.open("letter", unit="district", actor=letters.CLERK)
    waiting = matter(office, title="wall")
    changed = letters.LETTER.replace("{n}号", "{n:02}号")
    numbering = "  - {when: '!given.paper', source: open, dest: open, then: [{issue: paper}]}\n"
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "letter.yaml").write_text(changed, encoding="utf-8")
    (tmp_path / "new" / "matter.yaml").write_text(letters.MATTER + numbering, encoding="utf-8")
    office.apply(str(tmp_path / "new"))
    for workflow in ("letter", "matter"):
        why = Migration(workflow=workflow, actor=letters.CLERK, reason="new format")
        assert (office.migrate(why).migrated, office.migrate(why).refused) == (1, [])
    assert office.case(sent.id).data["number"] == "涪安督〔2021〕1号"
    assert office.case(waiting.id).data["paper"] == "001"
    assert letter(office) == "涪安督〔2021〕02号"
    assert office.verify().holds


def test_four_writers_at_once_leave_no_gap_and_use_no_number_twice(office: duban.Engine) -> None:
    failures: list[BaseException] = []

    def write() -> None:
        try:
            for count in range(8):
                if count % 4 == 3:
                    with pytest.raises(duban.DubanError):
                        letter(office, about="\x00")
                else:
                    letter(office)
        except BaseException as failure:  # handed to the test
            failures.append(failure)

    threads = [Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(numbers_of(office)) == sorted(f"涪安督〔2021〕{n}号" for n in range(1, 25))
    assert office.verify().holds


_STEPS = st.lists(
    st.tuples(st.sampled_from(["district", "north"]), st.integers(0, 40), st.sampled_from("oxp")),
    max_size=25,
)


@settings(max_examples=25, deadline=None)
@given(steps=_STEPS)
def test_whatever_is_sent_or_refused_each_sequence_counts_up_from_one(
    steps: list[tuple[str, int, str]],
) -> None:
    with TemporaryDirectory() as folder:
        engine = letters.engine("memory://", Path(folder))
    for unit, days, kind in steps:
        engine.set_clock(engine.now() + timedelta(days=days))
        if kind == "o":
            letter(engine, unit)
        else:
            case = matter(engine)
            outcomes = engine.fire_many(
                Fire(case=case.id, trigger="fail", actor=letters.CLERK, data={"where": where})
                for where in ({"x": "nowhere", "p": unit}[kind],)
            )
            assert outcomes[0].ok is (kind == "p")
    sequences: dict[str, list[int]] = {}
    for case in engine.cases(sort="opened", limit=1000).cases:
        for entry in engine.history(case.id):
            for key, number in entry.body.get("numbers", {}).values():
                sequences.setdefault(key, []).append(number)
    assert all(sorted(issued) == [*range(1, len(issued) + 1)] for issued in sequences.values())
    assert engine.verify().holds
    engine.close()


# ---- what verification finds


def _gap(raw: sqlite3.Connection) -> None:
    raw.execute("UPDATE duban_serial SET number = 9 WHERE number = 2")


def _forgotten(raw: sqlite3.Connection) -> None:
    raw.execute("DELETE FROM duban_serial WHERE number = 3")


def _taken(raw: sqlite3.Connection) -> None:
    raw.execute(
        "UPDATE duban_serial SET (case_id, seq) = "
        "(SELECT case_id, seq FROM duban_serial WHERE number = 1) WHERE number = 2"
    )


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (
            _gap,
            [
                f"number 2 of {KEY} is used twice, or not in the register of numbers",
                f"the register of numbers has number 9 of {KEY}, which the entry did not issue",
                f"number 2 of {KEY} is missing",
            ],
        ),
        (_forgotten, [f"number 3 of {KEY} is used twice, or not in the register of numbers"]),
        (
            _taken,
            [
                f"the register of numbers has number 2 of {KEY}, which the entry did not issue",
                f"number 2 of {KEY} is used twice, or not in the register of numbers",
            ],
        ),
    ],
)
def test_a_number_that_is_missing_or_used_twice_is_found(
    office: duban.Engine,
    tmp_path: Path,
    tamper: Callable[[sqlite3.Connection], None],
    found: list[str],
) -> None:
    for _ in range(3):
        letter(office)
    assert office.verify().holds
    with closing(sqlite3.connect(tmp_path / "duban.db")) as raw, raw:
        tamper(raw)
    assert sorted(finding.en for finding in office.verify().findings) == sorted(found)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_letter_that_was_taken_away_leaves_a_gap_that_is_found(
    office: duban.Engine, tmp_path: Path
) -> None:
    for _ in range(3):
        letter(office)
    gone = office.cases(Where(workflow="letter")).cases[1].id
    with closing(sqlite3.connect(tmp_path / "duban.db")) as raw, raw:
        raw.execute("DROP TRIGGER duban_entry_no_delete")
        for table, column in (("entry", "case_id"), ("serial", "case_id"), ("case", "id")):
            raw.execute(f"DELETE FROM duban_{table} WHERE {column} = ?", (gone,))
    assert [finding.text("en") for finding in office.verify().findings] == [
        f"-: number 2 of {KEY} is missing"
    ]


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_register_takes_no_number_twice_whatever_wrote_it(
    office: duban.Engine, tmp_path: Path
) -> None:
    letter(office)
    with (
        closing(sqlite3.connect(tmp_path / "duban.db")) as raw,
        pytest.raises(sqlite3.IntegrityError, match="UNIQUE"),
    ):
        raw.execute("INSERT INTO duban_serial SELECT * FROM duban_serial")


# ---- request keys


@pytest.mark.parametrize("kind", ["sqlite"])
def test_the_body_of_a_request_cannot_be_guessed_without_its_salt(
    office: duban.Engine, tmp_path: Path
) -> None:
    for key in ("a", "b"):
        office.open("letter", unit="district", actor=letters.CLERK, data={"why": "王"}, key=key)
    with closing(sqlite3.connect(tmp_path / "duban.db")) as raw:
        rows = raw.execute("SELECT salt, body_hash FROM duban_request").fetchall()
    assert len({salt for salt, _ in rows}) == len({hash for _, hash in rows}) == 2
    assert all(len(salt) == 32 for salt, _ in rows)


@pytest.mark.parametrize("kind", ["sqlite"])
def test_a_key_whose_salt_was_erased_is_not_used_again(
    office: duban.Engine, tmp_path: Path
) -> None:
    def send() -> duban.Case:
        return office.open("letter", unit="district", actor=letters.CLERK, key="k")

    assert send() == send()
    with closing(sqlite3.connect(tmp_path / "duban.db")) as raw, raw:
        raw.execute("UPDATE duban_request SET salt = NULL")
    with pytest.raises(duban.KeyReused):
        send()
    assert office.verify().holds
