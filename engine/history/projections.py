"""What a store keeps in columns beside the bytes: derived here, so that verification can compare.

Instants stand as microseconds since 1970 in UTC; what is absent is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from duban.engine.history.entry import Entry
from duban.engine.timing.instants import to_micros
from duban.engine.values.canonical import Plain
from duban.engine.values.case import Case


def case_columns(case: Case) -> dict[str, Plain]:
    """Return what stands beside the stored form of *case*; ``links`` is a table of its own."""
    columns: dict[str, Plain] = {
        "id": case.id,
        "version": case.version,
        "head": case.head,
        "workflow": case.workflow,
        "rules": case.rules,
        "unit": case.unit,
        "state": case.state,
        "counts": case.counts,
        "opened": to_micros(case.opened),
        "changed": to_micros(case.changed),
    }
    due = case.due
    if due is not None:
        columns["due"] = to_micros(due)
    # With a grace only: without one a case lapses when it is due.
    if case.lapses is not None and case.lapses != due:
        columns["lapses"] = to_micros(case.lapses)
    if case.provisional:
        columns["provisional"] = 1
    if case.campaign is not None:
        columns["campaign"] = case.campaign
    if case.phase is not None:
        columns["phase"] = case.phase
    if case.links:
        columns["links"] = [list(link) for link in sorted(case.links)]
    return columns


def case_timers(case: Case) -> dict[str, int]:
    """Return the timers that the clocks of *case* need: a rung without one would never fall due."""
    return {
        name: to_micros(clock.next_rung)
        for name, clock in case.clocks.items()
        if clock.next_rung is not None
    }


def entry_numbers(entry: Entry) -> list[tuple[int, str, int]]:
    """Return the rows that *entry* has in the register of numbers: its own number, key, number."""
    issued = entry.body.get("numbers", {})
    return sorted((entry.seq, key, number) for key, number in issued.values())


def entry_columns(entry: Entry, episode: int) -> dict[str, Plain]:
    """Return what stands beside the bytes of *entry*, which is of this episode of its case."""
    body = entry.body
    at = to_micros(entry.at)
    columns: dict[str, Plain] = {
        "seq": entry.seq,
        "hash": entry.hash,
        "kind": body["kind"],
        "person": body["actor"]["person"],
        "at": at,
        "effective": to_micros(entry.effective) if "effective" in body else at,
        "episode": episode,
    }
    if "trigger" in body and "signed" not in body:
        columns["trigger"] = body["trigger"]
    if "rung" in body:
        rung = body["rung"]
        columns["deadline"] = rung["deadline"]
        columns["round"] = rung["round"]
        columns["rung"] = rung["rung"]
    return columns


def episodes(entries: Sequence[Entry], last: int) -> Iterator[tuple[Entry, int]]:
    """Yield *entries*, newest first, each with its episode; *last* is that of the newest."""
    for entry in reversed(entries):
        yield entry, last
        if "episode" in entry.body:
            last = entry.body["episode"] - 1
