"""What only the command line refuses, or finds undone."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from duban.engine.errors import BadUsage, DubanError, Unreachable


class UnknownCommand(BadUsage):
    """There is no such command."""

    code = "CLI-001"
    en = "there is no command {command!r}{hint}; `{above} --help` lists those there are"
    zh = "没有命令“{command}”{hint_zh}；可用 {above} --help 查看"

    @classmethod
    def of(cls, command: str, known: Sequence[str], above: str) -> UnknownCommand:
        """Return the error with the nearest command there is."""
        near = get_close_matches(command, known, 1, 0.5)
        hint, hint_zh = (
            (f" (did you mean {near[0]!r}?)", f"（是否指“{near[0]}”？）") if near else ("", "")
        )
        return cls(command=command, above=above, hint=hint, hint_zh=hint_zh)


class Misused(BadUsage):
    """The command line does not fit the command."""

    code = "CLI-002"
    en = "{what}; see `{command} --help`"
    zh = "{what_zh}；用法见 {command} --help"


class BadEncoding(BadUsage):
    """An argument is not text."""

    code = "CLI-004"
    en = "argument {number} is not valid UTF-8; check the terminal's locale"
    zh = "第 {number} 个参数不是有效的 UTF-8；请检查终端的区域设置"


class Unexpected(DubanError):
    """A fault of ours. The same fault has the same id."""

    code = "ERR-500"
    en = "unexpected {name} (id {id}); run it again with --debug and report what it prints"
    zh = "意外错误 {name}（编号 {id}）；请加 --debug 重新运行，并反馈输出"
    exit_code = 3


class NobodyActs(BadUsage):
    """The operating system's user stands for no person."""

    code = "CLI-009"
    en = (
        "user {user!r} is no person of the organisation; add [people] {user} = '<person>' to "
        "duban.toml, or use --as PERSON (needs act_as)"
    )
    zh = (
        "系统用户“{user}”未对应组织中的人员；请在 duban.toml 的 [people] 中写明 "
        "{user} = '<人员>'，或使用 --as 人员（须有 act_as 权限）"
    )


class NoStore(Unreachable):
    """The store that was named is not there; only publishing makes one."""

    code = "ENV-006"
    en = "there is no store at {file}; check --store and the settings, or make one with `duban apply`"
    zh = "{file} 处没有存储；请检查 --store 与设置，或用 duban apply 新建"


class Interrupted(DubanError):
    """Somebody pressed Ctrl-C."""

    code = "CLI-130"
    en = "interrupted"
    zh = "已中断"
    exit_code = 130


class Inaccessible(Unreachable):
    """A file or a folder that cannot be read or written."""

    code = "ENV-005"
    zh = "无法使用{what}：{why}；{hint_zh}"
