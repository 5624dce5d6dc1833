"""Scenarios on the tiny definitions: written by a test, read and played."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import tiny

from duban.adapters.scenarios.playing import Played, play
from duban.adapters.scenarios.reading import Script, read_scenario

OPEN = (
    "{at: 2026-01-05, open: fix, as: lamp, unit: desk-1, by: worker, "
    "with: {title: lamp, weight: 3, due: 2026-02-01}"
)


def script(folder: Path, steps: str, head: str = "") -> Script:
    """Return the scenario of *steps* on the tiny definitions in *folder*."""
    tiny.write(folder)
    file = folder / "play.yaml"
    text = f"scenario: play\n{head}steps:\n{indent(dedent(steps).strip(), '  ')}\n"
    file.write_text(text, encoding="utf-8")
    return read_scenario(file)


def played(folder: Path, steps: str, head: str = "") -> Played:
    """Return what became of the scenario of *steps*."""
    return play(script(folder, steps, head))


def told(done: Played, lang: str = "en") -> list[str]:
    """Return each difference with its line and column."""
    return [
        f"{d.place.line}:{d.place.column} {d.text(lang)}"
        for failure in done.failures
        for d in failure.differences
    ]
