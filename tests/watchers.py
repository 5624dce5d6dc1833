"""Definitions in which cases look at one another: findings, cards, an organisation's certificate."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duban

START = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
ANN = duban.Actor(person="ann")

ORGANISATION = """\
organisation: sky
title: {zh: 航空, en: Sky}
zone: Asia/Shanghai
lang: en
kinds:
  authority: {title: 局, posts: {head: 局长}, head: head}
  base: {title: 基地, posts: {head: 主任}, head: head}
  shop: {title: 车间, posts: {head: 主管}, head: head}
units:
  - {unit: authority, kind: authority, title: 局}
  - {unit: base-1, kind: base, title: 一基地, parent: authority}
  - {unit: base-2, kind: base, title: 二基地, parent: authority}
  - {unit: shop-1, kind: shop, title: 一车间, parent: base-1}
  - {unit: shop-2, kind: shop, title: 二车间, parent: base-1}
  - {unit: shop-3, kind: shop, title: 三车间, parent: base-2}
holders:
  - {post: authority/head, person: chief}
  - {post: base-1/head, person: ben}
  - {post: base-2/head, person: bea}
"""

FINDING = """\
workflow: finding
title: {zh: 发现项, en: Finding}
fields:
  level: {type: choice, choices: {one: {weight: 10}, two: {weight: 3}, observation: {weight: 0}}}
  points: number
  cost: money
  on: date
  topic: text
  tags: {type: list, of: text}
  who: {type: text, personal: true}
states:
  found: {title: Found}
  closed: {title: Closed, final: true}
  dropped: {title: Dropped, final: true, counts: void}
transitions:
  - {trigger: open, source: new, dest: found, by: anyone, asks: [level, points, cost, on, topic, tags, who]}
  - {trigger: note, source: found, by: anyone, asks: [level, topic, points]}
  - {trigger: close, source: found, dest: closed, by: anyone}
  - {trigger: drop, source: '*', dest: dropped, by: anyone}
  - {trigger: unnote, source: found, by: anyone, then: [{strike: note}]}
"""

CERTIFICATE = """\
workflow: certificate
title: {zh: 证书, en: Certificate}
standing: {kind: base}
roles: {head: {post: head, of: case.unit}}
states: {valid: {title: Valid}, suspended: {title: Suspended}}
transitions:
  - {trigger: open, source: new, dest: valid}
  - {when: fact.grave, source: valid, dest: suspended, then: [{notify: [head]}]}
  - {when: '!fact.grave', source: suspended, dest: valid}
facts:
  grave: {any: finding, of: below, where: {level: one}}
"""


def engine(url: str, folder: Path, **more: str) -> duban.Engine:
    """Return an engine on a virtual store with these definitions, and *more* by name, in force."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {"organisation": ORGANISATION, "finding": FINDING, **more}
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    made = duban.connect(url, virtual=START, seed=1)
    made.apply(str(folder))
    return made


def asking(facts: str, *, fields: str = "") -> str:
    """Return a workflow whose cases ask *facts* and do nothing else."""
    return f"""\
workflow: asker
title: Asker
fields: {{at: date, topic: text{fields}}}
states: {{open: {{}}, over: {{final: true}}}}
transitions:
  - {{trigger: open, source: new, dest: open, by: anyone, asks: [at, topic]}}
  - trigger: tie
    source: open
    by: anyone
    asks: {{other: case}}
    then: [{{link: about, to: input.other}}]
  - trigger: spawn
    source: open
    by: anyone
    asks: {{to: text}}
    then: [{{open: finding, unit: input.to, with: {{level: "'one'"}}}}]
  - {{trigger: end, source: open, dest: over, by: anyone}}
facts:
{facts}
"""
