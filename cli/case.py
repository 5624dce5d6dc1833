"""``duban case``: open, move and look at one case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import click

from duban.cli.case_page import page
from duban.cli.command import acting, argument, as_json, command, option
from duban.cli.context import Call
from duban.cli.explained import explanation_data, explanation_lines
from duban.cli.output import case_data
from duban.cli.params import CaseId, Data, Given, Instant, Pair, Whole, together
from duban.cli.titles import state
from duban.engine.values.case import Case

_CASE: dict[str, Any] = {
    "type": CaseId(),
    "metavar": "CASE",
    "en": "The id of the case.",
    "zh": "事项编号。",
}
_MOST = 2**53 - 1

values = option(
    "--set",
    "pairs",
    type=Given(),
    multiple=True,
    metavar="NAME=VALUE",
    en="A field or an input: name=text, or name:=JSON; may be repeated.",
    zh="字段或所问内容：名称=文本，或 名称:=JSON；可重复。",
)
data_option = option(
    "--data",
    type=Data(),
    metavar="JSON|@FILE",
    en="Several at once: a JSON object, or @file that holds one.",
    zh="一次给出多个：JSON 对象，或 @文件。",
)
key_option = option(
    "--key",
    metavar="KEY",
    en="A request key: the same request twice changes nothing the second time.",
    zh="请求键：同一请求重复提交时，第二次不产生变化。",
)


@command(
    "case open",
    examples=(
        "duban case open hazard --unit school-001 --set title=消防通道堵塞 --set grade=general",
        "duban case open hazard --unit school-001 --data @hazard.json --key import-2021-03-0007",
        "duban case open report --unit centre-1 --as p-0101 --post centre-1/head --json",
    ),
)
@argument("workflow", metavar="WORKFLOW", en="The name of the workflow.", zh="流程名称。")
@option("--unit", required=True, metavar="UNIT", en="The unit it belongs to.", zh="所属单位。")
@option(
    "--campaign", metavar="NAME", en="The campaign, where several run.", zh="专项行动（有多个时）。"
)
@values
@data_option
@key_option
@acting
@as_json
@click.pass_obj
def open_(
    call: Call,
    workflow: str,
    unit: str,
    campaign: str | None,
    pairs: tuple[Pair, ...],
    data: Mapping[str, object] | None,
    key: str | None,
    person: str | None,
    post: str | None,
) -> None:
    """Open a case."""
    case = call.engine.open(
        workflow,
        unit=unit,
        actor=call.actor(person, post),
        data=together(data, pairs),
        key=key,
        campaign=campaign,
    )
    _say_case(call, case)


@command(
    "case fire",
    examples=(
        "duban case fire 01hv6z3k9qy0f4w2m8d5r7t1xb register --set grade=major",
        "duban case fire 01hv6z3k9qy0f4w2m8d5r7t1xb verify --set passed:=true --version 7",
        "duban case fire 01hv6z3k9qy0f4w2m8d5r7t1xb hand_in --set "
        '\'paper:={"kind": "report", "number": "涪教发〔2021〕3号", "seal": true}\'',
    ),
    en="`duban case explain` tells which triggers there are, and what they ask for.",
    zh="有哪些操作、各需填写什么，可用 duban case explain 查看。",
)
@argument("case_id", **_CASE)
@argument("trigger", metavar="TRIGGER", en="What to do.", zh="操作名称。")
@values
@data_option
@key_option
@option(
    "--version",
    type=Whole(1, _MOST),
    metavar="N",
    en="Refuse when the case is no longer at this version.",
    zh="事项若已不是此版本则拒绝。",
)
@acting
@as_json
@click.pass_obj
def fire(
    call: Call,
    case_id: str,
    trigger: str,
    pairs: tuple[Pair, ...],
    data: Mapping[str, object] | None,
    key: str | None,
    version: int | None,
    person: str | None,
    post: str | None,
) -> None:
    """Fire a trigger on a case."""
    case = call.engine.fire(
        case_id,
        trigger,
        actor=call.actor(person, post),
        data=together(data, pairs),
        key=key,
        version=version,
    )
    _say_case(call, case)


@command(
    "case show",
    examples=(
        "duban case show 01hv6z3k9qy0f4w2m8d5r7t1xb",
        "duban case show 01hv6z3k9qy0f4w2m8d5r7t1xb --at 2021-03-01T09:00+08:00",
    ),
)
@argument("case_id", **_CASE)
@option(
    "--at",
    type=Instant(),
    metavar="INSTANT",
    en="As it was then: 2021-03-01T09:00+08:00, or local without the offset.",
    zh="当时的状态：2021-03-01T09:00+08:00；不写时差则为本地时间。",
)
@as_json
@click.pass_obj
def show(call: Call, case_id: str, at: datetime | None) -> None:
    """Show a case as it is, or as it was."""
    case = call.engine.case(case_id, at=at)
    now = at or call.engine.now()
    call.say(case_data(case, now), page(case, now, call))


@command(
    "case explain",
    examples=(
        "duban case explain 01hv6z3k9qy0f4w2m8d5r7t1xb",
        "duban case explain 01hv6z3k9qy0f4w2m8d5r7t1xb --as p-0101 --json",
    ),
    en="Says for each trigger whether you may fire it, what it asks for, and what stands in the way.",
    zh="逐项说明能否执行、需要填写什么、为何不能执行。",
)
@argument("case_id", **_CASE)
@acting
@as_json
@click.pass_obj
def explain(call: Call, case_id: str, person: str | None, post: str | None) -> None:
    """Say what may be done with a case now, and why not."""
    explained = call.engine.explain(case_id, actor=call.actor(person, post))
    call.say(explanation_data(explained, call.lang), explanation_lines(explained, call))


@command(
    "case retry",
    examples=("duban case retry 01hv6z3k9qy0f4w2m8d5r7t1xb",),
    en="Mend the cause first; `duban case list --aside` lists them, `duban doctor` counts them.",
    zh="请先排除原因；duban case list --aside 可列出，duban doctor 可计数。",
)
@argument("case_id", **_CASE)
@as_json
@click.pass_obj
def retry(call: Call, case_id: str) -> None:
    """Put back a case that was set aside."""
    call.engine.retry(case_id)
    done = call.text(f"{case_id} takes part again", f"{case_id} 已恢复办理")
    call.say({"case": case_id, "aside": False}, [done])


def _say_case(call: Call, case: Case) -> None:
    call.say(case_data(case, call.engine.now()), _moved(call, case))


def _moved(call: Call, case: Case) -> Iterator[str]:
    due = call.local(case.due) if case.due else ""
    by = call.text(f", due {due}", f"，{due} 到期") if due else ""
    now = state(case, call)
    yield call.text(
        f"{case.id} is now {now}{by} (version {case.version})",
        f"{case.id} 现为“{now}”{by}（第 {case.version} 版）",
    )
