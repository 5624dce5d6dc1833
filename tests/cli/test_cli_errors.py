"""Whatever goes wrong is one line on stderr and the right exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from click.testing import Result

from duban.cli import history
from duban.cli.main import main

Run = Callable[..., Result]


def test_duban_alone_prints_help_on_stdout_and_ends_with_2(alone: Run) -> None:
    result = alone()
    assert (result.exit_code, result.stderr) == (2, "")
    assert result.stdout == alone("--help").stdout


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["shwo"],
            "CLI-001 there is no command 'shwo'; `duban --help` lists those there are\n",
        ),
        (
            ["case", "shwo"],
            "CLI-001 there is no command 'shwo' (did you mean 'show'?); `duban case --help` lists "
            "those there are\n",
        ),
        (
            ["case", "list", "--sate", "x"],
            "CLI-002 there is no option --sate (did you mean --state?); see `duban case list --help`\n",
        ),
        (
            ["case", "list", "--store", "x"],
            "CLI-002 --store stands before the command: duban --store …; see `duban case list "
            "--help`\n",
        ),
        (["case", "show"], "CLI-002 CASE is missing; see `duban case show --help`\n"),
        (
            ["case", "open", "fix"],
            "CLI-002 --unit is missing; see `duban case open --help`\n",
        ),
        (["sweep", "now"], "CLI-002 too much on the line: now; see `duban sweep --help`\n"),
        (
            ["case", "list", "--sort", "size"],
            "CLI-002 --sort is one of: id, opened, changed, due, unit; see `duban case list --help`\n",
        ),
        (
            ["--lang", "fr", "sweep"],
            "CLI-002 --lang is one of: zh, en; see `duban --help`\n",
        ),
        (
            ["case", "list", "--unit"],
            "CLI-002 --unit needs a value; see `duban --help`\n",
        ),
        (
            ["case", "show", "--", "-1"],
            "CASE-001 '-1' is not a case id; `duban case list` shows them\n",
        ),
        (
            ["case", "show", "../etc"],
            "CASE-001 '../etc' is not a case id; `duban case list` shows them\n",
        ),
    ],
)
def test_bad_usage_is_one_line(args: list[str], line: str, alone: Run) -> None:
    result = alone(*args)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["case", "shwo"],
            "CLI-001 没有命令“shwo”（是否指“show”？）；可用 duban case --help 查看\n",
        ),
        (["case", "show"], "CLI-002 缺少 CASE；用法见 duban case show --help\n"),
        (
            ["case", "list", "--sate"],
            "CLI-002 没有选项 --sate（是否指 --state？）；用法见 duban case list --help\n",
        ),
        (["sweep", "--json=1"], "CLI-002 --json 不带取值；用法见 duban --help\n"),
        (["sweep", "now"], "CLI-002 多余的参数：now；用法见 duban sweep --help\n"),
        (
            ["case", "list", "--sort", "x"],
            "CLI-002 --sort 只能是：id、opened、changed、due、unit；用法见 duban case list --help\n",
        ),
        (
            ["case", "list", "--limit", "0"],
            "CLI-003 --limit 须为 1 到 1000 的整数（半角数字 0-9），不能是“0”\n",
        ),
    ],
)
def test_bad_usage_is_said_in_chinese(args: list[str], line: str, alone: Run) -> None:
    result = alone("--lang", "zh", *args)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)


def test_an_argument_that_is_no_text_is_refused(alone: Run) -> None:
    result = alone("case", "sh\udcffow")
    assert result.exit_code == 2
    assert result.stderr == ("CLI-004 argument 2 is not valid UTF-8; check the terminal's locale\n")


def test_with_json_an_error_is_an_object_on_stderr(run: Run) -> None:
    result = run("--lang", "zh", "case", "show", "NOPE", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert json.loads(result.stderr) == {
        "error": "CASE-004",
        "message": "没有编号为“NOPE”的事项；可用 duban case list 查看",
        "case": "NOPE",
    }


def test_with_json_bad_usage_is_an_object_too(alone: Run) -> None:
    result = alone("case", "show", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stderr)["error"] == "CLI-002"


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(case_id: str, **_: object) -> None:
        secret = "postgresql://duban:hunter2@db"
        raise ZeroDivisionError(secret)

    monkeypatch.setattr(history.show, "callback", fail)


@pytest.mark.usefixtures("broken")
def test_a_fault_of_ours_is_one_line_without_a_traceback(alone: Run) -> None:
    result = alone("history", "show", "x1")
    assert (result.exit_code, result.stdout) == (3, "")
    code, rest = result.stderr.split(" (id ")
    assert code == "ERR-500 unexpected ZeroDivisionError"
    assert rest[8:] == "); run it again with --debug and report what it prints\n"
    assert alone("history", "show", "x1").stderr == result.stderr


@pytest.mark.usefixtures("broken")
def test_debug_shows_where_a_fault_came_from(alone: Run) -> None:
    result = alone("--debug", "history", "show", "x1")
    assert result.exit_code == 3
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert result.stderr.splitlines()[-1].startswith("ERR-500 unexpected ZeroDivisionError")


def test_an_interrupt_is_no_fault(alone: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(case_id: str, **_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(history.show, "callback", interrupted)
    result = alone("history", "show", "x1")
    assert (result.exit_code, result.stderr.strip()) == (130, "CLI-130 interrupted")


@pytest.mark.parametrize(
    ("store", "code"),
    [("sqlite:////nowhere/at/all/duban.db", 3), ("redis://x", 2), ("postgresql://db/duban", 3)],
)
def test_a_store_that_cannot_be_opened_is_one_line(store: str, code: int, alone: Run) -> None:
    result = alone("--store", store, "doctor")
    assert (result.exit_code, result.stdout) == (code, "")
    assert len(result.stderr.splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_only_publishing_makes_a_store(alone: Run, tmp_path: Path) -> None:
    for args in (["history", "verify"], ["case", "list"], ["sweep"], ["daemon"], ["doctor"]):
        result = alone(*args)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr == (
            "ENV-006 there is no store at duban.db; check --store and the settings, or make one "
            "with `duban apply`\n"
        )
    tiny.write(Path("rules"))
    assert alone("--store", f"sqlite:///{tmp_path}/duban.db", "apply", "rules").exit_code == 0
    assert alone("doctor").exit_code == 0


def test_a_store_that_cannot_be_made_is_one_line(alone: Run) -> None:
    tiny.write(Path("rules"))
    result = alone("--store", "sqlite:////nowhere/at/all/duban.db", "apply", "rules")
    assert (result.exit_code, result.stdout, result.stderr[:8]) == (3, "", "ENV-001 ")
    assert len(result.stderr.splitlines()) == 1


def test_a_file_that_is_no_store_is_one_line(alone: Run) -> None:
    Path("duban.db").write_text("no database, but long enough to be taken for one " * 20)
    result = alone("doctor")
    assert (result.exit_code, result.stdout) == (3, "")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("ENV-")


def test_a_missing_settings_file_is_one_line(alone: Run) -> None:
    result = alone("--config", "none.toml", "doctor")
    assert result.exit_code == 2
    assert result.stderr == "CLI-000 none.toml: cannot be read: No such file or directory\n"


def test_a_reader_that_goes_away_is_no_fault() -> None:
    command = f"{sys.executable} -m duban.cli.main case list --help | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_terminal_without_chinese_gets_a_sign_in_its_place() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "utf8=0", "-m", "duban.cli.main", "--lang", "zh", "--help"],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "latin-1", "PATH": "/usr/bin"},
    )
    assert b"??" in done.stdout


def test_outside_standalone_mode_the_exit_code_is_returned() -> None:
    assert main(["case", "show"], standalone_mode=False) == 2


def test_the_version_is_printed(alone: Run) -> None:
    assert alone("--version").stdout.startswith("duban 0.")
