"""How long `duban --help` takes, beside the barest click program, in turn in one run."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 25
BARE = """\
import click


@click.group()
def main() -> None:
    \"\"\"A bare program.\"\"\"


@main.command()
def one() -> None:
    \"\"\"One command.\"\"\"


main()
"""


def seconds(command: list[str]) -> float:
    """Return how long *command* runs."""
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    """Time both in turn and print medians and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        bare = Path(folder, "bare.py")
        bare.write_text(BARE, encoding="utf-8")
        commands = {
            "bare click --help": [sys.executable, str(bare), "--help"],
            "duban --help": [sys.executable, "-m", "duban", "--help"],
        }
        taken: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                taken[name].append(seconds(command))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    for name, median in medians.items():
        print(f"{name:20} {median * 1000:7.1f} ms")
    rival, ours = medians.values()
    print(f"{'ratio':20} {ours / rival:7.2f}")


if __name__ == "__main__":
    main()
