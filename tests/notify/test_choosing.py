"""A channel is named by a URL, and a URL never holds a password."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from smtp_stub import smtp_stub

from duban.adapters.contract.notifier import NOTICE
from duban.adapters.notify.choosing import notifier
from duban.engine.errors import BadUsage, NotDelivered


def test_console_writes_to_the_stream_it_is_given() -> None:
    stream = StringIO()
    notifier("console:", console=stream).send(NOTICE)
    assert NOTICE.id in stream.getvalue()


@pytest.mark.parametrize("form", ["file:{}", "file://{}"])
def test_file_appends_to_the_path_behind_it(form: str, tmp_path: Path) -> None:
    notifier(form.format(tmp_path / "out.jsonl")).send(NOTICE)
    assert NOTICE.id in (tmp_path / "out.jsonl").read_text("utf-8")


def test_smtp_takes_sender_host_and_port() -> None:
    with smtp_stub() as inbox:
        notifier(f"smtp://127.0.0.1:{inbox.port}?sender=du+ban@fuling.example").send(NOTICE)
    assert inbox.messages()[0]["From"] == "du+ban@fuling.example"


def test_a_password_comes_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    kept = tmp_path / "password"
    kept.touch(0o600)
    kept.write_text("open sesame\n", "utf-8")
    for reference in ("env:MAIL_SECRET", f"file:{kept}"):
        with smtp_stub("auth") as inbox:
            channel = notifier(
                f"smtp://duban@127.0.0.1:{inbox.port}?sender=d@x.example&password={reference}",
                environ={"MAIL_SECRET": "open sesame"},
            )
            with pytest.raises(NotDelivered, match="535"):
                channel.send(NOTICE)
        assert any(line.startswith("AUTH PLAIN ") for line in inbox.said)


@pytest.mark.parametrize(
    "url",
    [
        "smtp://duban:hunter2@mail.example?sender=d@x.example&starttls=1",
        "smtp://duban@mail.example?sender=d@x.example&starttls=1&password=hunter2",
        "smtp://duban@mail.example?sender=d@x.example&starttls=1&pass%77ord=hunter2",
        "smtp://duban:hun#hunter2@mail.example?sender=d@x.example",
        "smtp://duban:hun/hunter2@mail.example?sender=d@x.example",
        "wecom://robot?token=hunter2",
    ],
)
def test_a_literal_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(BadUsage, match="a password is never written") as caught:
        notifier(url)
    assert "hunter2" not in caught.value.text("en") + caught.value.text("zh")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "there is no ''"),
        ("smpt://mail.example?sender=d@x.example", "did you mean 'smtp'"),
        ("smtp://mail.example", "write smtp://host:port"),
        ("smtp://?sender=d@x.example", "write smtp://host:port"),
        ("smtp://mail.example:99999?sender=d@x.example", "the port"),
        ("smtp://mail.example?sendr=d@x.example", "did you mean 'sender'"),
        ("smtp://mail.example?sender=d@x.example&starttls=maybe", "starttls is 1 or 0"),
        ("smtp://mail.example?sender=d@x.example&timeout=0", "timeout is 1 to 300"),
        ("smtp://mail.example?sender=d@x.example&sender=e@x.example", "given twice"),
        ("smtp://mail.example?sender=duban", "is not a mail address"),
        ("smtp://duban@mail.example?sender=d@x.example&starttls=1", "together, or neither"),
        ("smtp://u@mail.example?sender=d@x.example&password=env:P", "in clear"),
        ("smtp://u@localhost?sender=d@x.example&password=env:NOT_SET", "is not set"),
        ("smtp://u@localhost?sender=d@x.example&password=file:/no/such", "cannot be read"),
        ("file:", "write file:"),
        ("file://host/path", "write file:"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_with_what_to_write(url: str, why: str) -> None:
    with pytest.raises(BadUsage, match=why) as caught:
        notifier(url, environ={})
    assert caught.value.text("zh") != caught.value.text("en")


def test_a_secret_file_that_everybody_may_read_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "password"
    kept.write_text("open sesame", "utf-8")
    kept.chmod(0o644)
    with pytest.raises(BadUsage, match="chmod o="):
        notifier(f"smtp://u@localhost?sender=d@x.example&password=file:{kept}")
