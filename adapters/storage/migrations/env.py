"""Run by Alembic: carries out revisions on the connection that it was given, in its transaction."""

from __future__ import annotations

from alembic import context

from duban.adapters.storage.tables import Row

options = context.config.attributes
context.configure(
    connection=options["connection"],
    target_metadata=Row.metadata,
    version_table=options["version_table"],
)
with context.begin_transaction():
    context.run_migrations()
