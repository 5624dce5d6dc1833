from __future__ import annotations

from pathlib import Path

import pytest

from duban.engine.errors import BadUsage, InvalidDefinition, NotFound
from duban.workflows.files import FileSource, Row, find_files, read_csv

COLUMNS = ("unit", "name")


def faults(text: str | bytes, lang: str = "en") -> list[str]:
    raw = text.encode() if isinstance(text, str) else text
    with pytest.raises(InvalidDefinition) as caught:
        read_csv(raw, "u.csv", COLUMNS)
    return caught.value.text(lang).split("\n")


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_rows_carry_the_line_they_begin_on(mark: bytes) -> None:
    raw = mark + '名称\r\nunit, name\r\n017,"a\r\nb"\r\n\r\n018,"c, ""d"""\r\n'.encode()[8:]
    assert read_csv(raw, "u.csv", COLUMNS) == [
        Row(2, {"unit": "017", "name": "a\nb"}),
        Row(5, {"unit": "018", "name": 'c, "d"'}),
    ]


def test_an_empty_table_says_what_its_first_row_names() -> None:
    assert faults("\n") == [
        "DEF-001 u.csv:1:1 file is empty; the first row must name the columns: unit, name"
    ]
    assert read_csv(b"name,unit\n", "u.csv", COLUMNS) == []


def test_unknown_missing_and_repeated_columns_are_all_named() -> None:
    assert faults("unit,nmae,unit\n") == [
        "DEF-006 u.csv:1:1 column 'unit' appears 2 times",
        "DEF-014 u.csv:1:1 column 'name' is missing",
        "DEF-017 u.csv:1:1 unknown column 'nmae'; did you mean 'name'?",
    ]
    assert faults("unit,zzz\n", "zh") == [
        "DEF-014 u.csv:1:1 缺少列“name”",
        "DEF-017 u.csv:1:1 未知的列“zzz”；可用：unit、name",
    ]


def test_another_separator_is_recognised() -> None:
    assert faults("unit;name\n1;2\n") == [
        "DEF-017 u.csv:1:1 columns are separated by ';'; use commas"
    ]


def test_ragged_rows_are_named_by_line() -> None:
    assert faults('unit,name\n1,2,3\n1,"2\n3"\n4\n') == [
        "DEF-019 u.csv:2:1 row has 3 cells, the header has 2",
        "DEF-019 u.csv:5:1 row has 1 cells, the header has 2",
    ]


def test_broken_quotes_encodings_and_sizes_are_refused() -> None:
    assert faults('unit,name\n1,"a"b\n')[0].startswith("DEF-013 u.csv:2:1 this row is not CSV")
    assert faults("unit,name\n1,隐患整改".encode("gbk")) == [
        "DEF-003 u.csv:2:3 not UTF-8 (looks like GB18030); re-save as UTF-8"
    ]
    assert faults(b"x" * (8 * 1024**2 + 1)) == ["DEF-009 u.csv:1:1 file is 8.1 MiB; limit 8 MiB"]
    assert faults("unit,name\n1,a\x00\n") == [
        "DEF-150 u.csv:2:4 invisible character U+0000 is not allowed; remove it"
    ]


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_a_folder_is_read_below_in_order_without_hidden_files(tmp_path: Path) -> None:
    write(tmp_path, b_yaml="b: 1", a__c_yml="c: 1", _h_yaml="h: 1", _git__x_yaml="x: 1", t_csv="u")
    assert [p.relative_to(tmp_path).as_posix() for p in find_files(tmp_path)] == [
        "a/c.yml",
        "b.yaml",
    ]
    assert [d.data for d in FileSource(tmp_path).documents()] == [{"c": 1}, {"b": 1}]
    assert find_files(tmp_path / "b.yaml") == [tmp_path / "b.yaml"]


def test_the_faults_of_all_files_come_together(tmp_path: Path) -> None:
    write(tmp_path, a_yaml="- a", b_yaml="a: 1\na: 2", c_yaml="#" * 300_000)
    write(tmp_path, organisation_yaml="a: 1 #" + "#" * 300_000)
    with pytest.raises(InvalidDefinition) as caught:
        FileSource(tmp_path).documents()
    assert [fault.code for fault in caught.value.faults] == ["DEF-002", "DEF-006", "DEF-009"]


def test_nothing_there_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        find_files(tmp_path / "x")
    assert str(caught.value) == f"there is no file or folder '{tmp_path}/x'; check the path"
    with pytest.raises(BadUsage) as empty:
        find_files(tmp_path)
    assert str(empty.value) == f"{tmp_path} holds no definitions (*.yaml, *.yml)"


def test_a_table_is_named_by_a_document_and_stays_in_the_folder(tmp_path: Path) -> None:
    write(tmp_path, in__a_yaml="a: 1", in__u_csv="unit,name\n1,x\n", secret_csv="unit,name\n")
    source = FileSource(tmp_path / "in")
    (document,) = source.documents()
    assert source.table("u.csv", document, COLUMNS) == [Row(2, {"unit": "1", "name": "x"})]
    for name in ("../secret.csv", "/etc/passwd", "a.yaml"):
        with pytest.raises(BadUsage, match=r"may name only a \.csv file inside"):
            source.table(name, document, COLUMNS)
    with pytest.raises(NotFound, match="named by"):
        source.table("none.csv", document, COLUMNS)
