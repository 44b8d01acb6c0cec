"""The highest numbers of certificates and revocation lists that were seen. Some databases have the table already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table where it is missing."""
    if not sa.inspect(op.get_bind()).has_table("auscult_seen"):
        op.create_table(
            "auscult_seen",
            sa.Column("name", sa.Text, primary_key=True),
            sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        )
