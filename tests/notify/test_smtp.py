"""Mail: one header for each title, one mail for each notice, and every failure said plainly."""

from __future__ import annotations

from dataclasses import replace

import pytest
from smtp_stub import Fault, Inbox, smtp_stub

from duban.adapters.contract.notifier import NOTICE, SUBJECT
from duban.adapters.notify.smtp import SmtpNotifier
from duban.engine.errors import BadUsage, NotDelivered

SENDER = "duban@fuling.example"


def notifier(inbox: Inbox, **options: str | float | bool) -> SmtpNotifier:
    return SmtpNotifier("127.0.0.1", inbox.port, sender=SENDER, **options)  # type: ignore[arg-type]  # as given


def test_a_mail_names_the_notice_twice_and_the_same_on_a_retry() -> None:
    with smtp_stub() as inbox:
        notifier(inbox).send(NOTICE)
        notifier(inbox).send(NOTICE)
    first, second = inbox.messages()
    assert first["Message-ID"] == second["Message-ID"] == f"<{NOTICE.id}@fuling.example>"
    assert first["X-Duban-Id"] == NOTICE.id
    assert first["Date"] == second["Date"]
    assert first["To"] == NOTICE.address
    assert first["Subject"] == SUBJECT
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Importance"] is None


def test_a_mail_is_plain_ascii_on_the_wire_so_that_every_relay_keeps_its_words() -> None:
    with smtp_stub() as inbox:
        notifier(inbox).send(NOTICE)
    assert inbox.mails[0].isascii()


def test_an_urgent_notice_is_marked_for_the_mail_reader() -> None:
    with smtp_stub() as inbox:
        notifier(inbox).send(replace(NOTICE, urgent=True))
    assert inbox.messages()[0]["Importance"] == "high"


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x85", "\u2028", "\x0b"])
def test_a_line_break_in_a_title_makes_no_header_and_no_recipient(end: str) -> None:
    with smtp_stub() as inbox:
        notifier(inbox).send(replace(NOTICE, subject=f"逾期{end}Bcc: all@x.example{end}{end}body"))
    (message,) = inbox.messages()
    assert message["Bcc"] is None
    assert message["Subject"] == "逾期 Bcc: all@x.example body"
    assert inbox.recipients == [NOTICE.address]


def test_an_id_or_a_case_with_a_line_break_makes_no_header() -> None:
    with smtp_stub() as inbox:
        notifier(inbox).send(
            replace(NOTICE, id="a\r\nBcc: b@x.example", case="c\r\nX: y", subject="")
        )
    (message,) = inbox.messages()
    assert message["Bcc"] is None
    assert message["X"] is None
    assert message["Subject"] == "c X: y"


@pytest.mark.parametrize(
    "address",
    [
        "a@x.example\r\nBcc: b@x.example",
        "a@x.example, b@x.example",
        "王芳 <a@x.example>",
        "a@x.example>\r\nDATA",
        "nobody",
        "a@b@x.example",
        "@",
        "x" * 300 + "@x.example",
    ],
)
def test_an_address_that_is_not_one_plain_address_is_refused_before_the_server(
    address: str,
) -> None:
    with smtp_stub() as inbox:
        with pytest.raises(NotDelivered, match="is not a mail address"):
            notifier(inbox).send(replace(NOTICE, address=address))
        assert inbox.said == []


@pytest.mark.parametrize("address", [None, ""])
def test_a_notice_without_an_address_says_whose_is_missing(address: str | None) -> None:
    with (
        smtp_stub() as inbox,
        pytest.raises(NotDelivered, match="there is no mail address for wang-fang"),
    ):
        notifier(inbox).send(replace(NOTICE, address=address))


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        ("refuses", "the mail server answered 550 5.1.1 no such user"),
        ("refuses data", "the mail server answered 554 5.3.4 too big"),
        ("silent", "timed out"),
        ("dies in data", "closed|reset"),
        ("drips", "."),
    ],
)
def test_a_server_that_fails_is_a_notice_not_delivered(fault: Fault, why: str) -> None:
    with smtp_stub(fault) as inbox:
        with pytest.raises(NotDelivered, match=why):
            notifier(inbox, timeout=0.1).send(NOTICE)
        assert inbox.mails == []


def test_a_server_that_dies_after_taking_the_mail_does_not_get_it_again() -> None:
    with smtp_stub("dies after data") as inbox:
        notifier(inbox).send(NOTICE)
    assert len(inbox.mails) == 1


def test_a_refused_login_is_said_without_the_password() -> None:
    with smtp_stub("auth") as inbox, pytest.raises(NotDelivered) as caught:
        notifier(inbox, username="duban", password="open sesame").send(NOTICE)
    assert "535" in str(caught.value)
    assert "sesame" not in str(caught.value)


def test_a_server_without_starttls_gets_no_mail_when_it_is_asked_for() -> None:
    with smtp_stub() as inbox:
        with pytest.raises(NotDelivered, match="STARTTLS"):
            notifier(inbox, starttls=True).send(NOTICE)
        assert inbox.mails == []


def test_an_address_in_chinese_is_not_delivered_by_a_server_that_cannot() -> None:
    with smtp_stub() as inbox, pytest.raises(NotDelivered):
        notifier(inbox).send(replace(NOTICE, address="王芳@学校.example"))


def test_a_sender_that_is_no_address_is_refused_at_once() -> None:
    with pytest.raises(BadUsage, match="is not a mail address"):
        SmtpNotifier("127.0.0.1", sender="督办平台")
