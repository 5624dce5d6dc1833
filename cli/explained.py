"""What may be done with a case, and why not, as data and as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from duban.cli.context import Call
from duban.cli.language import Lang
from duban.cli.text import clean, wrap
from duban.cli.titles import named, state

if TYPE_CHECKING:
    from duban.engine.core.decide import Explanation
    from duban.engine.core.verdict import Verdict

# Not in this state, and not once the case has ended: true of most triggers, and said once.
_NOT_HERE = {"RULE-001", "RULE-008"}


def explanation_data(explained: Explanation, lang: Lang) -> dict[str, object]:
    """Return *explained* as JSON has it."""
    return {
        "case": explained.case.id,
        "state": explained.case.state,
        "version": explained.case.version,
        "person": explained.actor.person,
        "post": explained.actor.post,
        "triggers": [_verdict_data(verdict, lang) for verdict in explained.verdicts],
    }


def _verdict_data(verdict: Verdict, lang: Lang) -> dict[str, object]:
    asks = [
        {"name": name, "type": field.type, "missing": name in verdict.missing}
        for name, field in verdict.asks.items()
    ]
    return {
        "trigger": verdict.trigger,
        "title": verdict.title.get(lang, verdict.trigger),
        "allowed": verdict.allowed,
        "place": "+".join(c.place for c in verdict.candidates) or None,
        "asks": asks,
        "missing": list(verdict.missing),
        "signatures": [
            {
                "place": signing.candidate.place,
                "signed": list(signing.signed),
                "missing": list(signing.missing),
                "short": signing.short,
            }
            for signing in verdict.signings
        ],
        "reasons": [reason.as_json(lang) for reason in verdict.reasons],
    }


def explanation_lines(explained: Explanation, call: Call) -> Iterator[str]:
    """Yield what may be done, then what may not with the reasons, then what is for other states."""
    case, person = explained.case, explained.actor.person
    now = state(case, call)
    yield call.text(f"{case.id} is {now}; for {person}:", f"{case.id} 现为“{now}”；对 {person}：")
    for verdict in explained.allowed:
        yield f"  + {_name(verdict, call)}{_asks(verdict, call)}"
        for signing in verdict.awaited:
            who = ", ".join(signing.missing) or "-"
            more = call.text(
                f"then {signing.short} more must sign, of: {who}",
                f"之后还须 {signing.short} 人签署：{who}",
            )
            yield from (f"      {line}" for line in wrap(clean(more), 94))
    if not explained.allowed:
        yield call.text("  nothing may be done now", "  目前没有可执行的操作")
    elsewhere = []
    for verdict in explained.refused:
        if {reason.code for reason in verdict.reasons} <= _NOT_HERE:
            elsewhere.append(verdict.trigger)
            continue
        yield f"  - {_name(verdict, call)}"
        for reason in verdict.reasons:
            yield from (f"      {line}" for line in wrap(clean(reason.text(call.lang)), 94))
    if elsewhere:
        listed = call.text(", ", "、").join(elsewhere)
        head = call.text("not in this state: ", "此状态下没有的操作：")
        yield from (f"  {line}" for line in wrap(head + listed, 98))


def _name(verdict: Verdict, call: Call) -> str:
    return named(verdict.trigger, verdict.title.get(call.lang))


def _asks(verdict: Verdict, call: Call) -> str:
    if not verdict.asks:
        return ""
    asked = [
        named(name, (field.title or {}).get(call.lang)) + ("*" if name in verdict.missing else "")
        for name, field in verdict.asks.items()
    ]
    return call.text(f"  (asks: {', '.join(asked)})", f"  （填写：{'、'.join(asked)}）")
