"""What Alembic runs to migrate the ledger: on the connection it is given, as a part of that connection's transaction."""

from alembic import context

from assets.ledger.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    # SQLite changes a table by making it anew.
    render_as_batch=True,
)
context.run_migrations()
