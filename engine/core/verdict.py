"""What is found of a trigger on a case: the transitions that would be taken, or why none is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from duban.engine.core.signatures import Signing
from duban.engine.definition.expressions import Expression
from duban.engine.definition.fields import Field
from duban.engine.definition.machine import Candidate
from duban.engine.errors import Reason
from duban.engine.values.canonical import Plain


@dataclass(frozen=True, slots=True)
class Step:
    """A transition to be taken, and the state of its region that it leaves."""

    candidate: Candidate
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The transitions that would be taken, one in each region concerned, or why none is.

    ``missing`` are the inputs that they require and that were not given: for `explain` they are to
    be asked for, for `fire` they are a reason. ``signings`` tells of those that several must sign.
    """

    trigger: str
    steps: tuple[Step, ...] = ()
    signings: tuple[Signing, ...] = ()
    reasons: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()
    inputs: Mapping[str, Plain]
    asks: Mapping[str, Field]
    title: Mapping[str, str]

    @property
    def allowed(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.reasons

    @property
    def candidate(self) -> Candidate | None:
        """The transition of the first region concerned."""
        return self.steps[0].candidate if self.steps else None

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The transitions, each once, though it may move several regions."""
        return tuple({step.candidate.index: step.candidate for step in self.steps}.values())

    @property
    def awaited(self) -> tuple[Signing, ...]:
        """The signings that want others still: until then nothing moves."""
        return tuple(signing for signing in self.signings if not signing.complete)


def false_condition(candidate: Candidate, expression: Expression, *, expected: bool) -> Reason:
    """Return what is said of a condition that is not as it must be."""
    if candidate.otherwise:
        en, zh = candidate.otherwise.get("en", ""), candidate.otherwise.get("zh", "")
        return Reason("RULE-004", en or zh, zh or en, candidate.place)
    holds, holds_zh = ("is not true", "不成立") if expected else ("is true", "成立")
    return Reason(
        "RULE-004",
        f"'{candidate.trigger}' is not allowed: `{expression.source}` {holds}",
        f"不允许“{candidate.trigger}”：`{expression.source}` {holds_zh}",
        candidate.place,
    )


def missing_inputs(candidate: Candidate, names: tuple[str, ...]) -> Reason:
    """Return what is said of inputs that are not there."""
    listed = ", ".join(names)
    return Reason(
        "RULE-005",
        f"'{candidate.trigger}' needs: {listed}",
        f"“{candidate.trigger}”还缺：{listed}",
        candidate.place,
        names,
    )
