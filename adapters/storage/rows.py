"""Values to rows and back, in the order of the columns of `duban.adapters.storage.statements`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from duban.adapters.storage.statements import (
    CASE_COLUMNS,
    CASE_FIXED,
    CASE_MOVING,
    ENTRY_COLUMNS,
)
from duban.engine.history.entry import Entry, Secret, unseal
from duban.engine.history.projections import case_columns, entry_columns, entry_numbers, episodes
from duban.engine.ports import Activation, Published, Sent
from duban.engine.timing.instants import from_micros, to_micros
from duban.engine.values.canonical import Plain, canonical, encoded
from duban.engine.values.case import Case
from duban.engine.values.forms import case_form, case_of
from duban.engine.values.notice import Notice

Cells: TypeAlias = tuple[Any, ...]

_ENTRY_BESIDE = ENTRY_COLUMNS[3:]
_CASE_BESIDE = CASE_COLUMNS[:-1]
_FIXED = tuple(name for name in CASE_FIXED if name != "campaign")


def micros(instant: datetime | None) -> int | None:
    """Return *instant* as it is stored."""
    return None if instant is None else to_micros(instant)


def instant(stored: int | None) -> datetime | None:
    """Return the instant that is stored so."""
    return None if stored is None else from_micros(stored)


class CaseCells:
    """The cells of a case, in the orders that the statements want."""

    __slots__ = ("_cells",)

    def __init__(self, case: Case) -> None:
        cells: dict[str, Any] = case_columns(case)
        # A case is made of entries, whose values were checked when they were sealed.
        cells["body"] = encoded(case_form(case)).decode()
        self._cells = cells

    def added(self) -> Cells:
        return tuple(map(self._cells.get, CASE_COLUMNS))

    def moved(self, before: int) -> Cells:
        get = self._cells.get
        return (
            *map(get, CASE_MOVING),
            self._cells["id"],
            before,
            *map(get, _FIXED),
            get("campaign"),
        )

    def replaced(self, before: int) -> Cells:
        return (*map(self._cells.get, CASE_COLUMNS[1:]), self._cells["id"], before)


def case_from(body: str) -> Case:
    """Return the case whose canonical form is *body*."""
    return case_of(json.loads(body))


def case_beside(row: Cells, links: Sequence[Cells]) -> dict[str, Plain]:
    """Return what stands beside the body in the row of a case, as `case_columns` derives it."""
    columns: dict[str, Plain] = _present(_CASE_BESIDE, row)
    if links:
        columns["links"] = [[name, other] for _, name, other in links]
    return columns


def entry_cells(entries: Sequence[Entry], episode: int) -> list[Cells]:
    """Return the rows of *entries*; *episode* is that of the case after them."""
    rows = []
    for entry, its in episodes(entries, episode):
        get = entry_columns(entry, its).get
        rows.append((entry.case, entry.seq, entry.canon, *map(get, _ENTRY_BESIDE)))
    rows.reverse()
    return rows


def entry_beside(row: Cells) -> dict[str, Plain]:
    """Return what stands beside the bytes in the row of an entry, as `entry_columns` derives it."""
    return {"seq": row[1], **_present(_ENTRY_BESIDE, row[3:])}


def secret_cells(entries: Iterable[Entry]) -> list[Cells]:
    """Return the rows of the personal values of *entries*."""
    return [
        (entry.case, entry.seq, path, secret.salt, canonical(secret.value).decode())
        for entry in entries
        for path, secret in entry.secrets.items()
    ]


def number_cells(entries: Iterable[Entry]) -> list[Cells]:
    """Return the rows of the numbers that *entries* issue."""
    return [
        (key, number, entry.case, seq)
        for entry in entries
        for seq, key, number in entry_numbers(entry)
    ]


def entries_from(rows: Iterable[Cells], secrets: Iterable[Cells]) -> dict[str, list[Entry]]:
    """Return entries by case, in the order of *rows*, with what is left of personal values."""
    kept: dict[tuple[str, int], dict[str, Secret]] = {}
    for case, seq, path, salt, value in secrets:
        kept.setdefault((case, seq), {})[path] = Secret(salt=salt, value=_told(value))
    found: dict[str, list[Entry]] = {}
    for row in rows:
        case, seq, canon, hash = row[:4]
        entry = _entry(case, seq, canon, hash, kept.get((case, seq), {}))
        found.setdefault(case, []).append(entry)
    return found


def _entry(case: str, seq: int, canon: bytes, hash: str, secrets: dict[str, Secret]) -> Entry:
    try:
        return unseal(canon, hash, secrets)
    except (ValueError, LookupError, TypeError):
        # Bytes that were altered may be anything; verification is to say so, not to stumble.
        return Entry(case=case, seq=seq, canon=canon, hash=hash, body={}, secrets=secrets)


def _told(value: str) -> Plain:
    try:
        told: Plain = json.loads(value)
    except ValueError:
        return value
    return told


def notice_cells(sent: Sent) -> Cells:
    """Return the row of a notice."""
    notice = sent.notice
    return (
        notice.id,
        notice.case,
        notice.seq,
        notice.channel,
        notice.to,
        notice.person,
        notice.address,
        notice.subject,
        notice.text,
        int(notice.urgent),
        to_micros(notice.created),
        notice.climbed_from,
        sent.status,
        sent.attempts,
        micros(sent.next_try),
        sent.error,
    )


def sent_from(row: Cells) -> Sent:
    """Return the notice of this row."""
    notice = Notice(
        id=row[0],
        case=row[1],
        seq=row[2],
        channel=row[3],
        to=row[4],
        person=row[5],
        address=row[6],
        subject=row[7],
        text=row[8],
        urgent=bool(row[9]),
        created=from_micros(row[10]),
        climbed_from=row[11],
    )
    return Sent(
        notice=notice, status=row[12], attempts=row[13], next_try=instant(row[14]), error=row[15]
    )


def published_cells(document: Published) -> Cells:
    """Return the row of a definition."""
    source = json.dumps(document.source, ensure_ascii=False, sort_keys=True)
    return (document.hash, document.kind, document.name, document.canon, source)


def published_from(row: Cells) -> Published:
    """Return the definition of this row."""
    source: Mapping[str, Plain] = json.loads(row[4])
    return Published(hash=row[0], kind=row[1], name=row[2], canon=row[3], source=source)


def activation_from(row: Cells) -> Activation:
    """Return the activation of this row."""
    seq, kind, name, hash, at, by = row
    return Activation(seq=seq, kind=kind, name=name, hash=hash, at=from_micros(at), by=by)


def _present(names: Sequence[str], cells: Sequence[Any]) -> dict[str, Plain]:
    return {name: cell for name, cell in zip(names, cells, strict=False) if cell is not None}
