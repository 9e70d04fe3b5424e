"""Alembic's entry: always runs inside the transaction that ``connector.store.store`` opened."""

from alembic import context

from connector.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
