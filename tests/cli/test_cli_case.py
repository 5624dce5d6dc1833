from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import tiny
from click.testing import Result

import duban

Run = Callable[..., Result]


@pytest.fixture
def case(engine: duban.Engine) -> duban.Case:
    return tiny.opened(engine)


def test_opening_says_what_the_case_is_now(run: Run, engine: duban.Engine) -> None:
    result = run(
        "case", "open", "fix", "--unit", "desk-1", "--set", "title=lamp", "--set", "weight=3"
    )
    (case,) = engine.cases(duban.Where(workflow="fix")).cases
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{case.id} is now reported, due 2026-01-12 23:59 (version 1)\n"
    assert case.data == {"title": "lamp", "weight": 3}


def test_opening_in_chinese(run: Run, engine: duban.Engine) -> None:
    result = run("--lang", "zh", "case", "open", "fix", "--unit", "desk-1", "--set", "title=灯")
    (case,) = engine.cases(duban.Where(workflow="fix")).cases
    assert result.stdout == f"{case.id} 现为“reported 已报”，2026-01-12 23:59 到期（第 1 版）\n"


def test_the_actor_is_recorded_with_what_vouches_for_it(run: Run, engine: duban.Engine) -> None:
    made = run("case", "open", "fix", "--unit", "desk-1", "--set", "title=lamp", "--json")
    case = json.loads(made.stdout)
    run("case", "fire", case["id"], "drop", "--as", "chen", "--post", "office/leader")
    first, last = engine.history(case["id"])
    assert first.actor == duban.Actor(person="ann", authenticated_by="os:clerk")
    assert last.actor == duban.Actor(
        person="chen", post="office/leader", authenticated_by="os:clerk"
    )


def test_acting_as_somebody_else_needs_the_right(run: Run, case: duban.Case) -> None:
    result = run("case", "fire", case.id, "drop", "--as", "chen", act_as=False)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "RULE-009 user 'clerk' may not act as 'chen'; ask the operator for the right `act_as` in "
        "duban.toml\n"
    )
    assert run("case", "fire", case.id, "start", "--as", "ann", act_as=False).exit_code == 0


class TestSomebodyUnknown:
    @pytest.fixture
    def people(self) -> Mapping[str, str]:
        return {}

    def test_is_told_what_to_do(self, run: Run, case: duban.Case) -> None:
        result = run("case", "fire", case.id, "start")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == (
            "CLI-009 user 'clerk' is no person of the organisation; add [people] clerk = "
            "'<person>' to duban.toml, or use --as PERSON (needs act_as)\n"
        )


def test_a_post_is_written_with_its_unit(run: Run, case: duban.Case) -> None:
    result = run("case", "fire", case.id, "start", "--post", "clerk")
    assert (result.exit_code, result.stderr) == (
        2,
        "CLI-007 'clerk' is not a post; write unit/post, such as school-001/principal\n",
    )


def test_a_person_without_the_role_is_refused(
    run: Run, engine: duban.Engine, case: duban.Case
) -> None:
    result = run("case", "fire", case.id, "drop")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"{case.id}: 'drop' needs role chief; ann has: worker [RULE-002 transitions.7]\n"
    )
    assert len(engine.history(case.id)) == 1


def test_a_trigger_that_is_not_possible_names_those_that_are(run: Run, case: duban.Case) -> None:
    result = run("case", "fire", case.id, "finish")
    assert result.exit_code == 1
    assert result.stderr == (
        f"{case.id}: 'finish' is not possible in 'reported'; possible: start, note, drop [RULE-001]\n"
    )


def test_the_same_person_does_not_pass_what_they_finished(run: Run, case: duban.Case) -> None:
    for trigger in ("start", "finish"):
        assert run("case", "fire", case.id, trigger).exit_code == 0
    result = run("case", "fire", case.id, "pass")
    assert result.exit_code == 1
    assert "[RULE-003 transitions.4]" in result.stderr


def test_a_stale_version_is_refused(run: Run, case: duban.Case) -> None:
    assert run("case", "fire", case.id, "start", "--version", "1").exit_code == 0
    result = run("case", "fire", case.id, "finish", "--version", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"CONF-001 case {case.id} changed: it is at version 2, you had 1; read it again and retry\n"
    )


