"""How many cells of an input were changed while it was read, per kind of change."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "input_change",
        sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
        sa.Column("change_kind", sa.String, primary_key=True),
        sa.Column("n_cells", sa.BigInteger, nullable=False),
    )
