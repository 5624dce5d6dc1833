"""``duban test``: scenarios played, and what differs from what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from duban.cli.command import argument, as_json, command
from duban.cli.context import Call
from duban.cli.text import clean
from duban.engine.errors import Fault, InvalidDefinition, Refused

if TYPE_CHECKING:
    from duban.adapters.scenarios.playing import Failure, Played


class NotAsExpected(Refused):
    """Scenarios went otherwise than expected; the differences were listed."""

    code = "TEST-000"
    en = "{failed} of {count} scenario(s) did not go as expected"
    zh = "{count} 个场景中有 {failed} 个与预期不符"


@command(
    "test",
    examples=("duban test", "duban test workflows/examples/listing --json"),
    en="A scenario is a YAML file with a key 'scenario': a time line of commands and expectations. It is "
    "played on a store in memory, whose clock it sets; nothing that is kept is touched.",
    zh="场景是含有 scenario 键的 YAML 文件，写明何时办理什么、应看到什么。"
    "场景在内存中的存储上运行，时钟由其设定；不会触及任何已保存的数据。",
)
@argument(
    "paths",
    nargs=-1,
    metavar="[PATH]...",
    en="Scenario files, or folders of them (this one).",
    zh="场景文件或其文件夹（默认当前文件夹）。",
)
@as_json
@click.pass_obj
def test(call: Call, paths: Sequence[str]) -> None:
    """Play scenarios and say what differs from what was expected."""
    from duban.adapters.scenarios.playing import play
    from duban.adapters.scenarios.reading import find_scenarios, read_scenario

    played: list[Played] = []
    faults: list[Fault] = []
    for path in find_scenarios(paths or ["."]):
        try:
            played.append(play(read_scenario(path)))
        except InvalidDefinition as error:
            faults += error.faults
    if played or not faults:
        call.say({"scenarios": [_data(one, call) for one in played]}, _lines(played, call))
    if faults:
        raise InvalidDefinition(list(dict.fromkeys(faults)))
    failed = sum(not one.ok for one in played)
    if failed:
        raise NotAsExpected(failed=failed, count=len(played))


def _data(played: Played, call: Call) -> dict[str, object]:
    return {
        "scenario": played.script.model.scenario,
        "file": str(played.script.file),
        "ok": played.ok,
        "steps": played.steps,
        "left": played.left,
        "failures": [_failure_data(failure, call) for failure in played.failures],
    }


def _failure_data(failure: Failure, call: Call) -> dict[str, object]:
    return {
        "file": failure.place.file,
        "line": failure.place.line,
        "at": failure.at,
        "doing": failure.doing.of(call.lang),
        "differences": [difference.as_json(call.lang) for difference in failure.differences],
        "stands": {name: said.of(call.lang) for name, said in failure.stands.items()},
    }


def _lines(played: Sequence[Played], call: Call) -> Iterator[str]:
    for one in played:
        name = (one.script.model.title or {}).get(call.lang, one.script.model.scenario)
        sign = "+" if one.ok else "x"
        steps = call.text(f"{one.steps} steps", f"{one.steps} 步")
        yield f"{sign} {name}  {one.script.file}  {steps}"
        for failure in one.failures:
            yield from _failure_lines(failure, call)
        if one.left:
            yield call.text(
                f"    {one.left} step(s) after that were not tried", f"    其后 {one.left} 步未执行"
            )


def _failure_lines(failure: Failure, call: Call) -> Iterator[str]:
    yield f"  {failure.place}  {failure.at}  {failure.doing.of(call.lang)}"
    for difference in failure.differences:
        yield f"    {difference.place.line}: {clean(difference.text(call.lang))}"
    for name, said in failure.stands.items():
        now = call.text(f"{name} stands at: ", f"{name} 现状：")
        yield f"    {now}{said.of(call.lang)}"
