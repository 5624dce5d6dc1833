# ruff: noqa: E501 - a step of a scenario is one line
from __future__ import annotations

from pathlib import Path

import pytest
from plays import OPEN, played, told

from duban.engine.errors import InvalidDefinition

DAYS = """\
organisation: other
zone: Europe/Berlin
lang: en
closing: '17:30'
kinds:
  office: {title: Office, posts: {leader: Head}, head: leader}
  desk: {title: Desk, posts: {clerk: Clerk}, head: clerk}
units:
  - {unit: office, kind: office, title: Office}
  - {unit: desk-9, kind: desk, title: Desk, parent: office}
holders: [{post: desk-9/clerk, person: nina}]
"""


def test_a_time_line_goes_as_expected(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        f"""
        - {OPEN}, expect: {{state: reported, counts: open, unit: desk-1, campaign: null, due: {{repair: 2026-01-12}}, history: [open], fields: {{title: lamp, weight: 3, note: none}}}}}}
        - {{at: 2026-01-06, fire: start, by: worker, expect: {{state: doing, notices: {{chief: 1, office: 1, chen: 1, office/leader: 1, ann: 0}}, times: {{start: 1}}, may: {{worker: [finish]}}, may_not: {{chief: [finish]}}}}}}
        - {{at: 2026-01-13, expect: {{overdue: repair, lapsed: repair, running: repair, history: [remind, repair.urge], sent: 5}}}}
        - {{at: 2026-01-13, fire: finish, by: worker, expect: {{state: checking, overdue: none, waiting: repair, lapsed: repair}}}}
        - {{at: 2026-01-14, fire: pass, by: chief, expect: {{lamp: {{state: done, history: [pass]}}, cases: {{fix: {{closed: 1, open: 0}}}}}}}}
        - {{at: 2026-01-15, fire: reopen, by: chief, expect: {{episode: 2, due: {{repair: 2026-01-22}}}}}}
        """,
    )
    assert told(done) == []
    assert (done.ok, done.steps, done.left) == (True, 6, 0)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("state: doing", "lamp: state: expected doing, is reported"),
        ("due: {repair: 2026-01-13}", "lamp: due.repair: expected 2026-01-13, is 2026-01-12"),
        ("due: {repair: 2026-01-12 17:30}", "lamp: due.repair: expected 2026-01-12 17:30, is 2026-01-12"),
        ("due: {repair: none}", "lamp: due.repair: expected none, is 2026-01-12"),
        ("first_due: {repair: 2026-01-01}", "lamp: first_due.repair: expected 2026-01-01, is 2026-01-12"),
        ("overdue: repair", "lamp: overdue: expected repair overdue, is running (due 2026-01-12)"),
        ("waiting: repair", "lamp: waiting: expected repair waiting, is running (due 2026-01-12)"),
        ("met: repair", "lamp: met: expected repair met, is running (due 2026-01-12)"),
        ("lapsed: repair", "lamp: lapsed: expected repair lapsed, is running (due 2026-01-12)"),
        ("fields: {weight: 4}", "lamp: fields.weight: expected 4, is 3"),
        ("fields: {note: seen}", "lamp: fields.note: expected seen, is none"),
        ("fields: {title: none}", "lamp: fields.title: expected none, is lamp"),
        ("times: {start: 1}", "lamp: times.start: expected 1, is 0"),
        ("episode: 2", "lamp: episode: expected 2, is 1"),
        ("counts: closed", "lamp: counts: expected closed, is open"),
        ("children: {fix: 1}", "lamp: children.fix: expected 1, is 0"),
        ("links: {children: 1}", "lamp: links.children: expected 1, is 0"),
        ("links: {children: lamp}", "lamp: links.children: expected lamp, is none"),
        ("may: {worker: finish}", "lamp: may.worker: expected may finish, is may not finish"),
        ("may_not: {worker: start}", "lamp: may_not.worker: expected may not start, is may start"),
        ("notices: {chief: 1}", "lamp: notices.chief: expected 1, is 0 (sent to: nobody)"),
        ("notices: 2", "lamp: notices: expected 2, is 0 (sent to: nobody)"),
        ("history: none", "lamp: history: expected none, is open"),
        ("history: [open, start]", "lamp: history: expected open, start, is open"),
        ("cases: {fix: 2}", "cases of fix (all): expected 2, is 1"),
        ("cases: {fix: {overdue: 1}}", "cases of fix (overdue): expected 1, is 0"),
        ("sent: 1", "notices: expected 1, is 0 (sent to: nobody)"),
    ],
)  # fmt: skip
def test_each_expectation_can_fail_and_says_what_is(tmp_path: Path, wrong: str, said: str) -> None:
    done = played(tmp_path, f"- {OPEN}, expect: {{{wrong}}}}}")
    assert [text.split(" ", 1)[1] for text in told(done)] == [said]


