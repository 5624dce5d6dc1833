"""``duban doctor``: how the store is doing, and what waits for somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import click

from duban.cli.case_page import aligned
from duban.cli.command import as_json, command
from duban.cli.context import Call
from duban.cli.output import instant

if TYPE_CHECKING:
    from duban.engine.ports import Activation
    from duban.engine.timing.calendar import Calendar

_COUNTS = {
    "cases": ("cases", "事项"),
    "aside": ("set aside", "被搁置"),
    "entries": ("entries", "流转记录"),
    "timers": ("timers", "定时"),
    "waiting": ("notices waiting", "待发通知"),
    "sent": ("notices sent", "已发通知"),
    "dead": ("dead letters", "无法投递"),
}


@command(
    "doctor",
    examples=("duban doctor", "duban --store sqlite:///office.db doctor --json"),
    en="The store and its version, what is in force, until when the calendars know their days, and "
    "what needs a person: dead letters, cases set aside.",
    zh="存储及其版本、在用的定义、日历已知到何日，以及需要人处理的：无法投递的通知、被搁置的事项。",
)
@as_json
@click.pass_obj
def doctor(call: Call) -> None:
    """Say how the store is doing."""
    engine = call.engine
    store, tally, active = engine.describe(), engine.tally(), engine.published()
    calendars, due = call.library.calendars, engine.next_due()
    data = {
        "store": dict(store),
        "now": instant(engine.now()),
        "next_due": instant(due),
        "counts": dict(tally),
        "calendars": {name: known.known_until.isoformat() for name, known in calendars.items()},
        "definitions": [_activation_data(activation) for activation in active],
    }
    parts = {
        ("Store", "存储"): [*store.items(), ("next due", call.local(due))],
        ("Counts", "计数"): _counted(tally, call),
        ("Calendars known until", "日历已知至"): _horizons(calendars),
        ("Definitions in force", "在用的定义"): _active(active, call),
    }
    call.say(data, _lines(call, parts))
    _warn(call, tally)


def _lines(call: Call, parts: Mapping[tuple[str, str], list[tuple[str, str]]]) -> Iterator[str]:
    for (en, zh), rows in parts.items():
        yield call.text(f"{en}:", f"{zh}：")
        yield from aligned(rows or [("-", "")])


def _counted(tally: Mapping[str, int], call: Call) -> list[tuple[str, str]]:
    return [
        (call.text(*_COUNTS.get(name, (name, name))), str(count)) for name, count in tally.items()
    ]


def _horizons(calendars: Mapping[str, Calendar]) -> list[tuple[str, str]]:
    return [(name, known.known_until.isoformat()) for name, known in calendars.items()]


def _active(active: Sequence[Activation], call: Call) -> list[tuple[str, str]]:
    return [(f"{a.kind} {a.name}", f"{a.hash[:12]}  {call.local(a.at)}  {a.by}") for a in active]


def _activation_data(activation: Activation) -> dict[str, object]:
    names = ("kind", "name", "hash", "by")
    return {**{name: getattr(activation, name) for name in names}, "at": instant(activation.at)}


def _warn(call: Call, tally: Mapping[str, int]) -> None:
    if call.json:
        return
    if tally.get("dead"):
        click.echo(
            call.text(
                "dead letters: duban notice list --status dead",
                "无法投递：duban notice list --status dead",
            ),
            err=True,
        )
    if tally.get("aside"):
        click.echo(
            call.text("set aside: duban case list --aside", "被搁置：duban case list --aside"),
            err=True,
        )
