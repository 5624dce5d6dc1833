"""Dated computations of real regimes, each as deadlines of a small workflow on its real calendar."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from worlds import Life, begin, local, shipped

from duban.engine.errors import TransitionRefused
from duban.engine.timing.instants import parse_instant
from duban.engine.timing.spans import Span

NEW_YORK = ZoneInfo("America/New_York")


def day(life: Life, deadline: str) -> str:
    """Return the local day on which *deadline* is due."""
    clock = life.clock(deadline)
    assert clock.due is not None
    assert life.clockwork is not None
    return life.clockwork.day(clock.due).isoformat()


def refused(life: Life, trigger: str, now: str | datetime, **data: object) -> str:
    """Fire *trigger*, which is refused; return why."""
    with pytest.raises(TransitionRefused) as caught:
        life.fire(trigger, now, **data)
    return str(caught.value)


def us(text: str) -> datetime:
    """Return the instant that the clocks of New York show."""
    return parse_instant(text if "T" in text else f"{text}T09:00", NEW_YORK)


# ---- listed supervision of hazards

LISTING = """
workflow: listing
roles: {resp: {post: principal}, sup: {post: director, of: up.centre}, lister: {post: director}}
fields: {rectify_by: date, wanted: date}
states:
  listed: {}
  opinion: {}
  decision: {}
  delisted: {}
  published: {final: true}
transitions:
  - {trigger: open, source: new, dest: listed, by: anyone, asks: [rectify_by]}
  - {trigger: apply, source: listed, dest: opinion, by: anyone, asks: [wanted]}
  - {trigger: advise, source: opinion, dest: decision, by: anyone}
  - trigger: grant
    source: decision
    dest: listed
    by: anyone
    then: [{extend: repair, to: case.wanted}]
  - {trigger: delist, source: listed, dest: delisted, by: anyone}
deadlines:
  file: {owner: lister, runs_in: listed, waits_in: [opinion, decision], limit: 3 workdays, again: waits}
  publish: {owner: lister, runs_in: listed, waits_in: [opinion, decision], limit: 5 workdays, again: waits}
  repair:
    owner: resp
    runs_in: [listed, opinion, decision]
    limit: case.rectify_by
    at_most: 12 months
    extension: {times: 1, asked: 20 workdays before, request: apply}
  decide: {owner: lister, runs_in: decision, limit: 10 workdays, again: anew}
  publish_delisting: {owner: lister, runs_in: delisted, limit: 5 workdays}
"""


def listed(rectify_by: str = "2021-09-30") -> Life:
    return begin(LISTING, "2021-03-01T09:00", rectify_by=rectify_by)


def test_a_listed_hazard_is_filed_and_published_within_workdays() -> None:
    life = listed()
    assert (day(life, "file"), day(life, "publish")) == ("2021-03-04", "2021-03-08")


def test_a_listed_hazard_is_repaired_within_a_year() -> None:
    assert day(listed("2022-03-01"), "repair") == "2022-03-01"
    with pytest.raises(TransitionRefused, match="2022-03-01"):
        listed("2022-03-02")


def test_the_window_to_ask_closes_twenty_workdays_before() -> None:
    assert "2021-09-02" in refused(listed(), "apply", "2021-09-03T08:00", wanted="2021-12-31")


def test_who_decides_may_be_overdue_while_who_repairs_is_not() -> None:
    life = listed()
    life.fire("apply", "2021-09-02T23:00", wanted="2021-12-31")
    life.fire("advise", "2021-09-03T10:00")
    assert day(life, "decide") == "2021-09-17"
    # A Saturday, and worked all the same.
    now = local("2021-09-18T10:00")
    assert life.clock("decide").lapsed(now)
    assert not life.clock("repair").lapsed(now)
    life.fire("grant", "2021-09-22T10:00")
    assert (day(life, "repair"), len(life.clock("repair").extensions)) == ("2021-12-31", 1)
    assert "1 time" in refused_grant(life)


def refused_grant(life: Life) -> str:
    life.fire("apply", "2021-10-08T10:00", wanted="2022-02-28")
    life.fire("advise", "2021-10-08T11:00")
    return refused(life, "grant", "2021-10-08T12:00")


def test_a_delisting_is_published_within_workdays_of_the_new_year() -> None:
    life = listed()
    life.fire("delist", "2021-12-27T10:00")
    assert day(life, "publish_delisting") == "2022-01-04"


# ---- fire inspection

FIRE = """
workflow: inspection
roles: {officer: {post: principal}}
fields:
  inspected: date
  fix_by: date
  applied: date
  grade: {type: choice, choices: {limited: {notice: 3 workdays}, major: {notice: 7 workdays}}}
