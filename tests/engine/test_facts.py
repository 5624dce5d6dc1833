"""What a workflow may know of other cases: every measure and every scope, on every store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import watchers
from hypothesis import given, settings
from hypothesis import strategies as st
from watchers import ANN, START

import duban
from duban.engine.errors import DubanError
from duban.engine.shell import facts as shell_facts

pytest_plugins = ["tiny_engines"]

Ask = Callable[..., duban.Engine]


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def ask(address: str, tmp_path: Path) -> Iterator[Ask]:
    """Make an engine with a workflow that asks these facts."""
    made: list[duban.Engine] = []

    def make(facts: str, **how: str) -> duban.Engine:
        asker = watchers.asking(facts, **how)
        made.append(watchers.engine(address, tmp_path / "defs", asker=asker))
        return made[0]

    yield make
    for engine in made:
        assert engine.verify().holds
        engine.close()


def finding(engine: duban.Engine, unit: str = "shop-1", **data: object) -> duban.Case:
    return engine.open("finding", unit=unit, actor=ANN, data=data)


def asker(engine: duban.Engine, unit: str = "shop-1", **data: object) -> duban.Case:
    return engine.open("asker", unit=unit, actor=ANN, data=data)


def answers(engine: duban.Engine, case: duban.Case) -> dict[str, object]:
    return dict(engine.facts(case.id))


def later(engine: duban.Engine, days: int) -> None:
    engine.set_clock(engine.now() + timedelta(days=days))


# ---- measures


def test_count_and_any(ask: Ask) -> None:
    engine = ask("  n: {count: finding, of: unit}\n  some: {any: finding, of: unit}")
    case = asker(engine)
    assert answers(engine, case) == {"n": 0, "some": False}
    finding(engine)
    closed = finding(engine)
    engine.fire(closed.id, "close", actor=ANN)
    assert answers(engine, case) == {"n": 1, "some": True}


def test_sums_of_numbers_of_amounts_and_of_a_choices_column(ask: Ask) -> None:
    engine = ask(
        "  points: {sum: finding.points, of: unit}\n"
        "  cost: {sum: finding.cost, of: unit}\n"
        "  weight: {sum: finding.level.weight, of: unit}"
    )
    case = asker(engine)
    assert answers(engine, case) == {"points": 0, "cost": 0.0, "weight": 0}
    finding(engine, points=3, cost="0.10", level="one")
    finding(engine, points=4, cost="0.20", level="two")
    finding(engine)
    assert answers(engine, case) == {"points": 7, "cost": 0.3, "weight": 13}


def test_the_number_of_different_values_and_the_values_themselves(ask: Ask) -> None:
    engine = ask(
        "  kinds: {distinct: finding.topic, of: all}\n"
        "  units: {list: finding.unit, of: all}\n"
        "  tags: {list: finding.tags, of: all}"
    )
    for unit, topic in (("shop-2", "oil"), ("shop-1", "oil"), ("shop-1", "wire")):
        finding(engine, unit, topic=topic, tags=[topic, "all"])
        later(engine, 1)
    assert answers(engine, asker(engine)) == {
        "kinds": 2,
        "units": ["shop-2", "shop-1"],
        "tags": ["oil", "all", "wire"],
    }


def test_the_latest_value_is_that_of_the_case_dated_last(ask: Ask) -> None:
    engine = ask(
        "  topic: {latest: finding.topic, of: unit}\n"
        "  dated: {latest: finding.topic, of: unit, on: case.on}\n"
        "  opened: {latest: finding.opened, of: unit}\n"
        "  closed: {latest: finding.entered.closed, of: unit, counts: any, on: entered.closed}"
    )
    case = asker(engine)
    undated = datetime(9999, 12, 31, tzinfo=UTC).year
    assert answers(engine, case)["topic"] == ""
    assert answers(engine, case)["opened"].year >= undated - 1  # type: ignore[attr-defined]  # not yet
    finding(engine, topic="first", on="2026-03-01")
    later(engine, 1)
    last = finding(engine, topic="second", on="2026-02-01")
    found = answers(engine, case)
    assert (found["topic"], found["dated"], found["opened"]) == ("second", "first", last.opened)
    done = engine.fire(last.id, "close", actor=ANN)
    assert answers(engine, case)["closed"] == done.entered["closed"]


def test_the_largest_number_in_any_one_window(ask: Ask) -> None:
    engine = ask("  burst: {most: finding, within: 3 months, of: unit, counts: any, on: case.on}")
    case = asker(engine)
    for day in ("2026-01-10", "2026-04-10", "2026-04-11", "2026-07-10"):
        finding(engine, on=day)
    # From 10 April to the end of 10 July: three of them.
    assert answers(engine, case) == {"burst": 3}


def test_entries_of_a_trigger_count_until_they_are_struck(ask: Ask) -> None:
    engine = ask(
        "  notes: {count: finding.fired.note, of: unit}\n"
        "  last: {latest: finding.fired.note, of: unit}\n"
        "  week: {most: finding.fired.note, within: 7 days, of: unit}"
    )
    case, other = asker(engine), finding(engine)
    engine.fire(other.id, "note", actor=ANN, data={"topic": "a"})
    later(engine, 10)
    noted = engine.fire(other.id, "note", actor=ANN, data={"topic": "b"})
    assert answers(engine, case) == {"notes": 2, "last": noted.changed, "week": 1}
    engine.fire(other.id, "unnote", actor=ANN)
    assert answers(engine, case)["notes"] == 1


# ---- scopes


def test_the_units_below_and_above(ask: Ask) -> None:
    engine = ask(
        "  below: {count: finding, of: below}\n"
        "  base: {count: finding, of: up.base}\n"
        "  up: {count: finding, of: up}\n"
        "  all: {count: finding, of: all}"
    )
    for unit in ("shop-1", "shop-2", "shop-2", "shop-3", "base-1"):
        finding(engine, unit)
    assert answers(engine, asker(engine, "shop-1")) == {"below": 1, "base": 4, "up": 4, "all": 5}
    assert answers(engine, asker(engine, "base-1")) == {"below": 4, "base": 0, "up": 5, "all": 5}


def test_linked_cases_children_and_siblings(ask: Ask) -> None:
    engine = ask(
        "  tied: {count: finding, of: about}\n"
        "  children: {count: finding, of: children}\n"
        "  below: {count: finding, of: descendants}"
    )
    case, other = asker(engine), finding(engine)
    engine.fire(case.id, "tie", actor=ANN, data={"other": other.id})
    for _ in range(2):
        engine.fire(case.id, "spawn", actor=ANN, data={"to": "shop-2"})
    assert answers(engine, case) == {"tied": 1, "children": 2, "below": 2}


def test_equal_fields_choose_across_units(ask: Ask) -> None:
    engine = ask("  same: {count: finding, of: all, same: [topic]}")
    for unit, topic in (("shop-1", "oil"), ("shop-3", "oil"), ("shop-3", "wire")):
        finding(engine, unit, topic=topic)
    assert answers(engine, asker(engine, topic="oil")) == {"same": 2}
    assert answers(engine, asker(engine)) == {"same": 0}


def test_a_constant_or_one_of_several_narrows(ask: Ask) -> None:
    engine = ask(
        "  ones: {count: finding, of: all, where: {level: one}}\n"
        "  both: {count: finding, of: all, where: {level: [one, two]}, states: [found]}"
    )
    for level in ("one", "two", "observation"):
        finding(engine, level=level)
    assert answers(engine, asker(engine)) == {"ones": 1, "both": 2}


def test_bounds_are_inclusive_and_an_undated_one_is_none(ask: Ask) -> None:
    engine = ask("  n: {count: finding, of: all, on: case.on, until: case.at}")
    for day in ("2026-02-01", "2026-02-02"):
        finding(engine, on=day)
    assert answers(engine, asker(engine, at="2026-02-01")) == {"n": 1}
    assert answers(engine, asker(engine)) == {"n": 2}


def test_a_case_does_not_count_itself_unless_told(ask: Ask) -> None:
    engine = ask(
        "  others: {count: asker, of: unit}\n  with_me: {count: asker, of: unit, but_this: false}"
    )
    case = asker(engine)
    asker(engine)
    assert answers(engine, case) == {"others": 1, "with_me": 2}


def test_more_cases_than_a_fact_may_look_into_are_refused_visibly(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell_facts, "MOST", 3)
    engine = ask("  points: {sum: finding.points, of: all}")
    case = asker(engine)
    for _ in range(4):
        finding(engine, points=1)
    with pytest.raises(DubanError, match="more than 3 cases"):
        engine.fire(case.id, "end", actor=ANN)


# ---- the same everywhere

LEVELS = ("one", "two", "observation")
SHOPS = ("shop-1", "shop-2", "shop-3")
FACTS = """\
  n: {count: finding, of: up.base, where: {level: [one, two]}}
  points: {sum: finding.points, of: up.base, counts: any}
  topics: {distinct: finding.topic, of: up.base, counts: any}
  units: {list: finding.unit, of: up.base, on: case.on}
  last: {latest: finding.points, of: up.base, on: case.on, counts: any}
  burst: {most: finding, within: 10 days, of: up.base, on: case.on, counts: any}
  dated: {count: finding, of: up.base, counts: any, on: case.on, since: case.at}
