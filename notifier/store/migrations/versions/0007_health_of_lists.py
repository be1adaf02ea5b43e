"""Since when a list fails, how it usually looks, and where a job that several lists show stands on each."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlmodel import UTCDateTime

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("source", sa.Column("failing_since", UTCDateTime(), nullable=True))
    op.add_column("source", sa.Column("lost_told_at", UTCDateTime(), nullable=True))
    op.add_column("source", sa.Column("last_rows", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("source", sa.Column("unread", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("source", sa.Column("accepted_unread", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("source", sa.Column("usual_columns", sa.JSON(), nullable=False, server_default="[]"))
    op.execute("UPDATE source SET failing_since = suspect_since WHERE failures > 0")
    op.add_column("listing", sa.Column("address", sa.String(), nullable=False, server_default=""))
    op.create_index(
        "ix_listing_address",
        "listing",
        ["address"],
        sqlite_where=sa.text("address <> ''"),
        postgresql_where=sa.text("address <> ''"),
    )
