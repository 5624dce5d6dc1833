"""Transitions that several must sign: who has, who must yet, and whether one more is enough."""

from __future__ import annotations

from dataclasses import dataclass

from duban.engine.core.roles import actors_of_role
from duban.engine.core.scope import Scope
from duban.engine.definition.machine import Candidate
from duban.engine.errors import Reason
from duban.engine.values.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What a transition that several must sign still wants once the actor has signed it.

    ``missing`` are those who may sign yet, ``short`` is how many of them must. ``again`` says that
    the actor has signed before.
    """

    candidate: Candidate
    state: str
    signed: tuple[str, ...]
    missing: tuple[str, ...]
    short: int
    again: bool

    @property
    def complete(self) -> bool:
        """Whether nobody else is needed."""
        return self.short == 0

    def refusal(self) -> Reason:
        """Return why the actor, who has signed, may not sign again."""
        trigger, missing = self.candidate.trigger, ", ".join(self.missing) or "-"
        return Reason(
            "RULE-020",
            f"you have signed '{trigger}' already; {self.short} more must sign, of: {missing}",
            f"您已签署“{trigger}”；还须 {self.short} 人签署：{missing}",
            self.candidate.place,
        )


def signing(candidate: Candidate, state: str, actor: Actor, scope: Scope) -> Signing:
    """Return how *candidate*, which leaves *state*, stands when *actor* signs it now.

    A signature once given stays; who holds a post now is who must have signed. Who is kept from
    signing by `not_by` is not waited for.
    """
    place = candidate.place
    given = [s for s in scope.case.signed if (s.state, s.rule) == (state, place)]
    signed = tuple(dict.fromkeys(person for s in given for person in s.persons))
    again = not set(signed).isdisjoint(actor.persons)
    barred = {person for trigger in candidate.not_by for person in scope.case.did.get(trigger, ())}
    holders = {a.person for role in candidate.by for a in actors_of_role(role, scope)}
    missing = tuple(sorted(holders - barred - {*signed, *actor.persons}))
    if candidate.quorum is None:
        short = len(missing)
    else:
        short = max(0, candidate.quorum - len(given) - (0 if again else 1))
    return Signing(
        candidate=candidate, state=state, signed=signed, missing=missing, short=short, again=again
    )
