"""One transaction's work: a command, and what it brings about in other cases, decided and written."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from hashlib import sha256

from duban.engine.core.course import Decision
from duban.engine.core.decide import (
    decide_due,
    decide_fire,
    decide_migrate,
    decide_note,
    decide_open,
)
from duban.engine.core.inputs import clean_text
from duban.engine.core.standing import standing_id
from duban.engine.core.world import World
from duban.engine.definition.machine import OPEN, Machine
from duban.engine.errors import (
    BadUsage,
    BadValue,
    CaseSetAside,
    DubanError,
    KeyReused,
    Reason,
    Refused,
    TransitionRefused,
    UnknownCase,
)
from duban.engine.ports import Ids, Request, Transaction, Write
from duban.engine.shell.attempts import racing
from duban.engine.shell.campaigning import Campaigning
from duban.engine.shell.catalogue import Catalogue, is_campaign
from duban.engine.shell.numbering import held_number, numbered
from duban.engine.shell.projecting import AUTO
from duban.engine.shell.watching import Watching
from duban.engine.values.actor import TIMER
from duban.engine.values.case import Case
from duban.engine.values.command import Command, Fire, Flag, Migrate, Note, Open

_MOST_COMMANDS = 100_000
_DEEPEST = 16


class TooMuch(Refused):
    """One command would bring about more than a transaction can carry."""

    code = "RULE-013"
    en = (
        "one command brings about more than {most} others, or {deep} one behind another; "
        "a rule opens or fires without end"
    )
    zh = "一条命令引发了超过 {most} 条或连环 {deep} 层的后续命令；某条规则在无止境地创建或触发"


class AlreadyStands(Refused):
    """A standing case is there for this unit already; there is only ever one."""

    code = "RULE-015"
    en = "case {case} of `{workflow}` stands for {unit} already; there is one for each unit"
    zh = "单位 {unit} 已有 `{workflow}` 的常设事项 {case}；每个单位只有一个"


class Work:
    """Carries commands out in one open transaction."""

    def __init__(
        self,
        tx: Transaction,
        catalogue: Catalogue,
        ids: Ids,
        told: Callable[[Decision], None] | None = None,
    ) -> None:
        self._tx, self._catalogue, self._ids, self._told = tx, catalogue, ids, told
        self._now, self._watching = tx.now(), Watching(tx, catalogue)
        self.entries = 0
        self.rungs = 0
        self.opened = 0

    def run(self, command: Command) -> Case:
        """Carry out *command* and all that follows from it; return its case.

        Raises:
            DubanError: it is refused, and the transaction must be undone.
        """
        _check_caller(command)
        repeated = self._repeated(command)
        if repeated is not None:
            return repeated
        case, decision = self._decide(command)
        self._write(decision, self._request(command, decision))
        self._follow(decision)
        return case

    def settle(self, case_id: str) -> None:
        """Let happen what fell due on a case."""
        case = self._locked(case_id)
        if is_campaign(case.workflow):
            Campaigning(self._tx, self._catalogue, self._write, self._apart).settle(case)
            return
        machine, world = self._surroundings(case)
        decision = self._numbered(partial(decide_due, machine, case), world)
        if not decision.entries:
            # Claimed, and nothing was due: its timers say something else than its clocks.
            decision = replace(decision, timers=self._right_timers(decision))
        self._write(decision, anew=True)
        self._follow(decision)

    def migrate(self, command: Migrate) -> Case:
        """Take a case to the rules that are in force now for its workflow, campaign and phase.

        A case that was set aside goes back into the sweep: what stopped it were the old rules.

        Raises:
            TransitionRefused: the new rules have no place for it.
            UnknownCase, UnknownWorkflow.
        """
        case = self._locked(command.case)
        if is_campaign(case.workflow):
            raise UnknownCase(case=case.id)
        target = self._catalogue.present(self._tx, case)
        if target.rules == case.rules:
            return case
        stuck = self._tx.aside(case.id) is not None
        machine, before = self._surroundings(case)
        after = self._world(target, case)

        def adopt(world: World) -> Decision:
            known = replace(before, numbers=world.numbers)
            return decide_migrate(machine, target, case, command, known, world, settle=not stuck)

        decision = self._numbered(adopt, after)
        self._write(decision)
        if stuck:
            self._tx.set_aside(case.id, None)
        self._follow(decision)
        return decision.case

    def _right_timers(self, decision: Decision) -> dict[str, datetime | None]:
        known = {name: clock.next_rung for name, clock in decision.case.clocks.items()}
        stored = dict.fromkeys(timer.name for timer in self._tx.timers(decision.case.id))
        return {**stored, **known, **decision.timers}

    # ---- commands

    def _decide(self, command: Command | Note) -> tuple[Case, Decision]:
        decision = self._open(command) if isinstance(command, Open) else self._on_case(command)
        return decision.case, decision

    def _open(self, command: Open) -> Decision:
        machine = self._catalogue.opening(self._tx, command, self._now)
        case_id = command.id or self._own_id(machine, command)
        newborn = Case(
            id=case_id,
            workflow=command.workflow,
            rules=machine.rules,
            unit=command.unit,
            campaign=machine.campaign,
            opened=self._now,
            changed=self._now,
        )
        world = self._world(machine, newborn)
        self.opened += 1
        return self._numbered(partial(decide_open, machine, command, case_id), world)

    def _own_id(self, machine: Machine, command: Open) -> str:
        """Return a new id, or that of the one case that stands for the unit."""
        if machine.workflow.standing is None:
            return self._ids.case_id(self._now)
        case_id = standing_id(command.workflow, command.unit, machine.campaign)
        if self._tx.case(case_id) is not None:
            raise AlreadyStands(case=case_id, workflow=command.workflow, unit=command.unit)
        return case_id

    def _on_case(self, command: Fire | Note) -> Decision:
        case = self._locked(command.case)
        if is_campaign(case.workflow):
            raise UnknownCase(case=case.id)
        why = self._tx.aside(case.id)
        if why is not None:
            raise CaseSetAside(case=case.id, why=why)
        machine, world = self._surroundings(case)
        if isinstance(command, Note):
            return self._numbered(partial(decide_note, machine, case, command), world)
        return self._numbered(partial(decide_fire, machine, case, command), world)

    def _numbered(self, decide: Callable[[World], Decision], world: World) -> Decision:
        return numbered(decide, world, held_number(self._tx))

    def _surroundings(self, case: Case) -> tuple[Machine, World]:
        machine = self._catalogue.machine(self._tx, case.rules)
        return machine, self._world(machine, case)

    def _world(self, machine: Machine, case: Case) -> World:
        edition, born = self._catalogue.edition(self._tx), case if case.version else None
        salt = self._salt(machine)
        world = self._catalogue.world(edition, machine, self._now, born, salt=salt)
        return replace(world, facts=self._watching.facts(machine, case, world))

    def _salt(self, machine: Machine) -> bytes:
        return self._ids.salt() if self._catalogue.has_secrets(machine) else b""

    def _locked(self, case_id: str) -> Case:
        case = self._tx.lock(case_id)
        if case is None:
            raise UnknownCase(case=case_id)
        return case

    # ---- what follows

    def _follow(self, decision: Decision) -> None:
        queue = deque((command, 1) for command in self._commands(decision))
        done = 0
        while queue:
            command, depth = queue.popleft()
            done += 1
            if done > _MOST_COMMANDS or depth > _DEEPEST:
                raise TooMuch(most=_MOST_COMMANDS, deep=_DEEPEST)
            if isinstance(command, Open) and command.id and self._tx.case(command.id) is not None:
                continue
            if isinstance(command, Flag) and not self._rests(command):
                continue
            following = self._followed(command)
            if following is not None:
                self._write(following, None)
                queue.extend((command, depth + 1) for command in self._commands(following))

    def _commands(self, decision: Decision) -> Iterator[Command | Note]:
        """What a decision brings about elsewhere: by its rules, and by those that watch it."""
        yield from decision.commands
        yield from self._watching.standing(decision)

    def _rests(self, command: Flag) -> bool:
        """Whether the entry that was struck did bring something about there: it may have been skipped."""
        basis = (command.other, command.seq)
        causes = (entry.body.get("cause") for entry in self._tx.history(command.case))
        return any((cause["case"], cause["seq"]) == basis for cause in causes if cause)

    def _followed(self, command: Command | Note) -> Decision | None:
        try:
            return self._decide(command)[1]
        except (TransitionRefused, CaseSetAside):
            if isinstance(command, Fire) and command.otherwise_skip:
                return None
            raise

    def _apart(self, decision: Decision) -> None:
        """Carry out what follows from *decision* by itself: all of it, or nothing."""
        counted = self.entries, self.rungs, self.opened
        try:
            with self._tx.savepoint():
                self._follow(decision)
        except DubanError:
            self.entries, self.rungs, self.opened = counted
            raise

    def _write(
        self, decision: Decision, request: Request | None = None, *, anew: bool = False
    ) -> None:
        if self._told is not None:
            self._told(decision)
        self.entries += len(decision.entries)
        self.rungs += sum(entry.kind == "rung" for entry in decision.entries)
        timers = decision.timers
        if self._watching.looks_again(decision):
            timers = {**timers, AUTO: self._now}
        write = Write(
            case=decision.case,
            before=decision.before,
            entries=decision.entries,
            notices=decision.notices,
            timers=timers,
            request=request,
            watches=self._watching.keys(decision, anew=anew),
        )
        with racing():
            self._tx.write(write)
        self._watching.wake(decision)

    # ---- request keys

    def _repeated(self, command: Command) -> Case | None:
        if command.key is None:
            return None
        earlier = self._tx.request(command.key)
        if earlier is None:
            return None
        if earlier.salt is None or earlier.body_hash != body_hash(command, earlier.salt):
            raise KeyReused(key=command.key)
        return self._locked(earlier.case)

    def _request(self, command: Command, decision: Decision) -> Request | None:
        if command.key is None:
            return None
        salt = self._ids.salt()
        return Request(
            key=command.key,
            salt=salt,
            body_hash=body_hash(command, salt),
            case=decision.case.id,
            seq=decision.case.version,
        )


def _check_caller(command: Command) -> None:
    """Refuse what no caller may say, and what no store could keep."""
    if command.cause is not None:
        # A rule is not bound by roles, so that nobody may pass for one.
        raise BadUsage(
            what="only a rule gives a command a cause; leave it out",
            what_zh="只有规则才能给命令附上起因；请去掉 cause",
        )
    if isinstance(command, Open) and (command.id is not None or command.links):
        raise BadUsage(
            what="only a rule gives a case its id or its links; leave them out",
            what_zh="只有规则才能指定事项的编号或关联；请去掉 id 和 links",
        )
    if not isinstance(command.data, Mapping):
        raise BadUsage(
            what="data is a mapping of names to values", what_zh="data 应为名称到值的映射"
        )
    actor = command.actor
    if TIMER in actor.persons:
        en, zh = f"nobody may act as {TIMER}; name a person", f"任何人不得以 {TIMER} 的身份操作"
        raise TransitionRefused(
            case=command.case if isinstance(command, Fire) else command.workflow,
            trigger=command.trigger if isinstance(command, Fire) else OPEN,
            reasons=[Reason("RULE-002", en, zh)],
        )
    said = {
        "key": command.key,
        "case": command.case if isinstance(command, Fire) else None,
        "person": actor.person,
        "post": actor.post,
        "on_behalf_of": actor.on_behalf_of,
        "authenticated_by": actor.authenticated_by,
    }
    for name, text in said.items():
        if text is None or (text.isascii() and text.isprintable() and text):
            continue
        if not clean_text(name, text):
            raise BadValue(field=name, value=text, expected="a name", expected_zh="名称")


def body_hash(command: Command, salt: bytes) -> str:
    """Return what tells two requests with the same key apart: everything the caller said, salted."""
    subject = (
        ["open", command.workflow, command.unit, command.campaign]
        if isinstance(command, Open)
        else ["fire", command.case, command.trigger]
    )
    actor = command.actor
    body = [*subject, actor.person, actor.post, actor.on_behalf_of, dict(command.data)]
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str)
    return sha256(salt + text.encode("utf-8", "surrogatepass")).hexdigest()
