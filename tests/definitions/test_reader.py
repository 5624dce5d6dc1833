from __future__ import annotations

import json
from io import StringIO
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML

from duban.engine.errors import InvalidDefinition, Place
from duban.workflows.reader import DEFINITION, ORGANISATION, Document, Limits, read, validate


def faults(text: str | bytes, limits: Limits = DEFINITION, lang: str = "en") -> list[str]:
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(InvalidDefinition) as caught:
        read(raw, "w.yaml", limits=limits)
    return caught.value.text(lang).split("\n")


def loaded(text: str) -> Document:
    return read(text.encode(), "w.yaml")


def value(text: str) -> object:
    return loaded(f"a: {text}\n").data["a"]


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "~\n"])
def test_an_empty_file_says_what_a_definition_needs(text: str) -> None:
    assert faults(text) == [
        "DEF-001 w.yaml:1:1 file is empty;"
        " the first key of a definition says what it is:"
        " workflow, ladder, campaign, phase, calendar, organisation"
    ]
    assert faults(text, lang="zh") == [
        "DEF-001 w.yaml:1:1 文件为空；定义的第一个键说明它是什么："
        "workflow、ladder、campaign、phase、calendar、organisation"
    ]
    assert faults(text, ORGANISATION) == ["DEF-001 w.yaml:1:1 file is empty"]


@pytest.mark.parametrize(("text", "found"), [("- a\n", "a list"), ("just text\n", "text")])
def test_the_top_level_is_a_mapping(text: str, found: str) -> None:
    assert faults(text) == [f"DEF-002 w.yaml:1:1 expected a mapping, found {found}"]


def test_a_gbk_file_is_named_as_such() -> None:
    raw = "name: x\ntitle: 隐患整改督办\n".encode("gbk")
    assert faults(raw) == ["DEF-003 w.yaml:2:8 not UTF-8 (looks like GB18030); re-save as UTF-8"]
    assert faults(raw, lang="zh") == [
        "DEF-003 w.yaml:2:8 文件不是 UTF-8 编码（看起来是 GB18030）；请另存为 UTF-8"
    ]


def test_utf16_is_named_and_a_utf8_mark_is_accepted() -> None:
    raw = "name: 督办\n".encode("utf-16")
    assert faults(raw) == ["DEF-003 w.yaml:1:1 not UTF-8 (looks like UTF-16); re-save as UTF-8"]
    assert faults(b"a: \xff") == ["DEF-003 w.yaml:1:4 not UTF-8; re-save as UTF-8"]
    document = read(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "w.yaml")
    assert document.data == {"a": 1, "b": 2}
    assert document.place(["b"]) == Place("w.yaml", 2, 1)


def test_every_line_indented_by_a_tab_is_named() -> None:
    assert faults("a:\n  b: 1\n\tc: 1\n  \td: 2\n") == [
        "DEF-004 w.yaml:3:1 tab used for indentation; use spaces",
        "DEF-004 w.yaml:4:3 tab used for indentation; use spaces",
    ]
    assert faults("a:\tb\n") == ["DEF-004 w.yaml:1:3 tab used between words; use spaces"]


COLON = "'：' (U+FF1A) is not a YAML colon; use ': ', or put the text in quotes"


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("状态：待整改\n", ["1:3"]),
        ("name: x\n状态：待整改\n名称：x\nb: 1\n", ["2:3", "3:3"]),
        ("a:\n  状态：待整改\n", ["2:5"]),
        ("a:\n  状态：待整改\n  名称：x\n  b: 1\n", ["2:5", "3:5"]),
        ("a:\n  - 状态：待整改\n    b: 1\n", ["2:7"]),
        ("b: 1\n状态：\n  c: 2\n", ["2:3"]),
    ],
)
def test_a_fullwidth_colon_after_a_key_is_named(text: str, places: list[str]) -> None:
    assert faults(text) == [f"DEF-005 w.yaml:{place} {COLON}" for place in places]


def test_a_fullwidth_colon_within_a_value_is_text() -> None:
    text = 'a: 说明：很好\nb:\n  - 说明：好\nc: |\n  说明：x\nd:\n  "说明：x"\n'
    assert loaded(text).data == {
        "a": "说明：很好", "b": ["说明：好"], "c": "说明：x\n", "d": "说明：x"
    }  # fmt: skip


