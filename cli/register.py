"""``duban register``: a campaign's lists, as they stand and as they were frozen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from duban.cli.columns import head
from duban.cli.command import acting, argument, as_json, command, option
from duban.cli.context import Call
from duban.cli.language import Text
from duban.cli.output import instant, shown
from duban.cli.params import LIMIT, Instant, Whole
from duban.cli.text import table

if TYPE_CHECKING:
    from duban.engine.core.registers import Row
    from duban.engine.shell.frozen import Frozen
    from duban.engine.shell.registers import Listed

_INSTANTS = ("due", "first_due", "met", "entered", "opened", "changed")
_CAMPAIGN: dict[str, Any] = {
    "metavar": "NAME",
    "en": "Of this campaign; needed where there are several.",
    "zh": "此专项行动；有多个时必须指明。",
}
_NAME: dict[str, Any] = {"metavar": "NAME", "en": "The name of the register.", "zh": "台账名称。"}
_NUMBER = Text("no.", "序号")
_LIST_HEADS = (Text("register", "台账"), Text("title", "名称"), Text("frozen", "期号"),
               Text("date", "日期"), Text("rows", "行数"), Text("by", "固定人"))  # fmt: skip


@command(
    "register list",
    examples=(
        "duban register list --campaign fuling-2020",
        "duban register list --campaign fuling-2020 --json",
    ),
)
@option("--campaign", **_CAMPAIGN)
@as_json
@click.pass_obj
def list_(call: Call, campaign: str | None) -> None:
    """List a campaign's registers, and which were frozen."""
    found = call.engine.campaign(campaign)
    frozen = call.engine.frozen_registers(campaign=found.campaign)
    by_name = {name: [f for f in frozen if f.name == name] for name in found.registers}
    for one in frozen:  # one that the campaign does not have any more was frozen all the same
        by_name.setdefault(one.name, [f for f in frozen if f.name == one.name])
    data = {
        "campaign": found.campaign,
        "registers": [
            {"name": name, "title": _title(found.registers.get(name), call),
             "frozen": [frozen_data(one) for one in issues]}
            for name, issues in by_name.items()
        ],
    }  # fmt: skip
    rows = [
        row
        for name, issues in by_name.items()
        for row in _issues(name, _title(found.registers.get(name), call), issues)
    ]
    call.say(data, table([text.of(call.lang) for text in _LIST_HEADS], rows))


def _title(register: Any, call: Call) -> str:
    return "" if register is None else register.title.get(call.lang, "")


def _issues(name: str, title: str, issues: list[Frozen]) -> Iterator[list[str]]:
    if not issues:
        yield [name, title, "-", "-", "-", "-"]
    for one in issues:
        yield [name, title, str(one.number), one.date.isoformat(), str(one.rows), one.by]


def frozen_data(frozen: Frozen) -> dict[str, object]:
    """Return a frozen register as JSON has it, without its rows."""
    return {
        "number": frozen.number,
        "date": frozen.date.isoformat(),
        "rows": frozen.rows,
        "hash": frozen.hash,
        "at": instant(frozen.at),
        "by": frozen.by,
    }


@command(
    "register show",
    examples=(
        "duban register show problems --campaign fuling-2020",
        "duban register show repairs --campaign fuling-2020 --year 2021",
        "duban register show problems --campaign fuling-2020 --frozen 3 --json",
    ),
)
@argument("name", **_NAME)
@option("--campaign", **_CAMPAIGN)
@option(
    "--at",
    type=Instant(ends=True),
    metavar="DATE",
    en="As it stood at the end of this day, or at this instant.",
    zh="此日终了或此时刻的状况。",
)
@option(
    "--year",
    type=Whole(2000, 2199),
    metavar="YEAR",
    en="That of this year, for one that begins anew each year.",
    zh="此年度的台账（限按年度重编的台账）。",
)
@option(
    "--frozen",
    "number",
    type=Whole(1, 999_999),
    metavar="N",
    en="As it was frozen under this number; nothing is counted again.",
    zh="已固定的此一期，不重新统计。",
)
@option("--limit", **LIMIT)
@option(
    "--after",
    type=Whole(0, 9_999_999),
    default=0,
    metavar="N",
    en="Begin behind this row.",
    zh="从此序号之后开始。",
)
@as_json
@click.pass_obj
def show(
    call: Call,
    name: str,
    campaign: str | None,
    at: datetime | None,
    year: int | None,
    number: int | None,
    limit: int,
    after: int,
) -> None:
    """Show a register as it stands, as it stood, or as it was frozen."""
    if number is not None:
        if at is not None or year is not None:
            from duban.engine.errors import BadUsage

            en, zh = (
                "--frozen says which one; leave out --at and --year",
                "已用 --frozen 指明，请去掉 --at 和 --year",
            )
            raise BadUsage(what=en, what_zh=zh)
        found = call.engine.frozen(name, number, campaign=campaign, after=after, limit=limit)
    else:
        # Today is not over: its end is now.
        until = None if at is None else min(at, call.engine.now()) if _today(at, call) else at
        found = call.engine.register(
            name, campaign=campaign, at=until, year=year, after=after, limit=limit
        )
    call.say(_data(found), _lines(found, call))
    if found.next is not None and not call.json:
        more = call.text(f"more: --after {found.next}", f"下一页：--after {found.next}")
        click.echo(more, err=True)


