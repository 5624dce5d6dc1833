"""Every refusal says what was wrong, where, and what to do: in one line, in both languages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]
OPEN = ("case", "open", "fix", "--unit", "desk-1", "--set", "title=lamp")


def one_line(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


@pytest.fixture
def case(engine: duban.Engine) -> duban.Case:
    return tiny.opened(engine)


class TestByTheRules:
    """Exit code 1: refused is an answer."""

    def test_an_unknown_trigger(self, run: Run, case: duban.Case) -> None:
        assert one_line(run("case", "fire", case.id, "strat"), 1) == (
            f"{case.id}: there is no trigger 'strat'; did you mean 'start'?; possible in 'reported': "
            "start, note, drop [RULE-010]"
        )

    def test_in_chinese(self, run: Run, case: duban.Case) -> None:
        assert one_line(run("--lang", "zh", "case", "fire", case.id, "strat"), 1) == (
            f"{case.id}：没有名为“strat”的操作；是否指“start”？；“reported”状态下可以：start, note, drop "
            "[RULE-010]"
        )

    def test_a_wrong_role(self, run: Run, case: duban.Case) -> None:
        assert one_line(run("case", "fire", case.id, "drop"), 1) == (
            f"{case.id}: 'drop' needs role chief; ann has: worker [RULE-002 transitions.7]"
        )

    def test_a_missing_field(self, run: Run) -> None:
        line = one_line(run("case", "open", "fix", "--unit", "desk-1"), 1)
        assert line.endswith("'open' needs: title [RULE-005 transitions.0]")

    def test_a_guard_that_is_false(self, alone: Run, tmp_path: Path, engine: duban.Engine) -> None:
        guarded = tmp_path / "guarded.yaml"
        guarded.write_text(
            "workflow: guarded\nfields: {n: number}\nstates: {a: {}, b: {final: true}}\n"
            "transitions:\n"
            "  - {trigger: open, source: new, dest: a, by: anyone, asks: [n]}\n"
            "  - {trigger: go, source: a, dest: b, by: anyone, conditions: case.n > 3}\n",
            encoding="utf-8",
        )
        engine.apply(str(guarded))
        opened = engine.open("guarded", unit="desk-1", actor=tiny.ANN, data={"n": 2})
        with pytest.raises(duban.TransitionRefused) as refusal:
            engine.fire(opened.id, "go", actor=tiny.ANN)
        assert str(refusal.value) == (
            f"{opened.id}: 'go' is not allowed: `case.n > 3` is not true [RULE-004 transitions.1]"
        )

    def test_a_stale_version(self, run: Run, case: duban.Case) -> None:
        run("case", "fire", case.id, "start")
        assert one_line(run("case", "fire", case.id, "finish", "--version", "1"), 1) == (
            f"CONF-001 case {case.id} changed: it is at version 2, you had 1; read it again and retry"
        )

    def test_a_request_key_with_another_body(self, run: Run) -> None:
        assert run(*OPEN, "--key", "k-1").exit_code == 0
        assert one_line(run(*OPEN, "--set", "weight=2", "--key", "k-1"), 1) == (
            "CONF-002 request key 'k-1' was already used for a different request; use a new key"
        )

    def test_a_case_that_has_ended(self, run: Run, engine: duban.Engine, case: duban.Case) -> None:
        engine.fire(case.id, "drop", actor=tiny.CHIEF)
        assert one_line(run("case", "fire", case.id, "start"), 1) == (
            f"{case.id}: the case has ended in 'dropped' and 'start' does not reopen it; possible: - "
            "[RULE-008 states.dropped]"
        )


class TestBadInput:
    """Exit code 2: it cannot be understood, or is not there."""

    def test_an_unknown_unit(self, run: Run) -> None:
        line = one_line(run("case", "open", "fix", "--unit", "dsk-2", "--set", "title=x"), 2)
        assert line == (
            "FIND-002 there is no unit 'dsk-2' in the organisation; did you mean 'desk-2'?; check "
            "the id, or apply the organisation first"
        )

    def test_a_bad_date(self, run: Run) -> None:
        line = one_line(run(*OPEN, "--set", "due=2026-02-30"), 2)
        assert line.startswith("TIME-001 '2026-02-30'")
        assert "28 days" in line

    def test_an_unknown_case(self, run: Run) -> None:
        assert one_line(run("case", "fire", "nope", "start"), 2) == (
            "CASE-004 there is no case 'nope'; `duban case list` shows those there are"
        )


def yaml_fault(alone: Run, tmp_path: Path, raw: bytes) -> str:
    (tmp_path / "bad.yaml").write_bytes(raw)
    result = alone("check", "bad.yaml")
    assert result.exit_code == 2
    return (result.stdout + result.stderr).splitlines()[0]


class TestDefinitions:
    """Exit code 2, with file:line:column, and the process lives."""

    def test_a_duplicate_key(self, alone: Run, tmp_path: Path) -> None:
        line = yaml_fault(alone, tmp_path, b"workflow: a\nstates: {}\nstates: {}\n")
        assert line.startswith("DEF-006 bad.yaml:3:1 ")
        assert "line 2" in line

    def test_an_alias_bomb(self, alone: Run, tmp_path: Path) -> None:
        levels = [b"a0: &a0 [x]"] + [
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]".encode() for n in range(1, 9)
        ]
        line = yaml_fault(alone, tmp_path, b"\n".join(levels))
        assert line.startswith("DEF-007 bad.yaml:1:5 ")
        assert "anchors and aliases are not allowed" in line

    def test_a_file_in_gbk(self, alone: Run, tmp_path: Path) -> None:
        raw = "workflow: a\ntitle: 安全隐患排查整治\n".encode("gbk")
        line = yaml_fault(alone, tmp_path, raw)
        assert line.startswith("DEF-003 bad.yaml:")
        assert "GB18030" in line

    def test_a_hundred_thousand_levels(self, alone: Run, tmp_path: Path) -> None:
        line = yaml_fault(alone, tmp_path, b"a: " + b"[" * 100_000)
        assert line.startswith("DEF-008 bad.yaml:1:")
        assert "nesting deeper than 32 levels" in line
