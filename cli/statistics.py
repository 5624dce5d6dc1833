"""``duban statistics``: rates, never without what stands over and under the line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from duban.cli.command import argument, as_json, command, option
from duban.cli.context import Call
from duban.cli.language import Text
from duban.cli.output import instant
from duban.cli.params import Instant
from duban.cli.text import table

if TYPE_CHECKING:
    from duban.engine.core.statistics import Figures, Rate

_HEADS = (Text("statistic", "统计"), Text("title", "名称"), Text("by", "分组"),
          Text("value", "结果"), Text("unknown", "无法判断"))  # fmt: skip


@command(
    "statistics",
    examples=(
        "duban statistics --campaign fuling-2020",
        "duban statistics on_time --campaign fuling-2020 --at 2021-12-31T23:59+08:00 --json",
    ),
    en="Counted over the cases as they stood; cases that are void never count.",
    zh="按事项当时的状况统计；已作废的事项不计入。",
)
@argument(
    "name",
    required=False,
    metavar="[NAME]",
    en="One of them; without it, all.",
    zh="其中一项；不写则为全部。",
)
@option(
    "--campaign",
    metavar="NAME",
    en="Of this campaign; needed where there are several.",
    zh="此专项行动；有多个时必须指明。",
)
@option(
    "--at",
    type=Instant(ends=True),
    metavar="DATE",
    en="At the end of this day, or at this instant (now).",
    zh="截至此日终了或此时刻（默认现在）。",
)
@as_json
@click.pass_obj
def statistics(call: Call, name: str | None, campaign: str | None, at: datetime | None) -> None:
    """Show rates with their numerators and denominators."""
    now = call.engine.now()
    # Today is not over: its end is now.
    today = at is not None and at.astimezone(call.zone).date() == now.astimezone(call.zone).date()
    found = call.engine.statistics(name, campaign=campaign, at=now if today else at)
    head = [text.of(call.lang) for text in _HEADS]
    rows = [row for figures in found for row in _rows(figures, call)]
    call.say({"statistics": [_data(figures) for figures in found]}, table(head, rows))


def _rows(figures: Figures, call: Call) -> Iterator[list[str]]:
    title = figures.title.get(call.lang, figures.name)
    unknown = str(figures.unknown or "")
    yield [figures.name, title, "", _said(figures.total), unknown]
    for value, part in sorted(figures.parts.items()):
        yield ["", "", _part(figures, value, call), _said(part), ""]


def _part(figures: Figures, value: str, call: Call) -> str:
    if figures.by == "unit":
        return call.library.directory.title(value, call.lang)
    workflow = call.library.workflows.get(figures.of)
    field = workflow.fields.get(figures.by or "") if workflow else None
    choice = field.choices.get(value) if field else None
    return (choice.title or {}).get(call.lang, value) if choice else value


def _said(found: Rate) -> str:
    return rate(found.numerator, found.denominator)


def rate(numerator: int, denominator: int) -> str:
    """Return a rate in words: ``8490/8624 = 98.4%``, or an average where it is above one."""
    over = f"{numerator}/{denominator}"
    if not denominator:
        return over
    share = numerator / denominator
    return f"{over} = {100 * share:.1f}%" if share <= 1 else f"{over} = {share:.1f}"


def _data(figures: Figures) -> dict[str, object]:
    return {
        "name": figures.name,
        "title": dict(figures.title),
        "at": instant(figures.at),
        **_rate_data(figures.total),
        "by": figures.by,
        "parts": {value: _rate_data(part) for value, part in sorted(figures.parts.items())},
        "unknown": figures.unknown,
    }


def _rate_data(found: Rate) -> dict[str, object]:
    return {"numerator": found.numerator, "denominator": found.denominator}
