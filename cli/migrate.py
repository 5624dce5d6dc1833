"""``duban migrate``: running cases to the rules in force now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from duban.cli.actor import operator
from duban.cli.command import argument, as_json, command, option
from duban.cli.context import Call
from duban.engine.errors import BadUsage, Refused

if TYPE_CHECKING:
    from duban.engine.shell.migrating import Migrated

    _Type = click.ParamType[Any]
else:
    _Type = click.ParamType

_MOST_LINES = 10


class BadRenaming(BadUsage):
    """Two names that are not given as old=new."""

    code = "CLI-020"
    en = "{value!r} is no renaming; write OLD=NEW, such as planned=approved"
    zh = "“{value}”不是新旧对应；请写 旧=新，例如 planned=approved"


class Renaming(_Type):
    """``old=new``."""

    name = "old=new"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        old, sign, new = value.partition("=")
        if not (old and sign and new):
            raise BadRenaming(value=value)
        return old, new


class NotAllMigrated(Refused):
    """Some cases have no place under the new rules; they keep the old ones."""

    code = "RULE-042"
    en = "{count} case(s) do not fit and keep their rules; map what is missing, or leave them"
    zh = "{count} 个事项不适用，仍按原规则办理；请补充对应关系，或维持原状"


@command(
    "migrate",
    examples=(
        "duban migrate hazard --reason 'limits of the new notice' --dry-run",
        "duban migrate hazard --reason '按新通知执行' --state planned=approved --deadline repair=fix",
    ),
    en="Each case goes to what is in force now for its workflow, campaign and phase. Clocks go on with "
    "what they consumed; their limits are worked out anew where the rules differ. A case that does not "
    "fit stays as it is.",
    zh="每个事项改用其流程、专项行动和阶段现行的规则。时限保留已用的时间，规则不同的重新计算；不适用的事项保持原状。",
)
@argument("workflow", metavar="WORKFLOW", en="The name of the workflow.", zh="流程名称。")
@option(
    "--reason",
    required=True,
    metavar="TEXT",
    en="Why; kept in each history.",
    zh="迁移理由，记入流转记录。",
)
@option(
    "--state",
    "states",
    type=Renaming(),
    multiple=True,
    metavar="OLD=NEW",
    en="A state under its new name; repeat.",
    zh="状态的新旧对应，可重复。",
)
@option(
    "--deadline",
    "deadlines",
    type=Renaming(),
    multiple=True,
    metavar="OLD=NEW",
    en="A deadline under its new name; repeat.",
    zh="时限的新旧对应，可重复。",
)
@option(
    "--from",
    "rules",
    default="",
    metavar="HASH",
    en="Only cases on these rules.",
    zh="仅限按此规则（哈希）办理的事项。",
)
@option(
    "--unit",
    multiple=True,
    metavar="UNIT",
    en="Only of this unit; repeat.",
    zh="仅限此单位，可重复。",
)
@option("--campaign", metavar="NAME", en="Only of this campaign.", zh="仅限此专项行动。")
@option(
    "--dry-run", is_flag=True, en="Change nothing; say what would be.", zh="不作改动，只说明结果。"
)
@as_json
@click.pass_obj
def migrate(
    call: Call,
    workflow: str,
    reason: str,
    states: Sequence[tuple[str, str]],
    deadlines: Sequence[tuple[str, str]],
    rules: str,
    unit: tuple[str, ...],
    campaign: str | None,
    dry_run: bool,
) -> None:
    """Take running cases to the rules in force now."""
    from duban.engine.ports import Where
    from duban.engine.shell.migrating import Migration
    from duban.engine.values.actor import Actor

    call.library.workflow(workflow)
    migration = Migration(
        workflow=workflow,
        reason=reason,
        actor=Actor(person=operator(call.settings), authenticated_by="operator"),
        states=dict(states),
        deadlines=dict(deadlines),
        rules=rules,
        where=Where(units=unit or None, campaign=campaign),
    )
    done = call.engine.migrate(migration, dry_run=dry_run)
    call.say(_data(done, dry_run, call.lang), _lines(call, done, dry_run=dry_run))
    if done.refused:
        raise NotAllMigrated(count=len(done.refused))


def _data(done: Migrated, dry_run: bool, lang: str) -> Mapping[str, object]:
    from duban.cli.foreseen import foreseen_data

    return {
        "dry_run": dry_run,
        "migrated": done.migrated,
        "already": done.already,
        "refused": [
            {"case": case, "error": error.code, "message": error.text(lang)}
            for case, error in done.refused
        ],
        "foreseen": foreseen_data(done.foreseen),
    }


def _lines(call: Call, done: Migrated, *, dry_run: bool) -> Iterator[str]:
    from duban.cli.foreseen import foreseen_lines

    would, would_zh = ("would be ", "将") if dry_run else ("", "已")
    yield call.text(
        f"{done.migrated} case(s) {would}migrated, {done.already} on these rules already, "
        f"{len(done.refused)} refused",
        f"{would_zh}迁移 {done.migrated} 个事项，{done.already} 个原已适用，{len(done.refused)} 个不适用",
    )
    yield from foreseen_lines(call, done.foreseen)
    for case, error in done.refused[:_MOST_LINES]:
        yield f"  {case}: {error.text(call.lang)}"
    if len(done.refused) > _MOST_LINES:
        rest = len(done.refused) - _MOST_LINES
        yield call.text(
            f"  … and {rest} more (--json lists them)", f"  ……另有 {rest} 个（--json 可列出）"
        )
