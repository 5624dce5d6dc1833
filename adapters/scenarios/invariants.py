"""What holds of every case whatever people do: checked on its rules and on its whole history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from duban.adapters.scenarios.difference import Said
from duban.engine.definition.machine import CompiledDeadline, Machine
from duban.engine.history.entry import Entry
from duban.engine.history.evolve import evolve, replay
from duban.engine.timing.clockwork import Clockwork
from duban.engine.timing.spans import Span, Unit
from duban.engine.values.case import Case, Clock

# Entries whose very purpose it is to move deadlines: the calendar or the campaign changed, or the rules.
_MOVING = frozenset({"project", "migrate"})


@dataclass(frozen=True, slots=True)
class Move:
    """One entry of a case, and how the case stood before and after it."""

    before: Case | None
    entry: Entry
    after: Case


@dataclass(frozen=True)
class Life:
    """Everything that happened to a case, the case as it is stored, and who could act on it."""

    machine: Machine
    clockwork: Clockwork
    stored: Case
    moves: tuple[Move, ...]
    played: Mapping[str, bool]
    fired_by_rules: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        machine: Machine,
        clockwork: Clockwork,
        stored: Case,
        entries: tuple[Entry, ...],
        played: Mapping[str, bool],
        fired_by_rules: frozenset[str],
    ) -> Life:
        """Return the life that *entries* tell; *played* says of each role whether anybody plays it."""
        moves: list[Move] = []
        case: Case | None = None
        for entry in entries:
            after = evolve(case, entry)
            moves.append(Move(case, entry, after))
            case = after
        return cls(machine, clockwork, stored, tuple(moves), played, fired_by_rules)

    def clocks(self) -> Iterator[tuple[Move, CompiledDeadline, Clock, Clock]]:
        """Yield each deadline over each entry: how its clock stood before and after."""
        for move in self.moves:
            for name, after in move.after.clocks.items():
                before = move.before.clocks.get(name) if move.before else None
                if before is not None and name in self.machine.deadlines:
                    yield move, self.machine.deadlines[name], before, after


@dataclass(frozen=True, slots=True)
class Invariant:
    """A name, what it says, and the check: it yields what breaks it."""

    name: str
    says: Said
    broken: Callable[[Life], Iterator[Said]]


def _replay(life: Life) -> Iterator[Said]:
    replayed = replay(move.entry for move in life.moves)
    if replayed != life.stored:
        yield Said(
            "replaying the history gives another case than the stored one",
            "重放流转记录得到的事项与存储的不同",
        )


def _rung_once(life: Life) -> Iterator[Said]:
    seen: set[tuple[str, int, int]] = set()
    for move in life.moves:
        if move.entry.kind == "rung":
            rung = move.entry.body["rung"]
            key = (str(rung["deadline"]), int(rung["round"]), int(rung["rung"]))
            if key in seen:
                name = f"{key[0]}.{rung['name']}"
                yield Said(f"rung {name} happened twice", f"督办阶梯 {name} 发生了两次")
            seen.add(key)


def _rung_in_place(life: Life) -> Iterator[Said]:
    for move in life.moves:
        if move.entry.kind != "rung" or move.before is None:
            continue
        rung = move.entry.body["rung"]
        name, number = str(rung["deadline"]), int(rung["rung"])
        deadline, clock = life.machine.deadlines[name], move.before.clocks[name]
        shown = f"{name}.{rung['name']}"
        if not clock.running or deadline.runs_in.isdisjoint(move.before.states):
            state = move.before.state
            yield Said(
                f"rung {shown} fired in '{state}', where the deadline does not run",
                f"督办阶梯 {shown} 在“{state}”触发，而该时限此时并不计时",
            )
        elif clock.due is not None and _early(life, deadline, clock.due, number, move.entry):
            at = move.entry.effective.astimezone(life.clockwork.zone)
            yield Said(
                f"rung {shown} fired early, at {at:%Y-%m-%d %H:%M}",
                f"督办阶梯 {shown} 过早触发：{at:%Y-%m-%d %H:%M}",
            )


def _early(
    life: Life, deadline: CompiledDeadline, due: datetime, number: int, entry: Entry
) -> bool:
    if entry.at < entry.effective:
        return True
    if number >= len(deadline.rungs):
        return entry.effective <= due
    offset = deadline.rungs[number].offset
    return entry.effective < life.clockwork.rung_at(due, offset)


def _edit_moves_nothing(life: Life) -> Iterator[Said]:
    for move, deadline, before, after in life.clocks():
        still = before.running and after.running and len(before.runs) == len(after.runs)
        same = (before.started, before.grants, before.episode) == (
            after.started,
            after.grants,
            after.episode,
        )
        if not still or not same or before.due == after.due or move.entry.kind in _MOVING:
            continue
        declared = set(deadline.model.follows)
        changed = move.entry.values("set").keys()
        if declared & changed or any("." in name for name in declared):
            continue
        what = move.entry.trigger or move.entry.kind
        yield Said(
            f"'{what}' moved the deadline '{deadline.name}', which follows "
            f"{', '.join(sorted(declared)) or 'nothing'}",
            f"“{what}”移动了时限“{deadline.name}”，而它只随 "
            f"{'、'.join(sorted(declared)) or '无'} 变动",
        )


def _pause_is_identity(life: Life) -> Iterator[Said]:
    held: dict[str, Clock] = {}
    for _, deadline, before, after in life.clocks():
        name = deadline.name
        if before.running and after.waiting:
            held[name] = before
        elif before.waiting and after.running and name in held:
            was = held.pop(name)
            if _same_terms(was, after) and not _identical(life.clockwork, was, after):
                yield Said(
                    f"after a pause '{name}' has not what it had left before",
                    f"暂停之后，时限“{name}”剩余的时间与暂停前不同",
                )
        elif after.ended is not None or not _same_terms(before, after):
            held.pop(name, None)


def _same_terms(one: Clock, other: Clock) -> bool:
    return (one.started, one.span, one.until, one.grants) == (
        other.started,
        other.span,
        other.until,
        other.grants,
    )


def _identical(clockwork: Clockwork, before: Clock, after: Clock) -> bool:
    """What was left when it was held is left when it goes on: counted by days, or exactly for hours."""
    paused, resumed = after.runs[-2].until, after.runs[-1].since
    if before.due is None or after.due is None or paused is None:
        return before.due == after.due
    if before.due < paused:
        return before.due == after.due
    unit: Unit = Span.parse(before.span).unit if before.span else "days"
    if unit == "hours":
        return after.due - resumed == before.due - paused
    counted: Unit = "workdays" if unit == "workdays" else "days"
    left = clockwork.elapsed(paused, before.due, counted)
    return clockwork.elapsed(resumed, after.due, counted) == left


def _can_end(life: Life) -> Iterator[Said]:
    for state in life.stored.states:
        if not _ends(life.machine, _region(life.machine, state)):
            continue
        if not _reaches_end(life, state):
            yield Said(
                f"from '{state}' nobody who is there can bring the case to an end",
                f"从“{state}”起，现有人员无法使事项办结",
            )


def _region(machine: Machine, state: str) -> str:
    return machine.states[state].region


def _ends(machine: Machine, region: str) -> bool:
    return any(machine.states[s].final for s in machine.states if _region(machine, s) == region)


def _reaches_end(life: Life, start: str) -> bool:
    seen, todo = {start}, [start]
    while todo:
        state = todo.pop()
        if life.machine.states[state].final:
            return True
        further = set(_next_states(life, state)) - seen
        seen |= further
        todo += further
    return False


def _next_states(life: Life, state: str) -> Iterator[str]:
    automatic = life.machine.automatic.get(state, ())
    yield from (c.dest for c in automatic if c.dest is not None and c.dest != "=")
    for trigger in life.machine.triggers_from(state):
        for candidate in life.machine.candidates(state, trigger):
            somebody = not candidate.by or any(life.played.get(r, True) for r in candidate.by)
            if candidate.dest in (None, "=") or not (somebody or trigger in life.fired_by_rules):
                continue
            assert candidate.dest is not None
            yield candidate.dest


# The store, too, stands for this one: see `walking`.
ONCE = Said("a rung never repeats", "每级督办只发生一次")
INVARIANTS = (
    Invariant(
        "pause",
        Said("pausing and resuming is the identity", "暂停再恢复不改变剩余时间"),
        _pause_is_identity,
    ),
    Invariant(
        "edit",
        Said("an edit moves no deadline that does not follow it", "编辑不会移动未声明跟随的时限"),
        _edit_moves_nothing,
    ),
    Invariant("once", ONCE, _rung_once),
    Invariant(
        "place",
        Said("a rung never fires early or after leaving", "督办不会过早触发，也不会在离开后触发"),
        _rung_in_place,
    ),
    Invariant("end", Said("every case can reach an end", "每个事项都能办结"), _can_end),
    Invariant("replay", Said("replay gives the case", "重放流转记录即得事项"), _replay),
)
# Needs the engine, not only the history: see `walking`.
AGREEMENT = Said("explain and fire never disagree", "可办说明与实际办理从不矛盾")
