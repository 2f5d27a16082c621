"""What was decided about reporting periods, and the figures that are locked."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "period_change",
        sa.Column("change_seq", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("unit_code", sa.String, nullable=False),
        sa.Column("period_id", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("revision", sa.String, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("decided_by", sa.String, nullable=False),
        sa.Column("decided_at", sa.DateTime, nullable=False),
    )
    op.create_table(
        "locked_figures",
        sa.Column("change_seq", sa.Integer, sa.ForeignKey("period_change.change_seq"), primary_key=True),
        sa.Column("folder", sa.String, nullable=False),
        sa.Column("last_seq", sa.BigInteger, nullable=False),
    )
