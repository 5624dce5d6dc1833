from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

EXPECTED = """\
committed: 1 inspection, 1 hazard, which is registered
rolled back: 1 inspection, 1 hazard
refused: 'verify_passed' is not possible in 'registered'; possible: grade, assign, void, link_measure
kept: 2 inspections, case still registered
nested: this thread already holds a transaction; use engine.using(connection) inside it
proved: 4 entries, whole: True
"""


def test_the_example_of_a_host_application_says_what_it_does(tmp_path: Path) -> None:
    """Its own table and duban's cases commit together, roll back together, and refuse apart."""
    done = subprocess.run(
        [
            sys.executable,
            "-W",
            "error",
            str(ROOT / "examples" / "host_application.py"),
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == EXPECTED
    assert done.returncode == 0
