"""Notices as lines: on a terminal, and in a file that several processes write."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

import pytest

from duban.adapters.contract.notifier import NOTICE
from duban.adapters.notify.console import ConsoleNotifier
from duban.adapters.notify.jsonlines import JsonLinesNotifier
from duban.engine.errors import NotDelivered


def test_a_line_says_when_to_whom_what_and_which() -> None:
    stream = StringIO()
    ConsoleNotifier(stream).send(replace(NOTICE, subject="逾期", text="请处理\n立即", urgent=True))
    assert stream.getvalue() == (
        "! 2026-11-23 01:00:00+00:00 [school-017/principal wang-fang wang.fang@school.example] "
        f"逾期 | 请处理 立即 #{NOTICE.id}\n"
    )


def test_a_terminal_gets_no_escape_sequence_from_a_title() -> None:
    stream = StringIO()
    ConsoleNotifier(stream).send(replace(NOTICE, subject="\x1b]0;own\x07\x9b2J\u202e逾期"))
    assert stream.getvalue().removesuffix("\n").isprintable()


def test_a_terminal_that_knows_no_chinese_still_gets_the_notice() -> None:
    stream = TextIOWrapper(BytesIO(), encoding="ascii")
    ConsoleNotifier(stream).send(replace(NOTICE, subject="逾期"))
    stream.seek(0)
    assert "\\u903e\\u671f" in stream.read()


def test_lines_of_several_processes_never_mix(tmp_path: Path) -> None:
    path = tmp_path / "notices.jsonl"
    script = (
        "import sys; from dataclasses import replace\n"
        "from duban.adapters.contract.notifier import NOTICE\n"
        "from duban.adapters.notify.jsonlines import JsonLinesNotifier\n"
        "for n in range(40): JsonLinesNotifier(sys.argv[1]).send("
        "replace(NOTICE, id=f'{sys.argv[2]}-{n}', text='隐患' * 3000))\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path), name])
        for name in ("a", "b", "c")
    ]
    assert [writer.wait(timeout=20) for writer in writers] == [0, 0, 0]
    ids = [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines() if line]
    assert sorted(ids) == sorted(f"{name}-{n}" for name in "abc" for n in range(40))


def test_a_line_that_was_cut_short_spoils_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "notices.jsonl"
    path.write_bytes(b'{"id":"torn","subj')
    JsonLinesNotifier(path).send(NOTICE)
    torn, whole = path.read_bytes().splitlines()
    assert torn == b'{"id":"torn","subj'
    assert json.loads(whole)["id"] == NOTICE.id


def test_a_write_that_is_cut_short_is_a_notice_not_delivered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, line: write(file, line[:7]))
    with pytest.raises(NotDelivered, match="is the disk full"):
        JsonLinesNotifier(tmp_path / "notices.jsonl").send(NOTICE)


def test_the_file_is_closed_to_other_users_and_a_pipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notices.jsonl"
    JsonLinesNotifier(path).send(NOTICE)
    assert path.stat().st_mode & 0o777 == 0o600
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(NotDelivered, match="not a regular file"):
        JsonLinesNotifier(tmp_path / "pipe").send(NOTICE)


def test_a_line_carries_everything_that_a_reader_needs(tmp_path: Path) -> None:
    path = tmp_path / "notices.jsonl"
    JsonLinesNotifier(path).send(replace(NOTICE, climbed_from="school-017/safety", person=None))
    line = json.loads(path.read_bytes())
    assert line == {
        "id": NOTICE.id,
        "case": NOTICE.case,
        "seq": 4,
        "channel": "notice",
        "to": "school-017/principal",
        "person": None,
        "address": "wang.fang@school.example",
        "climbed_from": "school-017/safety",
        "subject": NOTICE.subject,
        "text": NOTICE.text,
        "urgent": False,
        "created": "2026-11-23T01:00:00.000000Z",
    }
