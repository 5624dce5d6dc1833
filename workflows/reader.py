"""Reads definition files: every fault at once, each with its line and column."""

from __future__ import annotations

from duban.engine.errors import Fault, Place
from duban.workflows.document import DEFINITION as DEFINITION
from duban.workflows.document import ORGANISATION as ORGANISATION
from duban.workflows.document import Document as Document
from duban.workflows.document import Limits as Limits
from duban.workflows.document import decode, refuse
from duban.workflows.faults import validate as validate
from duban.workflows.scan import Scan

_ROUNDS = 16
_REREAD_AT_MOST = 512 * 1024


def read(raw: bytes, file: str, *, limits: Limits = DEFINITION) -> Document:
    """Return what *raw* holds.

    Raises:
        InvalidDefinition: with every fault that can be found.
    """
    text = decode(raw, file, limits)
    scan, broken = _scan(text, file, limits)
    faults = [*broken, *scan.faults]
    if scan.complete and not any(fault.code == "DEF-005" for fault in faults):
        faults += _as_a_whole(scan, file, limits)
    if faults:
        raise refuse(faults)
    return Document(file, scan.data, scan.places, scan.values, tuple(scan.warnings))


def _scan(text: str, file: str, limits: Limits) -> tuple[Scan, list[Fault]]:
    """Read *text*; where a break can be mended, mend it and read on for further faults."""
    faults: list[Fault] = []
    scan = Scan(text, file, limits)
    rounds = min(_ROUNDS, _REREAD_AT_MOST // max(len(text), 1))
    while scan.broken is not None:
        faults += scan.broken.faults
        if scan.broken.mended is None or not rounds:
            break
        rounds -= 1
        line, mended = scan.broken.mended
        lines = [*scan.lines[:line], mended, *scan.lines[line + 1 :]]
        scan = Scan("\n".join(lines), file, limits)
    return scan, faults


def _as_a_whole(scan: Scan, file: str, limits: Limits) -> list[Fault]:
    if scan.data is None:
        return [_empty(file, limits)]
    if isinstance(scan.data, dict):
        return []
    found_en, found_zh = ("a list", "列表") if isinstance(scan.data, list) else ("text", "文本")
    en, zh = f"expected a mapping, found {found_en}", f"应为键值结构，实为{found_zh}"
    return [Fault("DEF-002", scan.places.get((), Place(file)), en, zh)]


def _empty(file: str, limits: Limits) -> Fault:
    en, zh = "file is empty", "文件为空"
    if limits.needs:
        en += "; the first key of a definition says what it is: " + ", ".join(limits.needs)
        zh += "；定义的第一个键说明它是什么：" + "、".join(limits.needs)
    return Fault("DEF-001", Place(file), en, zh)
