from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import tiny

import duban

pytest_plugins = ["tiny_engines"]

FIRST, LONGEST = timedelta(seconds=30), timedelta(hours=6)


def _engine(kind: str, folder: Path, channel: tiny.Taken) -> duban.Engine:
    return tiny.engine(tiny.url(kind, folder), folder / "defs", notifiers={"*": channel})


def _started(engine: duban.Engine) -> duban.Case:
    """A case whose chief was told."""
    return engine.fire(tiny.opened(engine).id, "start", actor=tiny.ANN)


def test_a_notice_is_sent_once(kind: str, tmp_path: Path) -> None:
    channel = tiny.Taken()
    engine = _engine(kind, tmp_path, channel)
    case = _started(engine)
    assert engine.deliver().sent == 1
    engine.set_clock(tiny.START + tiny.DAY)
    assert engine.deliver().sent == 0
    (notice,) = channel.notices
    assert (notice.person, notice.case, notice.seq) == ("chen", case.id, 2)
    assert [sent.status for sent in engine.outbox()] == ["sent"]
    engine.close()


def test_it_is_tried_again_after_growing_pauses_and_then_stands_as_a_dead_letter(
    kind: str, tmp_path: Path
) -> None:
    channel = tiny.Taken("chen")
    engine = _engine(kind, tmp_path, channel)
    _started(engine)
    pauses = []
    while True:
        told = engine.deliver()
        (sent,) = engine.outbox()
        assert sent.error is not None
        assert "mailbox full" in sent.error
        if sent.status == "dead":
            assert (told.sent, told.failed, told.dead) == (0, 0, 1)
            break
        assert (told.sent, told.failed, told.dead) == (0, 1, 0)
        assert sent.next_try is not None
        pauses.append(sent.next_try - engine.now())
        engine.set_clock(sent.next_try - timedelta(microseconds=1))
        assert engine.deliver() == type(told)(sent=0, failed=0, dead=0)
        engine.set_clock(sent.next_try)
    assert len(channel.tried) == sent.attempts == len(pauses) + 1 == 12
    assert len(set(channel.tried)) == 1
    for number, pause in enumerate(pauses):
        nominal = min(FIRST * 2**number, LONGEST)
        assert nominal * 0.79 <= pause <= nominal * 1.21
    assert engine.next_due() is None or engine.next_due() != sent.next_try
    engine.close()


def test_a_dead_letter_can_be_revived_and_keeps_its_id(kind: str, tmp_path: Path) -> None:
    channel = tiny.Taken("chen")
    engine = _engine(kind, tmp_path, channel)
    _started(engine)
    while engine.deliver().dead == 0:
        due = engine.outbox()[0].next_try
        assert due is not None
        engine.set_clock(due)
    (dead,) = engine.outbox(status="dead")
    channel.refused.clear()
    engine.revive(dead.notice.id)
    assert engine.deliver().sent == 1
    assert [notice.id for notice in channel.notices] == [dead.notice.id]
    with pytest.raises(duban.NotFound, match="no dead letter"):
        engine.revive(dead.notice.id)
    engine.close()


@pytest.mark.parametrize("error", [None, ConnectionResetError, KeyError])
def test_one_bad_notice_never_holds_up_the_others(
    kind: str, tmp_path: Path, error: type[Exception] | None
) -> None:
    channel = tiny.Taken("ann", error=error)
    engine = _engine(kind, tmp_path, channel)
    for _ in range(60):
        tiny.opened(engine)
    engine.set_clock(tiny.START + 4 * tiny.DAY)
    engine.sweep()
    told = engine.deliver()
    assert (told.sent, told.failed, told.dead) == (60, 60, 0)
    assert {notice.person for notice in channel.notices} == {"lee"}
    assert {sent.notice.person for sent in engine.outbox(status="waiting")} == {"ann"}
    engine.close()


def test_a_channel_that_is_not_set_up_is_a_failure_that_says_so(kind: str, tmp_path: Path) -> None:
    engine = tiny.engine(tiny.url(kind, tmp_path), tmp_path / "defs")
    _started(engine)
    assert engine.deliver().failed == 1
    assert "is set up" in str(engine.outbox()[0].error)
    engine.close()


def test_a_notice_sent_but_not_marked_goes_out_again_under_the_same_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only duplicate that may be: the receiver drops it by its id."""
    channel = tiny.Taken()
    engine = _engine("sqlite", tmp_path, channel)
    _started(engine)
    genuine = tiny.Taken.send

    def dies(self: tiny.Taken, notice: duban.Notice) -> None:
        genuine(self, notice)
        raise KeyboardInterrupt

    monkeypatch.setattr(tiny.Taken, "send", dies)
    with pytest.raises(KeyboardInterrupt):
        engine.deliver()
    monkeypatch.setattr(tiny.Taken, "send", genuine)
    assert engine.deliver().sent == 0
    engine.set_clock(tiny.START + timedelta(seconds=61))
    assert engine.deliver().sent == 1
    first, second = channel.notices
    assert first == second
    engine.close()


def test_a_vacant_post_climbs_and_says_so(engine: duban.Engine, tmp_path: Path) -> None:
    vacant = tiny.ORGANISATION.replace("  - {post: desk-1/clerk, person: ann}\n", "")
    case = tiny.opened(engine)
    engine.apply(str(tiny.write(tmp_path / "more", organisation=vacant)))
    engine.set_clock(tiny.START + 4 * tiny.DAY)
    engine.sweep()
    (sent,) = engine.outbox(case_id=case.id)
    assert sent.notice.person == "lee"


def test_where_nobody_is_left_the_notice_is_a_dead_letter(
    engine: duban.Engine, tmp_path: Path
) -> None:
    nobody = tiny.ORGANISATION.split("holders:")[0]
    case = tiny.opened(engine)
    engine.apply(str(tiny.write(tmp_path / "more", organisation=nobody)))
    engine.set_clock(tiny.START + 4 * tiny.DAY)
    engine.sweep()
    assert {sent.status for sent in engine.outbox(case_id=case.id)} == {"dead"}
