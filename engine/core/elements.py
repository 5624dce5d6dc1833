"""Over what an effect runs: the items of a list, the units of a group or of a selector."""

from __future__ import annotations

from collections.abc import Sequence

from duban.engine.core.scope import Scope
from duban.engine.definition.machine import CompiledEffect
from duban.engine.definition.selector import Selector, selected
from duban.engine.errors import Reason, TransitionRefused

MOST_ELEMENTS = 10_000


def elements(effect: CompiledEffect, scope: Scope) -> Sequence[str]:
    """Return what ``each`` of *effect* stands for now; an effect without it happens once.

    Raises:
        TransitionRefused: the group is not one of the case's campaign, or there are too many.
    """
    each = effect.model.each
    if each is None:
        return ("",)
    found = (
        _units(each, effect, scope) if isinstance(each, Selector) else _named(each, effect, scope)
    )
    if len(found) > MOST_ELEMENTS:
        en = f"'each' gives {len(found)} items; at most {MOST_ELEMENTS} are possible"
        zh = f"each 得到 {len(found)} 项，最多 {MOST_ELEMENTS} 项"
        raise _refused("RULE-038", en, zh, effect, scope)
    return found


def _named(each: str, effect: CompiledEffect, scope: Scope) -> Sequence[str]:
    name = each.removeprefix("case.")
    if name in scope.machine.fields:
        return [str(item) for item in scope.field(name)]
    if each.startswith("fact."):
        return [str(item) for item in scope(each)]
    group = scope.machine.groups.get(each)
    if group is None:
        en = f"'{each}' is a group of a campaign, and this case belongs to none that has it"
        zh = f"“{each}”是专项行动的分组，而本事项不属于有此分组的行动"
        raise _refused("RULE-037", en, zh, effect, scope)
    return selected(group, scope.world.directory, scope.world.today)


def _units(selector: Selector, effect: CompiledEffect, scope: Scope) -> Sequence[str]:
    if effect.under is None:
        return selected(selector, scope.world.directory, scope.world.today)
    top = str(scope.value(effect.under))
    if not top:
        return ()
    below = selector.model_copy(update={"under": top})
    return selected(below, scope.world.directory, scope.world.today)


def _refused(
    code: str, en: str, zh: str, effect: CompiledEffect, scope: Scope
) -> TransitionRefused:
    reason = Reason(code, en, zh, effect.place)
    return TransitionRefused(case=scope.case.id, trigger="each", reasons=[reason])
