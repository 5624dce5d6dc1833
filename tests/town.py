"""A small town that checks its houses: hazards, follow-ups and quotas, in campaigns of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import tiny

import duban

SHANGHAI = ZoneInfo("Asia/Shanghai")

HAZARD = """\
workflow: hazard
title: {zh: 隐患, en: Hazard}
roles: {anybody: {post: any, of: office}}
fields:
  title: {type: text, title: {zh: 描述, en: Description}}
  source:
    type: choice
    choices: {own: {title: {zh: 自查, en: Own check}}, visit: {title: {zh: 检查, en: Visit}}}
  followed: flag
  fix_by: date
  reporter: {type: text, personal: true}
states:
  found: {title: {zh: 已发现, en: Found}}
  doing: {title: {zh: 整改中, en: Being rectified}}
  closed: {title: {zh: 已销号, en: Struck off}, final: true, counts: closed}
  void: {final: true, counts: void}
transitions:
  - trigger: open
    source: new
    dest: found
    by: [anybody]
    asks: [title, source, followed, fix_by]
    requires: [title]
  - {trigger: on_spot, source: found, dest: closed, by: [anybody]}
  - {trigger: plan, source: found, dest: doing, by: [anybody], asks: [fix_by]}
  - trigger: prolong
    source: doing
    by: [anybody]
    asks: [{to: date}]
    then: [{extend: repair, to: input.to}]
  - {trigger: close, source: doing, dest: closed, by: [anybody]}
  - {trigger: reopen, source: closed, dest: doing, reopen: true, by: [anybody], asks: [fix_by]}
  - {trigger: drop, source: '*', dest: void, by: [anybody]}
deadlines:
  repair:
    title: {zh: 整改期限, en: Repair}
    owner: anybody
    runs_in: [doing]
    limit: case.fix_by
    follows: [fix_by]
"""

REVIEW = """\
workflow: review
title: {zh: 复核, en: Review}
roles: {anybody: {post: any, of: office}}
fields: {title: text, due: date, since: date, until: date, period: text}
states:
  waiting: {}
  met: {final: true, counts: closed}
  missed: {final: true, counts: closed}
transitions:
  - {trigger: open, source: new, dest: waiting, by: [anybody], asks: [title, due, since, until, period]}
  - {when: passed(case.until) && fact.closed >= 2, source: waiting, dest: met}
  - {when: passed(case.until), source: waiting, dest: missed}
facts:
  closed: {count: hazard, of: unit, counts: closed, states: [closed]}
"""

STATISTICS = """\
statistics:
  rectified: {title: {zh: 整改率, en: Rectified}, of: hazard, numerator: is.closed, by: source}
  on_time:
    title: 按期
    of: hazard
    numerator: is.closed && happened(met.repair)
    denominator: passed(due.repair)
  at_first:
    title: 按原期
    of: hazard
    numerator: is.closed && precedes(entered.closed, first_due.repair)
    denominator: passed(first_due.repair)
  overdue: {title: 逾期, of: hazard, numerator: runs.repair, denominator: passed(due.repair)}
  extended: {title: 延期, of: hazard, numerator: extended.repair > 0, denominator: happened(entered.doing)}
  reopened: {title: 重开, of: hazard, numerator: episode > 1, denominator: happened(entered.closed)}
  on_the_spot:
    title: 立查立改
    of: hazard
    numerator: is.closed && count_days(opened, entered.closed) == 0
  days: {title: 天数, of: hazard, numerator: 'count_days(opened, entered.closed)', denominator: is.closed}
"""

REGISTERS = """\
roles: {keeper: {post: leader, of: office}}
registers:
  checks:
    {title: 检查登记表, of: hazard, columns: [title, state], restarts: year, carried: none}
  repairs:
    title: {zh: 整改销号登记表, en: Book of repairs}
    of: hazard
    when: happened(entered.doing)
    columns: [title, source, unit, state, due.repair, overdue]
    restarts: year
    freezes: year
    statistics: [rectified]
    by: [keeper]
"""

CAMPAIGN = """\
campaign: town
title: {zh: 全镇排查, en: Town}
begins: 2021-01-01
ends: 2022-12-31
uses: [hazard, review]
groups: {desks: {kind: [desk], under: office}}
"""


def campaign(*parts: str) -> str:
    """Return the text of the campaign with *parts* (statistics where a register needs them)."""
    return CAMPAIGN + "".join(parts)


Town = Callable[..., duban.Engine]


def local(text: str) -> datetime:
    """Return the instant of a local day's begin, or of a day and time."""
    if "T" in text:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
    return datetime.combine(date.fromisoformat(text), time(), SHANGHAI)


def publish(engine: duban.Engine, folder: Path, text: str) -> None:
    """Publish one more definition."""
    folder.mkdir(exist_ok=True)
    (folder / "more.yaml").write_text(text, encoding="utf-8")
    engine.apply(str(folder))


def go(engine: duban.Engine, day: str) -> None:
    """Let the clock go on to nine o'clock of *day*, and what is due happen."""
    engine.set_clock(local(f"{day}T09:00"))
    engine.sweep()


def found(engine: duban.Engine, title: str, **data: object) -> duban.Case:
    """Find a hazard at the first desk."""
    unit = str(data.pop("unit", "desk-1"))
    where = {"campaign": data.pop("campaign")} if "campaign" in data else {}
    given = {"title": title, **data}
    return engine.open("hazard", unit=unit, actor=tiny.CHIEF, data=given, **where)  # type: ignore[arg-type]  # a name


def fire(engine: duban.Engine, case: duban.Case, *triggers: str, **data: object) -> duban.Case:
    """Fire *triggers* one after the other, the first with *data*."""
    for trigger in triggers:
        case = engine.fire(case.id, trigger, actor=tiny.CHIEF, data=data)
        data = {}
    return case


def titles(rows: Sequence[object]) -> list[tuple[int, str]]:
    """Return the numbers and titles of rows of a register."""
    return [(row.number, str(row.cells["title"])) for row in rows]  # type: ignore[attr-defined]  # rows


def happened(engine: duban.Engine, name: str) -> list[str]:
    """Return what the campaign's history says, by trigger."""
    return [str(e.trigger) for e in engine.history(engine.campaign_case(name).id)]
