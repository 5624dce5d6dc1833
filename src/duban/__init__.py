"""duban (督办): an embeddable workflow engine for rectification cases.

Everything public is importable from here; what it needs is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duban.adapters.wiring import connect as connect
    from duban.engine.core.decide import Explanation as Explanation
    from duban.engine.core.verdict import Verdict as Verdict
    from duban.engine.errors import BadInput as BadInput
    from duban.engine.errors import DubanError as DubanError
    from duban.engine.errors import InvalidDefinition as InvalidDefinition
    from duban.engine.errors import KeyReused as KeyReused
    from duban.engine.errors import NotDelivered as NotDelivered
    from duban.engine.errors import NotFound as NotFound
    from duban.engine.errors import Reason as Reason
    from duban.engine.errors import Refused as Refused
    from duban.engine.errors import StaleCase as StaleCase
    from duban.engine.errors import TransitionRefused as TransitionRefused
    from duban.engine.errors import UnknownCase as UnknownCase
    from duban.engine.errors import UnknownUnit as UnknownUnit
    from duban.engine.errors import Unreachable as Unreachable
    from duban.engine.history.entry import Entry as Entry
    from duban.engine.ports import Notifier as Notifier
    from duban.engine.ports import Page as Page
    from duban.engine.ports import Store as Store
    from duban.engine.ports import Where as Where
    from duban.engine.shell.engine import Engine as Engine
    from duban.engine.shell.engine import Outcome as Outcome
    from duban.engine.shell.publishing import Plan as Plan
    from duban.engine.shell.verification import Verified as Verified
    from duban.engine.values.actor import Actor as Actor
    from duban.engine.values.case import Case as Case
    from duban.engine.values.case import Clock as Clock
    from duban.engine.values.command import Fire as Fire
    from duban.engine.values.command import Open as Open
    from duban.engine.values.notice import Notice as Notice

_HOMES = {
    "connect": "duban.adapters.wiring",
    "Explanation": "duban.engine.core.decide",
    "Verdict": "duban.engine.core.judge",
    **dict.fromkeys(
        (
            "BadInput", "DubanError", "InvalidDefinition", "KeyReused", "NotDelivered", "NotFound",
            "Reason", "Refused", "StaleCase", "TransitionRefused", "UnknownCase", "UnknownUnit",
            "Unreachable",
        ),
        "duban.engine.errors",
    ),
    "Entry": "duban.engine.history.entry",
    **dict.fromkeys(("Notifier", "Page", "Store", "Where"), "duban.engine.ports"),
    **dict.fromkeys(("Engine", "Outcome"), "duban.engine.shell.engine"),
    "Plan": "duban.engine.shell.publishing",
    "Verified": "duban.engine.shell.verification",
    "Actor": "duban.engine.values.actor",
    **dict.fromkeys(("Case", "Clock"), "duban.engine.values.case"),
    **dict.fromkeys(("Fire", "Open"), "duban.engine.values.command"),
    "Notice": "duban.engine.values.notice",
}  # fmt: skip

__all__ = [
    "Actor", "BadInput", "Case", "Clock", "DubanError", "Engine", "Entry", "Explanation", "Fire",
    "InvalidDefinition", "KeyReused", "NotDelivered", "NotFound", "Notice", "Notifier", "Open",
    "Outcome", "Page", "Plan", "Reason", "Refused", "StaleCase", "Store", "TransitionRefused",
    "UnknownCase", "UnknownUnit", "Unreachable", "Verdict", "Verified", "Where", "connect",
]  # fmt: skip


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        msg = f"module 'duban' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
