"""``duban check``, ``plan`` and ``apply``: from files to what is in force."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from duban.cli.actor import os_user
from duban.cli.command import argument, as_json, command
from duban.cli.context import Call
from duban.engine.errors import BadUsage, Fault, InvalidDefinition

if TYPE_CHECKING:
    from duban.engine.shell.engine import Engine
    from duban.engine.shell.publishing import Plan

_PATH: dict[str, Any] = {
    "metavar": "PATH",
    "en": "A file, or a folder of files.",
    "zh": "文件，或存放文件的文件夹。",
}


class Faulty(BadUsage):
    """Definitions have faults, which were listed."""

    code = "DEF-000"
    en = "{count} fault(s) in {files} file(s)"
    zh = "{files} 个文件中有 {count} 处错误"


@command(
    "check",
    examples=(
        "duban check workflows/",
        "duban check workflows/hazard.yaml workflows/task.yaml --json",
    ),
    en="One line for each fault: CODE file:line:column what is wrong and what to do. Definitions are "
    "checked together with those in force in the store, when there is one; none is made.",
    zh="每处错误一行：代码 文件:行:列 错在哪里、如何改正。"
    "若已有存储，则连同其中在用的定义一并检查；不会新建存储。",
)
@argument("paths", nargs=-1, required=True, **(_PATH | {"metavar": "PATH..."}))
@as_json
@click.pass_obj
def check(call: Call, paths: Sequence[str]) -> None:
    """List every fault of definition files."""
    engine = call.asking_engine()
    found, count = _checked(engine, paths)
    faults = sorted(set(found), key=lambda f: (f.place, f.code))
    call.say(
        {"definitions": count, "faults": InvalidDefinition(faults).as_json(call.lang)["faults"]},
        [fault.text(call.lang) for fault in faults]
        or [call.text(f"{count} definition(s), no faults", f"{count} 个定义，没有错误")],
    )
    if faults:
        raise Faulty(count=len(faults), files=len({fault.place.file for fault in faults}))


def _checked(engine: Engine, paths: Sequence[str]) -> tuple[Sequence[Fault], int]:
    try:
        return (), len(engine.check(*paths))
    except InvalidDefinition as error:
        return error.faults, 0


@command("plan", examples=("duban plan workflows/", "duban plan workflows/hazard.yaml --json"))
@argument("path", **_PATH)
@as_json
@click.pass_obj
def plan(call: Call, path: str) -> None:
    """Show what apply would publish, and publish nothing."""
    _say_plan(call, call.asking_engine().plan(path))


@command(
    "apply",
    examples=("duban apply workflows/", "duban --store sqlite:///office.db apply workflows/"),
    en="All or nothing. Cases that run keep the rules under which they opened.",
    zh="要么全部发布，要么一个也不发布。已立项的事项仍按原规则办理。",
)
@argument("path", **_PATH)
@as_json
@click.pass_obj
def apply(call: Call, path: str) -> None:
    """Publish definitions to the store."""
    user = os_user()
    by = call.settings.people.get(user, f"os:{user}")
    _say_plan(call, call.publishing_engine().apply(path, by=by))


def _say_plan(call: Call, planned: Plan) -> None:
    names = ("kind", "name", "action", "before", "after")
    data = {"changes": [{n: getattr(c, n) for n in names} for c in planned.changes]}
    call.say(data, _plan_lines(call, planned))


_ACTIONS = {
    "new": ("+", "new", "新增"),
    "changed": ("~", "changed", "变更"),
    "unchanged": ("=", "unchanged", "未变"),
}


def _plan_lines(call: Call, planned: Plan) -> Iterator[str]:
    for change in planned.changes:
        sign, en, zh = _ACTIONS[change.action]
        before = f"{change.before[:12]} → " if change.before and change.action == "changed" else ""
        yield f"{sign} {change.kind} {change.name}  {call.text(en, zh)}  {before}{change.after[:12]}"
    if not planned.changes:
        yield call.text("nothing to publish", "没有可发布的内容")