def test_a_difference_stands_at_its_line_and_reads_in_chinese(tmp_path: Path) -> None:
    steps = """
    - at: 2026-01-05
      open: fix
      unit: desk-1
      by: worker
      with: {title: lamp}
      expect:
        state: doing
        due:
          repair: 2026-01-14
    - {at: 2026-01-20, expect: {not_overdue: repair}}
    """
    done = played(tmp_path, steps)
    assert told(done, "zh") == [
        "9:7 fix：状态：应为 doing，实为 reported",
        "11:9 fix：到期 repair：应为 2026-01-14，实为 2026-01-12",
        "12:31 fix：未逾期：应为 repair 未逾期，实为 已逾期（到期 2026-01-12）",
    ]
    assert [f.at for f in done.failures] == ["2026-01-05 09:00", "2026-01-20 09:00"]
    assert done.failures[1].stands["fix"].zh == "reported；repair 2026-01-12（逾期）"


# ---- refusals


def test_what_is_refused_as_expected_is_no_failure(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        f"""
        - {OPEN}}}
        - {{fire: finish, by: worker, expect: {{refused: RULE-001, state: reported, history: none}}}}
        - {{fire: start, by: {{person: bob, post: desk-2/clerk}}, expect: {{refused: true, says: [chief, worker]}}}}
        """,
    )
    assert [t for t in told(done) if "says" not in t] == []


def test_a_refusal_that_was_not_expected_ends_the_scenario(tmp_path: Path) -> None:
    done = played(
        tmp_path, f"- {OPEN}}}\n- {{fire: finish, by: worker}}\n- {{fire: start, by: worker}}"
    )
    (said,) = told(done)
    assert said.startswith("4:5 answer: expected carried out, is ")
    assert "RULE-001" in said
    assert (done.steps, done.left) == (2, 1)


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("refused: RULE-002", "expected refused RULE-002"),
        ("refused: RULE-001, says: never", "expected says 'never'"),
    ],
)
def test_a_refusal_for_another_reason_is_told_with_the_reason(
    tmp_path: Path, expected: str, said: str
) -> None:
    done = played(tmp_path, f"- {OPEN}}}\n- {{fire: finish, by: worker, expect: {{{expected}}}}}")
    (told_once,) = told(done)
    assert said in told_once
    assert "RULE-001" in told_once


def test_what_should_have_been_refused_and_was_not_ends_the_scenario(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        f"- {OPEN}}}\n- {{fire: start, by: worker, expect: {{refused: RULE-002}}}}\n- {{at: 2026-01-06}}",
    )
    assert told(done) == ["4:40 answer: expected refused RULE-002, is carried out"]
    assert done.left == 1


def test_a_role_that_nobody_plays_is_told_as_such(tmp_path: Path) -> None:
    done = played(tmp_path, f"- {OPEN.replace('by: worker', 'by: {role: worker, number: 7}')}}}")
    (said,) = told(done)
    assert "nobody number 7 plays the role 'worker'" in said


def test_the_second_holder_of_a_role_acts_when_asked_for(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        f"""
        - {OPEN}}}
        - {{fire: start, by: worker}}
        - {{fire: finish, by: worker}}
        - {{fire: pass, by: worker, variant: true, expect: {{refused: RULE-003}}}}
        - {{fire: pass, by: {{role: worker, number: 2}}, expect: {{state: done}}}}
        """,
    )
    assert told(done) == []


# ---- variants


def test_a_variant_leaves_no_trace(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        f"""
        - {OPEN}}}
        - {{at: 2026-01-30, variant: true, fire: start, by: worker, expect: {{history: [remind, urge, escalate, escalate, escalate, start]}}}}
        - at: 2026-01-06
          variant:
            - {{fire: start, by: worker, expect: {{state: doing}}}}
            - {{open: fix, as: other, unit: desk-1, by: worker, with: {{title: other}}, expect: {{cases: {{fix: 2}}}}}}
            - {{at: 2026-01-07, on: lamp, fire: finish, by: worker, expect: {{history: [finish]}}}}
        - {{at: 2026-01-06, expect: {{lamp: {{state: reported, history: none, notices: 0}}, cases: {{fix: 1}}}}}}
        - {{fire: start, on: lamp, by: worker, expect: {{state: doing}}}}
        """,
    )
    assert told(done) == []


