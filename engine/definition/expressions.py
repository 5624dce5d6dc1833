"""Expressions: CEL, typed at load. The only file that knows the library.

Two of its ways are not ours and are held here: a run-time error comes back as a value that is true,
so that a condition holds only when its value *is* ``True``; and instants compare as if "not yet"
were a date, so that signs of order between them are refused at load. A span travels as bytes, which
nothing else does, so that the type check tells it from a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any, Literal

from cel_expr_python import cel

from duban.engine.errors import DubanError
from duban.engine.timing.calendar import Roll
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.instants import UNDATED
from duban.engine.timing.spans import Span, Unit

Kind = Literal["text", "int", "money", "flag", "instant", "span", "list"]

_TYPES: Mapping[str, Any] = {
    "text": cel.Type.STRING,
    "int": cel.Type.INT,
    "money": cel.Type.DOUBLE,
    "flag": cel.Type.BOOL,
    "instant": cel.Type.TIMESTAMP,
    "span": cel.Type.BYTES,
    "list": cel.Type.List(cel.Type.STRING),
}
_WORDS = {"bytes": "span", "timestamp": "instant", "double": "money", "string": "text"}
_LONGEST = 1000
_SURROGATE = re.compile("[\ud800-\udfff]")
_SIGNS = rb"(less|greater|less_equals|greater_equals|subtract|add)"
_ORDER = re.compile(_SIGNS + rb"(_duration)?_timestamp|timestamp_to_int64")
_LENGTHS = re.compile(_SIGNS + rb"_bytes")
_LOOP = re.compile(rb"__result__|@result")
_TOKEN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\s*\.\s*[A-Za-z_][A-Za-z0-9_]*)*")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


class BadExpression(DubanError):
    """An expression that cannot be understood, with its column (from 1)."""

    code = "DEF-032"
    en = "expression `{source}`, column {column}: {why}"
    zh = "表达式 `{source}` 第 {column} 列：{why_zh}"


class ExpressionFailed(DubanError):
    """An expression that has no value for this case."""

    code = "RULE-007"
    en = "`{source}` cannot be worked out: {why}"
    zh = "无法计算 `{source}`：{why}"
    exit_code = 1


@dataclass(slots=True)
class Moment:
    """What functions of time need: the instant asked about, the calendar, and what they noticed.

    ``wakes`` collects the instants at which an answer of ``reached`` or ``passed`` will change.
    """

    now: datetime
    clockwork: Clockwork
    wakes: list[datetime] = field(default_factory=list)


_moment: ContextVar[Moment] = ContextVar("duban_moment")


@contextmanager
def at_moment(moment: Moment) -> Iterator[None]:
    """Evaluate what is inside at *moment*."""
    token = _moment.set(moment)
    try:
        yield
    finally:
        _moment.reset(token)


Lookup = Callable[[str], Any]
MISSING = object()


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression: its text, the kind of its value, and the names that it uses."""

    source: str
    kind: Kind
    names: tuple[str, ...]
    program: Any

    def value(self, lookup: Lookup) -> Any:
        """Return its value: bool, int, float, str, datetime, Span or list.

        Raises:
            ExpressionFailed: there is none, for example because a number was not given.
        """
        data = {}
        for name in self.names:
            found = lookup(name)
            if found is not MISSING:
                data[name] = str(found).encode() if type(found) is Span else found
        result = self.program.eval(data=data)
        value = result.value()
        if result.type() == cel.Type.ERROR:
            raise ExpressionFailed(source=self.source, why=_plain_words(str(value)))
        if self.kind == "span":
            return Span.parse(bytes(value).decode())
        return result.plain_value() if self.kind == "list" else value

    def holds(self, lookup: Lookup) -> bool:
        """Return whether this condition is true; anything but true itself is not."""
        return self.value(lookup) is True