def test_a_duplicate_key_names_the_line_of_the_first() -> None:
    text = "name: x\nstates:\n  a: {c: 1, c: 2}\n  'a': 3\nstates: []\n"
    assert faults(text) == [
        "DEF-006 w.yaml:3:13 key 'c' already defined at line 3",
        "DEF-006 w.yaml:4:3 key 'a' already defined at line 3",
        "DEF-006 w.yaml:5:1 key 'states' already defined at line 2",
    ]


ANCHOR = "anchors and aliases are not allowed; write the value out, or put it in quotes"


def test_a_billion_laughs_are_refused_where_they_begin() -> None:
    lines = ['a: &a ["lol","lol","lol"]']
    lines += [
        f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]" for a, b in zip("abcdefg", "bcdefgh", strict=True)
    ]
    found = faults("\n".join(lines))
    assert found[0] == f"DEF-007 w.yaml:1:4 {ANCHOR}"
    assert len(found) == 8


def test_merge_keys_are_refused() -> None:
    assert faults("a:\n  <<: {b: 1}\n") == [
        "DEF-007 w.yaml:2:3 merge keys are not allowed; write the values out"
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: " + "[" * 100_000,
        '{"a":' * 50_000,
        "- " * 100_000,
        "? " * 100_000,
        "\n".join(" " * depth + "k:" for depth in range(700)),
    ],
)
def test_deep_nesting_is_refused_and_the_process_lives(text: str) -> None:
    found = faults(text)
    assert [line.split(" ", 2)[2] for line in found if "DEF-008" in line] == [
        "nesting deeper than 32 levels"
    ]


def test_thirty_two_levels_are_read() -> None:
    assert loaded("a: " + "[" * 31 + "]" * 31).data["a"] is not None


def test_a_file_has_a_size_and_a_number_of_values() -> None:
    assert faults(b"x" * 5_000_000) == ["DEF-009 w.yaml:1:1 file is 4.8 MiB; limit 256 KiB"]
    assert faults(b"x" * (256 * 1024 + 1)) == ["DEF-009 w.yaml:1:1 file is 257 KiB; limit 256 KiB"]
    assert faults("[a, b, c, d]", Limits(100, 5, 5)) == [
        "DEF-009 w.yaml:1:8 file holds more than 5 values; split it"
    ]


def test_a_tag_is_refused() -> None:
    assert faults("a:\n  b: !!python/object/apply:os.system [id]\n") == [
        "DEF-010 w.yaml:2:6 tag not allowed: '!!python/object/apply:os.system'; remove it"
    ]
    assert faults("when: !case.closed && x\n") == [
        "DEF-010 w.yaml:1:7 tag not allowed: '!case.closed';"
        " if it begins an expression, put the whole in quotes"
    ]


def test_a_file_holds_one_document() -> None:
    assert faults("a: 1\n---\nb: 1\n") == ["DEF-011 w.yaml:2:1 only one document per file"]
    assert loaded("---\na: 1\n...\n").data == {"a": 1}


@pytest.mark.parametrize(
    "text",
    ["no", "on", "yes", "2021-03-01", "3.10", "12:30:45", "017", "1e3", "0x1f", "0o17", "1_000",
     "+1", "-0", ".5", ".inf", "True", "NULL", "2026-13-45", "٣", "9" * 20, "=", "x:y"],
)  # fmt: skip
def test_what_is_not_surely_something_else_stays_text(text: str) -> None:
    assert value(text) == text


def test_the_few_types_there_are() -> None:
    text = "[true, false, null, ~, 0, -5, 42, 'true', \"1\", ]"
    assert value(text) == [True, False, None, None, 0, -5, 42, "true", "1"]
    assert loaded("a:\n1: b\ntrue: c\n").data == {"a": None, "1": "b", "true": "c"}


