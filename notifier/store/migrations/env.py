"""What Alembic runs: always on the connection that `Database.migrate` opened, in its transaction."""

from alembic import context
from sqlmodel import SQLModel

from notifier.store import tables  # noqa: F401 - fills the metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=True,  # SQLite can, once we say BEGIN ourselves
)
context.run_migrations()
