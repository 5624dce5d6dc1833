"""Withdrawing an entry of a case: which one it is, and why there may be none."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from duban.engine.definition.machine import Candidate
from duban.engine.errors import Reason
from duban.engine.values.case import Basis, Case


def last_standing(case: Case, trigger: str, gone: Collection[int] = ()) -> Basis | None:
    """Return the last entry of *trigger* that was not struck, nor is among *gone*."""
    standing = [b for b in case.bases if b.trigger == trigger and b.seq not in gone]
    return standing[-1] if standing else None


def nothing_to_strike(trigger: str, place: str) -> Reason:
    """Return what is said where there is no such entry."""
    en = f"no entry of '{trigger}' stands that could be withdrawn"
    return Reason("RULE-021", en, f"没有可撤回的“{trigger}”记录", place)


def unfounded(candidate: Candidate, case: Case) -> Iterator[Reason]:
    """Yield what the strikes of *candidate* would be refused for, as far as they are certain."""
    gone: list[int] = []
    for effect in candidate.effects:
        trigger = effect.model.strike
        if trigger is None or effect.when is not None or effect.model.each is not None:
            continue
        basis = last_standing(case, trigger, gone)
        if basis is None:
            yield nothing_to_strike(trigger, effect.place)
        else:
            gone.append(basis.seq)