class Language:
    """The names that expressions of one definition may use, and their kinds."""

    def __init__(self, names: Mapping[str, Kind]) -> None:
        self._names = dict(names)
        variables = {name: _TYPES[kind] for name, kind in names.items()}
        self._environment = cel.NewEnv(variables=variables, functions=_FUNCTIONS)
        self._compiled: dict[str, Expression] = {}

    def knows(self, name: str) -> bool:
        """Whether *name* may be used."""
        return name in self._names

    def kind(self, name: str) -> Kind:
        """Return the kind of *name*."""
        return self._names[name]

    def compile(self, source: str, *kinds: Kind) -> Expression:
        """Return *source* checked; its value must be one of *kinds* (none given: any).

        Raises:
            BadExpression: with the column, and the nearest right name where there is one.
        """
        if source not in self._compiled:
            self._compiled[source] = self._checked(source)
        expression = self._compiled[source]
        if kinds and expression.kind not in kinds:
            why = f"its value is a {expression.kind}, not a {' or '.join(kinds)}"
            why_zh = f"其值的类型是 {expression.kind}，应为 {' 或 '.join(kinds)}"
            raise BadExpression(source=source, column=1, why=why, why_zh=why_zh)
        return expression

    def nearest(self, name: str) -> str:
        """Return a hint that names what was probably meant."""
        close = get_close_matches(name, [*self._names, *_NAMES_OF_FUNCTIONS], 1, 0.6)
        return f"; did you mean `{close[0]}`?" if close else ""

    def nearest_zh(self, name: str) -> str:
        """Return the same hint in Chinese."""
        return self.nearest(name).replace("; did you mean", "；是否指").replace("`?", "`？")

    def _checked(self, source: str) -> Expression:
        if len(source) > _LONGEST:
            shown = source[:40] + "…"
            raise BadExpression(
                source=shown, column=_LONGEST, why="it is too long", why_zh="表达式过长"
            )
        half = _SURROGATE.search(source)
        if half:
            shown = source.encode("ascii", "backslashreplace").decode()
            raise BadExpression(
                source=shown, column=half.start() + 1, why="half a character", why_zh="不完整的字符"
            )
        try:
            program = self._environment.compile(source)
        except RuntimeError as error:
            raise self._explained(source, str(error)) from None
        _refuse_signs(source, program.serialize())
        kind = _kind_of(program.return_type())
        if kind is None:
            why = f"a value of type {program.return_type()} cannot be used"
            why_zh = f"不能使用类型为 {program.return_type()} 的值"
            raise BadExpression(source=source, column=1, why=why, why_zh=why_zh)
        return Expression(source, kind, self._used(source), program)

    def _used(self, source: str) -> tuple[str, ...]:
        used = set()
        for token in _TOKEN.findall(_QUOTED.sub("''", source)):
            parts = re.sub(r"\s", "", token).split(".")
            for length in range(len(parts), 0, -1):
                name = ".".join(parts[:length])
                if name in self._names:
                    used.add(name)
                    break
        return tuple(sorted(used))

    def _explained(self, source: str, error: str) -> BadExpression:
        found = re.search(r"<input>:\d+:(\d+): (.*?)(?: \(in container '.*'\))?(?:\n|$)", error)
        column, why = (int(found[1]), found[2]) if found else (1, error.splitlines()[0])
        unknown = re.search(r"undeclared reference to '([^']*)'", why)
        why_zh = f"无法理解（{_plain_words(why)}）"
        if unknown:
            start = source.rfind(unknown[1], 0, column + len(unknown[1]))
            column = start + 1 if start >= 0 else column
            why = f"there is no name `{unknown[1]}`{self.nearest(unknown[1])}"
            why_zh = f"没有名称 `{unknown[1]}`{self.nearest_zh(unknown[1])}"
            if unknown[1] in _NAMES_OF_FUNCTIONS:
                why = f"`{unknown[1]}` does not take these values"
                why_zh = f"`{unknown[1]}` 不接受这些值"
        elif "no matching overload" in why:
            why_zh = f"这些值不能这样组合（{_plain_words(why)}）"
            why = _plain_words(why) + _hint_for_numbers(why)
        return BadExpression(source=source, column=column, why=_plain_words(why), why_zh=why_zh)


def _refuse_signs(source: str, program: bytes) -> None:
    """Refuse what the library would carry out, and what would mean something else than it says."""
    refusals = (
        (
            _ORDER,
            "instants are compared by precedes(a, b), passed(t) and reached(t), not by signs",
            "时刻用 precedes(a, b)、passed(t)、reached(t) 比较，不用符号",
        ),
        (
            _LENGTHS,
            "spans are neither compared by signs nor added; count from an instant by after",
            "时长既不用符号比较，也不相加；请用 after 从某一时刻起算",
        ),
        (
            _LOOP,
            "an expression does not loop; ask `x in list`, or use an effect with 'each'",
            "表达式不能循环；请写 `x in list`，或使用带 each 的效果",
        ),
    )
    for pattern, why, why_zh in refusals:
        if pattern.search(program):
            raise BadExpression(source=source, column=1, why=why, why_zh=why_zh)


def _kind_of(returned: Any) -> Kind | None:
    for kind, known in _TYPES.items():
        if kind != "list" and returned == known:
            return kind  # type: ignore[return-value]  # the keys of _TYPES are the kinds
    return "list" if str(returned.name()).upper().startswith("LIST") else None


