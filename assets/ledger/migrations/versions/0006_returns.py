"""Returns: what went back to senders, row by row, and which inputs answer it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "return_file",
        sa.Column("return_id", sa.String, primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("scope_id", sa.String),
        sa.Column("content_sha", sa.String, nullable=False),
        sa.Column("input_id", sa.String, nullable=False),
        sa.Column("file", sa.String, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("returned_on", sa.Date, nullable=False),
    )
    op.create_table(
        "return_row",
        sa.Column("return_id", sa.String, sa.ForeignKey("return_file.return_id"), primary_key=True),
        sa.Column("row_no", sa.Integer, primary_key=True),
        sa.Column("sheet", sa.String),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("conflict_no", sa.Integer),
    )
    op.create_table(
        "answer",
        sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
        sa.Column("return_id", sa.String, sa.ForeignKey("return_file.return_id"), nullable=False),
    )
    op.create_table(
        "answer_row",
        sa.Column("input_id", sa.String, sa.ForeignKey("answer.input_id"), primary_key=True),
        sa.Column("row_no", sa.Integer, primary_key=True),
    )
