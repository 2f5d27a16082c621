"""How far database sources were read by their watermark, and which records were gone from them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "watermark",
        sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
        sa.Column("column_name", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("low", sa.String),
        sa.Column("high", sa.String),
        sa.Column("known_rows", sa.String, nullable=False),
        sa.Column("is_whole", sa.Boolean, nullable=False),
    )
    op.create_table(
        "removed_record",
        sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
        sa.Column("record_key", sa.String, primary_key=True),
    )