def test_a_branch_that_goes_wrong_does_not_end_the_rest(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        f"""
        - {OPEN}}}
        - variant:
            - {{fire: pass, by: chief}}
            - {{fire: start, by: worker}}
        - {{at: 2026-01-06, fire: start, by: worker, expect: {{state: doing}}}}
        """,
    )
    assert len(told(done)) == 1
    assert (done.left, done.failures[0].place.line) == (1, 5)


def test_definitions_published_in_a_variant_are_undone_with_it(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir(parents=True)
    quick = "workflow: quick\nroles: {w: {post: any}}\nstates: {a: {}, b: {final: true}}\ntransitions:\n"
    quick += "  - {trigger: open, source: new, dest: a, by: [w]}\n  - {trigger: go, source: a, dest: b, by: [w]}\n"
    (tmp_path / "scenarios" / "one.yaml").write_text(quick)
    (tmp_path / "scenarios" / "two.yaml").write_text(quick.replace("go,", "went,"))
    opening = "open: quick, unit: desk-1, by: w"
    done = played(
        tmp_path,
        f"""
        - variant:
            - {{apply: scenarios/one.yaml}}
            - {{{opening}, as: q}}
            - {{fire: go, by: w, expect: {{state: b}}}}
        - variant:
            - {{apply: scenarios/two.yaml}}
            - {{{opening}, as: q}}
            - {{fire: went, by: w, expect: {{state: b}}}}
        - {{{opening}, expect: {{refused: FIND-001}}}}
        """,
    )
    assert told(done) == []


# ---- time and definitions


def test_what_falls_due_between_two_steps_happens_when_it_is_due(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        f"""
        - {OPEN}}}
        - {{at: 2026-01-25, expect: {{history: [remind, urge, escalate, escalate], notices: {{chief: 3}}}}}}
        """,
    )
    assert told(done) == []


def test_time_is_that_of_the_organisation_and_its_closing_hour(tmp_path: Path) -> None:
    inline = (
        "uses: [fix.yaml, steps.yaml]\n"
        + "organisation:\n"
        + "".join(f"  {line}\n" for line in DAYS.splitlines())
    )
    done = played(
        tmp_path,
        """
        - {at: 2026-03-27 16:00, open: fix, unit: desk-9, by: worker, with: {title: lamp}, expect: {due: {repair: 2026-04-03}}}
        - {at: 2026-04-03 17:30, expect: {overdue: none, due: {repair: 2026-04-03 17:30}}}
        - {at: 2026-04-03 17:31, expect: {overdue: repair}}
        """,
        inline,
    )
    assert told(done) == []


def test_time_goes_forwards(tmp_path: Path) -> None:
    with pytest.raises(InvalidDefinition) as caught:
        played(tmp_path, f"- {OPEN}}}\n- {{at: 2026-01-04}}")
    (fault,) = caught.value.faults
    assert (fault.code, fault.place.line) == ("DEF-132", 4)


def test_a_case_that_the_sweep_sets_aside_is_a_failure(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        """
        - {at: 2026-01-05, open: fragile, as: f, unit: desk-1, by: worker, with: {target: nowhere}}
        - {at: 2026-01-09, expect: {state: waiting}}
        """,
    )
    (said,) = told(done)
    assert "f: set aside by the sweep: expected none, is there is no unit 'nowhere'" in said


def test_cases_that_the_rules_open_are_found_and_named(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        """
        - {at: 2026-01-05, open: fragile, as: f, unit: desk-1, by: worker, with: {target: desk-2}}
        - {fire: spread, by: worker, expect: {children: {fix: 1}, history: [spread]}}
        - {find: {workflow: fix, of: f, as: spread}, expect: {unit: desk-2, links: {parent: f}, f: {links: {children: [spread]}}}}
        - {find: {workflow: fix, unit: desk-2, as: again}}
        - {find: {workflow: fix, of: f, index: 1, as: second}}
        """,
    )
    assert told(done) == ["7:6 cases of fix: expected at least 2, is 1"]


def test_many_cases_are_opened_at_once(tmp_path: Path) -> None:
    done = played(
        tmp_path,
        """
        - {at: 2026-01-05, import: {open: fix, count: 300, units: [desk-1, desk-2], by: worker, as: l, with: {title: 'lamp {n}'}}, expect: {cases: {fix: 300}}}
        - {expect: {l-2: {unit: desk-2, fields: {title: lamp 2}}, l-299: {unit: desk-1}}}
        - {import: {open: fix, count: 2, units: [desk-1], by: {person: stranger}, with: {title: x}}, expect: {refused: RULE-002, cases: {fix: 300}}}
        """,
    )
    assert told(done) == []
