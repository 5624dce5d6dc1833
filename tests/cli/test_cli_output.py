from __future__ import annotations

from datetime import timedelta

import pytest
import tiny

import duban
from duban.cli.context import Call
from duban.cli.language import Lang
from duban.cli.output import clock_line, shown
from duban.cli.plain import to_json
from duban.engine.values.case import Run


def _call(lang: Lang, engine: duban.Engine | None = None) -> Call:
    call = Call(engine=engine)
    call.lang = lang
    return call


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (None, "-", "-"),
        (True, "yes", "是"),
        (False, "no", "否"),
        (7, "7", "7"),
        ("a\x1bb\nc", "a\ufffdb c", "a\ufffdb c"),
        (["desk-1", "desk-2"], "desk-1, desk-2", "desk-1、desk-2"),
        ({"erased": True}, "(erased)", "（已删除）"),
        ({"none": True}, "-", "-"),
        ([{"kind": "report", "number": "3号", "seal": True}], "report 3号", "report 3号"),
        ([{"name": "plan.pdf", "kind": "plan"}], "plan.pdf", "plan.pdf"),
        (
            {"seal": True, "channel": "paper"},
            "seal=True, channel=paper",
            "seal=True, channel=paper",
        ),
    ],
)
def test_a_value_is_shown_as_a_reader_wants_it(value: object, en: str, zh: str) -> None:
    assert shown(value, _call("en")) == en
    assert shown(value, _call("zh")) == zh


def test_json_is_utf_8_whatever_the_terminal() -> None:
    assert to_json({"单位": "一科"}) == '{\n  "单位": "一科"\n}'.encode()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "running"),
        ({"provisional": True}, "running (provisional)"),
        ({"held": True, "runs": (Run(since=tiny.START, until=tiny.START),)}, "held"),
        ({"ended": tiny.START}, "ended in time"),
        ({"ended": tiny.START, "overran": True}, "ended late"),
        ({"due": tiny.START - timedelta(seconds=1)}, "overdue"),
    ],
)
def test_a_deadline_says_how_it_stands(
    changes: dict[str, object], said: str, engine: duban.Engine
) -> None:
    known: dict[str, object] = {"due": tiny.START + tiny.DAY, "runs": (Run(since=tiny.START),)}
    clock = duban.Clock(started=tiny.START, **{**known, **changes})  # type: ignore[arg-type]  # a table of changes
    line = clock_line(clock, tiny.START, _call("en", engine))
    assert line.partition("  ")[2] == said
