"""Writes units.csv and holders.csv of workflows/fuling, to try things on; run it by hand.

Everything follows from the constants below: no chance, no names of people, no real units.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from pathlib import Path

TARGET = Path(__file__).parents[2] / "workflows" / "fuling"

FOUNDED = "2010-09-01"
SINCE = date(2019, 9, 1)
CENTRES = 8
SCHOOLS_OF_CENTRE, SCHOOLS_DIRECT = 10, 20
KINDERGARTENS_OF_CENTRE, KINDERGARTENS_DIRECT = 6, 12
MIDDLE_EVERY = 3

DEPARTMENTS = {
    "general-office": ("办公室", "General office"),
    "safety-office": ("安稳办", "Safety office"),
    "basic-education": ("基教科", "Basic education"),
    "comprehensive-education": ("综教科", "Comprehensive education"),
    "arts-health": ("体卫艺科", "Sports, health and arts"),
    "personnel": ("人事科", "Personnel"),
    "finance": ("计财科", "Planning and finance"),
    "discipline": ("纪检监察组", "Discipline inspection"),
}
INSTITUTIONS = {
    "infrastructure": ("基建后勤中心", "Infrastructure and logistics centre"),
    "equipment": ("装备中心", "Equipment centre"),
    "admissions": ("招生考试中心", "Admissions and examinations centre"),
    "student-aid": ("学生资助中心", "Student aid centre"),
}
AGENCIES = {
    "emergency-management": ("应急管理部门", "Emergency management"),
    "market-supervision": ("市场监管部门", "Market supervision"),
    "public-security": ("公安部门", "Public security"),
    "transport": ("交通部门", "Transport"),
    "fire-rescue": ("消防救援机构", "Fire and rescue"),
    "housing": ("住房城乡建设部门", "Housing and construction"),
}
COLOURS = (("红", "Red"), ("黄", "Yellow"), ("蓝", "Blue"), ("绿", "Green"), ("紫", "Purple"))
PLANTS = (
    ("梅", "Plum"), ("兰", "Orchid"), ("竹", "Bamboo"), ("菊", "Aster"), ("荷", "Lotus"),
    ("桃", "Peach"), ("杏", "Apricot"), ("桂", "Osmanthus"), ("枫", "Maple"), ("松", "Pine"),
    ("柳", "Willow"), ("榕", "Banyan"),
)  # fmt: skip
DIGITS = "零一二三四五六七八九"

POSTS = {
    "commission": ("director", "deputy", "inspector"),
    "department": ("chief", "officer", "safety_officer"),
    "institution": ("director", "officer", "safety_officer"),
    "centre": ("director", "inspector", "safety_officer"),
    "school": ("principal", "safety_officer"),
    "kindergarten": ("principal", "safety_officer"),
    "agency": ("director", "contact"),
}
# Posts that change hands: the last day of the first holder, and the first day of the next.
CHANGES = {
    "commission/deputy": (date(2021, 12, 31), date(2022, 1, 1)),
    "safety-office/chief": (date(2021, 6, 30), date(2021, 7, 1)),
    "discipline/chief": (date(2021, 10, 31), date(2022, 1, 1)),
    "equipment/director": (date(2022, 3, 15), date(2022, 4, 6)),
    "centre-2/director": (date(2020, 12, 31), date(2021, 1, 1)),
    "centre-5/inspector": (date(2021, 8, 31), date(2021, 11, 1)),
    "fire-rescue/contact": (date(2021, 3, 31), date(2021, 4, 1)),
}
PRINCIPAL_CHANGES_EVERY = 9
PRINCIPAL_IS_LATE_EVERY = 4
OFFICER_LEAVES_EVERY = 13
NEVER_FILLED = frozenset({"kindergarten-037/safety_officer", "student-aid/safety_officer"})


@dataclass(frozen=True)
class Unit:
    name: str
    kind: str
    zh: str
    en: str
    parent: str = ""
    tags: tuple[str, ...] = field(default=())

    def row(self) -> Sequence[str]:
        return (
            self.name,
            self.kind,
            self.zh,
            self.en,
            self.parent,
            FOUNDED,
            "",
            " ".join(self.tags),
        )


def chinese(number: int) -> str:
    """Return *number*, below a hundred, in Chinese numerals."""
    tens, ones = divmod(number, 10)
    if not tens:
        return DIGITS[ones]
    return ("" if tens == 1 else DIGITS[tens]) + "十" + (DIGITS[ones] if ones else "")


def units() -> Iterator[Unit]:
    yield Unit("commission", "commission", "区教育委员会", "District education commission")
    for kind, known in (("department", DEPARTMENTS), ("institution", INSTITUTIONS)):
        for name, (zh, en) in known.items():
            yield Unit(name, kind, zh, en, "commission")
    for number in range(1, CENTRES + 1):
        zh = f"第{chinese(number)}教管中心"
        yield Unit(f"centre-{number}", "centre", zh, f"School centre {number}", "commission")
    yield from schools()
    yield from kindergartens()
    for name, (zh, en) in AGENCIES.items():
        yield Unit(name, "agency", zh, en, tags=("outside",))


def schools() -> Iterator[Unit]:
    numbers = {"小学": count(1), "中学": count(1)}
    for number, parent in enumerate(parents(SCHOOLS_OF_CENTRE, SCHOOLS_DIRECT), 1):
        middle = number % MIDDLE_EVERY == 0
        zh, en = ("中学", "Middle school") if middle else ("小学", "Primary school")
        own = next(numbers[zh])
        marks = {
            "direct": parent == "commission",
            "lab": middle,
            "boarding": number % 4 == 0,
            "bus": number % 10 == 7,
            "highrise": number % 25 == 0,
        }
        title = f"第{chinese(own)}{zh}"
        yield Unit(f"school-{number:03}", "school", title, f"{en} {own}", parent, on(marks))


def kindergartens() -> Iterator[Unit]:
    places = parents(KINDERGARTENS_OF_CENTRE, KINDERGARTENS_DIRECT)
    for number, parent in enumerate(places, 1):
        colour, colour_en = COLOURS[(number - 1) // len(PLANTS)]
        plant, plant_en = PLANTS[(number - 1) % len(PLANTS)]
        marks = {"direct": parent == "commission", "bus": number % 5 == 0}
        zh, en = f"{colour}{plant}幼儿园", f"{colour_en} {plant_en} kindergarten"
        yield Unit(f"kindergarten-{number:03}", "kindergarten", zh, en, parent, on(marks))


def parents(of_each_centre: int, direct: int) -> Iterator[str]:
    for centre in range(1, CENTRES + 1):
        yield from [f"centre-{centre}"] * of_each_centre
    yield from ["commission"] * direct


def on(marks: dict[str, bool]) -> tuple[str, ...]:
    return tuple(mark for mark, holds in marks.items() if holds)


def change(post: str, number: int) -> tuple[date, date] | None:
    """Return the last day of the first holder of *post* and the first of the next, if any."""
    if post in CHANGES:
        return CHANGES[post]
    if post.endswith("/principal") and number % PRINCIPAL_CHANGES_EVERY == 0:
        last = date(2021 if number % 2 else 2020, 8, 31)
        late = number % (PRINCIPAL_CHANGES_EVERY * PRINCIPAL_IS_LATE_EVERY) == 0
        return last, last + timedelta(days=46 if late else 1)
    if post.endswith("/safety_officer") and number % OFFICER_LEAVES_EVERY == 0:
        return date(2021, 2, 28), date(2021, 6, 1)
    return None


def holders(known: Iterable[Unit]) -> Iterator[Sequence[str]]:
    persons = (f"p-{number:04}" for number in count(1))
    for number, unit in enumerate(known):
        for name in POSTS[unit.kind]:
            post = f"{unit.name}/{name}"
            if post not in NEVER_FILLED:
                for start, end in terms(post, number):
                    person = next(persons)
                    yield post, person, start, end, f"{person}@example.org"


def terms(post: str, number: int) -> Iterator[tuple[str, str]]:
    changed = change(post, number)
    yield SINCE.isoformat(), changed[0].isoformat() if changed else ""
    if changed:
        yield changed[1].isoformat(), ""


def write(name: str, header: str, rows: Iterable[Sequence[str]]) -> None:
    with (TARGET / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header.split(","))
        table.writerows(rows)


if __name__ == "__main__":
    every = list(units())
    write("units.csv", "unit,kind,title_zh,title_en,parent,from,to,tags", (u.row() for u in every))
    write("holders.csv", "post,person,from,to,address", holders(every))
