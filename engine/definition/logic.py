"""What can be told of conditions by their text alone: whether they can hold, alone and together.

Conditions are read as far as `||`, `&&`, `!`, parentheses and comparisons go; what is inside a
comparison or a call is taken as it stands. Whatever is not understood may hold: nothing that can
happen is ever called impossible.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TypeAlias

TOKEN = re.compile(
    r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
    r"|[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*"
    r"|[0-9][0-9.]*|[=!<>]=|&&|\|\||\S"
)
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_COMPARISONS = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
# Two things compared with each other: one sign of each pair of opposites stands for both.
_BASE = {"!=": ("==", False), ">=": ("<", False), "<=": (">", False)}
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
# Never below nothing.
_COUNTED = ("times.", "extended.", "signed.")
_DEEPEST = 40
_MOST_TERMS = 64

Constant: TypeAlias = "str | float | bool"
Known: TypeAlias = Callable[[str], "bool | None"]
# A term is one way to hold: what must be true of each thing. A condition holds in any of its terms.
Term: TypeAlias = "frozenset[Literal]"
Terms: TypeAlias = "tuple[Term, ...]"
ANYTHING: Terms = (frozenset(),)
NOTHING: Terms = ()


@dataclass(frozen=True, slots=True)
class Literal:
    """One thing that must be so: `subject` compared with a constant, or merely true (``== True``)."""

    subject: str
    sign: str
    value: Constant

    def __invert__(self) -> Literal:
        return Literal(self.subject, _COMPARISONS[self.sign], self.value)


def tokens(source: str) -> list[str]:
    """Return the words and signs of *source*; blanks inside dotted names are dropped."""
    found = (match.group() for match in TOKEN.finditer(source))
    return [t if t[0] in "'\"" else re.sub(r"\s", "", t) for t in found]


class Reader:
    """Reads conditions of one workflow: `choices` are the names of its choices with their values."""

    def __init__(self, choices: Mapping[str, str]) -> None:
        self._choices = choices

    def constant(self, token: str) -> Constant | None:
        """Return what *token* stands for, if it is always the same."""
        if token[0] in "'\"":
            return token[1:-1]
        if token in ("true", "false"):
            return token == "true"
        if _NUMBER.fullmatch(token):
            return float(token)
        return self._choices.get(token)

    def terms(self, source: str, known: Known, holds: bool = True) -> Terms:
        """Return in which ways *source* can hold (or fail to), given what is *known* of names."""
        words = tokens(source)
        if sum(word in _BRACKETS for word in words) > _DEEPEST:
            return ANYTHING
        return self._either(words, known, holds)

    def _either(self, words: Sequence[str], known: Known, holds: bool) -> Terms:
        if "?" in _outside(words):
            return self._single(words, known, holds)
        parts = _split(words, "||")
        if len(parts) == 1:
            return self._both(words, known, holds)
        of = [self._both(part, known, holds) for part in parts]
        return _union(of) if holds else together(of)

    def _both(self, words: Sequence[str], known: Known, holds: bool) -> Terms:
        parts = _split(words, "&&")
        of = [self._single(part, known, holds) for part in parts]
        return together(of) if holds else _union(of)

    def _single(self, words: Sequence[str], known: Known, holds: bool) -> Terms:
        if words and words[0] == "!" and len(words) > 1:
            return self._single(words[1:], known, not holds)
        if _is_group(words):
            return self._either(words[1:-1], known, holds)
        literal = self._literal(words, known)
        if isinstance(literal, bool):
            return ANYTHING if literal == holds else NOTHING
        return (frozenset({literal if holds else ~literal}),)

    def _literal(self, words: Sequence[str], known: Known) -> Literal | bool:
        text = " ".join(words)
        signs = [n for n, word in enumerate(_outside(words)) if word in _COMPARISONS]
        if len(signs) == 1 and "?" not in _outside(words):
            return self._compared(words[: signs[0]], words[signs[0]], words[signs[0] + 1 :])
        if text in ("true", "false"):
            return text == "true"
        given = known(text)
        return Literal(text, "==", True) if given is None else given

    def _compared(self, left: Sequence[str], sign: str, right: Sequence[str]) -> Literal | bool:
        one, other = self._value(left), self._value(right)
        if one is not None and other is not None:
            return _compare(one, sign, other)
        if one is not None:
            return Literal(" ".join(right), _MIRRORED[sign], one)
        if other is not None:
            return Literal(" ".join(left), sign, other)
        base, same = _BASE.get(sign, (sign, True))
        return Literal(f"{' '.join(left)} {base} {' '.join(right)}", "==", same)

    def _value(self, words: Sequence[str]) -> Constant | None:
        if len(words) == 2 and words[0] == "-" and _NUMBER.fullmatch(words[1]):
            return -float(words[1])
        return self.constant(words[0]) if len(words) == 1 else None


def together(parts: Iterable[Terms]) -> Terms:
    """Return in which ways all of *parts* hold at once; too many ways are taken as any."""
    terms = ANYTHING
    for part in parts:
        if len(terms) * len(part) > _MOST_TERMS:
            continue
        terms = tuple({a | b: None for a, b in product(terms, part) if _consistent(a | b)})
    return terms


def _union(parts: Iterable[Terms]) -> Terms:
    found = tuple({term: None for part in parts for term in part})
    return found if len(found) <= _MOST_TERMS else ANYTHING


def _consistent(term: Term) -> bool:
    about: dict[str, list[Literal]] = {}
    for literal in term:
        about.setdefault(literal.subject, []).append(literal)
    return all(_can_be(subject, literals) for subject, literals in about.items())


def _can_be(subject: str, literals: Sequence[Literal]) -> bool:
    """Whether one value fits all *literals*: it is one of those named, between them, or beyond."""
    if any(isinstance(literal.value, bool) for literal in literals):
        candidates: list[Constant] = [True, False]
    else:
        candidates = list(_around([literal.value for literal in literals]))
    if subject.startswith(_COUNTED):
        candidates = [c for c in candidates if not isinstance(c, float) or c >= 0]
    return any(
        all(_compare(value, literal.sign, literal.value) for literal in literals)
        for value in candidates
    )


def _around(values: Sequence[Constant]) -> Iterator[Constant]:
    yield from values
    numbers = sorted({v for v in values if isinstance(v, float)})
    if numbers:
        yield numbers[0] - 1
        yield from ((a + b) / 2 for a, b in pairwise(numbers))
        yield numbers[-1] + 1
    words = {v for v in values if isinstance(v, str)}
    if words:
        yield ""
        yield max(words) + "~"


def _compare(one: Constant, sign: str, other: Constant) -> bool:
    if sign in ("==", "!="):
        return (one == other and type(one) is type(other)) == (sign == "==")
    if isinstance(one, str) and isinstance(other, str):
        return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]
    if isinstance(one, float) and isinstance(other, float):
        return {"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign]
    return True


def _outside(words: Sequence[str]) -> list[str]:
    """Return *words* with what stands inside brackets blanked."""
    depth, seen = 0, []
    for word in words:
        depth -= word in _BRACKETS.values()
        seen.append(word if depth == 0 else "")
        depth += word in _BRACKETS
    return seen


def _split(words: Sequence[str], sign: str) -> list[Sequence[str]]:
    parts, start = [], 0
    for number, word in enumerate(_outside(words)):
        if word == sign:
            parts.append(words[start:number])
            start = number + 1
    return [*parts, words[start:]]


def _is_group(words: Sequence[str]) -> bool:
    return (
        len(words) > 2 and words[0] == "(" and _outside(words).count(")") == 1 and words[-1] == ")"
    )
