"""The page of faults lists what the code can tell, and nothing else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pages

_CODE = re.compile(r"\bDEF-(?:W?\d+)\b")
_ROW = re.compile(r"^\| `(DEF-W?\d+)` \| (\S.*) \| (\S.*) \|$", re.M)
_READERS = ("engine", "workflows", "adapters/scenarios")
# The sum of all faults, not one of them.
_WHOLE = "DEF-000"


def _rows() -> list[tuple[str, str, str]]:
    return _ROW.findall(pages.page("docs/reference/faults.md"))


def test_every_code_stands_on_the_page_once() -> None:
    told: set[str] = set()
    for folder in _READERS:
        for file in sorted(Path(pages.ROOT, folder).rglob("*.py")):
            told.update(_CODE.findall(file.read_text(encoding="utf-8")))
    listed = Counter(code for code, _, _ in _rows())
    assert set(listed) == told - {_WHOLE}
    assert set(listed.values()) == {1}


def test_what_the_page_calls_a_warning_is_one() -> None:
    """The files of the tests say which level each code has."""
    warned = {code for code, meaning, _ in _rows() if "(warning)" in meaning}
    assert len(warned) > 10
    text = "".join(
        file.read_text(encoding="utf-8")
        for file in sorted(Path(pages.ROOT, "engine", "definition").glob("*.py"))
    )
    calls = re.findall(r"\.(add|add_value|warn)\((?:[^()]|\([^()]*\))*?\"(DEF-\d+)\"", text)
    levels = {code: kind == "warn" for kind, code in calls}
    assert {code for code, is_warning in levels.items() if is_warning} <= warned
    assert warned.isdisjoint(code for code, is_warning in levels.items() if not is_warning)