def test_norway_is_kept_as_text_with_a_warning() -> None:
    document = loaded("states: [no, 'no']\n")
    assert document.data == {"states": ["no", "no"]}
    assert [w.text() for w in document.warnings] == [
        "DEF-W01 w.yaml:1:10 warning: 'no' kept as text"
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when: a ? b : c\n",
         "1:13 ' ? … : ' breaks an unquoted value;"
         " put the whole value in quotes: when: 'a ? b : c'"),
        ("x: a: b\n",
         "1:5 ': ' breaks an unquoted value; put the whole value in quotes: x: 'a: b'"),
        ("x: 'q' == y\n",
         "1:8 the value begins with ' and ends before this;"
         " put the whole value in quotes: x: '''q'' == y'"),
        ("x: {a: f(b, c)}\n",
         "1:8 a comma inside {…} or […] ends the value; put the expression in quotes"),
        ('x: a == " # b"\n',
         "1:11 ' #' begins a comment and cuts the value; put the expression in quotes"),
        ("when:\n  a ? b : c\n", "2:3 ' ? … : ' is read as a key; put the expression in quotes"),
        ("x: >1\n", "1:4 a value cannot begin with '>'; put the expression in quotes"),
        ("x: @y\n", "1:4 a value cannot begin with '@'; put the whole value in quotes: x: '@y'"),
        ('x: "y\n', "1:4 the quote opened here is not closed"),
        ('x: "y\nb: "z"\n', "1:4 the quote opened here is not closed"),
        ("x: [1, 2\nb: 1\n", "1:4 the '[' opened here is not closed"),
        ("x: {a: 1 b: 2}\n",
         "1:11 ',' or '}' expected; put each expression inside {…} in quotes"),
        ("x: 1\nb:c\n", "2:2 write a space after ':'"),
        ("x: 1\nb\nc: 1\n", "2:1 this line is neither 'key: value' nor a list item"),
        ("x: 1\n b: 2\n", "2:3 this does not fit the lines above; check the indentation"),
        ("x: - b\n", "1:4 a list begins on a line of its own, below its key"),
        ('x: "\\q"\n', "1:6 this '\\' does not begin an escape; write the text in single quotes"),
        ("? [x]\n: 1\n", "1:3 a key must be plain text"),
        ("%YAML 1.1\n---\nx: 1\n", "1:1 directives (%) are not allowed; remove the line"),
        ("x: ]\n", "1:4 a value is missing before this"),
    ],
)  # fmt: skip
def test_a_break_is_explained(text: str, message: str) -> None:
    assert faults(text) == [f"DEF-013 w.yaml:{message}"]


def test_a_comment_after_a_whole_value_is_a_comment() -> None:
    assert loaded("a: it's fine # said Ann's friend\nb: f(x) # y\n").data == {
        "a": "it's fine",
        "b": "f(x)",
    }


def test_every_fault_is_reported_at_once() -> None:
    text = "a: b ? c : d\na: !x y\n状态：好\nb: &z 1\nc: @d\n"
    assert [line[:21].rstrip() for line in faults(text)] == [
        "DEF-013 w.yaml:1:10 '",
        "DEF-006 w.yaml:2:1 ke",
        "DEF-010 w.yaml:2:4 ta",
        "DEF-005 w.yaml:3:3 '：",
        "DEF-007 w.yaml:4:4 an",
        "DEF-013 w.yaml:5:4 a",
    ]
    assert faults("when: a ? b : c\n", lang="zh") == [
        "DEF-013 w.yaml:1:13 “ ? … : ”会打断未加引号的值；请给整个值加引号：when: 'a ? b : c'"
    ]


def test_a_large_broken_file_is_refused_though_it_is_read_only_once() -> None:
    text = "a: b: c\nd: e: f\n# " + "x" * 600_000
    assert [line[:18] for line in faults(text, ORGANISATION)] == ["DEF-013 w.yaml:1:5"]
    assert len(faults("a: b: c\n" * 50)) > 16


@pytest.mark.parametrize(
    ("text", "place", "name"),
    [("a: x\x00\n", "1:5", "U+0000"), ("a: x\u202ey\n", "1:5", "U+202E"),
     ('a: "\\0"\n', "1:4", "U+0000"), ('a: "\\ud800"\n', "1:4", "U+D800")],
)  # fmt: skip
def test_invisible_characters_are_refused(text: str, place: str, name: str) -> None:
    assert faults(text) == [
        f"DEF-150 w.yaml:{place} invisible character {name} is not allowed; remove it"
    ]


