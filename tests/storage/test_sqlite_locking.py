from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from duban.adapters.contract.steps import keep, moving, opening
from duban.adapters.contract.store_sharing import increment
from duban.adapters.storage.sqlite import SqliteStore
from duban.engine.errors import StoreBusy
from duban.engine.history.evolve import replay
from duban.engine.ports import Where

WRITER = """
import sys
from pathlib import Path
from duban.adapters.contract.store_sharing import increment
from duban.adapters.storage.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
for _ in range(100):
    increment(store, "c-1")
store.close()
"""


def test_two_processes_lose_no_update_and_readers_never_fail(tmp_path: Path) -> None:
    path = tmp_path / "duban.db"
    store = SqliteStore(path)
    keep(store, opening("c-1", set={"n": 0}))
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path)]) for _ in range(2)]
    views = 0
    while any(writer.poll() is None for writer in writers):
        with store.reading() as view:
            assert replay(view.history("c-1")) == view.case("c-1")
            assert len(list(view.walk())) == 1
        views += 1
        time.sleep(0.002)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert views > 10
    with store.reading() as view:
        case = view.case("c-1")
        assert case is not None
        assert case.data == {"n": 200}
        assert len(view.history("c-1")) == 201
    store.close()
    with sqlite3.connect(path) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    raw.close()


UNTIL_KILLED = """
import sys
from pathlib import Path
from duban.adapters.contract.store_sharing import increment
from duban.adapters.storage.sqlite import SqliteStore
store = SqliteStore(Path(sys.argv[1]))
while True:
    increment(store, "c-1")
    print("kept", flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "duban.db"
    store = SqliteStore(path)
    keep(store, opening("c-1", set={"n": 0}))
    acknowledged = 0
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", UNTIL_KILLED, str(path)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            for _ in range(20):
                writer.stdout.readline()
            writer.kill()
            acknowledged += 20 + len(writer.stdout.readlines())
    with store.reading() as view:
        case = view.case("c-1")
        assert case is not None
        assert replay(view.history("c-1")) == case
        assert isinstance(case.data["n"], int)
        assert acknowledged <= case.data["n"] <= acknowledged + 3
    store.close()


def test_two_threads_lose_no_update(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "duban.db")
    keep(store, opening("c-1", set={"n": 0}))

    def write() -> None:
        for _ in range(100):
            increment(store, "c-1")

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(write), pool.submit(write)]:
            done.result()
    with store.reading() as view:
        case = view.case("c-1")
        assert case is not None
        assert case.data == {"n": 200}
    store.close()


def test_a_writer_of_another_process_is_waited_for_but_not_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "duban.db"
    store = SqliteStore(path, patience=0.2)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy), store.transaction():
        pass
    with store.reading() as view:
        assert view.count(Where()) == 0
    other.execute("ROLLBACK")
    keep(store, opening("c-1"))
    other.close()
    store.close()


def test_a_reader_that_stays_makes_a_commit_fail_whole(tmp_path: Path) -> None:
    path = tmp_path / "duban.db"
    store = SqliteStore(path, patience=0.2)
    if store.describe()["journal"] == "wal":
        pytest.skip("with a write-ahead log readers hold nobody up")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT count(*) FROM duban_case").fetchone()
    with pytest.raises(StoreBusy):
        keep(store, opening("c-1"))
    other.execute("ROLLBACK")
    other.close()
    with store.reading() as view:
        assert view.case("c-1") is None
    keep(store, opening("c-1"))
    store.close()


def test_a_walk_holds_no_writer_up_between_its_batches(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "duban.db", patience=1)
    cases = keep(store, *(opening(f"c-{n:03}") for n in range(250)))
    with ThreadPoolExecutor(1) as pool, store.reading() as view:
        walk = view.walk()
        next(walk)
        pool.submit(keep, store, moving(cases[240], set={"n": 1})).result()
        walked = {stored.case_id: entries for stored, entries in walk}
    assert len(walked) == 249
    assert len(walked["c-240"]) == 2
    store.close()