states: {found: {}, served: {}, sealed: {}, checked: {}, done: {final: true}}
transitions:
  - {trigger: open, source: new, dest: found, by: anyone, asks: [inspected, grade]}
  - {trigger: serve, source: found, dest: served, by: anyone, asks: [fix_by]}
  - {trigger: apply, source: served, by: anyone, asks: [applied]}
  - {trigger: regrade, source: found, by: anyone, asks: [grade]}
  - {trigger: experts, source: found, by: anyone, then: [{extend: notice, by: workdays(10)}]}
  - {trigger: unseal, source: found, dest: sealed, by: anyone}
  - {trigger: check, source: sealed, dest: checked, by: anyone}
  - {trigger: close, source: '*', dest: done, by: anyone}
deadlines:
  notice:
    owner: officer
    runs_in: found
    starts: case.inspected
    limit: case.grade.notice
    follows: [grade]
    extension: {times: 1, asked: due}
  recheck:
    owner: officer
    runs_in: served
    limit: after(first_of(case.fix_by, case.applied), workdays(3))
    follows: [fix_by, applied]
  unseal_check: {owner: officer, runs_in: sealed, limit: 3 workdays}
  unseal_decision: {owner: officer, runs_in: checked, limit: 3 workdays}
"""


def inspected(grade: str) -> Life:
    return begin(FIRE, "2021-04-28T10:00", inspected="2021-04-28", grade=grade)


def test_a_notice_is_served_within_workdays_over_a_long_holiday() -> None:
    assert day(inspected("limited"), "notice") == "2021-05-06"
    assert day(inspected("major"), "notice") == "2021-05-11"


def test_a_recheck_counts_from_expiry_or_application_whichever_is_first() -> None:
    life = inspected("limited")
    life.fire("serve", "2021-04-30T10:00", fix_by="2021-05-31")
    assert day(life, "recheck") == "2021-06-03"
    life.fire("apply", "2021-05-20T10:00", applied="2021-05-20")
    assert day(life, "recheck") == "2021-05-25"


def test_an_application_after_expiry_moves_no_recheck() -> None:
    life = inspected("limited")
    life.fire("serve", "2021-04-30T10:00", fix_by="2021-05-31")
    before = life.clock("recheck")
    life.fire("apply", "2021-06-01T10:00", applied="2021-06-01")
    assert life.clock("recheck") == before


def test_experts_lengthen_an_opinion_that_is_not_yet_late() -> None:
    life = inspected("major")
    life.fire("experts", "2021-05-10T10:00")
    assert day(life, "notice") == "2021-05-25"


def test_experts_cannot_lengthen_a_limit_that_has_expired() -> None:
    assert "2021-05-11" in refused(inspected("major"), "experts", "2021-05-12T10:00")


def test_another_grade_counts_from_the_inspection_not_from_the_regrading() -> None:
    life = inspected("limited")
    life.fire("regrade", "2021-05-06T10:00", grade="major")
    assert day(life, "notice") == "2021-05-11"
    first, second = (entry.body["clocks"]["notice"]["due"] for entry in life.entries)
    assert first < second  # the old limit stays in the history


def test_unsealing_is_checked_and_decided_around_the_dragon_boat_festival() -> None:
    life = inspected("major")
    life.fire("unseal", "2021-06-10T10:00")
    assert day(life, "unseal_check") == "2021-06-16"
    life.fire("check", "2021-06-15T10:00")
    assert day(life, "unseal_decision") == "2021-06-18"


# ---- self-built houses

HOUSE = """
workflow: house
roles: {township: {post: principal}}
fields:
  appraised: date
  grade: {type: choice, choices: {c: {fix: 6 months}, d: {fix: 3 months}}}
