"""Why a text is not YAML, in plain words: most often an expression that wants quotes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import CollectionStartEvent, Event

from duban.engine.errors import Fault, Place

_KEY = re.compile(r"^(\s*(?:- +)*(?:[^\s:#'\"\[\]{},&*!|>%@`-][^:#]*: +|- +))(\S.*?)(?:\s+#.*)?$")
_FULLWIDTH = re.compile(r"^\s*(?:- +)*[^\W\d_][\w-]{0,29}(：)")
_GLUED = re.compile(r"^(\s*(?:- +)*[^\W\d][\w.-]*:)([^\s:].*)$")


@dataclass(frozen=True, slots=True)
class Break:
    """Where reading stopped and why; *mended* is the line that lets it go on to further faults."""

    faults: tuple[Fault, ...]
    mended: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class _Stop:
    what: str
    line: int
    column: int
    context: str
    opened: tuple[int, int]
    last: Event | None
    lines: list[str]
    file: str

    @property
    def text(self) -> str:
        return self.lines[self.line] if self.line < len(self.lines) else ""

    def fault(self, code: str, at: tuple[int, int], en: str, zh: str) -> Fault:
        return Fault(code, Place(self.file, at[0] + 1, at[1] + 1), en, zh)


def explain(error: YAMLError, last: Event | None, lines: list[str], file: str) -> Break:
    """Return what *error* means for the writer of the file."""
    stop = _stop(error, last, lines, file)
    for recognise in _RECOGNISED:
        if (found := recognise(stop)) is not None:
            return found
    return _plain(
        stop, (stop.line, stop.column), f"not YAML: {stop.what}", f"不是有效的 YAML：{stop.what}"
    )


def fullwidth_colons(lines: list[str], first: int, last: int, file: str) -> list[Fault]:
    """Return a fault for each line from *first* to *last* that reads like `状态：待整改`."""
    found = ((n, _FULLWIDTH.match(lines[n])) for n in range(first, min(last + 1, len(lines))))
    return [_fullwidth_fault(Place(file, n + 1, m.start(1) + 1)) for n, m in found if m]


def in_quotes(value: str) -> str:
    """Return *value* as YAML text in single quotes."""
    return "'" + value.replace("'", "''") + "'"


def _stop(error: YAMLError, last: Event | None, lines: list[str], file: str) -> _Stop:
    if not isinstance(error, MarkedYAMLError):
        return _Stop(str(error).split("\n")[0], 0, 0, "", (0, 0), last, lines, file)
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    since = error.context_mark
    opened = (since.line, since.column) if since else (line, column)
    what, context = str(error.problem or ""), str(error.context or "")
    return _Stop(what, line, column, context, opened, last, lines, file)


def _fullwidth_fault(place: Place) -> Fault:
    return Fault(
        "DEF-005",
        place,
        "'：' (U+FF1A) is not a YAML colon; use ': ', or put the text in quotes",
        "“：”（U+FF1A）不是 YAML 的冒号；请改用半角“: ”，如果是文本请加引号",
    )


def _plain(
    stop: _Stop, at: tuple[int, int], en: str, zh: str, mended: tuple[int, str] | None = None
) -> Break:
    return Break((stop.fault("DEF-013", at, en, zh),), mended)


def _quote(stop: _Stop, at: tuple[int, int], en: str, zh: str) -> Break:
    """Say *en* and *zh*, and show the line with its value in quotes."""
    found = _KEY.match(stop.lines[at[0]])
    if found is None:
        return _plain(stop, at, f"{en}; put the whole value in quotes", f"{zh}；请给整个值加引号")
    mended = found.group(1) + in_quotes(found.group(2))
    shown = mended.strip()
    return _plain(
        stop,
        at,
        f"{en}; put the whole value in quotes: {shown}",
        f"{zh}；请给整个值加引号：{shown}",
        (at[0], mended),
    )


def _tab(stop: _Stop) -> Break | None:
    if r"'\t' that cannot start" not in stop.what:
        return None
    if stop.text[: stop.column].strip():
        en, zh = "tab used between words; use spaces", "词之间使用了制表符；请改用空格"
        mended = (stop.line, stop.text.replace("\t", " "))
        return Break((stop.fault("DEF-004", (stop.line, stop.column), en, zh),), mended)
    en, zh = "tab used for indentation; use spaces", "使用了制表符缩进；请改用空格"
    indents = ((n, re.match(r" *\t", stop.lines[n])) for n in range(stop.line, len(stop.lines)))
    return Break(tuple(stop.fault("DEF-004", (n, m.end() - 1), en, zh) for n, m in indents if m))


def _fullwidth(stop: _Stop) -> Break | None:
    if stop.what.startswith("could not find expected ':'"):
        first = until = stop.opened[0]
    elif stop.what.startswith("mapping values") and stop.last is not None:
        first, until = stop.last.start_mark.line, stop.line
    else:
        return None
    for line in range(first, until + 1):
        if found := _FULLWIDTH.match(stop.lines[line]):
            mended = stop.lines[line][: found.start(1)] + ": " + stop.lines[line][found.end(1) :]
            place = Place(stop.file, line + 1, found.start(1) + 1)
            return Break((_fullwidth_fault(place),), (line, mended.rstrip()))
    return None


def _colon_in_value(stop: _Stop) -> Break | None:
    found = _KEY.match(stop.text)
    if not stop.what.startswith("mapping values") or found is None:
        return None
    if stop.column < found.start(2):
        return None
    at = (stop.line, stop.column)
    if " ? " in found.group(2):
        return _quote(stop, at, "' ? … : ' breaks an unquoted value", "“ ? … : ”会打断未加引号的值")
    return _quote(stop, at, "': ' breaks an unquoted value", "“: ”会打断未加引号的值")


def _after_the_value(stop: _Stop) -> Break | None:
    found = _KEY.match(stop.text)
    if not stop.what.startswith("expected <block end>") or found is None:
        return None
    style = getattr(stop.last, "style", None)
    if stop.last is not None and style in ("'", '"') and stop.last.start_mark.line < stop.line:
        return _never_closed(stop, (stop.last.start_mark.line, stop.last.start_mark.column))
    first = found.group(2)[0]
    if first not in "'\"[{" or stop.column <= found.start(2):
        return None
    return _quote(
        stop,
        (stop.line, stop.column),
        f"the value begins with {first} and ends before this",
        f"值以 {first} 开头，到此之前已经结束",
    )


def _never_closed(stop: _Stop, at: tuple[int, int]) -> Break:
    return _plain(stop, at, "the quote opened here is not closed", "此处的引号没有闭合")


def _open_quote(stop: _Stop) -> Break | None:
    if "quoted scalar" not in stop.context or not stop.what.startswith("found unexpected"):
        return None
    return _never_closed(stop, stop.opened)


def _escape(stop: _Stop) -> Break | None:
    if not stop.what.startswith(("found unknown escape", "expected escape sequence")):
        return None
    return _plain(
        stop,
        (stop.line, stop.column),
        r"this '\' does not begin an escape; write the text in single quotes",
        r"此处的“\”不是转义；请改用单引号书写",
    )


def _glued_key(stop: _Stop) -> Break | None:
    if not stop.what.startswith("could not find expected ':'"):
        return None
    at = stop.opened
    if found := _GLUED.match(stop.lines[at[0]]):
        mended = (at[0], f"{found.group(1)} {found.group(2)}")
        where = (at[0], found.end(1) - 1)
        return _plain(stop, where, "write a space after ':'", "“:”后面要有空格", mended)
    return _plain(
        stop,
        at,
        "this line is neither 'key: value' nor a list item",
        "这一行既不是“键: 值”，也不是列表项",
    )


def _bad_start(stop: _Stop) -> Break | None:
    of_a_name = stop.context in ("while scanning an anchor", "while scanning an alias")
    of_a_block = stop.context == "while scanning a block scalar"
    if "cannot start any token" not in stop.what and not of_a_name and not of_a_block:
        return None
    line, column = stop.opened
    first = stop.lines[line][column : column + 1]
    return _quote(
        stop, stop.opened, f"a value cannot begin with '{first}'", f"值不能以“{first}”开头"
    )


def _flow(stop: _Stop) -> Break | None:
    if not stop.what.startswith("expected ',' or"):
        return None
    closing = stop.what[17]
    opening = "[" if closing == "]" else "{"
    if "stream end" in stop.what or stop.line > stop.opened[0]:
        return _plain(
            stop,
            stop.opened,
            f"the '{opening}' opened here is not closed",
            f"此处的“{opening}”没有闭合",
        )
    return _plain(
        stop,
        (stop.line, stop.column),
        f"',' or '{closing}' expected; put each expression inside {opening}…{closing} in quotes",
        f"此处应为“,”或“{closing}”；{opening}…{closing} 里的表达式请逐个加引号",
    )


def _nothing_there(stop: _Stop) -> Break | None:
    if not stop.what.startswith("expected the node content"):
        return None
    at = (stop.line, stop.column)
    if "stream end" not in stop.what:
        return _plain(stop, at, "a value is missing before this", "此处之前缺少值")
    if isinstance(stop.last, CollectionStartEvent) and stop.last.flow_style:
        at = (stop.last.start_mark.line, stop.last.start_mark.column)
    return _plain(stop, at, "what is opened here is not closed", "此处打开的括号没有闭合")


def _list_beside_key(stop: _Stop) -> Break | None:
    if not stop.what.startswith("sequence entries"):
        return None
    return _plain(
        stop,
        (stop.line, stop.column),
        "a list begins on a line of its own, below its key",
        "列表要另起一行，写在键的下面",
    )


def _indentation(stop: _Stop) -> Break | None:
    if not stop.what.startswith(("mapping values", "expected <block end>")):
        return None
    return _plain(
        stop,
        (stop.line, stop.column),
        "this does not fit the lines above; check the indentation",
        "此处与上文不符；请检查缩进",
    )


_RECOGNISED: tuple[Callable[[_Stop], Break | None], ...] = (
    _tab,
    _fullwidth,
    _colon_in_value,
    _after_the_value,
    _open_quote,
    _escape,
    _glued_key,
    _bad_start,
    _flow,
    _nothing_there,
    _list_beside_key,
    _indentation,
)
