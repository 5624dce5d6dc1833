"""A scratch-size set of definitions, so that tests of the engine are fast and can be read.

One workflow with a ladder, a fragile one whose rung may fail, an organisation of three units, a
calendar and (where asked for) a campaign of two phases.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duban
from duban.engine.ports import Notifier
from duban.engine.values.notice import Notice

# A Monday, nine o'clock in Shanghai.
START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)

ANN = duban.Actor(person="ann", post="desk-1/clerk")
BOB = duban.Actor(person="bob", post="desk-2/clerk")
LEE = duban.Actor(person="lee", post="desk-1/leader")
CHIEF = duban.Actor(person="chen", post="office/leader")
STRANGER = duban.Actor(person="nobody")

WORKFLOW = """\
workflow: fix
title: {zh: 小修, en: Fix}
settings: {limit: 5 workdays}
roles:
  worker: {post: any, of: case.unit}
  chief: {post: head, of: up.office}
fields:
  title: text
  weight: number
  note: text
  due: date
  reporter: {type: text, personal: true}
states:
  reported: {title: {zh: 已报, en: Reported}}
  doing: {title: {zh: 在办, en: Doing}}
  checking: {title: {zh: 待查, en: Checking}}
  done: {title: {zh: 办结, en: Done}, final: true, counts: closed}
  dropped: {title: {zh: 作废, en: Dropped}, final: true, counts: void}
transitions:
  - trigger: open
    source: new
    dest: reported
    by: [worker, chief]
    asks: [title, weight, due, reporter]
    requires: [title]
  - {trigger: start, source: reported, dest: doing, by: [worker], then: [{notify: [chief]}]}
  - {trigger: note, source: '*', by: [worker], asks: [note, {reason: {type: text, personal: true}}]}
  - {trigger: finish, source: doing, dest: checking, by: [worker]}
  - {trigger: pass, source: checking, dest: done, by: [worker, chief], not_by: [finish]}
  - {trigger: fail, source: checking, dest: doing, by: [chief], asks: [note], requires: [note]}
  - {trigger: reopen, source: done, dest: doing, reopen: true, by: [chief]}
  - {trigger: drop, source: '*', dest: dropped, by: [chief]}
deadlines:
  repair:
    title: {zh: 期限, en: Repair}
    owner: worker
    runs_in: [reported, doing]
    limit: setting.limit
    again: waits
    ladder: steps
"""

# Its rung opens a case at a unit that may not exist: a rule that cannot be carried out.
FRAGILE = """\
workflow: fragile
title: {zh: 脆弱, en: Fragile}
roles:
  worker: {post: any, of: case.unit}
fields: {target: text}
states: {waiting: {}, over: {final: true}}
transitions:
  - {trigger: open, source: new, dest: waiting, by: [worker], asks: [target], requires: [target]}
  - {trigger: close, source: waiting, dest: over, by: [worker]}
  - trigger: spread
    source: waiting
    by: [worker]
    then: [{open: fix, unit: case.target, with: {title: "'spread'"}}]
deadlines:
  wait: {owner: worker, runs_in: [waiting], limit: 1 days, ladder: trap}
"""

TRAP = """\
ladder: trap
rungs:
  - {rung: spring, at: due, then: [{open: fix, unit: case.target, with: {title: "'trap'"}}]}
"""

STEPS = """\
ladder: steps
title: {zh: 阶梯, en: Steps}
rungs:
  - {rung: remind, at: 1 workdays before, then: [{notify: [owner]}]}
  - {rung: urge, at: due, then: [{notify: [owner, chief]}]}
  - {rung: escalate, at: 3 days after, then: [{notify: [chief], urgent: true}]}
repeat: 5 days
"""

ORGANISATION = """\
organisation: tiny
title: {zh: 小单位, en: Tiny}
zone: Asia/Shanghai
calendar: plain
lang: en
kinds:
  office: {title: 办公室, posts: {leader: 主任}, head: leader}
  desk: {title: 科室, posts: {leader: 科长, clerk: 科员}, head: leader}
units:
  - {unit: office, kind: office, title: 办公室}
  - {unit: desk-1, kind: desk, title: 一科, parent: office}
  - {unit: desk-2, kind: desk, title: 二科, parent: office}
holders:
  - {post: office/leader, person: chen}
  - {post: desk-1/leader, person: lee}
  - {post: desk-1/clerk, person: ann}
  - {post: desk-2/clerk, person: bob}
"""

CALENDAR = """\
calendar: plain
title: {zh: 平日, en: Plain}
weekend: [saturday, sunday]
notices: []
"""

CAMPAIGN = """\
campaign: drive
title: {zh: 行动, en: Drive}
begins: 2026-01-01
ends: 2026-06-30
uses: [fix]
groups: {desks: {kind: [desk], under: office}}
roles: {chief: {post: head, of: office}}
phases:
  - phase: first
    from: 2026-01-01
    to: 2026-03-31
  - phase: second
    from: 2026-04-01
    to: 2026-06-30
    settings: {fix: {limit: 3 workdays}}
    goals:
      light_fixed: {of: fix, where: {weight: 1}, counts: closed, by: 2026-06-30, share: 90}
duties:
  monthly:
    title: {zh: 月查, en: Monthly check}
    each: desks
    open: fix
    with: {title: duty.name, due: duty.due}
    due: {every: month, day: 20}
    opens: 5 workdays before
goals:
  fixed: {of: fix, counts: closed, by: 2026-06-30, share: 80}
"""

FILES: Mapping[str, str] = {
    "fix.yaml": WORKFLOW,
    "fragile.yaml": FRAGILE,
    "steps.yaml": STEPS,
    "trap.yaml": TRAP,
    "organisation.yaml": ORGANISATION,
    "calendar.yaml": CALENDAR,
}


def write(folder: Path, *, campaign: bool = False, **files: str) -> Path:
    """Write the definitions to *folder*; *files* replaces or adds some, as ``fix=text``."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {**FILES, **({"campaign.yaml": CAMPAIGN} if campaign else {})}
    texts.update({f"{name}.yaml": text for name, text in files.items()})
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def url(kind: str, folder: Path) -> str:
    """Return the address of a store of *kind* (``memory`` or ``sqlite``)."""
    return "memory://" if kind == "memory" else f"sqlite:///{folder}/duban.db"


def engine(
    address: str,
    folder: Path | None = None,
    *,
    virtual: datetime | None = START,
    notifiers: Mapping[str, Notifier] | None = None,
    seed: int | None = 1,
    campaign: bool = False,
) -> duban.Engine:
    """Return an engine with the tiny definitions in force (none when there is no *folder*)."""
    made = duban.connect(address, virtual=virtual, notifiers=notifiers, seed=seed)
    if folder is not None:
        made.apply(str(write(folder, campaign=campaign)))
    return made


def opened(engine: duban.Engine, title: str = "lamp", **how: str) -> duban.Case:
    """Open a case of the tiny workflow at the first desk."""
    return engine.open("fix", unit="desk-1", actor=ANN, data={"title": title}, **how)


class Taken:
    """A channel that keeps what it takes; *refuse* says whether it refuses a notice."""

    def __init__(self, *refused: str, error: type[Exception] | None = None) -> None:
        self.notices: list[Notice] = []
        self.tried: list[str] = []
        self.refused = set(refused)
        self.error = error

    def send(self, notice: Notice) -> None:
        """Take *notice*, unless its person is among those refused."""
        self.tried.append(notice.id)
        if notice.person in self.refused:
            if self.error is not None:
                raise self.error("the channel broke")
            raise duban.NotDelivered(channel=notice.channel, why="mailbox full")
        self.notices.append(notice)
