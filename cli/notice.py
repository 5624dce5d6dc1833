"""``duban notice``: what was to be sent, and how that stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from duban.cli.command import argument, as_json, command, option
from duban.cli.context import Call
from duban.cli.output import sent_data
from duban.cli.params import LIMIT, CaseId
from duban.cli.text import table

if TYPE_CHECKING:
    from duban.engine.ports import Sent

_STATUS = {"waiting": ("waiting", "待发"), "sent": ("sent", "已发"), "dead": ("dead", "无法投递")}
_HEAD = {
    "id": "编号",
    "status": "状态",
    "created": "产生",
    "channel": "渠道",
    "to": "收件岗位",
    "person": "收件人",
    "subject": "主题",
    "error": "原因",
}


@command(
    "notice list",
    examples=(
        "duban notice list --status dead",
        "duban notice list --case 01hv6z3k9qy0f4w2m8d5r7t1xb --json",
    ),
)
@option(
    "--status",
    type=click.Choice(["waiting", "sent", "dead"]),
    en="Only these.",
    zh="只列出此状态。",
)
@option("--case", "case_id", type=CaseId(), metavar="CASE", en="Of this case.", zh="此事项的通知。")
@option("--limit", **LIMIT)
@as_json
@click.pass_obj
def list_(call: Call, status: str | None, case_id: str | None, limit: int) -> None:
    """List notices and how delivery stands."""
    found = call.engine.outbox(case_id=case_id, status=status, limit=limit)
    head = [call.text(en, zh) for en, zh in _HEAD.items()]
    rows = [_row(sent, call) for sent in found]
    call.say({"notices": [sent_data(sent) for sent in found]}, table(head, rows))


def _row(sent: Sent, call: Call) -> list[str]:
    notice = sent.notice
    return [
        notice.id,
        call.text(*_STATUS[sent.status]),
        call.local(notice.created),
        notice.channel,
        notice.to,
        notice.person or "-",
        notice.subject,
        sent.error or "",
    ]


@command(
    "notice retry",
    examples=("duban notice retry 4q8z0m6d2r7t1xbk9qy0f4w2m8",),
    en="It keeps its id, so that a receiver can tell that it is the same.",
    zh="编号不变，收件方可据此识别为同一通知。",
)
@argument("notice_id", metavar="NOTICE", type=CaseId(), en="The id of the notice.", zh="通知编号。")
@as_json
@click.pass_obj
def retry(call: Call, notice_id: str) -> None:
    """Let a dead letter be sent again."""
    call.engine.revive(notice_id)
    done = call.text(f"{notice_id} will be sent again", f"{notice_id} 将重新发送")
    call.say({"notice": notice_id, "status": "waiting"}, [done])
