"""Commands, groups, options and arguments that speak two languages and load when they are called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

import click

from duban.cli.commands import COMMANDS, NOUNS
from duban.cli.context import Call
from duban.cli.language import Lang, Text
from duban.cli.text import pad, width, wrap

_Made = TypeVar("_Made", bound=Callable[..., Any])

_USAGE, _EXAMPLES = Text("Usage: ", "用法："), Text("Examples:", "示例：")
_ARGUMENTS, _OPTIONS = Text("Arguments:", "参数："), Text("Options:", "选项：")
_COMMANDS = Text("Commands:", "命令：")
_HELP = Text("Show this help and exit.", "显示本帮助。")
_REQUIRED = Text("[required]", "[必填]")


def lang_of(ctx: click.Context | None) -> Lang:
    """Return the language of the running command line."""
    call = ctx.find_object(Call) if ctx else None
    return call.lang if call else "en"


class Option(click.Option):
    """An option whose help is in two languages."""

    def __init__(self, *args: Any, text: Text, **settings: Any) -> None:
        settings["help"] = text.en
        super().__init__(*args, **settings)
        self.text = text

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        if record is None:
            return None
        lang = lang_of(ctx)
        required = f"  {_REQUIRED.of(lang)}" if self.required else ""
        return record[0], self.text.of(lang) + required


class Argument(click.Argument):
    """An argument that says what it is, in two languages."""

    def __init__(self, *args: Any, text: Text, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.text = text


class Command(click.Command):
    """A command with a description and examples in two languages."""

    def __init__(
        self, *args: Any, text: Text, more: Text, examples: Sequence[str], **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        self.text, self.more, self.examples = text, more, tuple(examples)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        found = super().get_help_option(ctx)
        if found is not None:
            found.help = _HELP.of(lang_of(ctx))
        return found

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lang = lang_of(ctx)
        pieces = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, pieces, prefix=_USAGE.of(lang))
        for text in (self.text, self.more):
            if text.en:
                _paragraph(formatter, text.of(lang))
        params = self.get_params(ctx)
        arguments = [
            (p.make_metavar(ctx), p.text.of(lang)) for p in params if isinstance(p, Argument)
        ]
        _section(formatter, _ARGUMENTS.of(lang), arguments)
        options = [p.get_help_record(ctx) for p in params if isinstance(p, click.Option)]
        _section(formatter, _OPTIONS.of(lang), [record for record in options if record])
        self.format_commands(ctx, formatter)
        if self.examples:
            lines = "".join(f"  {example}\n" for example in self.examples)
            formatter.write(f"\n{_EXAMPLES.of(lang)}\n{lines}")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A plain command has none below it."""


def _paragraph(formatter: click.HelpFormatter, text: str) -> None:
    lines = "".join(f"  {line}\n" for line in wrap(text, formatter.width - 2))
    formatter.write(f"\n{lines}")


def _section(formatter: click.HelpFormatter, head: str, rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    first = min(max(width(row[0]) for row in rows), 28)
    formatter.write(f"\n{head}\n")
    for name, text in rows:
        lines = wrap(text, max(formatter.width - first - 4, 20))
        if width(name) > first:
            formatter.write(f"  {name}\n")
            name = ""
        for line in lines:
            formatter.write(f"  {pad(name, first)}  {line}\n")
            name = ""


class Group(Command, click.Group):
    """A group that finds its commands in the table, and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(dict.fromkeys(rest.split()[0] for rest in self._below(ctx)))

    def _below(self, ctx: click.Context) -> dict[str, Text]:
        own = self._path(ctx)
        found = {path: entry.text for path, entry in COMMANDS.items() if path.startswith(own)}
        return {path.removeprefix(own): text for path, text in found.items()}

    @staticmethod
    def _path(ctx: click.Context) -> str:
        return "" if ctx.parent is None else f"{ctx.info_name} "

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if ctx.parent is None and cmd_name in NOUNS:
            return Group(name=cmd_name, text=NOUNS[cmd_name], more=Text("", ""), examples=())
        entry = COMMANDS.get(self._path(ctx) + cmd_name)
        if entry is None:
            return None
        module, _, name = entry.where.partition(":")
        found: click.Command = getattr(import_module(f"duban.cli.{module}"), name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and self.get_command(ctx, args[0]) is None:
            from duban.cli.refusals import UnknownCommand

            raise UnknownCommand.of(args[0], self.list_commands(ctx), ctx.command_path)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lang, below = lang_of(ctx), self._below(ctx)
        rows = [
            (name, (below.get(name) or NOUNS[name]).of(lang)) for name in self.list_commands(ctx)
        ]
        _section(formatter, _COMMANDS.of(lang), rows)


def command(
    path: str, *, examples: Sequence[str], en: str = "", zh: str = ""
) -> Callable[[Callable[..., None]], Command]:
    """Make the command *path* of the table; *en* and *zh* say more than its one line."""
    return click.command(
        path.split()[-1],
        cls=Command,
        text=COMMANDS[path].text,
        more=Text(en, zh),
        examples=examples,
    )


def option(*names: str, en: str, zh: str, **settings: Any) -> Callable[[_Made], _Made]:
    """Give a command an option with its help in two languages."""
    return click.option(*names, cls=Option, text=Text(en, zh), **settings)


def argument(name: str, *, en: str, zh: str, **settings: Any) -> Callable[[_Made], _Made]:
    """Give a command an argument with its help in two languages."""
    return click.argument(name, cls=Argument, text=Text(en, zh), **settings)


def as_json(command: _Made) -> _Made:
    """Give a command ``--json``; the group has seen it by then."""
    made = option(
        "--json",
        is_flag=True,
        expose_value=False,
        en="Print JSON (UTF-8); errors too.",
        zh="输出 JSON（UTF-8），错误亦然。",
    )
    return made(command)


def acting(command: _Made) -> _Made:
    """Give a command ``--as`` and ``--post``."""
    from duban.cli.params import Post  # params loads more than the help of a group should

    post = option(
        "--post",
        type=Post(),
        metavar="UNIT/POST",
        en="The post in which you act.",
        zh="以哪个岗位的身份办理（单位/岗位）。",
    )
    person = option(
        "--as",
        "person",
        metavar="PERSON",
        en="Act as this person; needs the right act_as, and is recorded.",
        zh="以此人身份办理；须有 act_as 权限，并会记录在案。",
    )
    return person(post(command))
