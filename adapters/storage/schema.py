"""The tables of a database: which version there is, creating them, bringing them up to date.

Alembic is loaded only when there is something to do.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from duban.engine.errors import Unreachable

REVISIONS = ("0001",)
NEWEST = REVISIONS[-1]
VERSION_TABLE = "duban_version"


def version(connection: Connection) -> str | None:
    """Return the revision of the tables, or None when there are none."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()
    return None if found is None else str(found)


def check(found: str | None) -> bool:
    """Return whether tables of this revision are up to date.

    Raises:
        Unreachable: they were made by a newer duban.
    """
    if found is not None and found not in REVISIONS:
        raise Unreachable(
            what=f"tables of revision {found}",
            why=f"this duban knows revisions up to {NEWEST}",
            hint="install the newer duban that made them",
        )
    return found == NEWEST


def prepare(connection: Connection) -> None:
    """Create the tables, or bring them up to date, in the transaction of *connection*.

    Raises:
        Unreachable: they were made by a newer duban.
    """
    if check(version(connection)):
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    command.upgrade(config, "head")
