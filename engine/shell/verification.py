"""Proving the history: chains are whole, and replaying them gives what is stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from duban.engine.history.chain import commitment, genesis, link
from duban.engine.history.entry import Entry, is_commitment
from duban.engine.history.evolve import replay
from duban.engine.history.projections import (
    case_columns,
    case_timers,
    entry_columns,
    entry_numbers,
    episodes,
)
from duban.engine.ports import Reader, Stored
from duban.engine.shell.frozen import damaged
from duban.engine.values.canonical import Plain, canonical
from duban.engine.values.forms import case_form


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that does not add up; ``seq`` is the entry, None for the case as a whole."""

    case: str
    seq: int | None
    en: str
    zh: str

    def text(self, lang: str = "en") -> str:
        """Return the finding as one line."""
        place = self.case if self.seq is None else f"{self.case} #{self.seq}"
        return f"{place}: {self.zh if lang == 'zh' else self.en}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """How much was proved, and everything that was found wrong."""

    cases: int
    entries: int
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether everything adds up."""
        return not self.findings


def verify(reader: Reader, case_id: str | None = None) -> Verified:
    """Verify every case of the view of *reader*, or one."""
    cases = entries = 0
    findings: list[Finding] = []
    known: dict[str, bool] = {}
    for stored, history in _walked(reader, case_id):
        rules = str(stored.columns.get("rules"))
        if rules not in known:
            known[rules] = _rules_whole(reader, rules)
        if not known[rules]:
            en, zh = (
                f"its rules {rules[:12]} are missing or altered",
                f"规则 {rules[:12]} 缺失或被改动",
            )
            findings.append(_found(stored.case_id, None, en, zh))
        cases += 1
        entries += len(history)
        wrong = verify_case(stored, history)
        # What a broken chain says of registers proves nothing.
        found = [] if wrong else damaged(reader, history)
        findings += [*wrong, *(_found(e.case, e.seq, en, zh) for e, en, zh in found)]
    if case_id is None:
        findings += [_gap(key, number) for key, number in reader.gaps()]
        findings += [
            Finding(case="-", seq=None, en=stray, zh=f"多余的记录：{stray}")
            for stray in reader.strays()
        ]
    return Verified(cases=cases, entries=entries, findings=tuple(findings))


def _rules_whole(reader: Reader, rules: str) -> bool:
    document = reader.document(rules)
    if document is None or not isinstance(document.canon, bytes):
        return False
    return sha256(document.canon).hexdigest() == rules


def _walked(reader: Reader, case_id: str | None) -> Iterator[tuple[Stored, Sequence[Entry]]]:
    if case_id is None:
        yield from reader.walk()
        return
    # A walk begins behind an id; all but the last character of an id lie before it.
    for stored, history in reader.walk(case_id[:-1]):
        if stored.case_id >= case_id:
            if stored.case_id == case_id:
                yield stored, history
            return


def verify_case(stored: Stored, history: Sequence[Entry]) -> list[Finding]:
    """Return everything wrong with one case."""
    try:
        findings = [*_chain(stored.case_id, history), *_commitments(history)]
    except Exception as error:  # what was forged may be of any type
        en, zh = f"its history cannot be read: {error!r}", f"流转记录无法读取：{error!r}"
        return [_found(stored.case_id, None, en, zh)]
    if not history:
        return [_found(stored.case_id, None, "it has no history", "没有流转记录")]
    if findings:
        return findings
    try:
        case = replay(history)
        assert case is not None
        beside = list(_columns(stored, history, case.episode))
    except Exception as error:  # a forged body may be anything at all
        en, zh = f"its history cannot be replayed: {error!r}", f"流转记录无法重放：{error!r}"
        return [_found(stored.case_id, None, en, zh)]
    if canonical(case_form(case)) != stored.body:
        en = "replaying its history does not give the stored case"
        findings.append(_found(stored.case_id, None, en, "重放流转记录得到的事项与存储不符"))
    if dict(stored.columns) != case_columns(case):
        names = _differing(stored.columns, case_columns(case))
        en, zh = f"columns beside the case differ: {names}", f"事项的附列不符：{names}"
        findings.append(_found(stored.case_id, None, en, zh))
    timers = {name: due for name, due in stored.timers.items() if name in case.clocks}
    if timers != case_timers(case):
        names = ", ".join(sorted(n for n, _ in timers.items() ^ case_timers(case).items()))
        en, zh = f"timers do not fit the clocks: {names}", f"定时与时限不符：{names}"
        findings.append(_found(stored.case_id, None, en, zh))
    return [*findings, *beside, *_numbers(stored, history)]


