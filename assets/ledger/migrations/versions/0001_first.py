"""The ledger as the first version had it: inputs, their rule counts, parts and marks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "input",
        sa.Column("input_id", sa.String, primary_key=True),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("office_code", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("content_sha", sa.String, nullable=False),
        sa.Column("reading_hash", sa.String, nullable=False),
        sa.Column("reference_hash", sa.String, nullable=False),
        sa.Column("delivery_kind", sa.String, nullable=False),
        sa.Column("scope_id", sa.String),
        sa.Column("delivery_seq", sa.BigInteger, nullable=False, unique=True),
        sa.Column("unit_code", sa.String),
        sa.Column("period_id", sa.String),
        sa.Column("sent_on", sa.Date, nullable=False),
        sa.Column("datasets", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("rows_read", sa.Integer, nullable=False),
        sa.Column("rows_accepted", sa.Integer, nullable=False),
        sa.Column("rows_quarantined", sa.Integer, nullable=False),
        sa.Column("rows_duplicate", sa.Integer, nullable=False),
        sa.Column("rows_skipped", sa.Integer, nullable=False),
        sa.Column("reason", sa.String),
        sa.Column("batch_id", sa.String, nullable=False),
        # A reading is retired when the same bytes were read again under another spec or other reference tables.
        sa.Column("retired", sa.Boolean, nullable=False, default=False),
    )
    op.create_table(
        "input_rule",
        sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
        sa.Column("rule_id", sa.String, primary_key=True),
        sa.Column("column_name", sa.String, primary_key=True),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("n_rows", sa.Integer, nullable=False),
    )
    op.create_table(
        "part",
        sa.Column("path", sa.String, primary_key=True),
        sa.Column("dataset", sa.String, nullable=False),
        sa.Column("batch_id", sa.String, nullable=False),
        sa.Column("contract_version", sa.Integer, nullable=False),
        sa.Column("rows", sa.Integer, nullable=False),
    )
    op.create_table(
        "mark",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("value", sa.String, nullable=False),
    )
