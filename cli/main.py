"""``duban``: the group that loads its commands when they are called."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from duban.cli.command import Group, option
from duban.cli.context import Call
from duban.cli.language import Text, choose


class Root(Group):
    """The whole command line: knows its language first, and ends with an exit code of ours."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        said = list(sys.argv[1:] if args is None else args)
        call = extra.pop("obj", None) or Call()
        call.lang, call.json = choose(said, os.environ), "--json" in said
        call.debug = "--debug" in said
        _let_print()
        try:
            _check(said)
            code = super().main(
                args, prog_name or "duban", complete_var, standalone_mode=False, obj=call, **extra
            )
        except Exception as error:
            from duban.cli.errors import report

            code = report(error, call)
        if standalone_mode:
            sys.exit(code)
        return code


def _check(said: Sequence[str]) -> None:
    if not all(map(str.isascii, said)):
        from duban.cli.errors import check_encoding

        check_encoding(said)


def _let_print() -> None:
    """Let a terminal that knows no Chinese show a sign in its place, rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from importlib.metadata import version

        click.echo(f"duban {version('duban')}")
        ctx.exit()


@click.group(
    "duban",
    cls=Root,
    text=Text(
        "Press matters until they are finished: cases, deadlines, escalation, proof.",
        "督办：事项、时限、逐级督办、可证明的记录。",
    ),
    more=Text("", ""),
    examples=(
        "duban init office",
        "duban apply workflows/",
        "duban case list --overdue",
    ),
)
@option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    expose_value=False,
    en="Language; else DUBAN_LANG, the settings, the locale.",
    zh="语言；否则依次取 DUBAN_LANG、设置、区域设置。",
)
@option(
    "--store",
    metavar="URL",
    en="Where cases are kept; else DUBAN_STORE, the settings.",
    zh="事项存放处；否则依次取 DUBAN_STORE、设置。",
)
@option(
    "--config",
    metavar="FILE",
    envvar="DUBAN_CONFIG",
    en="The settings; else duban.toml in this folder.",
    zh="设置文件；否则取本目录的 duban.toml。",
)
@option(
    "--debug",
    is_flag=True,
    expose_value=False,
    en="Show where an error came from.",
    zh="显示错误的来源。",
)
@option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    en="Show the version and exit.",
    zh="显示版本。",
)
@click.pass_context
def main(ctx: click.Context, store: str | None, config: str | None) -> None:
    """Press matters until they are finished: cases, deadlines, escalation, proof."""
    call = ctx.ensure_object(Call)
    call.store, call.config = store, config
    ctx.call_on_close(call.close)


if __name__ == "__main__":
    main()