def test_the_same_key_changes_nothing_the_second_time(
    run: Run, engine: duban.Engine, case: duban.Case
) -> None:
    for _ in range(2):
        assert run("case", "fire", case.id, "start", "--key", "k-1").exit_code == 0
    assert len(engine.history(case.id)) == 2
    result = run("case", "fire", case.id, "note", "--key", "k-1")
    assert (result.exit_code, result.stderr[:8]) == (1, "CONF-002")


def test_values_come_as_text_as_json_and_from_a_file(run: Run, engine: duban.Engine) -> None:
    Path("more.json").write_text('\ufeff{"title": "灯", "weight": 2}', encoding="utf-8")
    result = run(
        *("case", "open", "fix", "--unit", "desk-1", "--data", "@more.json"),
        *("--set", "weight:=7", "--set", "due=2026-02-01", "--json"),
    )
    assert json.loads(result.stdout)["data"] == {"title": "灯", "weight": 7, "due": "2026-02-01"}


def test_values_come_from_standard_input(run: Run) -> None:
    args = ("case", "open", "fix", "--unit", "desk-1", "--data", "@-", "--json")
    result = run(*args, input='{"title": "lamp=on"}')
    assert json.loads(result.stdout)["data"] == {"title": "lamp=on"}


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["--set", "title"],
            "CLI-005 --set 'title': there is no '='; write name=text, or name:=JSON for lists, "
            "numbers and evidence\n",
        ),
        (
            ["--set", "Ti tle=x"],
            "CLI-005 --set 'Ti tle=x': 'Ti tle' is not the name of a field; write name=text, or "
            "name:=JSON for lists, numbers and evidence\n",
        ),
        (
            ["--set", "title=a", "--set", "title=b"],
            "CLI-005 --set 'title=…': the name is given twice; write name=text, or name:=JSON for "
            "lists, numbers and evidence\n",
        ),
        (
            ["--set", "weight:=seven"],
            "CLI-006 --set weight: not JSON: Expecting value: line 1 column 1 (char 0)\n",
        ),
        (["--data", "[1]"], "CLI-006 --data: not JSON: an object {…} is needed\n"),
        (["--data", '{"a": 1, "a": 2}'], "CLI-006 --data: not JSON: key 'a' stands twice\n"),
        (["--data", '{"a": NaN}'], "CLI-006 --data: not JSON: NaN is not a number\n"),
        (["--data", "@none.json"], "CLI-008 there is no file or folder 'none.json'\n"),
        (["--set", "title=a\x1b"], "INPUT-001 title: U+001B at position 2; remove it\n"),
        (
            ["--set", "title=a", "--set", "weight=٣"],
            "INPUT-002 field 'weight': '٣' is not a whole number\n",
        ),
    ],
)
def test_values_that_cannot_be_meant_are_refused(args: list[str], line: str, run: Run) -> None:
    result = run("case", "open", "fix", "--unit", "desk-1", *args)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)


@pytest.mark.parametrize("number", ["0", "-5", "٣", "1_000", "1.0", "", "9" * 17])
def test_a_version_is_a_plain_number(number: str, run: Run, case: duban.Case) -> None:
    result = run("case", "fire", case.id, "start", f"--version={number}")
    assert result.exit_code == 2
    assert result.stderr == (
        f"CLI-003 --version needs a whole number from 1 to 9007199254740991 in the digits 0-9, "
        f"not {number!r}\n"
    )


def test_show_is_a_page(run: Run, case: duban.Case) -> None:
    assert run("case", "show", case.id).stdout == (
        f"{case.id}  reported\n"
        "  workflow  fix\n"
        "  unit      desk-1 一科\n"
        "  campaign  drive / first\n"
        "  opened    2026-01-05 09:00\n"
        "  changed   2026-01-05 09:00\n"
        "  version   1\n"
        "Deadlines:\n"
        "  Repair  2026-01-12 23:59  running\n"
        "Fields:\n"
        "  title  lamp\n"
    )


def test_show_in_chinese(run: Run, engine: duban.Engine, case: duban.Case) -> None:
    engine.set_clock(tiny.START + 10 * tiny.DAY)
    assert run("--lang", "zh", "case", "show", case.id).stdout == (
        f"{case.id}  reported 已报\n"
        "  流程      fix\n"
        "  单位      desk-1 一科\n"
        "  专项行动  drive / first\n"
        "  立项      2026-01-05 09:00\n"
        "  更新      2026-01-05 09:00\n"
        "  版本      1\n"
        "时限：\n"
        "  期限  2026-01-12 23:59  已逾期\n"
        "字段：\n"
        "  title  lamp\n"
    )


