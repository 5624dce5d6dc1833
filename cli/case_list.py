"""``duban case list``: which cases there are, as a table or as one of a campaign's registers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Unpack

import click

from duban.cli.columns import cell, heads
from duban.cli.command import as_json, command, option
from duban.cli.context import Call
from duban.cli.narrowing import Asked, register_of, where
from duban.cli.output import case_data
from duban.cli.params import LIMIT, Given, Instant
from duban.cli.text import table

if TYPE_CHECKING:
    from duban.engine.definition.lists import Register
    from duban.engine.ports import Page

_COLUMNS = ("id", "workflow", "unit", "state", "due", "overdue")


@command(
    "case list",
    examples=(
        "duban case list --workflow hazard --open --sort due",
        "duban case list --under commission --overdue --limit 50",
        "duban case list --register problems --campaign fuling-2020",
        "duban case list --where grade=major --due-before 2021-04-01T00:00+08:00 --json",
    ),
)
@option("--workflow", metavar="NAME", en="Of this workflow.", zh="此流程的事项。")
@option(
    "--unit",
    multiple=True,
    metavar="UNIT",
    en="Of this unit; may be repeated.",
    zh="此单位；可重复。",
)
@option("--under", metavar="UNIT", en="Of this unit and all below it.", zh="此单位及其所有下级。")
@option("--campaign", metavar="NAME", en="Of this campaign.", zh="此专项行动。")
@option("--phase", metavar="NAME", en="Of this phase.", zh="此阶段。")
@option(
    "--state",
    multiple=True,
    metavar="NAME",
    en="In this state; may be repeated.",
    zh="处于此状态；可重复。",
)
@option("--open", "counts", flag_value="open", en="Counted as open.", zh="未办结。")
@option("--closed", "counts", flag_value="closed", en="Counted as closed.", zh="已办结。")
@option("--void", "counts", flag_value="void", en="Counted as void.", zh="已作废。")
@option("--overdue", is_flag=True, en="With a deadline that has passed.", zh="已逾期。")
@option(
    "--due-before",
    type=Instant(days=True),
    metavar="DATE",
    en="Due before this day or instant.",
    zh="在此日期或时刻之前到期。",
)
@option(
    "--where",
    "pairs",
    type=Given(),
    multiple=True,
    metavar="FIELD=VALUE",
    en="With this value; may be repeated.",
    zh="字段等于此值；可重复。",
)
@option("--aside", is_flag=True, en="Set aside by the sweep.", zh="已被搁置。")
@option(
    "--register",
    metavar="NAME",
    en="As this register of the campaign shows them.",
    zh="按专项行动的此台账显示。",
)
@option(
    "--sort",
    type=click.Choice(["id", "opened", "changed", "due", "unit"]),
    default="id",
    en="The order (id).",
    zh="排序依据（默认 id）。",
)
@option("--desc", "descending", is_flag=True, en="The last first.", zh="倒序。")
@option("--limit", **LIMIT)
@option("--after", metavar="TOKEN", en="Go on after the page that named this.", zh="接上一页续列。")
@as_json
@click.pass_obj
def list_(
    call: Call,
    register: str | None,
    sort: Literal["id", "opened", "changed", "due", "unit"],
    descending: bool,
    limit: int,
    after: str | None,
    **asked: Unpack[Asked],
) -> None:
    """List cases."""
    kept = register_of(call, asked, register) if register else None
    found = call.engine.cases(
        where(call, asked, kept), sort=sort, descending=descending, limit=limit, after=after
    )
    _say(call, found, kept)


def _say(call: Call, found: Page, register: Register | None) -> None:
    now = call.engine.now()
    columns = register.columns if register else _COLUMNS
    official = register is not None
    rows = [[cell(case, c, now, call, official=official) for c in columns] for case in found.cases]
    data = {"cases": [case_data(case, now) for case in found.cases], "next": found.next}
    title = [register.title.get(call.lang, "")] if register else []
    workflow = register.of if register else None
    call.say(data, [*title, *table(heads(columns, workflow, call), rows)])
    if found.next and not call.json:
        more = call.text(f"more: --after {found.next}", f"下一页：--after {found.next}")
        click.echo(more, err=True)
