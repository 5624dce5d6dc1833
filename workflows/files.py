"""Definition files on disk, and the tables of plain text that they name."""

from __future__ import annotations

import csv
import difflib
import io
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from duban.engine.errors import BadUsage, Fault, InvalidDefinition, NotFound, Place
from duban.workflows.document import (
    DEFINITION,
    ORGANISATION,
    Document,
    Limits,
    decode,
    oversize,
    refuse,
)
from duban.workflows.reader import read

TABLE = Limits(8 * 1024 * 1024, 0, 0)
_YAML = (".yaml", ".yml")
# They lie beside what they vary or play: read when they are named, never with the folder above.
EXAMPLES, SCENARIOS = "examples", "scenarios"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, and the line it begins on."""

    line: int
    values: dict[str, str]


def limits_by_name(path: Path) -> Limits:
    """Return more room for what is called an organisation, by its file or its folder."""
    called = (path.stem, path.parent.name)
    return ORGANISATION if any(name.startswith("organisation") for name in called) else DEFINITION


@dataclass(frozen=True, slots=True)
class FileSource:
    """The definitions in a file, or in a folder and all below it."""

    path: Path
    limits: Callable[[Path], Limits] = limits_by_name

    def documents(self) -> list[Document]:
        """Return every definition, or refuse with the faults of all files together."""
        documents: list[Document] = []
        faults: list[Fault] = []
        for _, found in self.each():
            if isinstance(found, InvalidDefinition):
                faults += found.faults
            else:
                documents.append(found)
        if faults:
            raise refuse(faults)
        return documents

    def each(self) -> Iterator[tuple[Path, Document | InvalidDefinition]]:
        """Yield what each file holds, or what is wrong with it."""
        for path in find_files(self.path):
            try:
                limits = self.limits(path)
                yield path, read(_raw(path, limits), str(path), limits=limits)
            except InvalidDefinition as error:
                yield path, error

    def table(self, name: str, named_by: Document, columns: Sequence[str]) -> list[Row]:
        """Return the rows of the CSV file that a document names, relative to that document."""
        root = (self.path if self.path.is_dir() else self.path.parent).resolve()
        path = Path(named_by.file).parent / name
        if not path.resolve().is_relative_to(root) or path.suffix.lower() != ".csv":
            raise BadUsage(
                what=f"{named_by.file} may name only a .csv file inside {root}, not {name!r}",
                what_zh=f"{named_by.file} 只能引用 {root} 内的 .csv 文件，不能引用“{name}”",
            )
        if not path.is_file():
            hint, hint_zh = f", named by {named_by.file}", f"（由 {named_by.file} 引用）"
            raise NotFound(kind="file", kind_zh="文件", name=str(path), hint=hint, hint_zh=hint_zh)
        return read_csv(_raw(path, TABLE), str(path), columns)


def find_files(path: Path) -> list[Path]:
    """Return the definition files at *path*, sorted; hidden ones are left out."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        hint, hint_zh = "; check the path", "；请检查路径"
        raise NotFound(
            kind="file or folder",
            kind_zh="文件或文件夹",
            name=str(path),
            hint=hint,
            hint_zh=hint_zh,
        )
    found = sorted(_below(path))
    if not found:
        raise BadUsage(
            what=f"{path} holds no definitions (*.yaml, *.yml)",
            what_zh=f"{path} 中没有定义文件（*.yaml、*.yml）",
        )
    return found


def read_csv(raw: bytes, file: str, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a table with exactly these *columns*, in any order; cells are stripped.

    Raises:
        InvalidDefinition: with every fault, each with its line.
    """
    records = _records(decode(raw, file, TABLE), file)
    if not records:
        names = ", ".join(columns)
        en = f"file is empty; the first row must name the columns: {names}"
        zh = f"文件为空；首行必须是列名：{names}"
        raise refuse([Fault("DEF-001", Place(file), en, zh)])
    (line, header), *rest = records
    faults = list(_header_faults(header, columns, Place(file, line)))
    faults += [
        _ragged(Place(file, number), len(cells), len(header))
        for number, cells in rest
        if len(cells) != len(header)
    ]
    if faults:
        raise refuse(faults)
    return [Row(number, dict(zip(header, cells, strict=True))) for number, cells in rest]


def _below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        left_out = {name for name in folders if name.startswith(".")} | {EXAMPLES, SCENARIOS}
        folders[:] = [name for name in folders if name not in left_out]
        yield from (Path(here, name) for name in files if is_definition(name))


def is_definition(name: str) -> bool:
    """Whether a file of this *name* may hold a definition."""
    return name.lower().endswith(_YAML) and not name.startswith(".")


def _raw(path: Path, limits: Limits) -> bytes:
    size = path.stat().st_size
    if size > limits.bytes:
        raise refuse([oversize(str(path), size, limits.bytes)])
    return path.read_bytes()


def _records(text: str, file: str) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                records.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
    except csv.Error as error:
        en = f"this row is not CSV ({error}); check its quotes"
        zh = f"此行不是有效的 CSV（{error}）；请检查引号"
        raise refuse([Fault("DEF-013", Place(file, line), en, zh)]) from None
    return records


def _header_faults(header: list[str], columns: Sequence[str], place: Place) -> Iterator[Fault]:
    if len(header) == 1 and len(columns) > 1 and (found := _separator(header[0])):
        en, zh = (
            f"columns are separated by {found}; use commas",
            f"列之间用了 {found} 分隔；请改用逗号",
        )
        yield Fault("DEF-017", place, en, zh)
        return
    for name, times in Counter(header).items():
        if times > 1:
            en, zh = f"column '{name}' appears {times} times", f"列“{name}”出现了 {times} 次"
            yield Fault("DEF-006", place, en, zh)
        if name not in columns:
            yield _unknown_column(name, columns, place)
    for name in columns:
        if name not in header:
            yield Fault("DEF-014", place, f"column '{name}' is missing", f"缺少列“{name}”")


def _separator(header: str) -> str:
    return next(
        (shown for sign, shown in ((";", "';'"), ("\t", "tabs"), ("，", "'，'")) if sign in header),
        "",
    )


def _unknown_column(name: str, columns: Sequence[str], place: Place) -> Fault:
    near = difflib.get_close_matches(name, columns, 1)
    if near:
        hint, hint_zh = f"did you mean '{near[0]}'?", f"是否应为“{near[0]}”？"
    else:
        hint, hint_zh = "known: " + ", ".join(columns), "可用：" + "、".join(columns)
    return Fault(
        "DEF-017", place, f"unknown column '{name}'; {hint}", f"未知的列“{name}”；{hint_zh}"
    )


def _ragged(place: Place, found: int, wanted: int) -> Fault:
    en = f"row has {found} cells, the header has {wanted}"
    return Fault("DEF-019", place, en, f"此行有 {found} 个单元格，表头有 {wanted} 个")
