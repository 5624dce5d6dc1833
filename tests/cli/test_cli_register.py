"""Officials read registers and rates at the command line, as they stand and as they were frozen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]

CAMPAIGN = (
    tiny.CAMPAIGN.replace("roles: {chief: {post: head, of: office}}", "ROLES")
    + """\
registers:
  fixes:
    title: {zh: 小修台账, en: Fixes}
    of: fix
    columns: [title, unit, due.repair, state]
    restarts: year
    statistics: [dropped]
    by: [chief]
statistics:
  dropped: {title: {zh: 作罢率, en: Dropped}, of: fix, numerator: 'case.title == "灯"', by: unit}
"""
).replace("ROLES", "roles: {chief: {post: leader, of: office}}")


@pytest.fixture(autouse=True)
def cases(engine: duban.Engine) -> list[duban.Case]:
    Path("campaign.yaml").write_text(CAMPAIGN, encoding="utf-8")
    engine.apply("campaign.yaml")
    made = [tiny.opened(engine, title) for title in ("lamp", "door")]
    data = {"title": "灯", "weight": 2}
    return [*made, engine.open("fix", unit="desk-2", actor=tiny.BOB, data=data)]


def _data(result: Result) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def test_a_register_is_shown_with_its_numbers_and_chinese_heads(run: Run) -> None:
    assert run("--lang", "zh", "register", "show", "fixes").stdout == (
        "小修台账  2026 年度  2026-01-05 09:00\n"
        "序号  title  单位  期限              状态\n"
        "1     lamp   一科  2026-01-12 23:59  已报\n"
        "2     door   一科  2026-01-12 23:59  已报\n"
        "3     灯     二科  2026-01-12 23:59  已报\n"
    )


def test_rows_come_in_pages(run: Run, cases: list[duban.Case]) -> None:
    page = _data(run("register", "show", "fixes", "--limit", "2", "--json"))
    assert ([row["number"] for row in page["rows"]], page["next"]) == ([1, 2], 2)
    rest = _data(run("register", "show", "fixes", "--after", "2", "--json"))
    assert ([row["case"] for row in rest["rows"]], rest["next"]) == ([cases[2].id], None)
    assert "more: --after 2" in run("register", "show", "fixes", "--limit", "2").stderr


def test_what_is_frozen_is_listed_and_shown_as_it_was(
    run: Run, engine: duban.Engine, cases: list[duban.Case]
) -> None:
    frozen = _data(run("register", "freeze", "fixes", "--as", "chen", "--json"))
    assert (frozen["number"], frozen["rows"], frozen["by"]) == (1, 3, "chen")
    engine.fire(cases[0].id, "drop", actor=tiny.CHIEF)
    shown = _data(run("register", "show", "fixes", "--frozen", "1", "--json"))
    assert {row["cells"]["state"] for row in shown["rows"]} == {"reported"}
    assert shown["hash"] == frozen["hash"]
    assert shown["statistics"]["dropped"]["numerator"] == 1
    (listed,) = _data(run("register", "list", "--json"))["registers"]
    assert [one["number"] for one in listed["frozen"]] == [1]
    assert "Dropped: 1/3 = 33.3%" in run("register", "show", "fixes", "--frozen", "1").stdout


def test_only_who_may_freezes(run: Run) -> None:
    result = run("register", "freeze", "fixes")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "only by: chief" in result.stderr


def test_a_rate_is_told_with_both_numbers_and_its_parts(run: Run) -> None:
    assert run("--lang", "zh", "statistics", "dropped").stdout == (
        "统计     名称    分组  结果          无法判断\n"
        "dropped  作罢率        1/3 = 33.3%\n"
        "                 一科  0/2 = 0.0%\n"
        "                 二科  1/1 = 100.0%\n"
    )
    (found,) = _data(run("statistics", "--json"))["statistics"]
    assert found["parts"]["desk-2"] == {"numerator": 1, "denominator": 1}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["register", "show", "none"], "there is no register 'none'; there are: fixes"),
        (["register", "show", "fixes", "--frozen", "1"], "frozen 0 time"),
        (["register", "show", "fixes", "--frozen", "1", "--year", "2026"], "leave out --at"),
        (["register", "show", "fixes", "--at", "2030-01-01"], "has not come"),
        (["statistics", "none"], "there is no statistic 'none'; there are: dropped"),
        (["register", "list", "--campaign", "none"], "none"),
    ],
)
def test_what_is_not_there_is_bad_usage(run: Run, args: list[str], said: str) -> None:
    result = run(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
