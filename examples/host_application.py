"""A small host application: its inspections and duban's cases live in one database, in one transaction.

    python examples/host_application.py [folder]

The host has a table and a SQLAlchemy engine of its own. Inside its transactions it opens and fires
cases through `engine.using(connection)`; its commit keeps both, its rollback takes both.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, Engine, create_engine, text

import duban

WORKFLOWS = Path(__file__).parents[1] / "workflows"


def say(line: str) -> None:
    """Print *line*."""
    sys.stdout.write(line + "\n")


def inspect(connection: Connection, school: str, finding: str) -> int:
    """Write down an inspection in the host's own table."""
    sql = text("INSERT INTO inspection (school, finding) VALUES (:school, :finding) RETURNING id")
    return int(connection.execute(sql, {"school": school, "finding": finding}).scalar_one())


def open_case(engine: duban.Engine, principal: duban.Actor, finding: str, key: str) -> duban.Case:
    """Open a hazard for what an inspection found, and register it."""
    data = {"title": finding, "category": "fire", "point": "hall", "source": "inspection"}
    case = engine.open("hazard", unit="school-001", actor=principal, data=data, key=key)
    return engine.fire(case.id, "register", actor=principal)


def run(folder: Path) -> None:
    """Run the example in *folder*."""
    engine = duban.connect(f"sqlite:///{folder}/host.db")
    engine.apply(str(WORKFLOWS))
    holder = engine.directory().holders("school-001/principal", engine.now().date())[0]
    principal = duban.Actor(person=holder.person, post=holder.post, authenticated_by="host")

    host = create_engine(f"sqlite:///{folder}/host.db")
    with host.begin() as connection:
        connection.execute(
            text("CREATE TABLE inspection (id INTEGER PRIMARY KEY, school TEXT, finding TEXT)")
        )

    # One transaction: the host's row and duban's case are committed together.
    with host.begin() as connection:
        number = inspect(connection, "school-001", "extinguisher out of date")
        case = open_case(
            engine.using(connection), principal, "extinguisher out of date", f"inspection-{number}"
        )
    say(f"committed: {count(host)} inspection, {hazards(engine)} hazard, which is {case.state}")

    # The host changes its mind: its rollback takes the case with it.
    with host.connect() as connection:
        number = inspect(connection, "school-001", "blocked exit")
        open_case(engine.using(connection), principal, "blocked exit", f"inspection-{number}")
        connection.rollback()
    say(f"rolled back: {count(host)} inspection, {hazards(engine)} hazard")

    refused_apart(engine, host, principal, case)
    verified = engine.verify()
    say(f"proved: {verified.entries} entries, whole: {verified.holds}")
    host.dispose()
    engine.close()


def refused_apart(
    engine: duban.Engine, host: Engine, principal: duban.Actor, case: duban.Case
) -> None:
    """Show what a refusal does to the transaction around it, and what a plain call would do."""
    # A refusal undoes its own call only; what the host wrote stays, and the host goes on.
    with host.begin() as connection:
        inspect(connection, "school-001", "door repaired")
        try:
            engine.using(connection).fire(case.id, "verify_passed", actor=principal)
        except duban.TransitionRefused as refused:
            say(f"refused: {refused.reasons[0].en}")
    say(f"kept: {count(host)} inspections, case still {engine.case(case.id).state}")

    # Inside the host's transaction a plain call would wait for itself, so that it is refused.
    with host.begin() as connection:
        engine.using(connection).fire(case.id, "grade", actor=principal, data={"grade": "general"})
        try:
            engine.fire(case.id, "void", actor=principal)
        except duban.DubanError as error:
            say(f"nested: {error}")


def count(host: Engine) -> int:
    """Return how many inspections the host has."""
    with host.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM inspection")).scalar_one())


def hazards(engine: duban.Engine) -> int:
    """Return how many hazards duban has."""
    return engine.count(duban.Where(workflow="hazard"))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(Path(sys.argv[1]))
    else:
        with TemporaryDirectory() as scratch:
            run(Path(scratch))