states: {serious: {}, fixing: {}, done: {final: true}}
transitions:
  - {trigger: open, source: new, dest: serious, by: anyone}
  - {trigger: appraise, source: serious, dest: fixing, by: anyone, asks: [grade, appraised]}
  - {trigger: regrade, source: fixing, by: anyone, asks: [grade]}
  - {trigger: close, source: '*', dest: done, by: anyone}
deadlines:
  evacuate: {owner: township, runs_in: serious, limit: 24 hours}
  appraisal: {owner: township, runs_in: serious, limit: 15 days}
  fix: {owner: township, runs_in: fixing, starts: case.appraised, limit: case.grade.fix, follows: [grade]}
"""


def test_people_leave_a_dangerous_house_within_hours_of_the_night() -> None:
    life = begin(HOUSE, "2022-07-20T17:30")
    assert life.clock("evacuate").due == local("2022-07-21T17:30")
    assert not life.clock("evacuate").lapsed(local("2022-07-21T17:30"))
    assert life.clock("evacuate").lapsed(local("2022-07-21T17:31"))
    assert day(life, "appraisal") == "2022-08-04"


def test_a_second_opinion_counts_from_the_first_appraisal() -> None:
    life = begin(HOUSE, "2022-07-20T17:30")
    life.fire("appraise", "2022-08-01T10:00", grade="d", appraised="2022-08-01")
    assert day(life, "fix") == "2022-11-01"
    life.fire("regrade", "2022-08-20T10:00", grade="c")
    assert day(life, "fix") == "2023-02-01"


def test_a_hundred_days_of_which_the_first_counts() -> None:
    days = begin(HOUSE, "2022-06-01T09:00").clockwork
    assert days is not None
    ends = days.after(local("2022-05-31"), Span(100, "days"))
    assert days.day(ends).isoformat() == "2022-09-08"


# ---- citation and abatement

CITATION = """
workflow: citation
roles: {employer: {post: principal}, director: {post: director}}
fields: {cited: date, abate_by: date, petition: date, final: date}
states: {cited: {}, contested: {}, final: {}, petition: {}, done: {final: true}}
transitions:
  - {trigger: open, source: new, dest: cited, by: anyone, asks: [cited, abate_by]}
  - {trigger: contest, source: cited, dest: contested, by: anyone, unless: ['lapsed.contest']}
  - {when: lapsed.contest, source: cited, dest: final, then: [{set: {final: due.contest}}]}
  - {trigger: final_order, source: contested, dest: final, by: anyone, asks: [final]}
  - {trigger: pma, source: final, dest: petition, by: anyone, asks: [petition]}
  - trigger: grant
    source: petition
    dest: final
    by: anyone
    then: [{extend: abate, to: 'latest(due.abate, case.petition)'}]
  - {trigger: abated, source: final, dest: done, by: anyone}
deadlines:
  certify:
    owner: employer
    runs_in: [final, petition]
    limit: after(due.abate, days(10))
    follows: [due.abate]
  contest: {owner: employer, runs_in: cited, limit: 15 workdays}
  abate:
    owner: employer
    runs_in: [final, petition]
    limit: last_of(case.abate_by, after(case.final, days(count_days(case.cited, case.abate_by))))
    grace: 1 workday
    extension: {asked: 1 workday after, request: pma}
  posting: {owner: director, runs_in: petition, limit: 10 workdays}