def _numbers(stored: Stored, history: Sequence[Entry]) -> Iterator[Finding]:
    """The register has each number once: what it has of this case must be what its entries say."""
    issued = {row for entry in history for row in entry_numbers(entry)}
    kept = set(stored.numbers)
    for seq, key, number in sorted(issued - kept):
        en = f"number {number} of {key} is used twice, or not in the register of numbers"
        zh = f"编号 {number}（{key}）被重复使用，或不在编号簿中"
        yield _found(stored.case_id, seq, en, zh)
    for seq, key, number in sorted(kept - issued):
        en = f"the register of numbers has number {number} of {key}, which the entry did not issue"
        zh = f"编号簿中的编号 {number}（{key}）并非该记录所发"
        yield _found(stored.case_id, seq, en, zh)


def _gap(key: str, number: int) -> Finding:
    en, zh = f"number {number} of {key} is missing", f"编号 {number}（{key}）缺失"
    return Finding(case="-", seq=None, en=en, zh=zh)


def _chain(case_id: str, history: Sequence[Entry]) -> Iterator[Finding]:
    before = genesis(case_id)
    for number, entry in enumerate(history, 1):
        if entry.seq != number or entry.case != case_id:
            en = f"entry {number} is missing, or says that it is {entry.case} #{entry.seq}"
            zh = f"缺少第 {number} 条，或该条自称为 {entry.case} 第 {entry.seq} 条"
            yield _found(case_id, number, en, zh)
            return
        if link(before, entry.canon) != entry.hash:
            en = "its bytes do not give its hash: the entry or one before it was altered"
            yield _found(case_id, number, en, "内容与哈希不符：该条或其前的记录被改动")
            return
        before = entry.hash


def _commitments(history: Sequence[Entry]) -> Iterator[Finding]:
    for entry in history:
        for part in ("set", "input"):
            for name, value in entry.body.get(part, {}).items():
                path = f"{part}.{name}"
                secret = entry.secrets.get(path)
                if not is_commitment(value) or secret is None:
                    continue
                made = commitment(secret.salt, entry.case, entry.seq, path, secret.value)
                if made != value["commit"]:
                    en, zh = f"personal value {path} was altered", f"个人信息 {path} 被改动"
                    yield _found(entry.case, entry.seq, en, zh)


def _columns(stored: Stored, history: Sequence[Entry], episode: int) -> Iterator[Finding]:
    derived = [entry_columns(entry, number) for entry, number in episodes(history, episode)]
    for entry, columns, found in zip(history, reversed(derived), stored.entries, strict=True):
        if dict(found) != columns:
            names = _differing(found, columns)
            en, zh = f"columns beside the entry differ: {names}", f"记录的附列不符：{names}"
            yield _found(entry.case, entry.seq, en, zh)


def _differing(stored: Mapping[str, Plain], derived: Mapping[str, Plain]) -> str:
    names = {n for n in {*stored, *derived} if stored.get(n) != derived.get(n)}
    return ", ".join(sorted(names))


def _found(case: str, seq: int | None, en: str, zh: str) -> Finding:
    return Finding(case=case, seq=seq, en=en, zh=zh)
