from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from duban.adapters.ids import RandomIds, SeededIds
from duban.engine.ports import Ids
from duban.engine.values.identity import derived_id, short_hash

NOW = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture(params=[RandomIds, lambda: SeededIds(7)])
def ids(request: pytest.FixtureRequest) -> Ids:
    made: Ids = request.param()
    return made


def test_ids_sort_in_the_order_of_asking_even_if_the_clock_goes_back(ids: Ids) -> None:
    moments = [NOW, NOW, NOW + MILLISECOND, NOW, NOW + 2 * MILLISECOND]
    made = [ids.case_id(moment) for moment in moments]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_are_26_lower_case_characters_without_those_that_look_alike(ids: Ids) -> None:
    for made in (ids.case_id(NOW), derived_id(NOW, "a"), short_hash("a")):
        assert len(made) == 26
        assert set(made) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_a_derived_id_follows_from_its_parts_and_the_instant_alone() -> None:
    made = derived_id(NOW, "c-1", 3, "effects.0")
    assert derived_id(NOW, "c-1", 3, "effects.0") == made
    assert derived_id(NOW, "c-1", "3effects.0") != made
    assert derived_id(NOW, "c-1", 3, "effects.1") != made
    assert made[:10] == SeededIds(1).case_id(NOW)[:10]


def test_a_seed_gives_the_same_ids_and_salts() -> None:
    def taste(seed: int) -> list[object]:
        ids = SeededIds(seed)
        return [ids.case_id(NOW), ids.salt(), ids.case_id(NOW + MILLISECOND)]

    assert taste(7) == taste(7) != taste(8)


def test_salts_are_32_bytes_and_never_the_same(ids: Ids) -> None:
    first, second = ids.salt(), ids.salt()
    assert len(first) == len(second) == 32
    assert first != second
