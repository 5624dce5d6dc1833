"""Rates are counted as they stood, with their numerators and denominators, and split."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny
import town as t
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import Town, found, go

import duban

pytest_plugins = ["town_engines"]

TEXT = t.campaign(t.STATISTICS)


def _rates(engine: duban.Engine, **how: object) -> dict[str, tuple[int, int]]:
    found = engine.statistics(**how)  # type: ignore[arg-type]  # names of the call
    return {one.name: (one.total.numerator, one.total.denominator) for one in found}


@pytest.fixture
def year(town: Town) -> duban.Engine:
    """Six hazards: on the spot, in time, in time after an extension, late, overdue, void."""
    engine = town(TEXT)
    names = ("spot", "timely", "extended", "late", "overdue", "void")
    source = {"spot": "own", "timely": "own"}
    cases = {n: found(engine, n, source=source.get(n, "visit")) for n in names}
    t.fire(engine, cases["spot"], "on_spot")
    t.fire(engine, cases["void"], "drop")
    for name in ("timely", "extended", "late", "overdue"):
        cases[name] = t.fire(engine, cases[name], "plan", fix_by="2021-02-01")
    go(engine, "2021-01-20")
    t.fire(engine, cases["timely"], "close")
    t.fire(engine, cases["extended"], "prolong", to="2021-03-01")
    go(engine, "2021-02-20")
    t.fire(engine, cases["extended"], "close")
    t.fire(engine, cases["late"], "close")
    go(engine, "2021-03-10")
    return engine


def test_every_rate_shows_what_stands_over_and_under_the_line(year: duban.Engine) -> None:
    assert _rates(year) == {
        "rectified": (4, 5),
        "on_time": (2, 4),
        "at_first": (1, 4),
        "overdue": (1, 4),
        "extended": (1, 4),
        "reopened": (0, 4),
        "on_the_spot": (1, 5),
        "days": (0 + 19 + 50 + 50, 4),
    }


def test_a_rate_is_split_and_its_parts_add_up(year: duban.Engine) -> None:
    (one,) = year.statistics("rectified")
    parts = {value: (rate.numerator, rate.denominator) for value, rate in one.parts.items()}
    assert parts == {"own": (2, 2), "visit": (2, 3)}
    assert one.total.share == pytest.approx(0.8)


def test_a_rate_of_an_earlier_day_is_what_it_was_on_that_day(year: duban.Engine) -> None:
    at = t.local("2021-02-10")
    then = _rates(year, at=at)
    # The two closed later were overdue, but the extended one was not: its limit had moved.
    assert then["rectified"] == (2, 5)
    assert then["overdue"] == (2, 3)
    assert then["on_time"] == (1, 3)
    assert then["at_first"] == (1, 4)


def test_what_is_reopened_leaves_the_numerator_from_that_day_on(year: duban.Engine) -> None:
    before = year.now()
    case = next(c for c in year.cases(limit=50).cases if c.data.get("title") == "timely")
    year.set_clock(t.local("2021-03-11"))
    t.fire(year, case, "reopen", fix_by="2021-04-01")
    assert _rates(year)["rectified"] == (3, 5)
    assert _rates(year)["reopened"] == (1, 4)
    assert _rates(year, at=before)["rectified"] == (4, 5)


def test_a_field_that_came_later_leaves_old_cases_out_and_says_how_many(
    year: duban.Engine, tmp_path: Path
) -> None:
    workflow = t.HAZARD.replace("  followed: flag\n", "  followed: flag\n  cost: number\n")
    workflow = workflow.replace("asks: [title, source", "asks: [cost, title, source")
    text = TEXT + "  dear: {title: Dear, of: hazard, numerator: case.cost > 5}\n"
    year.apply(str(tiny.write(tmp_path / "more", hazard=workflow, review=t.REVIEW, given0=text)))
    found(year, "new", cost=9)
    found(year, "cheap", cost=1)
    (dear,) = year.statistics("dear")
    assert (dear.total.numerator, dear.total.denominator, dear.unknown) == (1, 2, 5)


def test_a_goal_may_name_a_statistic_and_be_a_share_or_a_limit(town: Town) -> None:
    goals = (
        "goals:\n  enough: {statistic: rectified, by: 2021-02-28, share: 80}\n"
        "  clear: {statistic: overdue, by: 2021-02-28, at_most: 0}\n"
    )
    engine = town(TEXT + goals)
    t.fire(engine, found(engine, "one"), "on_spot")
    t.fire(engine, found(engine, "two"), "plan", fix_by="2021-02-01")
    engine.set_clock(t.local("2021-03-20"))
    # Closed after the day, so that it does not count although the sweep comes late.
    t.fire(engine, next(c for c in engine.cases().cases if c.data.get("title") == "two"), "close")
    engine.sweep()
    entries = {str(e.trigger): e for e in engine.history(engine.campaign_case("town").id)}
    measure = entries["goal:enough:2021-02-28"].body["measure"]["goals"]
    assert measure == {"enough": {"numerator": 1, "denominator": 2, "share": 80}}
    measure = entries["goal:clear:2021-02-28"].body["measure"]["goals"]
    assert measure == {"clear": {"numerator": 1, "denominator": 1, "at_most": 0}}


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lives=st.lists(
        st.lists(st.sampled_from(["on_spot", "plan", "close", "reopen", "drop"]), max_size=5),
        min_size=1,
        max_size=6,
    ),
    gaps=st.lists(st.integers(0, 40), min_size=30, max_size=30),
)
def test_what_is_counted_again_for_a_day_is_what_was_counted_on_it(
    lives: list[list[str]], gaps: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("town")
    engine = duban.connect("memory://", virtual=t.local("2021-01-01"), seed=1)
    text = t.campaign(t.REGISTERS, t.STATISTICS)
    engine.apply(str(tiny.write(folder, hazard=t.HAZARD, review=t.REVIEW, c=text)))
    told = []
    day = engine.now()
    for number, life in enumerate(lives):
        case = found(engine, f"h{number}")
        for step, trigger in enumerate(life):
            day += gaps[(number * 5 + step) % len(gaps)] * tiny.DAY
            engine.set_clock(day)
            data = {"fix_by": "2021-06-01"} if trigger in ("plan", "reopen") else {}
            try:
                case = t.fire(engine, case, trigger, **data)
            except duban.TransitionRefused:
                continue
        at = engine.now()
        rates, rows = _rates(engine, at=at), list(engine.register("repairs", at=at).rows)
        assert all(above >= 0 for above, _ in rates.values())
        assert all(over <= under for name, (over, under) in rates.items() if name != "days")
        told.append((at, rates, rows))
        day += tiny.HOUR
        engine.set_clock(day)
    for at, rates, rows in told:
        assert _rates(engine, at=at) == rates
        assert list(engine.register("repairs", at=at).rows) == rows
