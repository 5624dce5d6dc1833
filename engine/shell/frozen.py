"""Frozen registers: found by the campaign's history, read from their bytes, and proved by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from duban.engine.core.registers import Row
from duban.engine.errors import NotFound, Refused
from duban.engine.history.entry import Entry
from duban.engine.ports import Reader
from duban.engine.shell.registers import KIND, PAGE, Listed
from duban.engine.timing.instants import parse_date, read_instant
from duban.engine.values.canonical import read


class AlteredRegister(Refused):
    """The stored bytes of a frozen register do not give the hash that the history names."""

    code = "INTEG-003"
    en = "register {name} no. {number} is missing or was altered; restore it from a backup"
    zh = "台账 {name} 第 {number} 期缺失或被改动；请从备份恢复"


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """A register that was frozen, as the campaign's history names it.

    ``date`` is the day that it shows, ``at`` when it was recorded, ``by`` who had it done.
    """

    name: str
    campaign: str
    number: int
    date: date
    rows: int
    hash: str
    at: datetime
    by: str


def frozen_of(campaign: str, history: Sequence[Entry], name: str | None) -> list[Frozen]:
    """Return the registers frozen in the history of a campaign, oldest first."""
    found = []
    for entry in history:
        told = frozen_in(entry)
        if told is not None and name in (None, told["register"]):
            found.append(
                Frozen(
                    name=told["register"],
                    campaign=campaign,
                    number=told["number"],
                    date=parse_date(told["date"]),
                    rows=told["rows"],
                    hash=told["hash"],
                    at=entry.at,
                    by=entry.actor.person,
                )
            )
    return found


def frozen_in(entry: Entry) -> Mapping[str, Any] | None:
    """Return what *entry* says of a register that it froze, or None."""
    told = entry.body.get("measure")
    return told if entry.kind == KIND and isinstance(told, Mapping) and "hash" in told else None


def chosen(found: Sequence[Frozen], name: str, number: int | None) -> Frozen:
    """Return the one of that number, or the last.

    Raises:
        NotFound: it was not frozen so often, or never.
    """
    for one in reversed(found):
        if number in (None, one.number):
            return one
    last = found[-1].number if found else 0
    raise NotFound(
        kind="frozen register",
        kind_zh="已固定的台账",
        name=name if number is None else f"{name} no. {number}",
        hint=f"; it was frozen {last} time(s)",
        hint_zh=f"；共固定 {last} 次",
    )


def opened(reader: Reader, frozen: Frozen, *, after: int, limit: int) -> Listed:
    """Return rows of a frozen register from its bytes; nothing is counted again.

    Raises:
        AlteredRegister: the bytes are not those that were frozen.
    """
    document = _document(reader, frozen, frozen.hash)
    found: list[Row] = []
    for hash in document["pages"]:
        rows = map(_row, _document(reader, frozen, hash)["rows"])
        found += [row for row in rows if row.number > after]
        if len(found) > limit:
            break
    shown = found[:limit]
    return Listed(
        name=frozen.name,
        campaign=frozen.campaign,
        title=document["title"],
        at=read_instant(document["at"]),
        columns=document["columns"],
        heads=document["heads"],
        legend=document["legend"],
        rows=shown,
        next=shown[-1].number if len(found) > limit else None,
        year=document.get("year"),
        number=frozen.number,
        hash=frozen.hash,
        total=frozen.rows,
        statistics=document["statistics"],
    )


def _document(reader: Reader, frozen: Frozen, hash: str) -> dict[str, Any]:
    document = reader.document(hash)
    if document is None or not _whole(document.canon, hash):
        raise AlteredRegister(name=frozen.name, number=frozen.number)
    return read(document.canon)


def _whole(canon: object, hash: str) -> bool:
    return isinstance(canon, bytes) and sha256(canon).hexdigest() == hash


def _row(form: Mapping[str, Any]) -> Row:
    return Row(
        number=form["number"],
        case=form["case"],
        version=form["version"],
        head=form["head"],
        since=read_instant(form["since"]),
        cells=form["cells"],
    )


def damaged(reader: Reader, history: Sequence[Entry]) -> Iterator[tuple[Entry, str, str]]:
    """Yield each entry whose frozen register is not whole, with what is wrong in two languages."""
    for entry in history:
        told = frozen_in(entry)
        if told is not None and not _proved(reader, told):
            name, number = told.get("register"), told.get("number")
            en = f"the frozen register {name} no. {number} is missing or altered"
            yield entry, en, f"已固定的台账 {name} 第 {number} 期缺失或被改动"


def _proved(reader: Reader, told: Mapping[str, Any]) -> bool:
    document = reader.document(told["hash"])
    if document is None or not _whole(document.canon, told["hash"]):
        return False
    pages = read(document.canon).get("pages")
    if not isinstance(pages, list) or len(pages) != -(-told["rows"] // PAGE):
        return False
    return all(_page_whole(reader, str(hash)) for hash in pages)


def _page_whole(reader: Reader, hash: str) -> bool:
    page = reader.document(hash)
    return page is not None and _whole(page.canon, hash)
