"""Shared chats: who set them up, what they are called, what is wrong there; messages found by their reference."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("destination", sa.Column("title", sa.String(), nullable=False, server_default=""))
    # In words: Alembic would add the foreign key by itself afterwards, which SQLite cannot.
    op.execute("ALTER TABLE destination ADD COLUMN keeper_id INTEGER REFERENCES person (id)")
    op.add_column("destination", sa.Column("rich", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("destination", sa.Column("trouble", sa.String(), nullable=True))
    op.add_column("destination", sa.Column("trouble_reason", sa.String(), nullable=True))
    for name, table, column, where in (
        ("ix_destination_trouble", "destination", "id", sa.text("trouble IS NOT NULL")),
        ("ix_delivery_reference", "delivery", "reference", sa.text("reference IS NOT NULL")),
    ):
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
