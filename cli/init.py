"""``duban init``: a folder to start from."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from duban.cli.actor import os_user
from duban.cli.command import argument, as_json, command
from duban.cli.context import Call
from duban.engine.errors import BadUsage

_SHIPPED = (".yaml", ".csv", ".json")

_SETTINGS = """\
# Settings of duban. A password is never written here: refer to it as env:NAME or file:/path.

# Where cases are kept, seen from where duban is run.
store = "sqlite:///duban.db"

# Language of messages: zh or en. Without it, the locale decides.
# lang = "zh"

# Users of the operating system who may act as somebody else (--as); each use is recorded.
act_as = [{user}]

# Which person of the organisation a user of the operating system is.
[people]
{user} = {user}

# How notices leave. "notice" is where they go when a rule does not say.
[channels]
notice = "console:"

[daemon]
interval = 30
"""


class AlreadyThere(BadUsage):
    """Something stands where a starter would be written."""

    code = "CLI-010"
    en = "{path} is there already and is not overwritten; choose another folder, or move it away"
    zh = "{path} 已存在，不会覆盖；请换一个目录，或先将其移走"


@command(
    "init",
    examples=("duban init", "duban init office"),
    en="Writes duban.toml and workflows/ there, and overwrites nothing. Then: duban apply workflows/",
    zh="在其中写入 duban.toml 和 workflows/，不覆盖任何文件。之后运行：duban apply workflows/",
)
@argument(
    "folder",
    metavar="[DIR]",
    default=".",
    required=False,
    en="The folder; else this one.",
    zh="目录；默认当前目录。",
)
@as_json
@click.pass_obj
def init(call: Call, folder: str) -> None:
    """Start a folder: settings and the shipped definitions."""
    settings, workflows = Path(folder) / "duban.toml", Path(folder) / "workflows"
    for path in (settings, workflows):
        if path.exists():
            raise AlreadyThere(path=str(path))
    copied = _copy(files("duban.workflows"), workflows)
    user = json.dumps(os_user(), ensure_ascii=False)
    settings.write_text(_SETTINGS.format(user=user), encoding="utf-8")
    written = [str(settings), *sorted(map(str, copied))]
    go = "" if folder == "." else f"cd {folder} && "
    next_step = call.text(
        "next: {0}duban apply workflows", "下一步：{0}duban apply workflows"
    ).format(go)
    call.say({"written": written}, [*written, next_step])


def _copy(source: Traversable, target: Path) -> list[Path]:
    """Copy the definitions, not the code beside them."""
    copied: list[Path] = []
    for item in source.iterdir():
        if item.is_dir():
            copied += _copy(item, target / item.name)
        elif item.name.endswith(_SHIPPED):
            target.mkdir(parents=True, exist_ok=True)
            (target / item.name).write_bytes(item.read_bytes())
            copied.append(target / item.name)
    return copied
