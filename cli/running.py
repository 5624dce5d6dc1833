"""``duban sweep``, ``deliver`` and ``daemon``: what falls due happens, what waits is sent."""

from __future__ import annotations

import click

from duban.cli.command import as_json, command, option
from duban.cli.context import Call
from duban.cli.params import Whole
from duban.cli.text import clean
from duban.engine.errors import Unreachable


class Undelivered(Unreachable):
    """Notices did not go out."""

    code = "SEND-002"
    en = "{failed} notice(s) were not taken and {dead} are dead letters; `duban notice list` says why"
    zh = "{failed} 条通知未被接收，{dead} 条无法投递；原因见 duban notice list"


@command(
    "sweep",
    examples=("duban sweep", "duban sweep --json"),
    en="Rungs, automatic transitions, duties and phases. Safe beside any number of daemons.",
    zh="包括督办阶梯、自动流转、例行任务与阶段。可与任意多个守护进程并行。",
)
@as_json
@click.pass_obj
def sweep(call: Call) -> None:
    """Carry out all that is due now, once."""
    swept = call.engine.sweep()
    counts = {name: getattr(swept, name) for name in ("cases", "entries", "rungs", "opened")}
    said = call.text(
        "{cases} case(s), {entries} entries, {rungs} rung(s), {opened} opened",
        "办理 {cases} 个事项，新增记录 {entries} 条、督办 {rungs} 级、立项 {opened} 个",
    )
    aside = [{"case": case, "why": why} for case, why in swept.aside]
    lines = [
        call.text("set aside {case}: {why}", "已搁置 {case}：{why}").format(**a) for a in aside
    ]
    call.say({**counts, "aside": aside}, [said.format(**counts), *map(clean, lines)])


@command(
    "deliver",
    examples=("duban deliver", "duban deliver --json"),
    en="Ends with 3 when a channel did not take a notice; it is tried again later.",
    zh="若渠道未接收通知，则退出码为 3；稍后会再试。",
)
@as_json
@click.pass_obj
def deliver(call: Call) -> None:
    """Send the notices that wait, once."""
    delivered = call.engine.deliver()
    counts = {name: getattr(delivered, name) for name in ("sent", "failed", "dead")}
    said = call.text(
        "{sent} sent, {failed} failed, {dead} dead letter(s)",
        "已发送 {sent} 条，失败 {failed} 条，无法投递 {dead} 条",
    )
    call.say(counts, [said.format(**counts)])
    if delivered.failed:
        raise Undelivered(**counts)


@command(
    "daemon",
    examples=("duban daemon", "duban --store sqlite:///office.db daemon --interval 10"),
    en="Ctrl-C or SIGTERM ends it after the step at hand; the log goes to standard error.",
    zh="Ctrl-C 或 SIGTERM 使其在完成当前步骤后停止；日志写到标准错误。",
)
@option(
    "--interval",
    type=Whole(5, 3600),
    metavar="SECONDS",
    en="Between two ticks, 5 to 3600; else the settings (30).",
    zh="两次之间的秒数，5 到 3600；默认取设置（30）。",
)
@click.pass_obj
def daemon(call: Call, interval: int | None) -> None:
    """Sweep and deliver until stopped."""
    call.logs = True
    from duban.adapters.daemon import Daemon

    Daemon(call.engine, interval=interval or call.settings.interval).run()
