"""All commands: where each is found, and its one line of help. Nothing is imported to list them."""

from __future__ import annotations

from typing import NamedTuple

from duban.cli.language import Text


class Entry(NamedTuple):
    """A command: its module and function under ``duban.cli``, and what it does."""

    where: str
    text: Text


COMMANDS = {
    "init": Entry(
        "init:init",
        Text(
            "Start a folder: settings and the shipped definitions.", "新建目录：设置与自带的定义。"
        ),
    ),
    "check": Entry(
        "definitions:check",
        Text("List every fault of definition files.", "列出定义文件中的全部错误。"),
    ),
    "test": Entry(
        "test:test",
        Text(
            "Play scenarios and say what differs from what was expected.",
            "运行场景，列出与预期不符之处。",
        ),
    ),
    "plan": Entry(
        "definitions:plan",
        Text(
            "Show what apply would publish and bring about, and publish nothing.",
            "显示 apply 将发布的内容和后果，但不发布。",
        ),
    ),
    "apply": Entry(
        "definitions:apply", Text("Publish definitions to the store.", "把定义发布到存储。")
    ),
    "migrate": Entry(
        "migrate:migrate",
        Text("Take running cases to the rules in force now.", "将办理中的事项迁移到现行规则。"),
    ),
    "case open": Entry("case:open_", Text("Open a case.", "立项：新开一个事项。")),
    "case fire": Entry("case:fire", Text("Fire a trigger on a case.", "对事项执行操作。")),
    "case show": Entry(
        "case:show", Text("Show a case as it is, or as it was.", "显示事项的现状或某一时刻的状态。")
    ),
    "case list": Entry("case_list:list_", Text("List cases.", "列出事项。")),
    "case explain": Entry(
        "case:explain",
        Text(
            "Say what may be done with a case now, and why not.",
            "说明现在可以对事项做什么，以及为何不能。",
        ),
    ),
    "case retry": Entry(
        "case:retry", Text("Put back a case that was set aside.", "恢复被搁置的事项。")
    ),
    "register list": Entry(
        "register:list_",
        Text(
            "List a campaign's registers, and which were frozen.",
            "列出专项行动的台账及其已固定的各期。",
        ),
    ),
    "register show": Entry(
        "register:show",
        Text(
            "Show a register as it stands, as it stood, or as it was frozen.",
            "显示台账的现状、某日的状况或已固定的一期。",
        ),
    ),
    "register freeze": Entry(
        "register:freeze",
        Text("Freeze a register as it stands, for good.", "按现状固定台账，此后不可更改。"),
    ),
    "statistics": Entry(
        "statistics:statistics",
        Text("Show rates with their numerators and denominators.", "显示各项比率及其分子和分母。"),
    ),
    "simulate": Entry(
        "simulate:simulate",
        Text("Run a campaign on a virtual clock.", "用虚拟时钟运行一个专项行动。"),
    ),
    "history show": Entry(
        "history:show", Text("Show who did what with a case, and when.", "显示事项的流转记录。")
    ),
    "history verify": Entry(
        "history:verify", Text("Prove that history was not altered.", "证明流转记录未被改动。")
    ),
    "sweep": Entry(
        "running:sweep",
        Text("Carry out all that is due now, once.", "办理当前到期的全部事项（一次）。"),
    ),
    "deliver": Entry(
        "running:deliver", Text("Send the notices that wait, once.", "发送待发通知（一次）。")
    ),
    "daemon": Entry(
        "running:daemon", Text("Sweep and deliver until stopped.", "持续办理到期事项并发送通知。")
    ),
    "notice list": Entry(
        "notice:list_", Text("List notices and how delivery stands.", "列出通知及其发送情况。")
    ),
    "notice retry": Entry(
        "notice:retry", Text("Let a dead letter be sent again.", "重发无法投递的通知。")
    ),
    "doctor": Entry("doctor:doctor", Text("Say how the store is doing.", "检查存储与运行状况。")),
}

NOUNS = {
    "case": Text("Open, move and read cases.", "立项、办理和查看事项。"),
    "history": Text("Read the history of cases, and prove it.", "查看并证明流转记录。"),
    "notice": Text("Look after notices.", "管理通知。"),
    "register": Text("Read and freeze registers.", "查看和固定台账。"),
}
