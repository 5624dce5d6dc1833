"""The conformance suite for channels, for a host's own as for ours.

In a host's tests, with pytest::

    class TestMyChannel(NotifierContract):
        def make(self, folder):
            channel = MyChannel(...)
            return channel, lambda: [Arrived(id=..., said=...) for each message that arrived]

        def make_broken(self, folder):
            return MyChannel(nowhere)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from duban.engine.errors import NotDelivered
from duban.engine.ports import Notifier
from duban.engine.values.notice import Notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """One message as its reader sees it: the id it carries, and all of its words."""

    id: str
    said: str


Read = Callable[[], Sequence[Arrived]]

SUBJECT = "督办通知：涪陵区第十七小学消防隐患逾期未整改"
TEXT = "该隐患应于2026年11月20日前整改完毕，现已逾期3个工作日。请责任人𠮷田立即处理！"

NOTICE = Notice(
    id="1a2b3c4d5e6f7g8h9j0kmnpqrs",
    case="01j9zq4w7x2m5n8p1r3t6v9y0c",
    seq=4,
    channel="notice",
    to="school-017/principal",
    person="wang-fang",
    address="wang.fang@school.example",
    subject=SUBJECT,
    text=TEXT,
    urgent=False,
    created=datetime(2026, 11, 23, 1, 0, tzinfo=UTC),
)


class NotifierContract:
    """What ``duban.engine.ports.Notifier`` promises, as tests that can fail."""

    def make(self, folder: Path) -> tuple[Notifier, Read]:
        """Return a channel, and a way to read what arrived over it; *folder* is empty."""
        raise NotImplementedError

    def make_broken(self, folder: Path) -> Notifier:
        """Return a channel over which nothing can be delivered."""
        raise NotImplementedError

    def test_a_notice_arrives_with_its_id_and_its_chinese_words(self, tmp_path: Path) -> None:
        notifier, read = self.make(tmp_path)
        notifier.send(NOTICE)
        (arrived,) = read()
        assert arrived.id == NOTICE.id
        assert SUBJECT in arrived.said
        assert TEXT in arrived.said

    def test_a_notice_that_is_sent_again_carries_the_same_id(self, tmp_path: Path) -> None:
        notifier, read = self.make(tmp_path)
        notifier.send(NOTICE)
        notifier.send(NOTICE)
        assert {arrived.id for arrived in read()} == {NOTICE.id}

    def test_notices_arrive_in_the_order_in_which_they_were_sent(self, tmp_path: Path) -> None:
        notifier, read = self.make(tmp_path)
        ids = [f"{number}{NOTICE.id[1:]}" for number in range(5)]
        for id_ in ids:
            notifier.send(replace(NOTICE, id=id_))
        assert [arrived.id for arrived in read()] == ids

    def test_line_breaks_and_control_characters_never_make_a_second_notice(
        self, tmp_path: Path
    ) -> None:
        notifier, read = self.make(tmp_path)
        nasty = "逾期\r\nBcc: all@example.com\r\n\r\n.\r\n\x1b[2J\x85\u2028\u202e\x00\ud800完"
        notifier.send(replace(NOTICE, subject=nasty, text=nasty))
        notifier.send(NOTICE)
        assert [arrived.id for arrived in read()] == [NOTICE.id, NOTICE.id]
        assert "逾期" in read()[0].said

    def test_a_long_notice_arrives_whole(self, tmp_path: Path) -> None:
        notifier, read = self.make(tmp_path)
        text = "".join(f"第{number}项隐患尚未整改。" for number in range(2000))
        notifier.send(replace(NOTICE, text=text))
        assert text in read()[0].said

    def test_a_channel_that_fails_raises_not_delivered_and_nothing_else(
        self, tmp_path: Path
    ) -> None:
        try:
            self.make_broken(tmp_path).send(NOTICE)
        except NotDelivered as error:
            assert error.facts["channel"] == NOTICE.channel  # noqa: PT017 - the suite is free of pytest
            assert error.facts["why"]  # noqa: PT017 - as above
        else:
            msg = "a notice that was not delivered passed for delivered"
            raise AssertionError(msg)
