"""The chain of events, append-only. Databases from before there were migrations have it already."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from guard import tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table where it is missing, and its triggers."""
    if not sa.inspect(op.get_bind()).has_table("auscult_events"):
        op.create_table(
            "auscult_events",
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("request", sa.String(80), nullable=False),
            sa.Column("previous", sa.String(80), nullable=False, unique=True),
            sa.Column("digest", sa.String(80), nullable=False, unique=True),
            sa.Column("line", sa.Text, nullable=False),
        )
        op.create_index("ix_auscult_events_request", "auscult_events", ["request"])
    tables.protect(op.get_bind())
