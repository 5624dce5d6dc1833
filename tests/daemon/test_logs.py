"""The log: one parseable line for each fact, without secrets and without control characters."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
import structlog

from duban.adapters.logs import configure, get_logger
from duban.adapters.secrets import secret

NASTY = '整改\r\n{"event":"forged"}\x1b[2J\x9b31m\u2028\u202e\x00'


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = handlers
    logging.getLogger("apscheduler").setLevel(logging.NOTSET)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> StringIO:
    made = StringIO()
    configure("debug", stream=made)
    return made


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_fact_is_one_line_with_its_keys_and_an_instant_in_utc(stream: StringIO) -> None:
    get_logger().info("sweep.finished", cases=3, at=datetime(2026, 11, 2, tzinfo=UTC), why="逾期")
    (line,) = lines(stream)
    stamp = line.pop("timestamp")
    assert line == {
        "event": "sweep.finished",
        "level": "info",
        "cases": 3,
        "at": "2026-11-02T00:00:00+00:00",
        "why": "逾期",
    }
    assert stamp.endswith("Z")
    assert datetime.fromisoformat(stamp).tzinfo is not None


@pytest.mark.parametrize("json_", [True, False])
def test_control_characters_cannot_forge_a_line_or_move_a_terminal(json_: bool) -> None:
    stream = StringIO()
    configure("info", json=json_, stream=stream)
    get_logger().info(NASTY, title=NASTY, deep={"list": [NASTY], NASTY: 1})
    (line,) = stream.getvalue().splitlines()
    assert line.isprintable()
    assert "\\u001b" not in line
    assert "\\n" not in line


def test_secrets_are_masked_by_key_by_address_and_by_value(stream: StringIO) -> None:
    secret("env:PLANTED", where="test", environ={"PLANTED": "open-sesame-77"})
    get_logger().error(
        "store.failed",
        password="hunter2",
        deep=[{"Api-Key": "hunter2", "access_token": ["hunter2"]}],
        url="postgresql://duban:hunter2@db/duban",
        error="login with open-sesame-77 refused",
    )
    (line,) = lines(stream)
    assert "hunter2" not in stream.getvalue()
    assert "sesame" not in stream.getvalue()
    assert line["url"] == "postgresql://duban:***@db/duban"
    assert line["error"] == "login with *** refused"


@pytest.mark.parametrize("json_", [True, False])
def test_a_traceback_shows_no_locals(json_: bool) -> None:
    stream = StringIO()
    configure("info", json=json_, stream=stream)
    planted = "".join(["hun", "ter2"])
    try:
        int(f"x{len(planted)}")
    except ValueError as error:
        get_logger().error("tick.failed", exc_info=error)
    assert "hunter2" not in stream.getvalue()
    assert "ValueError" in stream.getvalue()


def test_what_libraries_say_comes_in_the_same_lines(stream: StringIO) -> None:
    logging.getLogger("alembic").warning("down\n%s", "grade")
    (line,) = lines(stream)
    assert (line["event"], line["library"]) == ("library.spoke", "alembic")
    assert (line["said"], line["level"]) == ("down grade", "warning")


def test_a_level_keeps_the_lesser_facts_out() -> None:
    stream = StringIO()
    configure("warning", stream=stream)
    get_logger().info("sweep.finished")
    get_logger().warning("notice.failed")
    assert [line["event"] for line in lines(stream)] == ["notice.failed"]


def test_configuring_twice_does_not_say_things_twice(stream: StringIO) -> None:
    configure("info", stream=stream)
    logging.getLogger("alembic").warning("once")
    assert len(lines(stream)) == 1


def test_importing_the_log_configures_nothing_and_the_facade_does_not_load_it() -> None:
    script = (
        "import sys, duban, duban.adapters.settings, duban.adapters.notify.choosing\n"
        "heavy = {'structlog', 'apscheduler', 'smtplib', 'rich', 'sqlalchemy'} & set(sys.modules)\n"
        "import duban.adapters.logs, structlog, logging\n"
        "duban.adapters.logs.get_logger()\n"
        "print(sorted(heavy), structlog.is_configured(), logging.getLogger().handlers)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stdout == "[] False []\n"
