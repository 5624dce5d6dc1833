"""Cases, their history, what is due, the outbox, definitions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything."""
    _cases()
    _history()
    _numbers()
    _timers()
    _outbox()
    _definitions()
    if op.get_context().dialect.name == "sqlite":
        _refuse_changes_of_history()
    else:
        _refuse_changes_of_history_on_postgresql()


def downgrade() -> None:
    """Refuse: history is append-only."""
    message = "there is nothing to go back to; restore a backup instead"
    raise RuntimeError(message)


# Text in the order of its code points, whatever the locale of the database.
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=False)


def _maybe_text(name: str) -> sa.Column[str]:
    return sa.Column(name, _TEXT, nullable=True)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _maybe_number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=True)


def _bytes(name: str) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _of_case(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_duban_case")
    return sa.ForeignKeyConstraint(["case_id"], ["duban_case.id"], name=name)


def _check(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def _key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=op.f(f"pk_{table}"))


def _index(
    name: str, table: str, *columns: str, where: str | None = None, unique: bool = False
) -> None:
    condition = None if where is None else sa.text(where)
    op.create_index(
        name,
        table,
        list(columns),
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _cases() -> None:
    table = "duban_case"
    op.create_table(
        table,
        _text("id"),
        _number("version"),
        _text("head"),
        _text("workflow"),
        _text("rules"),
        _text("unit"),
        _maybe_text("campaign"),
        _maybe_text("phase"),
        _text("state"),
        _text("counts"),
        _maybe_number("due"),
        _maybe_number("lapses"),
        _maybe_number("provisional"),
        _number("opened"),
        _number("changed"),
        _text("body"),
        _maybe_text("aside"),
        _key(table, "id"),
        _check(table, "counts", "counts IN ('open', 'closed', 'void')"),
        _check(table, "version", "version >= 1"),
    )
    _index("ix_duban_case_workflow", table, "workflow", "counts", "unit")
    _index("ix_duban_case_campaign", table, "campaign", "counts", "unit")
    _index("ix_duban_case_unit", table, "unit", "counts")
    _index("ix_duban_case_opened", table, "opened", "id")
    _index("ix_duban_case_due", table, "due", "id", where="due IS NOT NULL")
    _index("ix_duban_case_provisional", table, "id", where="provisional = 1")
    _index("ix_duban_case_aside", table, "id", where="aside IS NOT NULL")
    op.create_table(
        "duban_link",
        _text("case_id"),
        _text("name"),
        _text("other"),
        _key("duban_link", "case_id", "name", "other"),
        _of_case("duban_link"),
        sqlite_with_rowid=False,
    )
    _index("ix_duban_link_other", "duban_link", "other", "name", "case_id")
    op.create_table(
        "duban_watch",
        _text("key"),
        _text("case_id"),
        _key("duban_watch", "key", "case_id"),
        _of_case("duban_watch"),
        sqlite_with_rowid=False,
    )
    _index("ix_duban_watch_case_id", "duban_watch", "case_id")


def _history() -> None:
    table = "duban_entry"
    op.create_table(
        table,
        _text("case_id"),
        _number("seq"),
        _bytes("canon"),
        _text("hash"),
        _text("kind"),
        _maybe_text("trigger"),
        _text("person"),
        _number("at"),
        _number("effective"),
        _number("episode"),
        _maybe_text("deadline"),
        _maybe_number("round"),
        _maybe_number("rung"),
        _key(table, "case_id", "seq"),
        _of_case(table),
        _check(table, "seq", "seq >= 1"),
        _check(table, "hash", "length(hash) = 64"),
    )
    rung = ("case_id", "deadline", "episode", "round", "rung")
    _index("uq_duban_entry_rung", table, *rung, where="deadline IS NOT NULL", unique=True)
    op.create_table(
        "duban_secret",
        _text("case_id"),
        _number("seq"),
        _text("path"),
        _bytes("salt"),
        _text("value"),
        _key("duban_secret", "case_id", "seq", "path"),
        sa.ForeignKeyConstraint(
            ["case_id", "seq"],
            ["duban_entry.case_id", "duban_entry.seq"],
            name=op.f("fk_duban_secret_duban_entry"),
        ),
    )
    op.create_table(
        "duban_request",
        _text("key"),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        _text("body_hash"),
        _text("case_id"),
        _number("seq"),
        _key("duban_request", "key"),
        _of_case("duban_request"),
    )


def _numbers() -> None:
    table = "duban_serial"
    op.create_table(
        table,
        _text("key"),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        _text("case_id"),
        _number("seq"),
        _key(table, "key", "number"),
        sa.ForeignKeyConstraint(
            ["case_id", "seq"],
            ["duban_entry.case_id", "duban_entry.seq"],
            name=op.f("fk_duban_serial_duban_entry"),
        ),
        _check(table, "number", "number >= 1"),
        sqlite_with_rowid=False,
    )
    _index("ix_duban_serial_case", table, "case_id", "seq")


def _timers() -> None:
    table = "duban_timer"
    op.create_table(
        table,
        _text("case_id"),
        _text("name"),
        _number("due"),
        _number("aside"),
        _key(table, "case_id", "name"),
        _of_case(table),
        _check(table, "aside", "aside IN (0, 1)"),
        sqlite_with_rowid=False,
    )
    _index("ix_duban_timer_due", table, "due", "case_id", where="aside = 0")


def _outbox() -> None:
    table = "duban_notice"
    op.create_table(
        table,
        _text("id"),
        _text("case_id"),
        _number("seq"),
        _text("channel"),
        _text("recipient"),
        _maybe_text("person"),
        _maybe_text("address"),
        _text("subject"),
        _text("text"),
        _number("urgent"),
        _number("created"),
        _maybe_text("climbed_from"),
        _text("status"),
        _number("attempts"),
        _maybe_number("next_try"),
        _maybe_text("error"),
        _maybe_number("sent"),
        _key(table, "id"),
        _of_case(table),
        _check(table, "status", "status IN ('waiting', 'sent', 'dead')"),
        _check(table, "urgent", "urgent IN (0, 1)"),
    )
    _index("ix_duban_notice_case", table, "case_id", "created")
    _index("ix_duban_notice_created", table, "created", "id")
    waiting = "status = 'waiting'"
    _index("ix_duban_notice_waiting", table, "next_try", "created", "id", where=waiting)
    _index("ix_duban_notice_dead", table, "created", "id", where="status = 'dead'")


def _definitions() -> None:
    op.create_table(
        "duban_definition",
        _text("hash"),
        _text("kind"),
        _text("name"),
        _bytes("canon"),
        _text("source"),
        _key("duban_definition", "hash"),
    )
    op.create_table(
        "duban_activation",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        _text("kind"),
        _text("name"),
        _text("hash"),
        _number("at"),
        _text("by"),
        _key("duban_activation", "seq"),
        sa.ForeignKeyConstraint(
            ["hash"], ["duban_definition.hash"], name=op.f("fk_duban_activation_duban_definition")
        ),
    )
    op.create_table("duban_meta", _text("key"), _text("value"), _key("duban_meta", "key"))


def _refuse_changes_of_history() -> None:
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER duban_entry_no_{change.lower()} BEFORE {change} ON duban_entry "
            "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
        )


def _refuse_changes_of_history_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION duban_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'history is append-only' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for change, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER duban_entry_no_{change.lower()} BEFORE {change} ON duban_entry "
            f"FOR EACH {each} EXECUTE FUNCTION duban_refuse_change()"
        )