"""
UNCONTESTED = CITATION.replace(
    "last_of(case.abate_by, after(case.final, days(count_days(case.cited, case.abate_by))))",
    "case.abate_by",
)


def cited(abate_by: str, text: str = UNCONTESTED) -> Life:
    return begin(
        text,
        us("2021-11-12"),
        clockwork=shipped().clockwork("America/New_York", "us-federal", None),
        cited="2021-11-12",
        abate_by=abate_by,
    )


def test_a_citation_is_contested_within_federal_workdays() -> None:
    life = cited("2021-12-17")
    assert day(life, "contest") == "2021-12-06"
    life.due(us("2021-12-07T00:00"))
    assert life.case.state == "final"
    with pytest.raises(TransitionRefused):
        life.fire("contest", us("2021-12-07"))


def final() -> Life:
    life = cited("2021-12-17")
    life.due(us("2021-12-07T00:00"))
    return life


def test_a_certificate_is_due_ten_days_after_the_abatement() -> None:
    life = final()
    assert (day(life, "abate"), day(life, "certify")) == ("2021-12-17", "2021-12-27")


def test_a_petition_may_come_one_workday_after_the_day_that_was_due() -> None:
    life = final()
    life.fire("pma", us("2021-12-20"), petition="2022-02-18")
    # Christmas is kept on the 24th, New Year's Day on the 31st.
    assert day(life, "posting") == "2022-01-05"
    life.fire("grant", us("2022-01-06"))
    assert day(life, "abate") == "2022-02-18"
    # The certificate follows the abatement that it certifies, in the same entry.
    assert day(life, "certify") == "2022-02-28"
    assert life.last.entries[-1].body["clocks"].keys() >= {"abate", "certify"}


def test_a_petition_two_workdays_late_is_refused_and_the_abatement_has_failed() -> None:
    life = final()
    assert "2021-12-20" in refused(life, "pma", us("2021-12-21"), petition="2022-02-18")
    assert life.clock("abate").lapsed(us("2021-12-21"))
    assert not life.clock("abate").lapsed(us("2021-12-20T23:59"))


def test_what_the_citation_allowed_counts_anew_from_the_final_order() -> None:
    life = cited("2022-02-28", CITATION)
    life.fire("contest", us("2021-12-01"))
    life.fire("final_order", us("2022-05-02"), final="2022-05-02")
    assert day(life, "abate") == "2022-08-18"


# ---- findings in aviation

FINDING = """
workflow: finding
roles: {auditor: {post: principal}}
fields: {period: span, plan: flag}
states: {level_2: {}, level_1: {}, closed: {final: true}}
transitions:
  - {trigger: open, source: new, dest: level_2, by: anyone, asks: [period]}
  - {trigger: accept, source: level_2, by: anyone, then: [{set: {plan: 'true'}}]}
  - trigger: extend
    source: level_2
    by: anyone
    conditions: [case.plan]
    otherwise: {en: there is no accepted plan, zh: 没有已接受的计划}
    then: [{extend: correct, by: months(3)}]
  - {when: lapsed.correct, source: level_2, dest: level_1}
  - {trigger: close, source: '*', dest: closed, by: anyone}
deadlines:
  correct:
    owner: auditor
    runs_in: level_2
    limit: case.period
    at_most: '!case.plan ? after(entered.level_2, months(3)) : after(entered.level_2, months(6))'
    not_before: 1 days
"""


def finding(on: str, period: str = "3 months") -> Life:
    return begin(FINDING, f"{on}T10:00", period=period)


def test_three_months_end_with_a_shorter_month() -> None:
    assert day(finding("2022-11-30"), "correct") == "2023-02-28"
    assert day(finding("2022-12-15"), "correct") == "2023-03-15"


@pytest.mark.parametrize(
    ("period", "bound"), [("4 months", "2023-03-15"), ("0 days", "2022-12-16")]
)
def test_a_period_has_a_longest_and_a_shortest(period: str, bound: str) -> None:
    with pytest.raises(TransitionRefused, match=bound):
        finding("2022-12-15", period)


def test_only_an_accepted_plan_lengthens_the_period() -> None:
    life = finding("2022-12-15")
    assert "accepted plan" in refused(life, "extend", "2023-02-20T10:00")
    life.fire("accept", "2023-03-01T10:00")
    life.fire("extend", "2023-03-10T10:00")
    assert day(life, "correct") == "2023-06-15"


def test_an_overdue_finding_rises_by_itself() -> None:
    life = finding("2022-11-30")
    life.due("2023-03-01T06:00")
    assert life.case.state == "level_1"
    assert life.entries[-1].actor.is_timer
    assert life.entries[-1].effective == local("2023-03-01")