def _plain_words(why: str) -> str:
    why = re.sub(r"^[A-Z_]+: ", "", why)
    for theirs, ours in _WORDS.items():
        why = re.sub(rf"\b{theirs}\b", ours, why)
    return why.replace("No value with name", "nothing was given for").replace(
        " found in Activation", ""
    )


def _hint_for_numbers(why: str) -> str:
    return "; write amounts with a point, as in 50000.0" if "(double, int)" in why else ""


# ---- functions


def _after(start: datetime, span: bytes) -> datetime:
    return _moment.get().clockwork.after(start, _span(span))


def _before(end: datetime, span: bytes) -> datetime:
    return _moment.get().clockwork.before(end, _span(span))


def _end_of_day(instant: datetime) -> datetime:
    clockwork = _moment.get().clockwork
    return UNDATED if instant == UNDATED else clockwork.ends(clockwork.day(instant))


def _workday(how: Roll) -> Callable[[datetime], datetime]:
    def rolled(instant: datetime) -> datetime:
        clockwork = _moment.get().clockwork
        if instant == UNDATED:
            return UNDATED
        return clockwork.ends(clockwork.calendar.roll(clockwork.day(instant), how))

    return rolled


def _reached(instant: datetime) -> bool:
    if instant == UNDATED:
        return False
    moment = _moment.get()
    begins = moment.clockwork.begins(moment.clockwork.day(instant))
    if moment.now >= begins:
        return True
    moment.wakes.append(begins)
    return False


def _passed(instant: datetime) -> bool:
    if instant == UNDATED:
        return False
    moment = _moment.get()
    if moment.now > instant:
        return True
    moment.wakes.append(moment.clockwork.first_after(instant))
    return False


def _counted(unit: Unit) -> Callable[[datetime, datetime], int]:
    def count(start: datetime, end: datetime) -> int:
        if UNDATED in (start, end):
            raise ValueError("one of the two has not happened")
        return _moment.get().clockwork.elapsed(start, end, unit)

    return count


def _all_of(choose: Callable[[tuple[datetime, ...]], datetime]) -> Callable[..., datetime]:
    return lambda *instants: UNDATED if UNDATED in instants else choose(instants)


def _some_of(choose: Callable[[list[datetime]], datetime]) -> Callable[..., datetime]:
    def chosen(*instants: datetime) -> datetime:
        known = [instant for instant in instants if instant != UNDATED]
        return choose(known) if known else UNDATED

    return chosen


def _span(value: bytes) -> Span:
    return Span.parse(bytes(value).decode())


def _unit(unit: str) -> Callable[[int], bytes]:
    return lambda count: str(Span.parse(f"{count} {unit}")).encode()


def _function(name: str, returns: Kind, takes: list[list[Kind]], run: Callable[..., Any]) -> Any:
    overloads = [
        cel.Overload(f"duban_{name}_{n}", _TYPES[returns], [_TYPES[k] for k in kinds], False, run)
        for n, kinds in enumerate(takes)
    ]
    return cel.FunctionDecl(name, overloads)


_SEVERAL: list[list[Kind]] = [["instant"] * n for n in (2, 3, 4)]
_DECLARED: list[tuple[str, Kind, list[list[Kind]], Callable[..., Any]]] = [
    ("workdays", "span", [["int"]], _unit("workdays")),
    ("days", "span", [["int"]], _unit("days")),
    ("months", "span", [["int"]], _unit("months")),
    ("hours", "span", [["int"]], _unit("hours")),
    ("after", "instant", [["instant", "span"]], _after),
    ("before", "instant", [["instant", "span"]], _before),
    ("end_of_day", "instant", [["instant"]], _end_of_day),
    ("next_workday", "instant", [["instant"]], _workday("forward")),
    ("previous_workday", "instant", [["instant"]], _workday("backward")),
    ("count_days", "int", [["instant", "instant"]], _counted("days")),
    ("count_workdays", "int", [["instant", "instant"]], _counted("workdays")),
    ("earliest", "instant", _SEVERAL, _all_of(min)),
    ("latest", "instant", _SEVERAL, _all_of(max)),
    ("first_of", "instant", _SEVERAL, _some_of(min)),
    ("last_of", "instant", _SEVERAL, _some_of(max)),
    ("reached", "flag", [["instant"]], _reached),
    ("passed", "flag", [["instant"]], _passed),
    ("happened", "flag", [["instant"]], lambda instant: instant != UNDATED),
    (
        "precedes",
        "flag",
        [["instant", "instant"]],
        lambda a, b: UNDATED not in (a, b) and a < b,
    ),
]
_FUNCTIONS = [_function(*declared) for declared in _DECLARED]
_NAMES_OF_FUNCTIONS = [name for name, *_ in _DECLARED]
