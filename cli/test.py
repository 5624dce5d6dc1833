"""``duban test``: scenarios played, and what differs from what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from duban.cli.command import argument, as_json, command, option
from duban.cli.context import Call
from duban.cli.params import Whole
from duban.cli.text import clean
from duban.engine.errors import Fault, InvalidDefinition, Refused

if TYPE_CHECKING:
    from duban.adapters.scenarios.holding import Held
    from duban.adapters.scenarios.playing import Failure, Played
    from duban.adapters.scenarios.walking import Walked


class NotAsExpected(Refused):
    """Scenarios went otherwise than expected; the differences were listed."""

    code = "TEST-000"
    en = "{failed} of {count} scenario(s) did not go as expected"
    zh = "{count} 个场景中有 {failed} 个与预期不符"


class InvariantBroken(Refused):
    """What must hold of every case does not; the lives that show it were listed."""

    code = "TEST-003"
    en = "an invariant does not hold for {failed} of {count} workflow(s)"
    zh = "{count} 个流程中有 {failed} 个违反了恒成立的性质"


@command(
    "test",
    examples=(
        "duban test",
        "duban test workflows/ --json",
        "duban test workflows/ --invariants --examples 200",
    ),
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
@option(
    "--invariants",
    is_flag=True,
    en="Instead, try on random lives of the cases what must always hold.",
    zh="改为用随机办理过程检验恒成立的性质。",
)
@option(
    "--examples",
    type=Whole(1, 100_000),
    default=50,
    metavar="N",
    en="With --invariants: so many lives of each workflow (50).",
    zh="配合 --invariants：每个流程的随机过程数（50）。",
)
@as_json
@click.pass_obj
def test(call: Call, paths: Sequence[str], invariants: bool, examples: int) -> None:
    """Play scenarios and say what differs from what was expected."""
    if invariants:
        _hold(call, paths or ["."], examples)
    else:
        _play(call, paths or ["."])


def _play(call: Call, paths: Sequence[str]) -> None:
    from duban.adapters.scenarios.playing import play
    from duban.adapters.scenarios.reading import find_scenarios, read_scenario

    played: list[Played] = []
    faults: list[Fault] = []
    for path in find_scenarios(paths):
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


def _hold(call: Call, paths: Sequence[str], examples: int) -> None:
    from duban.adapters.scenarios.holding import hold

    held = hold(paths, examples)
    call.say({"definitions": [_held_data(one, call) for one in held]}, _held_lines(held, call))
    failed = sum(walked.broken is not None for one in held for walked in one.walked)
    if failed:
        raise InvariantBroken(failed=failed, count=sum(len(one.walked) for one in held))


def _held_data(held: Held, call: Call) -> dict[str, object]:
    return {
        "path": str(held.path),
        "ok": held.ok,
        "workflows": [
            {
                "workflow": walked.workflow,
                "lives": walked.lives,
                "fired": walked.fired,
                "broken": walked.broken
                and {
                    "invariant": walked.broken.invariant.of(call.lang),
                    "how": walked.broken.how.of(call.lang),
                    "story": list(walked.broken.story),
                },
            }
            for walked in held.walked
        ],
    }


def _held_lines(held: Sequence[Held], call: Call) -> Iterator[str]:
    for one in held:
        yield call.text(f"Definitions: {one.path}", f"定义：{one.path}")
        for walked in one.walked:
            yield from _walked_lines(walked, call)


def _walked_lines(walked: Walked, call: Call) -> Iterator[str]:
    lived = call.text(
        f"{walked.lives} lives, {walked.fired} commands",
        f"随机过程 {walked.lives} 个，操作 {walked.fired} 次",
    )
    if not walked.lives:
        lived = call.text("nobody opens such cases by hand", "此类事项无人手工立项")
    yield f"{'x' if walked.broken else '+'} {walked.workflow}  {lived}"
    if walked.broken is not None:
        yield f"  {walked.broken.invariant.of(call.lang)}"
        yield f"    {clean(walked.broken.how.of(call.lang))}"
        yield from (f"    {clean(line)}" for line in walked.broken.story)


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
