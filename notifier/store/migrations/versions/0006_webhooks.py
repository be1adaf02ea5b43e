"""Incoming webhooks as destinations: what lets us write there."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("destination", sa.Column("secret", sa.String(), nullable=False, server_default=""))