def test_places_of_keys_items_and_values() -> None:
    document = loaded("a:\n  - b: {c: x, d: [1,\n      2]}\n    e: 3\n")

    def at(*path: str | int) -> tuple[int, int]:
        place = document.place(path)
        return place.line, place.column

    assert at() == (1, 1)
    assert at("a", 0) == at("a", 0, "b") == (2, 5)
    assert at("a", 0, "b", "d") == (2, 15)
    assert at("a", 0, "b", "d", 1) == (3, 7)
    assert at("a", 0, "e") == at("a", 0, "e", "none", 7) == (4, 5)
    assert at("nowhere") == (1, 1)
    assert document.value_place(["a", 0, "e"]) == Place("w.yaml", 4, 8)
    assert Document("x.yaml", {}, {}).place(["y"]) == Place("x.yaml", 1, 1)


ASTRAL = st.characters(exclude_categories=["Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"])
WORD = st.text(ASTRAL, max_size=20)
LEAF = WORD | st.integers(-(2**62), 2**62) | st.booleans() | st.none()
PLAIN = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORD, inner, max_size=4)
)
TABLE = st.dictionaries(WORD, PLAIN, min_size=1, max_size=4)


def paths(data: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items: list[tuple[str | int, object]] = []
    if isinstance(data, dict):
        items = list(data.items())
    elif isinstance(data, list):
        items = list(enumerate(data))
    return [path, *(p for key, inner in items for p in paths(inner, (*path, key)))]


@settings(deadline=None, max_examples=150)
@given(TABLE, st.sampled_from(["json", "ascii", "indented"]))
def test_json_is_read_back_with_a_place_for_everything(data: dict[str, Any], how: str) -> None:
    text = json.dumps(data, ensure_ascii=how == "ascii", indent=2 if how == "indented" else None)
    document = read(text.encode(), "w.yaml")
    assert document.data == data
    assert set(document.places) == set(document.values) == set(paths(data))


PRINTED = st.text(st.characters(codec="utf-8", categories=["L", "Nd"]), min_size=1, max_size=9)


@settings(deadline=None, max_examples=100)
@given(
    st.dictionaries(
        PRINTED.map(lambda word: f"k{word}"),
        st.recursive(
            PRINTED.map(lambda word: f"v{word}") | st.integers(-99, 99) | st.booleans(),
            lambda inner: (
                st.lists(inner, min_size=1, max_size=3)
                | st.dictionaries(
                    PRINTED.map(lambda word: f"k{word}"), inner, min_size=1, max_size=3
                )
            ),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_block_yaml_is_read_back_with_a_place_for_everything(data: dict[str, Any]) -> None:
    out = StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.dump(data, out)
    document = loaded(out.getvalue())
    assert document.data == data
    assert set(document.places) == set(paths(data))


@settings(deadline=None, max_examples=300)
@given(st.text(st.sampled_from("ab:-?#!&*|>'\"[]{},%@` \n\t：\\(1<~"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    document: Document | None
    try:
        document = read(text.encode(), "w.yaml")
    except InvalidDefinition as error:
        document = None
        told = error.faults
    else:
        told = ()
    assert told if document is None else set(document.places) == set(paths(document.data))


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Transition(Strict):
    trigger: str
    source: str | list[str]
    then: list[Effect] = []
    limit: int | str | None = None


class Notify(Strict):
    do: Literal["notify"]
    whom: str


class Set(Strict):
    do: Literal["set"]
    field: str


class Workflow(Strict):
    name: str
    states: dict[str, State] = {}
    transitions: list[Transition] = []
    kind: Literal["open", "closed"] = "open"

    @field_validator("name")
    @classmethod
    def _known(cls, name: str) -> str:
        if name == "bad":
            text = "the name 'bad' is taken"
            raise ValueError(text)
        if name == "worse":
            code, en = "DEF-034", "reserved name '{name}'"
            raise PydanticCustomError(code, en, {"name": name, "zh": f"保留名称“{name}”"})
        return name


class State(Strict):
    label: str = Field(default="", alias="title")


Effect = Annotated[Notify | Set, Field(discriminator="do")]
Transition.model_rebuild()
Workflow.model_rebuild()


def wrong(text: str, lang: str = "en") -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        validate(Workflow, loaded(text))
    return caught.value.text(lang).split("\n")


def test_a_right_document_becomes_its_model() -> None:
    document = loaded("x:\n  name: a\n  states: {s: {title: no}}\n")
    made = validate(Workflow, document, base=("x",))
    assert made.states["s"].label == "no"
    assert validate(Workflow, document, {"name": "b"}).name == "b"


def test_an_unknown_key_names_the_nearest() -> None:
    assert wrong("name: x\ntransitons: []\n") == [
        "DEF-012 w.yaml:2:1 unknown key 'transitons'; did you mean 'transitions'?"
    ]
    assert wrong("name: x\ntransitons: []\n", "zh") == [
        "DEF-012 w.yaml:2:1 未知的键“transitons”；是否应为“transitions”？"
    ]
    assert wrong("name: x\nstates:\n  s: {titel: x}\n  t: {zz: 1}\n") == [
        "DEF-012 w.yaml:3:7 unknown key 'titel'; did you mean 'title'?",
        "DEF-012 w.yaml:4:7 unknown key 'zz'; known: title",
    ]


def test_a_misspelt_required_key_is_one_fault_and_a_missing_one_is_at_its_parent() -> None:
    text = "name: x\ntransitions:\n  - {triger: a, source: b}\n  - source: c\n"
    assert wrong(text) == [
        "DEF-012 w.yaml:3:6 unknown key 'triger'; did you mean 'trigger'?",
        "DEF-014 w.yaml:4:5 key 'trigger' is missing; add it",
    ]
    assert wrong("kind: open\n") == ["DEF-014 w.yaml:1:1 key 'name' is missing; add it"]


def test_a_wrong_type_is_said_in_plain_words() -> None:
    text = (
        "name: 7\nkind: shut\nstates: [a]\ntransitions:\n"
        "  - trigger: a\n    source: {b: c}\n    limit: [1]\n  - trigger: [x]\n    source: [1]\n"
    )
    assert wrong(text) == [
        "DEF-015 w.yaml:1:1 expected text, found the number 7",
        "DEF-015 w.yaml:2:1 expected one of 'open', 'closed', found the text 'shut'",
        "DEF-015 w.yaml:3:1 expected a mapping, found a list",
        "DEF-015 w.yaml:6:5 expected text or a list, found a mapping",
        "DEF-015 w.yaml:7:5 expected a whole number or text, found a list",
        "DEF-015 w.yaml:8:5 expected text, found a list",
        "DEF-015 w.yaml:9:14 expected text, found the number 1",
    ]
    assert wrong("name: 7\n", "zh") == ["DEF-015 w.yaml:1:1 应为文本，实为数字 7"]
    assert wrong("name:\n") == ["DEF-015 w.yaml:1:1 expected text, found nothing"]


def test_branches_of_a_union_do_not_disturb_the_place() -> None:
    text = (
        "name: x\ntransitions:\n  - trigger: a\n    source: b\n    then:\n"
        "      - {do: notify, who: x}\n      - {do: set, field: 1}\n"
        "      - {do: sing}\n      - {whom: x}\n"
    )
    assert wrong(text) == [
        "DEF-012 w.yaml:6:22 unknown key 'who'; did you mean 'whom'?",
        "DEF-015 w.yaml:7:19 expected text, found the number 1",
        "DEF-015 w.yaml:8:10 expected one of 'notify', 'set', found the text 'sing'",
        "DEF-014 w.yaml:9:9 key 'do' is missing; add it",
    ]


def test_what_a_validator_says_is_carried() -> None:
    assert wrong("name: bad\n") == ["DEF-016 w.yaml:1:1 the name 'bad' is taken"]
    assert wrong("name: worse\n") == ["DEF-034 w.yaml:1:1 reserved name 'worse'"]
    assert wrong("name: worse\n", "zh") == ["DEF-034 w.yaml:1:1 保留名称“worse”"]
