"""What was expected and what is, in two languages, at its place in the scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from duban.engine.errors import DubanError, Place, TransitionRefused


class Said(NamedTuple):
    """One phrase in both languages."""

    en: str
    zh: str

    def of(self, lang: str) -> str:
        """Return the phrase in *lang*."""
        return self.zh if lang == "zh" else self.en


def same(text: object) -> Said:
    """Return what reads the same in both languages."""
    return Said(str(text), str(text))


def listed(items: object) -> Said:
    """Return *items* one after the other, or that there are none."""
    texts = [str(item) for item in items] if isinstance(items, (list, tuple, set)) else [str(items)]
    return Said(", ".join(texts), "、".join(texts)) if texts else NOTHING


NOTHING = Said("none", "无")
# What is expected, by its keys; then what was wanted and what was found.
Finding = tuple[tuple[str, ...], Said, Said]


@dataclass(frozen=True, slots=True)
class Difference:
    """One expectation that does not hold."""

    place: Place
    what: Said
    expected: Said
    found: Said
    about: str = ""

    def text(self, lang: str) -> str:
        """Return it as one line without its place."""
        about = f"{self.about}: " if self.about and lang == "en" else ""
        if self.about and lang == "zh":
            about = f"{self.about}："
        what, expected, found = (said.of(lang) for said in (self.what, self.expected, self.found))
        if lang == "zh":
            return f"{about}{what}：应为 {expected}，实为 {found}"
        return f"{about}{what}: expected {expected}, is {found}"

    def as_json(self, lang: str) -> dict[str, object]:
        """Return it as plain data."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.place.column,
            "case": self.about or None,
            "what": self.what.of(lang),
            "expected": self.expected.of(lang),
            "found": self.found.of(lang),
        }


def reason_of(error: DubanError) -> Said:
    """Return why something was refused, with its codes."""
    if isinstance(error, TransitionRefused):
        en, zh = ([reason.text(lang) for reason in error.reasons] for lang in ("en", "zh"))
        return Said("; ".join(en), "；".join(zh))
    return Said(f"{error.text('en')} [{error.code}]", f"{error.text('zh')} [{error.code}]")


def codes_of(error: DubanError) -> list[str]:
    """Return the code of the refusal and of each of its reasons."""
    reasons = error.reasons if isinstance(error, TransitionRefused) else ()
    return list(dict.fromkeys([error.code, *(reason.code for reason in reasons)]))
