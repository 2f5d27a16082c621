"""Tombstones of forgotten people, files rewritten without them, and what retention took away."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    with op.batch_alter_table("input") as table:
        table.add_column(sa.Column("rows_forgotten", sa.Integer, nullable=False, server_default="0"))
    op.create_table(
        "tombstone",
        sa.Column("token", sa.String, primary_key=True),
        sa.Column("purpose", sa.String, primary_key=True),
        sa.Column("key_id", sa.String, nullable=False),
        sa.Column("forgotten_on", sa.Date, nullable=False),
    )
    op.create_table(
        "rewritten",
        sa.Column("path", sa.String, primary_key=True),
        sa.Column("content_sha", sa.String, primary_key=True),
        sa.Column("delivered_sha", sa.String, nullable=False),
    )
    op.create_table(
        "retention",
        sa.Column("dataset", sa.String, primary_key=True),
        sa.Column("before", sa.Date, primary_key=True),
        sa.Column("done_on", sa.Date, nullable=False),
        sa.Column("files_removed", sa.Integer, nullable=False),
        sa.Column("rows_blanked", sa.Integer, nullable=False),
        sa.Column("rows_removed", sa.Integer, nullable=False),
    )
