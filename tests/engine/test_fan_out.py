"""One effect for each of many: a task to every school of a group, once even when it is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import letters
import pytest

import duban
from duban.engine.core import elements
from duban.engine.errors import StaleCase
from duban.engine.ports import Where

pytest_plugins = ["tiny_engines"]


@pytest.fixture
def office(address: str, tmp_path: Path) -> Iterator[duban.Engine]:
    made = letters.engine(address, tmp_path / "defs")
    yield made
    made.close()


def spread(engine: duban.Engine, trigger: str = "spread", **data: object) -> duban.Case:
    given = {"title": "roof", **data}
    case = engine.open("matter", unit="district", actor=letters.CLERK, data=given, key="open")
    return engine.fire(case.id, trigger, actor=letters.CLERK, key="spread")


def jobs(engine: duban.Engine) -> list[duban.Case]:
    return list(engine.cases(Where(workflow="job"), limit=1000).cases)


def test_every_school_of_a_group_gets_its_task(office: duban.Engine) -> None:
    case = spread(office)
    given = jobs(office)
    schools = [f"school-{n:03}" for n in range(1, letters.SCHOOLS)]
    assert sorted(job.unit for job in given) == schools
    assert {job.id for job in given} == set(case.linked("children"))
    assert {(job.data["title"], job.linked("parent")) for job in given} == {("roof", (case.id,))}
    assert office.verify().holds


def test_the_same_request_again_opens_nothing_more(office: duban.Engine) -> None:
    assert spread(office) == spread(office)
    assert len(jobs(office)) == letters.SCHOOLS - 1


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgresql"])
def test_what_was_overtaken_half_way_is_done_again_and_once(
    office: duban.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with office.store.transaction() as transaction:
        kind = type(transaction)
    write, tries = kind.write, iter(range(10_000))

    def overtaken(self: object, step: object) -> None:
        if next(tries) == 100:
            raise StaleCase(case="x", version=1, expected=0)
        write(self, step)  # type: ignore[arg-type]  # as it comes

    case = office.open("matter", unit="district", actor=letters.CLERK, data={"title": "roof"})
    monkeypatch.setattr(kind, "write", overtaken)
    office.fire(case.id, "spread", actor=letters.CLERK)
    assert next(tries) > 200
    assert len(jobs(office)) == letters.SCHOOLS - 1
    assert office.verify().holds


def test_units_can_be_chosen_below_one_that_the_case_names(office: duban.Engine) -> None:
    spread(office, "below", at="north")
    assert sorted(job.unit for job in jobs(office)) == [f"school-{n}" for n in range(101, 161)]
    assert {job.data["title"] for job in jobs(office)} == {job.unit for job in jobs(office)}


def test_below_a_field_without_a_value_there_are_none(office: duban.Engine) -> None:
    spread(office, "below")
    assert jobs(office) == []


def test_the_units_are_those_of_the_day_on_which_it_happens(
    office: duban.Engine, tmp_path: Path
) -> None:
    case = office.open("matter", unit="district", actor=letters.CLERK)
    grown = letters.organisation().replace(
        "holders: []",
        "  - {unit: school-new, kind: school, title: New, parent: north}\nholders: []",
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "organisation.yaml").write_text(grown, encoding="utf-8")
    office.apply(str(tmp_path / "more"))
    office.fire(case.id, "spread", actor=letters.CLERK)
    assert "school-new" in {job.unit for job in jobs(office)}


def test_a_group_stands_in_the_rules_of_the_case_as_it_was_when_it_opened(
    office: duban.Engine, tmp_path: Path
) -> None:
    case = office.open("matter", unit="district", actor=letters.CLERK)
    (tmp_path / "more").mkdir()
    changed = letters.CAMPAIGN.replace("under: district", "under: north")
    (tmp_path / "more" / "campaign.yaml").write_text(changed, encoding="utf-8")
    office.apply(str(tmp_path / "more"))
    later = office.open("matter", unit="district", actor=letters.CLERK)
    office.fire(case.id, "spread", actor=letters.CLERK)
    assert len(jobs(office)) == letters.SCHOOLS - 1
    office.fire(later.id, "spread", actor=letters.CLERK)
    assert len(jobs(office)) == letters.SCHOOLS - 1 + 59
    assert [*office.machine(case).groups] == ["schools"]


def test_a_case_outside_the_campaign_has_no_groups(tmp_path: Path) -> None:
    folder = letters.write(tmp_path / "defs")
    ended = letters.CAMPAIGN.replace("uses:", "ends: 2021-06-30\nuses:")
    (folder / "campaign.yaml").write_text(ended, encoding="utf-8")
    engine = duban.connect("memory://", virtual=letters.EVE)
    engine.apply(str(folder))
    with pytest.raises(
        duban.TransitionRefused, match=r"'schools' is a group.*RULE-037 transitions"
    ):
        spread(engine)
    assert jobs(engine) == []
    engine.close()


def test_more_than_a_transaction_can_carry_is_refused(
    office: duban.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elements, "MOST_ELEMENTS", 158)
    with pytest.raises(duban.TransitionRefused, match=r"gives 159 items; at most 158.*RULE-038"):
        spread(office)
    assert jobs(office) == []