"""

row = st.fixed_dictionaries(
    {
        "unit": st.sampled_from(SHOPS),
        "level": st.sampled_from(LEVELS),
        "points": st.integers(0, 9),
        "topic": st.sampled_from(["oil", "wire", "noise"]),
        "on": st.dates(date(2026, 1, 1), date(2026, 2, 10)),
        "closed": st.booleans(),
    }
)


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(row, max_size=12), since=st.dates(date(2026, 1, 1), date(2026, 2, 10)))
def test_both_stores_say_what_a_plain_reckoning_says(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], since: date
) -> None:
    near = [r for r in rows if r["unit"] in ("shop-1", "shop-2")]
    dated = sorted(enumerate(near), key=lambda pair: (pair[1]["on"], pair[0]))
    days = [r["on"] for _, r in dated]
    expected = {
        "n": sum(r["level"] != "observation" and not r["closed"] for r in near),
        "points": sum(int(str(r["points"])) for r in near),
        "topics": len({r["topic"] for r in near}),
        "units": list(dict.fromkeys(r["unit"] for _, r in dated if not r["closed"])),
        "burst": max(
            (
                sum(d <= e <= d + timedelta(days=10) for e in days)  # type: ignore[operator]  # dates
                for d in days
            ),
            default=0,
        ),
        "dated": sum(d >= since for d in days),  # type: ignore[operator]  # dates
    }
    if dated:
        expected["last"] = dated[-1][1]["points"]
    folder = tmp_path_factory.mktemp("facts")
    for url in ("memory://", f"sqlite:///{folder}/duban.db"):
        engine = watchers.engine(url, folder / "defs", asker=watchers.asking(FACTS))
        for r in rows:
            engine.set_clock(engine.now() + timedelta(seconds=1))
            data = {name: r[name] for name in ("level", "points", "topic")}
            case = finding(engine, str(r["unit"]), on=str(r["on"]), **data)
            if r["closed"]:
                engine.fire(case.id, "close", actor=ANN)
        case = asker(engine, at=since.isoformat())
        assert engine.now() >= START
        assert answers(engine, case) == expected
        engine.close()
