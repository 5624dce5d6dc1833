"""The four folders at the root are the package `duban`, and importing it costs next to nothing."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import duban

ROOT = Path(__file__).parent.parent.parent
HEAVY = (
    "sqlmodel",
    "sqlalchemy",
    "structlog",
    "apscheduler",
    "rich",
    "pydantic",
    "cel_expr_python",
)


@pytest.mark.parametrize("name", ["engine", "adapters", "cli", "workflows"])
def test_each_root_folder_is_a_package_of_duban(name: str) -> None:
    module = import_module(f"duban.{name}")
    assert Path(str(module.__file__)).resolve().parent == ROOT / name


def test_everything_public_can_be_imported_from_duban() -> None:
    for name in duban.__all__:
        assert getattr(duban, name).__name__ == name
    assert set(duban.__all__) <= set(dir(duban))


def test_what_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        getattr(duban, "nothing")  # noqa: B009  # a type checker would refuse the plain form


def test_importing_duban_loads_nothing_heavy() -> None:
    code = f"import sys, duban; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_dependency_stands_with_its_reason_and_in_the_constraints() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = tomllib.loads(text)["project"]["dependencies"]
    lines = {line.strip() for line in text.splitlines()}
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").lower()
    for dependency in listed:
        (line,) = [line for line in lines if line.startswith(f'"{dependency}"')]
        assert "#" in line, dependency
        name = dependency.split(">")[0].split("=")[0].strip()
        assert f"\n{name.lower()}==" in pinned


def test_the_constraints_name_no_host() -> None:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert "http" not in pinned
    assert "index" not in pinned