def _today(at: datetime, call: Call) -> bool:
    return at.astimezone(call.zone).date() == call.engine.now().astimezone(call.zone).date()


def _data(found: Listed) -> dict[str, object]:
    about = {
        "register": found.name,
        "campaign": found.campaign,
        "title": dict(found.title),
        "at": instant(found.at),
        "year": found.year,
        "number": found.number,
        "hash": found.hash,
        "total": found.total,
        "columns": list(found.columns),
    }
    return {
        **about,
        "rows": [_row_data(row) for row in found.rows],
        "statistics": dict(found.statistics),
        "next": found.next,
    }


def _row_data(row: Row) -> dict[str, object]:
    return {
        "number": row.number,
        "case": row.case,
        "version": row.version,
        "head": row.head,
        "since": instant(row.since),
        "cells": dict(row.cells),
    }


def _lines(found: Listed, call: Call) -> Iterator[str]:
    parts = [found.title.get(call.lang, found.name)]
    if found.year is not None:
        parts.append(call.text(f"{found.year}", f"{found.year} 年度"))
    if found.number is not None:
        parts.append(call.text(f"no. {found.number}", f"第 {found.number} 期"))
    parts.append(call.local(found.at))
    yield "  ".join(parts)
    titles = {column.rpartition(".")[2]: title.get(call.lang, column)
              for column, title in found.heads.items()}  # fmt: skip
    named = [head(column, titles, call) for column in found.columns]
    rows = [[str(row.number), *(_cell(found, row, c, call) for c in found.columns)]
            for row in found.rows]  # fmt: skip
    yield from table([_NUMBER.of(call.lang), *named], rows)
    for name, told in found.statistics.items():
        yield _rate_line(name, told, call)


def _rate_line(name: str, told: Any, call: Call) -> str:
    from duban.cli.statistics import rate

    title = told["title"].get(call.lang, name)
    return f"{title}: {rate(told['numerator'], told['denominator'])}"


def _cell(found: Listed, row: Row, column: str, call: Call) -> str:
    value = row.cells.get(column)
    if value is None:
        return "-"
    if column.partition(".")[0] in _INSTANTS and isinstance(value, str) and "T" in value:
        from duban.engine.timing.instants import read_instant

        return call.local(read_instant(value))
    titles: Mapping[str, str] = found.legend.get(column, {}).get(str(value), {})
    return titles.get(call.lang) or shown(value, call)


@command(
    "register freeze",
    examples=("duban register freeze problems --campaign fuling-2020 --post safety-office/head",),
    en="It gets the next number. What is frozen is kept as it is, and proved by `duban history verify`.",
    zh="台账取得下一期号。固定的内容保持不变，可用 duban history verify 证明。",
)
@argument("name", **_NAME)
@option("--campaign", **_CAMPAIGN)
@acting
@as_json
@click.pass_obj
def freeze(
    call: Call, name: str, campaign: str | None, person: str | None, post: str | None
) -> None:
    """Freeze a register as it stands, for good."""
    actor = call.actor(person, post)
    frozen = call.engine.freeze(name, actor=actor, campaign=campaign)
    done = call.text(
        f"{name} no. {frozen.number} of {frozen.date}: {frozen.rows} row(s), {frozen.hash}",
        f"{name} 第 {frozen.number} 期（{frozen.date}）：{frozen.rows} 行，{frozen.hash}",
    )
    call.say({"register": name, "campaign": frozen.campaign, **frozen_data(frozen)}, [done])
