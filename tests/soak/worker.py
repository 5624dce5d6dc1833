"""A process that opens, fires and sweeps until it is killed, and writes down what was acknowledged.

    python worker.py <address> <log> <seed>

Every command has a key that follows from its number. A line of the log is written, and is on the
disk, only after the engine answered: ``number key case version``. On start the worker takes up at
the number after the last line: that command was sent perhaps, and is sent again with its key.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import duban

ANN = duban.Actor(person="ann", post="desk-1/clerk")
CHIEF = duban.Actor(person="chen", post="office/leader")
START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
CASES = 8


def acknowledged(log: Path) -> list[list[str]]:
    """Return the whole lines of *log*; one that was cut off by the kill does not count."""
    if not log.exists():
        return []
    return [line.split() for line in log.read_text().split("\n")[:-1]]


def command(engine: duban.Engine, number: int, known: list[str], seed: int) -> duban.Case:
    """Carry out command *number*; which one it is follows from the seed and the number alone."""
    key = f"key-{number}"
    chance = Random(f"{seed}/{number}")
    if number < CASES or chance.random() < 0.05:
        return engine.open("fix", unit="desk-1", actor=ANN, data={"title": key}, key=key)
    case_id = known[chance.randrange(CASES)]
    return engine.fire(case_id, "note", actor=ANN, data={"note": key}, key=key)


def main(address: str, log: Path, seed: int) -> None:
    """Work until killed."""
    engine = duban.connect(address)
    lines = acknowledged(log)
    if log.exists():
        os.truncate(log, log.read_bytes().rfind(b"\n") + 1)
    number = len(lines)
    known = [line[2] for line in lines[:CASES]]
    with log.open("ab", buffering=0) as file:
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            case = command(engine, number, known, seed)
            file.write(f"{number} key-{number} {case.id} {case.version}\n".encode())
            os.fsync(file.fileno())
            if number < CASES:
                known.append(case.id)
            number += 1
            if number % 10 == 0:
                engine.set_clock(START + number * timedelta(hours=3))
                engine.sweep()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
