"""Every command explains itself in both languages, cheaply, and its examples are true."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import FunctionType

import click
import pytest
from click.testing import Result

from duban.cli.command import Argument, Command, Option
from duban.cli.commands import COMMANDS, NOUNS
from duban.cli.context import Call
from duban.cli.main import main
from duban.cli.text import width

Run = Callable[..., Result]

_HEAVY = {
    "pydantic",
    "sqlalchemy",
    "sqlmodel",
    "structlog",
    "rich",
    "apscheduler",
    "cel_expr_python",
}


def _found(path: str) -> Command:
    entry = COMMANDS[path]
    module, _, name = entry.where.partition(":")
    found = getattr(import_module(f"duban.cli.{module}"), name)
    assert isinstance(found, Command)
    return found


@pytest.mark.parametrize("path", COMMANDS)
def test_help_is_there_in_english(path: str, alone: Run) -> None:
    result = alone("--lang", "en", *path.split(), "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: duban {path} ")
    assert COMMANDS[path].text.en in result.stdout
    assert f"\nExamples:\n  duban {path}" in result.stdout.replace(
        "--store sqlite:///office.db ", ""
    )


@pytest.mark.parametrize("path", COMMANDS)
def test_help_is_there_in_chinese(path: str, alone: Run) -> None:
    result = alone("--lang", "zh", *path.split(), "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"用法：duban {path} ")
    assert COMMANDS[path].text.zh in result.stdout.replace("\n  ", "")
    assert "\n示例：\n  duban " in result.stdout
    assert "Show this" not in result.stdout


@pytest.mark.parametrize("path", COMMANDS)
def test_no_line_of_help_is_wider_than_a_terminal(path: str, alone: Run) -> None:
    for lang in ("en", "zh"):
        text = alone("--lang", lang, *path.split(), "--help").stdout.partition("\n\nExamples:")[0]
        text = text.partition("\n\n示例：")[0]
        assert [line for line in text.splitlines() if width(line) > 80] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_the_table_and_the_function_say_the_same(path: str) -> None:
    callback = _found(path).callback
    assert isinstance(callback, FunctionType)
    assert callback.__doc__ == COMMANDS[path].text.en
    assert path.split()[0] in NOUNS or " " not in path


@pytest.mark.parametrize("path", COMMANDS)
def test_every_option_and_argument_speaks_both_languages(path: str) -> None:
    for param in _found(path).params:
        assert isinstance(param, Option | Argument)
        assert param.text.en
        assert param.text.zh != param.text.en


@pytest.mark.parametrize(
    "example", [example for path in COMMANDS for example in _found(path).examples]
)
def test_every_example_parses(example: str) -> None:
    Path("hazard.json").write_text("{}", encoding="utf-8")
    words = shlex.split(example)
    assert words.pop(0) == "duban"
    command: click.Command = main
    ctx: click.Context | None = None
    while isinstance(command, click.Group):
        ctx = command.make_context("duban" if ctx is None else words[0], words, ctx, obj=Call())
        rest = [*ctx._protected_args, *ctx.args]
        name, found, words = command.resolve_command(ctx, rest)
        assert found is not None
        command = found
        words = [str(name), *words] if isinstance(found, click.Group) else words
        if isinstance(found, click.Group):
            words = words[1:]
            ctx = found.make_context(str(name), words, ctx)
            name, leaf, words = found.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
            assert leaf is not None
            command = leaf
    command.make_context(command.name, words, ctx)


def test_the_whole_command_line_lists_its_commands(alone: Run) -> None:
    result = alone("--help")
    assert result.exit_code == 0
    for name in {path.split()[0] for path in COMMANDS}:
        assert f"\n  {name} " in result.stdout


def test_a_noun_lists_its_commands(alone: Run) -> None:
    assert alone("--lang", "zh", "notice", "--help").stdout == (
        "用法：duban notice [OPTIONS] COMMAND [ARGS]...\n"
        "\n"
        "  管理通知。\n"
        "\n"
        "选项：\n"
        "  --help  显示本帮助。\n"
        "\n"
        "命令：\n"
        "  list   列出通知及其发送情况。\n"
        "  retry  重发无法投递的通知。\n"
    )


def test_arguments_stand_above_the_options(alone: Run) -> None:
    assert alone("history", "verify", "--help").stdout == (
        "Usage: duban history verify [OPTIONS] [CASE]\n"
        "\n"
        "  Prove that history was not altered.\n"
        "\n"
        "  Derives every case anew from its entries, compares, and lists all that does\n"
        "  not fit (exit 1).\n"
        "\n"
        "Arguments:\n"
        "  [CASE]  One case; without it, all.\n"
        "\n"
        "Options:\n"
        "  --json  Print JSON (UTF-8); errors too.\n"
        "  --help  Show this help and exit.\n"
        "\n"
        "Examples:\n"
        "  duban history verify\n"
        "  duban history verify 01hv6z3k9qy0f4w2m8d5r7t1xb --json\n"
    )


def test_help_loads_nothing_heavy() -> None:
    paths = [["--help"], *([*path.split(), "--help"] for path in COMMANDS)]
    code = (
        "import sys\nfrom duban.cli.main import main\n"
        f"for args in {paths!r}:\n    main(args, standalone_mode=False)\n"
        f"print(sorted({_HEAVY!r}.intersection(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
