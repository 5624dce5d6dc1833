"""From files to definitions: read, shaped by the models, tables joined in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as File
from typing import Any, TypeVar

from duban.engine.definition.base import Model
from duban.engine.definition.faults import SourceMap
from duban.engine.definition.organisation import Holder, Organisation, Unit
from duban.engine.definition.published import KINDS, Definition, Survey
from duban.engine.errors import BadInput, Fault, InvalidDefinition, Place
from duban.workflows.document import Document, Path, refuse
from duban.workflows.files import FileSource, Row
from duban.workflows.inheritance import NOT_EXTENDED, Inheritance
from duban.workflows.reader import validate
from duban.workflows.unread import extends_unread, named_by_data, named_by_text

_M = TypeVar("_M", bound=Model)
# Files that lie beside definitions and are read by a tool of their own.
NOT_PUBLISHED = frozenset({"behaviour", "scenario"})
_UNIT_COLUMNS = ("unit", "kind", "title_zh", "title_en", "parent", "from", "to", "tags")
_HOLDER_COLUMNS = ("post", "person", "from", "to", "address")


class FileLoader:
    """Reads definitions from a file or a folder; fits the engine's port ``Definitions``."""

    def load(self, source: str, in_force: Sequence[Definition] = ()) -> list[Definition]:
        """Return the definitions at *source*; a workflow may extend one of them, or one *in_force*.

        Raises:
            InvalidDefinition: with the faults of all files together.
            NotFound, BadUsage: there is no such file, or nothing to read in it.
        """
        survey = self.survey(source, in_force)
        if survey.faults:
            raise refuse(survey.faults)
        return list(survey.definitions)

    def survey(self, source: str, in_force: Sequence[Definition] = ()) -> Survey:
        """Return the definitions at *source* that can be read, and what is wrong with the others.

        Raises:
            NotFound, BadUsage: there is no such file, or nothing to read in it.
        """
        return survey_together([File(source)], in_force)


def survey_together(
    sources: Sequence[File], in_force: Sequence[Definition] = (), more: Sequence[Definition] = ()
) -> Survey:
    """Return the definitions at all *sources* with *more*; a file that is named twice is read once.

    Raises:
        NotFound, BadUsage: there is no such file, or nothing to read in it.
    """
    read: dict[File, tuple[Document, FileSource]] = {}
    faults: list[Fault] = []
    unread: set[str] = set()
    for files in map(FileSource, sources):
        for path, found in files.each():
            if isinstance(found, InvalidDefinition):
                faults += found.faults
                unread.add(named_by_text(path))
            elif NOT_PUBLISHED.isdisjoint(found.data):
                read.setdefault(path.resolve(), (found, files))
    inheritance = Inheritance([document for document, _ in read.values()], in_force)
    definitions = list(more)
    for document, files in read.values():
        try:
            definitions.append(_definition(inheritance.whole(document), files))
        except InvalidDefinition as error:
            missed = extends_unread(document.data, unread)
            faults += [f for f in error.faults if not missed or f.code != NOT_EXTENDED]
            unread.add(named_by_data(document.data))
    faults += _twice(definitions)
    # What is inherited and wrong is wrong once.
    return Survey(tuple(definitions), tuple(dict.fromkeys(faults)), frozenset(unread))


def _definition(document: Document, files: FileSource) -> Definition:
    kind = next((key for key in document.data if key in KINDS), None)
    # A phase names its campaign, so that its own kind must be looked for first.
    kind = "phase" if "phase" in document.data else kind
    if kind is None:
        known = ", ".join(KINDS)
        en = f"the file does not say what it defines; its first key is one of: {known}"
        zh = f"文件没有说明定义的是什么；第一个键应为：{known}"
        raise refuse([Fault("DEF-021", document.place(()), en, zh)])
    model: Model = validate(KINDS[kind], document)
    places = dict(document.places)
    if isinstance(model, Organisation):
        model = with_tables(model, document, files, places)
    name = str(document.data[kind])
    source = SourceMap(document.file, places, document.values, document.warnings)
    return Definition(kind, name, model, source)


def _twice(definitions: list[Definition]) -> list[Fault]:
    seen: dict[str, Definition] = {}
    faults = []
    for definition in definitions:
        first = seen.setdefault(definition.origin, definition)
        if first is not definition:
            place = definition.source.place(())
            en = f"{definition.origin} is defined in {first.source.file} already"
            zh = f"{definition.origin} 已在 {first.source.file} 中定义"
            faults.append(Fault("DEF-151", place, en, zh))
    return faults


def with_tables(
    model: Organisation, document: Document, files: FileSource, places: dict[Path, Place]
) -> Organisation:
    """Return the organisation with the rows of the tables that it names, and note their places."""
    if model.files is None:
        return model
    units, holders = list(model.units), list(model.holders)
    faults: list[Fault] = []
    if model.files.units:
        for row in files.table(model.files.units, document, _UNIT_COLUMNS):
            places["units", len(units)] = Place(model.files.units, row.line)
            _append(units, Unit, _unit_row(row), row, model.files.units, faults)
    if model.files.holders:
        for row in files.table(model.files.holders, document, _HOLDER_COLUMNS):
            places["holders", len(holders)] = Place(model.files.holders, row.line)
            _append(holders, Holder, _filled(row), row, model.files.holders, faults)
    if faults:
        raise refuse(faults)
    return model.model_copy(update={"units": units, "holders": holders, "files": None})


def _append(
    rows: list[_M], shape: type[_M], data: dict[str, Any], row: Row, file: str, faults: list[Fault]
) -> None:
    place = Place(file, row.line)
    document = Document(file=file, data=data, places={(): place})
    try:
        rows.append(validate(shape, document))
    except InvalidDefinition as error:
        faults += error.faults
    except BadInput as error:
        faults.append(Fault("DEF-016", place, error.text("en"), error.text("zh")))


def _filled(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.values.items() if value}


def _unit_row(row: Row) -> dict[str, Any]:
    data = _filled(row)
    title = {lang: data.pop(f"title_{lang}", "") for lang in ("zh", "en")}
    data["title"] = {lang: text for lang, text in title.items() if text}
    if "tags" in data:
        data["tags"] = data["tags"].split()
    return data
