"""A small office at its command line: an engine whose clock stands, and a way to call duban."""

from __future__ import annotations

import pwd
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest
import tiny
from click.testing import CliRunner, Result

import duban
from duban.adapters.settings import Settings
from duban.cli.context import Call
from duban.cli.main import main


@pytest.fixture(autouse=True)
def plain_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("LC_ALL", "LC_MESSAGES", "DUBAN_LANG", "DUBAN_STORE", "DUBAN_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(pwd, "getpwuid", lambda number: SimpleNamespace(pw_name="clerk"))


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[duban.Engine]:
    made = tiny.engine(tiny.url("sqlite", tmp_path), tmp_path / "definitions", campaign=True)
    yield made
    made.close()


@pytest.fixture
def people() -> Mapping[str, str]:
    return {"clerk": "ann"}


@pytest.fixture
def run(engine: duban.Engine, people: Mapping[str, str]) -> Callable[..., Result]:
    """Call duban on the engine, as the user ``clerk``, who is ann and may act as others."""

    def call(*args: str, act_as: bool = True, input: str | None = None) -> Result:
        settings = Settings(people=people, act_as=frozenset({"clerk"} if act_as else ()))
        obj = Call(engine=engine, settings=settings)
        return CliRunner().invoke(main, args, obj=obj, input=input, catch_exceptions=False)

    return call


@pytest.fixture
def alone() -> Callable[..., Result]:
    """Call duban as a shell would: it opens what it needs itself."""

    def call(*args: str, env: Mapping[str, str] | None = None) -> Result:
        return CliRunner().invoke(main, args, env=env, catch_exceptions=False)

    return call
