"""What an entry says of firings: who fired, who only signed, what was struck, what is flagged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from duban.engine.history.entry import Entry
from duban.engine.values.case import Basis, Case, Signature


def fired(case: Case, entry: Entry) -> Case:
    """Return *case* after the firing that *entry* records: counted, or only signed."""
    body = entry.body
    new_episode = "episode" in body
    did = {} if new_episode else dict(case.did)
    signed = () if new_episode else _still_signed(case.signed, entry)
    trigger = entry.trigger
    if trigger is None:
        return replace(case, did=did, signed=signed)
    who = () if entry.actor.is_timer else entry.actor.persons
    if who:
        did[trigger] = _persons([did.get(trigger, ()), who])
    if "signed" in body:
        added = tuple(
            Signature(state=state, trigger=trigger, rule=rule, persons=who)
            for state, rule in body["signed"]
        )
        return replace(case, did=did, signed=(*signed, *added))
    times = {**case.times, trigger: case.times.get(trigger, 0) + 1}
    bases = case.bases
    if "basis" in body:
        ended = [s.persons for s in case.signed if s not in signed and s.trigger == trigger]
        made = Basis(
            seq=entry.seq,
            trigger=trigger,
            episode=case.episode,
            persons=_persons([who, *ended]),
            cases=tuple(body["basis"]),
        )
        bases = (*bases, made)
    return replace(case, did=did, signed=signed, times=times, bases=bases)


def _still_signed(signed: tuple[Signature, ...], entry: Entry) -> tuple[Signature, ...]:
    """Signatures end with the state under which they were given, and when their rule is carried out."""
    if not signed:
        return signed
    left = {source for _, source, _ in entry.body.get("moves", ())}
    carried_out = () if "signed" in entry.body else str(entry.body.get("rule", "")).split("+")
    return tuple(s for s in signed if s.state not in left and s.rule not in carried_out)


def struck(case: Case, entry: Entry) -> Case:
    """Return *case* without the firings that *entry* strikes: neither counted nor done by anybody."""
    for seq in entry.body.get("strikes", ()):
        gone = next(basis for basis in case.bases if basis.seq == seq)
        case = _without(case, gone)
    return case


def _without(case: Case, gone: Basis) -> Case:
    bases = tuple(basis for basis in case.bases if basis is not gone)
    did = case.did
    if gone.episode == case.episode:
        others = _persons(
            [
                *(
                    b.persons
                    for b in bases
                    if (b.trigger, b.episode) == (gone.trigger, gone.episode)
                ),
                *(s.persons for s in case.signed if s.trigger == gone.trigger),
            ]
        )
        left = tuple(
            person
            for person in did.get(gone.trigger, ())
            if person in others or person not in gone.persons
        )
        did = {**did, gone.trigger: left}
        if not left:
            del did[gone.trigger]
    times = {**case.times, gone.trigger: case.times[gone.trigger] - 1}
    return replace(case, bases=bases, did=did, times=times, struck=(*case.struck, gone.seq))


def flagged(case: Case, entry: Entry) -> Case:
    """Return *case* with the struck entries of other cases on which it rests."""
    found = [(other, seq) for other, seq in entry.body.get("flags", ())]
    new = (flag for flag in found if flag not in case.flags)
    return replace(case, flags=(*case.flags, *new)) if found else case


def _persons(several: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(sorted({person for persons in several for person in persons}))
