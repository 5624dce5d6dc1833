"""Every way in which a command can end badly becomes one line and an exit code, here."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import click

from duban.cli.context import Call
from duban.cli.refusals import BadEncoding, Inaccessible, Interrupted, Misused, Unexpected
from duban.cli.text import clean
from duban.engine.errors import DubanError

PIPE_CLOSED = 141  # what a shell makes of SIGPIPE


def check_encoding(args: Sequence[str]) -> None:
    """Refuse arguments that hold what was no UTF-8: it would fail later, half-way through."""
    for number, arg in enumerate(args, 1):
        if any("\ud800" <= character <= "\udfff" for character in arg):
            raise BadEncoding(number=number)


def report(error: Exception, call: Call) -> int:
    """Say on stderr what went wrong, and return the exit code."""
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and error.ctx is not None:
        click.echo(error.ctx.get_help())
        return 2
    if call.debug and not isinstance(error, click.UsageError):
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    known = _known(error)
    if call.json:
        from duban.cli.plain import to_json

        click.echo(to_json(known.as_json(call.lang)), err=True)
    else:
        for line in known.text(call.lang).splitlines():
            coded = (
                line if known.code in line or hasattr(known, "faults") else f"{known.code} {line}"
            )
            click.echo(clean(coded), err=True)
    return known.exit_code


def _known(error: Exception) -> DubanError:
    if isinstance(error, DubanError):
        return error
    if isinstance(error, click.exceptions.Abort):
        return Interrupted()
    if isinstance(error, click.UsageError):
        what, what_zh = _misuse(error)
        command = error.ctx.command_path if error.ctx else "duban"
        return Misused(what=what, what_zh=what_zh, command=command)
    if isinstance(error, OSError) and error.filename is not None:
        hint, hint_zh = "check that it exists and who may use it", "请检查其是否存在及访问权限"
        return Inaccessible(
            what=str(error.filename), why=error.strerror, hint=hint, hint_zh=hint_zh
        )
    return Unexpected(name=type(error).__name__, id=_id(error))


def _id(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.name}:{frame.lineno}" for frame in frames]
    return sha256("\n".join([type(error).__name__, *places]).encode()).hexdigest()[:8]


def _misuse(error: click.UsageError) -> tuple[str, str]:
    """Return what click found wrong, in both languages; its own translations know no Chinese."""
    if isinstance(error, click.NoSuchOption):
        return _no_such_option(error)
    if isinstance(error, click.MissingParameter) and error.param is not None:
        name = error.param.get_error_hint(error.ctx).replace("'", "")
        return f"{name} is missing", f"缺少 {name}"
    if isinstance(error, click.BadParameter) and error.param is not None:
        name = error.param.opts[0]
        if isinstance(error.param.type, click.Choice):
            listed = [str(choice) for choice in error.param.type.choices]
            return f"{name} is one of: {', '.join(listed)}", f"{name} 只能是：{'、'.join(listed)}"
        return (
            f"{name}: {_sentence(error.message)}",
            f"{name} 的值不可用：{_sentence(error.message)}",
        )
    if isinstance(error, click.BadOptionUsage):
        name, lacks = error.option_name, "requires" in error.message
        en, zh = ("needs a value", "须写出取值") if lacks else ("takes no value", "不带取值")
        return f"{name} {en}", f"{name} {zh}"
    said = _sentence(error.format_message())
    words = said.split("(", 1)
    if said.startswith("got unexpected extra argument"):
        extra = words[-1].rstrip(")")
        return f"too much on the line: {extra}", f"多余的参数：{extra}"
    return said, f"命令行有误：{said}"


_OF_THE_GROUP = ("--lang", "--store", "--config", "--debug")


def _no_such_option(error: click.NoSuchOption) -> tuple[str, str]:
    name = error.option_name
    if name in _OF_THE_GROUP:
        return (
            f"{name} stands before the command: duban {name} …",
            f"{name} 须写在命令之前：duban {name} …",
        )
    near = error.possibilities or []
    hint, hint_zh = (f" (did you mean {near[0]}?)", f"（是否指 {near[0]}？）") if near else ("", "")
    return f"there is no option {name}{hint}", f"没有选项 {name}{hint_zh}"


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
