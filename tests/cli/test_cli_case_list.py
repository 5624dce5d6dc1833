from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]

REGISTER = (
    tiny.CAMPAIGN
    + "registers:\n  fixes:\n    title: {zh: 小修台账, en: Fixes}\n    of: fix\n"
    + "    columns: [title, unit, due.repair, met.repair, times.start, entered.doing, state]\n"
)


@pytest.fixture(autouse=True)
def cases(engine: duban.Engine) -> list[duban.Case]:
    made = [tiny.opened(engine, title) for title in ("lamp", "door")]
    made.append(
        engine.open("fix", unit="desk-2", actor=tiny.BOB, data={"title": "灯", "weight": 2})
    )
    engine.fire(made[1].id, "drop", actor=tiny.CHIEF)
    return made


def _ids(result: Result) -> list[str]:
    assert result.exit_code == 0, result.stderr
    return [case["id"] for case in json.loads(result.stdout)["cases"]]


def test_the_list_is_a_table(run: Run, cases: list[duban.Case]) -> None:
    one, two, three = (case.id for case in cases)
    assert run("--lang", "zh", "case", "list", "--workflow", "fix").stdout == (
        "编号                        流程  单位    状态           到期              逾期\n"
        f"{one}  fix   desk-1  reported 已报  2026-01-12 23:59\n"
        f"{two}  fix   desk-1  dropped 作废   -\n"
        f"{three}  fix   desk-2  reported 已报  2026-01-12 23:59\n"
    )


@pytest.mark.parametrize(
    ("args", "chosen"),
    [
        ([], [0, 1, 2]),
        (["--unit", "desk-1"], [0, 1]),
        (["--unit", "desk-1", "--unit", "desk-2"], [0, 1, 2]),
        (["--under", "office"], [0, 1, 2]),
        (["--under", "desk-2"], [2]),
        (["--under", "office", "--unit", "desk-2"], [2]),
        (["--open"], [0, 2]),
        (["--void"], [1]),
        (["--closed"], []),
        (["--state", "dropped"], [1]),
        (["--where", "title=灯"], [2]),
        (["--where", "weight:=2"], [2]),
        (["--campaign", "drive", "--phase", "first"], [0, 1, 2]),
        (["--due-before", "2026-01-13"], [0, 2]),
        (["--due-before", "2026-01-12"], []),
        (["--due-before", "2026-01-12T23:59:59+08:00"], []),
        (["--overdue"], []),
        (["--aside"], []),
        (["--sort", "unit", "--desc"], [2, 0, 1]),
        (["--limit", "1"], [0]),
    ],
)
def test_what_narrows_the_list(
    args: list[str], chosen: list[int], run: Run, cases: list[duban.Case]
) -> None:
    found = _ids(run("case", "list", "--workflow", "fix", "--json", *args))
    assert found == [cases[place].id for place in chosen]


def test_what_is_overdue_is_marked(run: Run, engine: duban.Engine, cases: list[duban.Case]) -> None:
    engine.set_clock(tiny.START + 10 * tiny.DAY)
    assert _ids(run("case", "list", "--overdue", "--json")) == [cases[0].id, cases[2].id]
    assert run("case", "list", "--overdue").stdout.count("  yes\n") == 2


def test_a_page_says_where_the_next_begins(run: Run, cases: list[duban.Case]) -> None:
    args = ("case", "list", "--workflow", "fix", "--limit", "2")
    first = run(*args)
    token = first.stderr.removeprefix("more: --after ").strip()
    assert _ids(run(*args, "--after", token, "--json")) == [cases[2].id]
    assert json.loads(run(*args, "--json").stdout)["next"] == token


@pytest.mark.parametrize("number", ["٣", "1_000", "-5", "99999999", "0", "ten"])
def test_a_limit_is_a_plain_number_within_bounds(number: str, run: Run) -> None:
    result = run("case", "list", f"--limit={number}")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"CLI-003 --limit needs a whole number from 1 to 1000 in the digits 0-9, not {number!r}\n"
    )


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["--workflow", "fxi"],
            "FIND-001 there is no workflow 'fxi'; published: fix, fragile\n",
        ),
        (
            ["--workflow", "fix", "--state", "doin"],
            "FIND-000 there is no state 'doin'; did you mean 'doing'?\n",
        ),
        (
            ["--workflow", "fix", "--where", "colour=red"],
            "FIND-000 there is no field 'colour'; there are: title, weight, note, due, reporter\n",
        ),
        (
            ["--campaign", "drive", "--phase", "third"],
            "FIND-000 there is no phase 'third'; there are: first, second\n",
        ),
        (
            ["--under", "cellar"],
            "FIND-002 there is no unit 'cellar' in the organisation; check the id, or apply the "
            "organisation first\n",
        ),
        (["--register", "none"], "FIND-000 there is no register 'none'; there are: -\n"),
    ],
)
def test_a_name_that_does_not_exist_is_no_empty_list(args: list[str], line: str, run: Run) -> None:
    result = run("case", "list", *args)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)


def test_a_register_is_the_list_as_officials_read_it(
    run: Run, engine: duban.Engine, cases: list[duban.Case]
) -> None:
    register = Path("list.yaml")
    register.write_text(REGISTER, encoding="utf-8")
    engine.apply(str(register))
    engine.fire(cases[0].id, "start", actor=tiny.ANN)
    assert run("--lang", "zh", "case", "list", "--register", "fixes").stdout == (
        "小修台账\n"
        "title  单位  期限              期限（完成）      times.start  entered.doing     状态\n"
        "lamp   一科  2026-01-12 23:59  -                 1            2026-01-05 09:00  在办\n"
        "door   一科  2026-01-12 23:59  2026-01-05 09:00  0            -                 作废\n"
        "灯     二科  2026-01-12 23:59  -                 0            -                 已报\n"
    )
