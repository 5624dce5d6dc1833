"""``duban simulate``: a campaign from its first day to its last, in a minute."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from duban.cli.command import argument, as_json, command, option
from duban.cli.context import Call
from duban.cli.params import Whole
from duban.cli.text import table
from duban.engine.errors import NotFound

if TYPE_CHECKING:
    from duban.adapters.simulation.behaviour import Behaviour
    from duban.adapters.simulation.running import Progress
    from duban.adapters.simulation.simulating import Simulated
    from duban.adapters.simulation.summary import PhaseFigures
    from duban.engine.shell.engine import Engine

_HAZARDS = (
    ("found", "found", "发现"),
    ("struck_off", "struck off", "销号"),
    ("overdue", "overdue", "逾期"),
    ("extended", "extended", "延期"),
    ("reopened", "reopened", "重启"),
    ("void", "void", "作废"),
)
_REPORTS = (
    ("on_time", "on time", "按时"),
    ("late", "late", "迟报"),
    ("missing", "missing", "未报"),
)


@command(
    "simulate",
    examples=(
        "duban simulate fuling-2020",
        "duban --store sqlite:///demo.db simulate fuling-2020 --seed 7",
    ),
    en="The real engine, store and sweep; only the clock and the behaviour of the units are invented, "
    "from the seed. With --store the result is kept, else it is thrown away.",
    zh="引擎、存储与巡检都是真实的；只有时钟和各单位的行为由种子虚构。指定 --store 则保留结果，否则丢弃。",
)
@argument("campaign", metavar="CAMPAIGN", en="Name of the campaign.", zh="专项行动名称。")
@option(
    "--seed",
    type=Whole(0, 2**31),
    default=7,
    metavar="N",
    en="The same seed gives the same last hash (7).",
    zh="相同种子得到相同的最终哈希（7）。",
)
@option(
    "--definitions",
    metavar="PATH",
    type=click.Path(exists=True),
    en="Definitions and behaviour; else those shipped.",
    zh="定义与行为文件；默认用自带的。",
)
@option(
    "--until",
    metavar="DATE",
    en="Stop on this day instead.",
    zh="改在此日结束。",
)
@as_json
@click.pass_obj
def simulate(
    call: Call, campaign: str, seed: int, definitions: str | None, until: str | None
) -> None:
    """Run a campaign on a virtual clock."""
    from duban.adapters.simulation.simulating import simulate as run
    from duban.engine.timing.instants import parse_date

    with _definitions(definitions) as folder, _store(call) as store:
        behaviour = _behaviour(folder, campaign)
        if until is not None:
            behaviour = behaviour.model_copy(update={"until": parse_date(until).isoformat()})
        with _progress(call) as progress:
            done = run(store, str(folder), behaviour, seed=seed, progress=progress)
        try:
            call.say(_data(done, seed), _lines(done, call))
        finally:
            done.engine.close()


@contextmanager
def _definitions(given: str | None) -> Iterator[Path]:
    if given is not None:
        yield Path(given)
        return
    with as_file(files("duban.workflows")) as folder:
        yield folder


@contextmanager
def _store(call: Call) -> Iterator[str]:
    if call.store is not None:
        yield call.store
        return
    with TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/simulated.db"


def _behaviour(folder: Path, campaign: str) -> Behaviour:
    from duban.adapters.simulation.behaviour import read_behaviour

    found = [read_behaviour(str(path)) for path in sorted(folder.rglob("behaviour.yaml"))]
    known = ", ".join(sorted(behaviour.campaign for behaviour in found)) or "-"
    for behaviour in found:
        if behaviour.campaign == campaign:
            return behaviour
    raise NotFound(
        kind="behaviour of campaign",
        kind_zh="该专项行动的行为文件",
        name=campaign,
        hint=f"; there are: {known}",
        hint_zh=f"；现有：{known}",
    )


def _silent(today: date, done: int, days: int) -> None:
    """Say nothing."""


@contextmanager
def _progress(call: Call) -> Iterator[Progress]:
    """A bar on a terminal; nothing where nobody watches."""
    if call.json or not sys.stderr.isatty():
        yield _silent
        return
    from rich import progress
    from rich.console import Console

    with progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None)

        def show(today: date, done: int, days: int) -> None:
            bar.update(task, description=today.isoformat(), completed=done, total=days)

        yield show


def _data(done: Simulated, seed: int) -> dict[str, object]:
    return {
        "seed": seed,
        "commands": done.ran.commands,
        "refused": dict(sorted(done.ran.refused.items())),
        "sent": done.ran.sent,
        **done.summary.as_json(),
    }


def _lines(done: Simulated, call: Call) -> Iterator[str]:
    summary = done.summary
    figures = [*summary.phases, summary.total]
    yield from _table(call, figures)
    yield ""
    yield call.text("Rungs climbed: ", "督办阶梯：") + _counted(
        summary.total.rungs, _titles(done.engine, call)
    )
    notices = +summary.total.notices
    yield call.text(
        f"The daemon would have sent {notices.total()} notices: ",
        f"守护进程会发出 {notices.total()} 条通知：",
    ) + _counted(notices, _titles(done.engine, call))
    yield call.text("Reports fall due per reporting unit: ", "每个报送单位的报送日：") + ", ".join(
        sorted({day for days in summary.dues.values() for day in days})
    )
    for name, goal in summary.goals.items():
        yield _goal(done.engine, call, name, goal)
    yield call.text(
        f"{sum(summary.cases.values())} cases, {summary.entries} entries; "
        f"{done.ran.commands} commands, {done.ran.refused.total()} of them refused by the rules",
        f"事项 {sum(summary.cases.values())} 个，流转记录 {summary.entries} 条；"
        f"操作 {done.ran.commands} 次，其中被规则拒绝 {done.ran.refused.total()} 次",
    )
    yield call.text("Last hash: ", "最终哈希：") + summary.last_hash


def _table(call: Call, figures: Sequence[PhaseFigures]) -> Iterator[str]:
    head = [call.text("phase", "阶段"), call.text("from", "起"), call.text("to", "止")]
    head += [call.text(en, zh) for _, en, zh in _HAZARDS]
    head += [call.text(f"reports {en}", f"报送{zh}") for _, en, zh in _REPORTS]
    head += [call.text("rungs", "督办"), call.text("notices", "通知")]
    rows = []
    for part in figures:
        whole = part.phase == "total"
        row = [
            call.text("all (phases overlap)", "合计（阶段有重叠）")
            if whole
            else part.title.get(call.lang, part.phase)
        ]
        row += ["", ""] if whole else [part.begins, part.ends]
        row += [str(part.hazards[name]) for name, *_ in _HAZARDS]
        row += [str(part.reports[name]) for name, *_ in _REPORTS]
        rows.append([*row, str(part.rungs.total()), str((+part.notices).total())])
    yield from table(head, rows)


def _counted(counter: Counter[str], titles: dict[str, str]) -> str:
    return ", ".join(f"{titles.get(name, name)} {n}" for name, n in counter.most_common(12))


def _titles(engine: Engine, call: Call) -> dict[str, str]:
    """The titles of rungs, and of the triggers of each workflow."""
    library, lang = engine.library(), call.lang
    titles = {
        rung.rung: (rung.title or {}).get(lang, rung.rung)
        for ladder in library.ladders.values()
        for rung in ladder.rungs
    }
    for name, workflow in library.workflows.items():
        of = (workflow.title or {}).get(lang, name)
        for transition in workflow.transitions:
            trigger = transition.trigger or "auto"
            said = (transition.title or {}).get(lang, trigger)
            titles.setdefault(f"{name}.{trigger}", call.text(f"{of}: {said}", f"{of}·{said}"))
    return titles


def _goal(engine: Engine, call: Call, name: str, goal: dict[str, int]) -> str:
    done, of = goal["numerator"], goal["denominator"]
    target = f"{goal['share']}" if "share" in goal else f"≤ {goal['at_most']}"
    percent = f"{100 * done / of:.1f} %" if of else "-"
    title = next(
        (
            found[name].title or {}
            for campaign in engine.library().campaigns.values()
            for found in [campaign.goals, *(phase.goals for phase in campaign.phases)]
            if name in found
        ),
        {},
    ).get(call.lang, name)
    return call.text(
        f"Goal: {title}: {done} of {of} = {percent} (target {target} %)",
        f"目标：{title}：{done}/{of} = {percent}（目标 {target}%）",
    )