def test_show_as_json(run: Run, case: duban.Case) -> None:
    shown = json.loads(run("case", "show", case.id, "--json").stdout)
    assert shown["state"] == "reported"
    assert shown["due"] == "2026-01-12T15:59:59.999999Z"
    assert shown["overdue"] is False
    assert shown["clocks"]["repair"]["span"] == "5 workdays"
    assert shown["head"] == case.head


def test_a_case_as_it_was(run: Run, engine: duban.Engine, case: duban.Case) -> None:
    engine.set_clock(tiny.START + tiny.HOUR)
    run("case", "fire", case.id, "start")
    then, local = "2026-01-05T01:30:00Z", "2026-01-05T09:30"
    for at in (then, local, "2026-01-05 09:30", "2026-01-05T09:30+08:00"):
        shown = json.loads(run("case", "show", case.id, "--at", at, "--json").stdout)
        assert shown["state"] == "reported"
    assert json.loads(run("case", "show", case.id, "--json").stdout)["state"] == "doing"
    assert run("case", "show", case.id, "--at", "2026-01-01T00:00Z").exit_code == 2


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2026-01-05", "TIME-009"),
        ("24/11/2026", "TIME-009"),
        ("1763946000", "TIME-008"),
        ("2026-02-30T09:00", "TIME-001"),
        ("20226-01-01T00:00Z", "TIME-007"),
    ],
)
def test_instants_are_read_strictly(at: str, code: str, run: Run, case: duban.Case) -> None:
    result = run("case", "show", case.id, "--at", at)
    assert (result.exit_code, result.stdout, result.stderr.split()[0]) == (2, "", code)


def test_a_case_that_is_not_there_is_not_found(run: Run) -> None:
    result = run("case", "show", "NOPE")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "CASE-004 there is no case 'NOPE'; `duban case list` shows those there are\n"
    )


def test_explain_says_what_may_be_done_and_why_not(run: Run, case: duban.Case) -> None:
    assert run("case", "explain", case.id).stdout == (
        f"{case.id} is reported; for ann:\n"
        "  + start\n"
        "  + note  (asks: note, reason)\n"
        "  - drop\n"
        "      'drop' needs role chief; ann has: worker [RULE-002 transitions.7]\n"
        "  not in this state: finish, pass, fail, reopen\n"
    )


def test_explain_marks_what_must_be_given(run: Run, case: duban.Case) -> None:
    for trigger in ("start", "finish"):
        run("case", "fire", case.id, trigger)
    said = run("--lang", "zh", "case", "explain", case.id, "--as", "chen").stdout
    assert "  + fail  （填写：note*）\n" in said


def test_explain_as_json_holds_every_trigger(run: Run, case: duban.Case) -> None:
    explained = json.loads(run("case", "explain", case.id, "--json").stdout)
    by_name = {verdict["trigger"]: verdict for verdict in explained["triggers"]}
    assert by_name["start"]["allowed"] is True
    assert by_name["drop"]["reasons"] == [
        {
            "code": "RULE-002",
            "message": "'drop' needs role chief; ann has: worker",
            "place": "transitions.7",
            "missing": [],
        }
    ]
    assert by_name["note"]["asks"][0] == {"name": "note", "type": "text", "missing": False}


def test_a_case_set_aside_is_put_back(run: Run, engine: duban.Engine) -> None:
    made = engine.open("fragile", unit="desk-1", actor=tiny.ANN, data={"target": "nowhere"})
    engine.set_clock(tiny.START + 3 * tiny.DAY)
    swept = run("sweep")
    assert swept.exit_code == 0
    assert f"set aside {made.id}: " in swept.stdout
    assert made.id in run("case", "list", "--aside").stdout
    assert run("case", "fire", made.id, "close").stderr.startswith("CASE-005 ")
    assert run("case", "retry", made.id).stdout == f"{made.id} takes part again\n"
    assert run("case", "fire", made.id, "close").stderr.startswith("FIND-002 ")
