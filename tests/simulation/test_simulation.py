"""A campaign on a virtual clock runs the real engine, and its history adds up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from duban.adapters.simulation.behaviour import Behaviour, read_behaviour
from duban.adapters.simulation.simulating import Simulated, simulate
from duban.engine.errors import BadUsage, InvalidDefinition

SHIPPED = Path(str(files("duban.workflows")))
FIRST_AUTUMN = "2020-10-20"


def behaviour(until: str) -> Behaviour:
    read = read_behaviour(str(SHIPPED / "fuling" / "behaviour.yaml"))
    return read.model_copy(update={"until": until})


def silent(today: date, done: int, days: int) -> None:
    pass


def run(store: str, seed: int, until: str = FIRST_AUTUMN) -> Simulated:
    return simulate(store, str(SHIPPED), behaviour(until), seed=seed, progress=silent)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulated]:
    folder = tmp_path_factory.mktemp("simulated")
    done = run(f"sqlite:///{folder}/duban.db", seed=7)
    yield done
    done.engine.close()


def test_its_history_can_be_proved(simulated: Simulated) -> None:
    verified = simulated.engine.verify()
    assert verified.findings == ()
    assert verified.entries == simulated.summary.entries > 1000


def test_hazards_are_found_and_struck_off(simulated: Simulated) -> None:
    hazards = simulated.summary.total.hazards
    assert hazards["found"] > 200
    assert 0 < hazards["struck_off"] < hazards["found"]
    assert hazards["overdue"] > 0


def test_the_phases_that_overlap_count_the_same_days_twice(simulated: Simulated) -> None:
    search = next(p for p in simulated.summary.phases if p.phase == "search")
    assert search.hazards["found"] == simulated.summary.total.hazards["found"]


def test_rungs_are_climbed_in_order_of_severity(simulated: Simulated) -> None:
    rungs = simulated.summary.total.rungs
    assert rungs["remind"] > rungs["supervise"] > rungs["interview"]


def test_every_reporting_unit_had_its_first_due_date(simulated: Simulated) -> None:
    dues = simulated.summary.dues
    assert len(dues) == 51
    assert all(days == {"2020-09-15"} for days in dues.values())


def test_no_case_was_set_aside(simulated: Simulated) -> None:
    assert simulated.engine.tally()["aside"] == 0


def test_what_the_daemon_would_have_sent_was_delivered(simulated: Simulated) -> None:
    tally = simulated.engine.tally()
    assert simulated.ran.sent == tally["sent"] > 0
    assert tally["dead"] == 0


def test_the_same_seed_gives_the_same_last_hash_and_another_seed_another() -> None:
    hashes = []
    for seed in (3, 3, 4):
        done = run("memory://", seed, until="2020-08-20")
        hashes.append(done.summary.last_hash)
        done.engine.close()
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_simulation_never_touches_a_store_that_holds_cases(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/duban.db"
    run(store, 1, until="2020-07-22").engine.close()
    with pytest.raises(BadUsage, match="a simulation needs a new store"):
        run(store, 1)


def test_a_behaviour_with_a_misspelt_key_is_refused_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "behaviour.yaml"
    file.write_text("behaviour: x\ncampaign: y\nstart: 2020-07-20\n", encoding="utf-8")
    with pytest.raises(InvalidDefinition, match="did you mean 'starts'"):
        read_behaviour(str(file))
