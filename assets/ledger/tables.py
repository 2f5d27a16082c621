"""The tables of the ledger database. A change here needs a migration in migrations/versions; a test compares the two."""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

INPUT = sa.Table(
    "input",
    METADATA,
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
INPUT_RULE = sa.Table(
    "input_rule",
    METADATA,
    sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
    sa.Column("rule_id", sa.String, primary_key=True),
    sa.Column("column_name", sa.String, primary_key=True),
    sa.Column("severity", sa.String, nullable=False),
    sa.Column("n_rows", sa.Integer, nullable=False),
)
PART = sa.Table(
    "part",
    METADATA,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("dataset", sa.String, nullable=False),
    sa.Column("batch_id", sa.String, nullable=False),
    sa.Column("contract_version", sa.Integer, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
)
MARK = sa.Table(
    "mark",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
# What was decided about a unit's reporting period, each decision a row that is never changed.
PERIOD_CHANGE = sa.Table(
    "period_change",
    METADATA,
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
# The figures that a lock, or what was accepted since, holds fast; `last_seq` is the last delivery they are made of.
LOCKED_FIGURES = sa.Table(
    "locked_figures",
    METADATA,
    sa.Column("change_seq", sa.Integer, sa.ForeignKey("period_change.change_seq"), primary_key=True),
    sa.Column("folder", sa.String, nullable=False),
    sa.Column("last_seq", sa.BigInteger, nullable=False),
)
