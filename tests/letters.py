"""A district that sends numbered letters of supervision, and gives a task to each of its schools."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duban

SCHOOLS = 160
# Half an hour before the new year in Shanghai.
EVE = datetime(2021, 12, 31, 15, 30, tzinfo=UTC)
CLERK = duban.Actor(person="clerk")

LETTER = """\
workflow: letter
title: {zh: 督办函, en: Letter of supervision}
fields:
  number: {type: serial, format: '涪安督〔{year}〕{n}号', per: [year, unit]}
  about: case
  why: {type: text, personal: true}
states: {sent: {}, answered: {final: true}}
transitions:
  - {trigger: open, source: new, dest: sent, by: anyone, asks: [about, why], then: [{issue: number}]}
  - {trigger: answer, source: sent, dest: answered, by: anyone}
"""

MATTER = """\
workflow: matter
title: {zh: 督办事项, en: Matter}
fields:
  title: text
  paper: {type: serial, format: '{n:03}'}
  units: {type: list, of: unit}
  at: unit
states: {open: {}, pressed: {}, over: {final: true}}
transitions:
  - {trigger: open, source: new, dest: open, by: anyone, asks: [title, units, at]}
  - trigger: press
    source: open
    dest: pressed
    by: anyone
    then:
      - {open: letter, with: {about: case.id}, link: letter}
  - {trigger: press_twice, source: open, by: anyone, then: [{open: letter}, {open: letter}]}
  - trigger: settle
    source: open
    dest: over
    by: anyone
    then:
      - {open: letter, with: {about: case.id}, link: letter}
      - {fire: answer, on: letter}
  - trigger: spread
    source: open
    by: anyone
    then: [{open: job, each: schools, unit: item, with: {title: case.title}}]
  - trigger: below
    source: open
    by: anyone
    then: [{open: job, each: {kind: school, under: case.at}, unit: item, with: {title: item}}]
  - trigger: fail
    source: open
    by: anyone
    asks: {where: text}
    then: [{issue: paper}, {open: letter}, {open: matter, unit: input.where}]
  - {when: 'passed(after(opened, hours(1)))', source: pressed, dest: over, then: [{issue: paper}]}
"""

JOB = """\
workflow: job
title: {zh: 任务, en: Job}
roles: {principal: {post: head}}
fields: {title: text}
states: {given: {}, done: {final: true}}
transitions:
  - {trigger: open, source: new, dest: given, by: anyone, asks: [title]}
  - {trigger: finish, source: given, dest: done, by: [principal]}
"""

CAMPAIGN = """\
campaign: drive
title: {zh: 行动, en: Drive}
begins: 2021-01-01
uses: [matter, job]
groups: {schools: {kind: [school], under: district, but: [school-160]}}
"""


def organisation() -> str:
    """Return a district of two parts with its schools; the last 60 lie in the north."""
    part = {n: "north" if n > SCHOOLS - 60 else "district" for n in range(1, SCHOOLS + 1)}
    rows = "\n".join(
        f"  - {{unit: school-{n:03}, kind: school, title: S{n}, parent: {part[n]}}}" for n in part
    )
    return f"""\
organisation: fuling
title: {{zh: 涪陵, en: Fuling}}
zone: Asia/Shanghai
calendar: plain
lang: zh
kinds:
  office: {{title: 办公室, posts: {{leader: 主任}}, head: leader}}
  school: {{title: 学校, posts: {{principal: 校长}}, head: principal}}
units:
  - {{unit: district, kind: office, title: 区}}
  - {{unit: north, kind: office, title: 北片, parent: district}}
{rows}
holders: []
"""


CALENDAR = (
    "calendar: plain\ntitle: {zh: 平日, en: Plain}\nweekend: [saturday, sunday]\nnotices: []\n"
)


def write(folder: Path) -> Path:
    """Write the definitions to *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "letter": LETTER, "matter": MATTER, "job": JOB, "campaign": CAMPAIGN,
        "organisation": organisation(), "calendar": CALENDAR,
    }  # fmt: skip
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


def engine(address: str, folder: Path) -> duban.Engine:
    """Return an engine with these definitions in force, on the last evening of 2021."""
    made = duban.connect(address, virtual=EVE, seed=1)
    made.apply(str(write(folder)))
    return made
