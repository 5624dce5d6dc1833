"""``duban check``, ``plan`` and ``apply``: from files to what is in force."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from duban.cli.actor import operator
from duban.cli.command import argument, as_json, command, option
from duban.cli.context import Call
from duban.engine.errors import BadUsage

if TYPE_CHECKING:
    from duban.engine.shell.publishing import Findings, Plan

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
        "duban check workflows/ --strict",
    ),
    en="One line for each fault: CODE file:line:column what is wrong and what to do. Definitions are "
    "checked together with those in force in the store, when there is one; none is made. A warning "
    "is a rule that can be in force and may not do what its writer hopes for.",
    zh="每处错误一行：代码 文件:行:列 错在哪里、如何改正。"
    "若已有存储，则连同其中在用的定义一并检查；不会新建存储。"
    "警告是可以发布、但可能达不到本意的规则。",
)
@argument("paths", nargs=-1, required=True, **(_PATH | {"metavar": "PATH..."}))
@option("--strict", is_flag=True, en="Warnings are faults too.", zh="警告也算错误。")
@as_json
@click.pass_obj
def check(call: Call, paths: Sequence[str], strict: bool) -> None:
    """List every fault of definition files."""
    found = call.asking_engine().check(*paths)
    told = sorted({*found.faults, *found.warnings}, key=lambda f: (f.place, f.code))
    wrong = told if strict else found.faults
    data = {
        "definitions": len(found.definitions),
        "faults": [fault.as_json(call.lang) for fault in found.faults],
        "warnings": [fault.as_json(call.lang) for fault in found.warnings],
    }
    lines = [fault.text(call.lang) for fault in told]
    call.say(data, lines if wrong else [*lines, _sound(call, found)])
    if wrong:
        raise Faulty(count=len(wrong), files=len({fault.place.file for fault in wrong}))


def _sound(call: Call, found: Findings) -> str:
    count, odd = len(found.definitions), len(found.warnings)
    warned = call.text(f", {odd} warning(s)", f"，{odd} 处警告") if odd else ""
    return call.text(f"{count} definition(s), no faults", f"{count} 个定义，没有错误") + warned


@command(
    "plan",
    examples=("duban plan workflows/", "duban plan workflows/hazard.yaml --json"),
    en="In words: what is new, gone or different. In numbers: what would happen at once, found by doing it "
    "and undoing it; others who write to the store wait meanwhile.",
    zh="文字说明：新增、去掉、改变了什么；数字说明：会立即发生什么（实际执行后再撤销，其间其他写入会等待）。",
)
@argument("path", **_PATH)
@option(
    "--words-only",
    is_flag=True,
    en="Only the words: nothing is rehearsed.",
    zh="只要文字说明，不作预演。",
)
@as_json
@click.pass_obj
def plan(call: Call, path: str, words_only: bool) -> None:
    """Show what apply would publish and bring about, and publish nothing."""
    _say_plan(call, call.asking_engine().plan(path, rehearse=not words_only))


@command(
    "apply",
    examples=("duban apply workflows/", "duban --store sqlite:///office.db apply workflows/"),
    en="All or nothing. Cases that run keep their rules; `duban migrate` takes them to those in force.",
    zh="要么全部发布，要么一个也不发布。已立项的事项仍按原规则办理；可用 duban migrate 迁移。",
)
@argument("path", **_PATH)
@as_json
@click.pass_obj
def apply(call: Call, path: str) -> None:
    """Publish definitions to the store."""
    _say_plan(call, call.publishing_engine().apply(path, by=operator(call.settings)))


def _say_plan(call: Call, planned: Plan) -> None:
    from duban.cli.foreseen import plan_data, plan_lines

    warnings = [warning.as_json(call.lang) for warning in planned.warnings]

    data = {**plan_data(planned, call.lang), "warnings": warnings}
    call.say(data, plan_lines(call, planned))
    for warning in () if call.json else planned.warnings:
        click.echo(warning.text(call.lang), err=True)
