"""Where a platform takes messages, how a channel shows them, and whom a feed notifies."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("destination", sa.Column("route", sa.String(), nullable=False, server_default=""))
    op.add_column("destination", sa.Column("form", sa.String(), nullable=False, server_default=""))
    op.add_column("subscription", sa.Column("mention", sa.String(), nullable=False, server_default=""))
    op.add_column("subscription", sa.Column("mention_when", sa.JSON(), nullable=True))
    op.drop_column("destination", "mention")  # nobody ever set it; feeds have their own now
    op.add_column("subscription", sa.Column("tag", sa.String(), nullable=False, server_default=""))
