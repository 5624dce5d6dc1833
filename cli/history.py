"""``duban history``: what happened to a case, and the proof that nobody altered it since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from duban.cli.command import argument, as_json, command
from duban.cli.context import Call
from duban.cli.output import entry_data, shown
from duban.cli.params import CaseId
from duban.cli.projected import projected_lines
from duban.cli.text import clean
from duban.engine.errors import VerificationFailed
from duban.engine.history.entry import Entry

if TYPE_CHECKING:
    from duban.engine.shell.verification import Verified

_CASE: dict[str, Any] = {"type": CaseId(), "metavar": "CASE"}


@command(
    "history show",
    examples=(
        "duban history show 01hv6z3k9qy0f4w2m8d5r7t1xb",
        "duban history show 01hv6z3k9qy0f4w2m8d5r7t1xb --json",
    ),
)
@argument("case_id", en="The id of the case.", zh="事项编号。", **_CASE)
@as_json
@click.pass_obj
def show(call: Call, case_id: str) -> None:
    """Show who did what with a case, and when."""
    entries = call.engine.history(case_id)
    data = {"case": case_id, "entries": [entry_data(entry) for entry in entries]}
    call.say(data, (line for entry in entries for line in _lines(entry, call)))


@command(
    "history verify",
    examples=("duban history verify", "duban history verify 01hv6z3k9qy0f4w2m8d5r7t1xb --json"),
    en="Derives every case anew from its entries, compares, and lists all that does not fit (exit 1).",
    zh="由流转记录重新推导每个事项并逐一比对，列出全部不符之处（退出码 1）。",
)
@argument(
    "case_id",
    required=False,
    en="One case; without it, all.",
    zh="某个事项；不写则核验全部。",
    **(_CASE | {"metavar": "[CASE]"}),
)
@as_json
@click.pass_obj
def verify(call: Call, case_id: str | None) -> None:
    """Prove that history was not altered."""
    verified = call.engine.verify(case_id)
    found = [
        {"case": f.case, "seq": f.seq, "message": call.text(f.en, f.zh)} for f in verified.findings
    ]
    data = {"cases": verified.cases, "entries": verified.entries, "findings": found}
    call.say(data, _verified_lines(call, verified))
    if found:
        raise VerificationFailed(count=len(found), first=found[0]["message"])


def _verified_lines(call: Call, verified: Verified) -> Iterator[str]:
    for finding in verified.findings:
        yield clean(finding.text(call.lang))
    yield call.text(
        f"{verified.cases} case(s), {verified.entries} entries, {len(verified.findings)} finding(s)",
        f"{verified.cases} 个事项，{verified.entries} 条记录，{len(verified.findings)} 处不符",
    )


def _lines(entry: Entry, call: Call) -> Iterator[str]:
    actor = entry.actor
    behalf = f" ({actor.on_behalf_of})" if actor.on_behalf_of else ""
    who = f"{actor.person}{behalf}" + (f" {actor.post}" if actor.post else "")
    moves = [f"{before or '·'} → {after}" for _, before, after in entry.body.get("moves", ())]
    yield clean("  ".join([f"{entry.seq:>3}", call.local(entry.at), who, _what(entry), *moves]))
    if entry.effective != entry.at:
        yield f"       {call.text('counts from', '生效于')} {call.local(entry.effective)}"
    for seq in entry.body.get("strikes", ()):
        yield f"       {call.text(f'withdraws entry {seq}', f'撤回第 {seq} 条记录')}"
    for other, seq in entry.body.get("flags", ()):
        yield clean(f"       {call.text('basis withdrawn:', '依据已撤回：')} {other} #{seq}")
    for part in ("input", "set"):
        for name, value in entry.values(part).items():
            if part == "set" or name not in entry.body.get("set", {}):
                yield f"       {name} = {shown(value, call)}"
    yield from projected_lines(entry, call)


def _what(entry: Entry) -> str:
    rung = entry.body.get("rung")
    if isinstance(rung, dict):
        return f"{entry.kind} {rung.get('deadline')}.{rung.get('name')}"
    return " ".join(
        filter(None, (entry.kind, entry.trigger if entry.trigger != entry.kind else None))
    )
