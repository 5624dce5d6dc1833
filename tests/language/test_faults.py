"""One small file for each fault: its code and its place, to the column, and nothing else."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from duban.engine.definition.check import inspect
from duban.engine.definition.library import EMPTY
from duban.engine.errors import Fault
from duban.workflows.loader import FileLoader

FAULTS = Path(__file__).parent / "faults"
FILES = sorted(FAULTS.glob("*.yaml"))
TODAY = date(2026, 3, 2)
_EXPECTED = re.compile(rb"^# expect: (DEF-\w+) (\d+:\d+)", re.M)
_HAN = re.compile("[\u4e00-\u9fff]")


def found(file: Path) -> list[Fault]:
    """Return what is said of *file* when it is checked together with sound ones."""
    sound, survey = FileLoader().survey(str(FAULTS / "sound")), FileLoader().survey(str(file))
    library = EMPTY.with_definitions([*sound.definitions, *survey.definitions])
    everything = list(library.definitions.values())
    report = inspect(everything, library, unread=survey.unread, today=TODAY)
    odd = [warning for d in survey.definitions for warning in d.source.warnings]
    told = [*survey.faults, *report.faults, *report.warnings, *odd]
    return sorted(told, key=lambda fault: (fault.place, fault.code))


def test_what_the_files_are_checked_with_is_sound() -> None:
    assert found(FAULTS / "sound") == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_fault_is_told_with_its_code_at_its_place(file: Path) -> None:
    expected = [(code.decode(), at.decode()) for code, at in _EXPECTED.findall(file.read_bytes())]
    faults = found(file)
    assert expected
    assert [(f.code, f"{f.place.line}:{f.place.column}") for f in faults] == expected
    assert {f.place.file for f in faults} == {str(file)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_fault_is_told_in_both_languages(file: Path) -> None:
    for fault in found(file):
        assert fault.en
        assert not _HAN.search(re.sub("'[^']*'", "", fault.en))
        said = re.sub("`[^`]*`|“[^”]*”", "", fault.zh)
        assert _HAN.search(said.rpartition("列：")[2] if fault.code == "DEF-032" else said)


def test_there_is_a_file_for_many_different_faults() -> None:
    codes = {code for file in FILES for code, _ in _EXPECTED.findall(file.read_bytes())}
    assert len(FILES) >= 80
    assert len(codes) >= 60
