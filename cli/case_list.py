"""``duban case list``: which cases there are, as a table or as one of a campaign's ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

import click

from duban.cli.command import as_json, command, option
from duban.cli.context import Call
from duban.cli.ledger import cell, heads
from duban.cli.output import case_data
from duban.cli.params import Given, Instant, Pair, Whole, together
from duban.cli.text import table
from duban.engine.ports import Page, Where

if TYPE_CHECKING:
    from duban.engine.definition.campaign import Ledger

_COLUMNS = ("id", "workflow", "unit", "state", "due", "overdue")


class Asked(TypedDict):
    """What narrows the list."""

    workflow: str | None
    unit: tuple[str, ...]
    under: str | None
    campaign: str | None
    phase: str | None
    state: tuple[str, ...]
    counts: Literal["open", "closed", "void"] | None
    overdue: bool
    due_before: datetime | None
    pairs: tuple[Pair, ...]
    aside: bool


@command(
    "case list",
    examples=(
        "duban case list --workflow hazard --open --sort due",
        "duban case list --under commission --overdue --limit 50",
        "duban case list --ledger problems --campaign fuling-2020 --lang zh".replace(" --lang zh", ""),
        "duban case list --where grade=major --due-before 2021-04-01T00:00+08:00 --json",
    ),
)
@option("--workflow", metavar="NAME", en="Of this workflow.", zh="此流程的事项。")
@option("--unit", multiple=True, metavar="UNIT", en="Of this unit; may be repeated.", zh="此单位；可重复。")
@option("--under", metavar="UNIT", en="Of this unit and all below it.", zh="此单位及其所有下级。")
@option("--campaign", metavar="NAME", en="Of this campaign.", zh="此专项行动。")
@option("--phase", metavar="NAME", en="Of this phase.", zh="此阶段。")
@option("--state", multiple=True, metavar="NAME", en="In this state; may be repeated.", zh="处于此状态；可重复。")
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
@option("--where", "pairs", type=Given(), multiple=True, metavar="FIELD=VALUE", en="With this value; may be repeated.", zh="字段等于此值；可重复。")  # fmt: skip
@option("--aside", is_flag=True, en="Set aside by the sweep.", zh="已被搁置。")
@option("--ledger", metavar="NAME", en="As this ledger of the campaign shows them.", zh="按专项行动的此台账显示。")
@option(
    "--sort",
    type=click.Choice(["id", "opened", "changed", "due", "unit"]),
    default="id",
    en="The order (id).",
    zh="排序依据（默认 id）。",
)
@option("--desc", "descending", is_flag=True, en="The last first.", zh="倒序。")
@option("--limit", type=Whole(1, 1000), default=100, metavar="N", en="At most so many, 1 to 1000 (100).", zh="最多条数，1 到 1000（默认 100）。")  # fmt: skip
@option("--after", metavar="TOKEN", en="Go on after the page that named this.", zh="接上一页续列。")
@as_json
@click.pass_obj
def list_(
    call: Call,
    ledger: str | None,
    sort: Literal["id", "opened", "changed", "due", "unit"],
    descending: bool,
    limit: int,
    after: str | None,
    **asked: Unpack[Asked],
) -> None:
    kept = call.ledger(asked["campaign"], ledger) if ledger else None
    found = call.engine.cases(
        _where(call, asked, kept), sort=sort, descending=descending, limit=limit, after=after
    )
    _say(call, found, kept)


def _where(call: Call, asked: Asked, ledger: Ledger | None) -> Where:
    fields = together(ledger.where if ledger else None, asked["pairs"])
    return Where(
        workflow=ledger.of if ledger else asked["workflow"],
        units=_units(call, asked),
        campaign=asked["campaign"],
        phase=asked["phase"],
        states=asked["state"] or None,
        counts=asked["counts"] or (ledger.counts if ledger else None),
        overdue_at=call.engine.now() if asked["overdue"] else None,
        due_before=asked["due_before"],
        fields=fields or None,  # type: ignore[arg-type]  # the store refuses what is not plain
        set_aside=True if asked["aside"] else None,
    )


def _units(call: Call, asked: Asked) -> Sequence[str] | None:
    top = asked["under"]
    if top is None:
        return asked["unit"] or None
    below = {top, *call.units_under(top)}
    return sorted(below.intersection(asked["unit"]) if asked["unit"] else below)


def _say(call: Call, found: Page, ledger: Ledger | None) -> None:
    now = call.engine.now()
    columns = ledger.columns if ledger else _COLUMNS
    rows = [[cell(case, column, now, call) for column in columns] for case in found.cases]
    data = {"cases": [case_data(case, now) for case in found.cases], "next": found.next}
    title = [ledger.title.get(call.lang, "")] if ledger else []
    workflow = ledger.of if ledger else None
    call.say(data, [*title, *table(heads(columns, workflow, call), rows)])
    if found.next and not call.json:
        more = call.text(f"more: --after {found.next}", f"下一页：--after {found.next}")
        click.echo(more, err=True)
