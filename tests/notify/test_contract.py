"""Every channel of ours sits the suite for channels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from smtp_stub import Inbox, smtp_stub

from duban.adapters.contract.notifier import Arrived, NotifierContract, Read
from duban.adapters.notify.console import ConsoleNotifier
from duban.adapters.notify.jsonlines import JsonLinesNotifier
from duban.adapters.notify.smtp import SmtpNotifier
from duban.engine.ports import Notifier


class TestConsole(NotifierContract):
    def make(self, folder: Path) -> tuple[Notifier, Read]:
        stream = StringIO()

        def read() -> list[Arrived]:
            lines = stream.getvalue().splitlines()
            found = [re.fullmatch(r"- .* #(\w+)", line) for line in lines]
            return [Arrived(id=line[1], said=line[0]) for line in found if line]

        return ConsoleNotifier(stream), read

    def make_broken(self, folder: Path) -> Notifier:
        stream = StringIO()
        stream.close()
        return ConsoleNotifier(stream)


class TestJsonLines(NotifierContract):
    def make(self, folder: Path) -> tuple[Notifier, Read]:
        path = folder / "notices.jsonl"

        def read() -> list[Arrived]:
            lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
            return [Arrived(id=line["id"], said=line["subject"] + line["text"]) for line in lines]

        return JsonLinesNotifier(path), read

    def make_broken(self, folder: Path) -> Notifier:
        return JsonLinesNotifier(folder / "missing" / "notices.jsonl")


class TestSmtp(NotifierContract):
    inbox: Inbox

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with smtp_stub() as self.inbox:
            yield

    def make(self, folder: Path) -> tuple[Notifier, Read]:
        def read() -> list[Arrived]:
            return [
                Arrived(
                    id=message["Message-ID"].strip("<>").partition("@")[0],
                    said=message["Subject"] + message.get_content(),
                )
                for message in self.inbox.messages()
            ]

        return SmtpNotifier("127.0.0.1", self.inbox.port, sender="duban@fuling.example"), read

    def make_broken(self, folder: Path) -> Notifier:
        return SmtpNotifier("127.0.0.1", 1, sender="duban@fuling.example")
