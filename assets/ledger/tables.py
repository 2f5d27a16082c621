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
# What went back to a sender: the refused rows of one delivery as a file, or the notice that a file was refused whole.
RETURN_FILE = sa.Table(
    "return_file",
    METADATA,
    sa.Column("return_id", sa.String, primary_key=True),
    # The delivery it is about, by what stays the same when it is read again.
    sa.Column("source", sa.String, nullable=False),
    sa.Column("path", sa.String, nullable=False),
    sa.Column("scope_id", sa.String),
    sa.Column("content_sha", sa.String, nullable=False),
    # The last reading that had these rows refused.
    sa.Column("input_id", sa.String, nullable=False),
    sa.Column("file", sa.String, nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("returned_on", sa.Date, nullable=False),
)
RETURN_ROW = sa.Table(
    "return_row",
    METADATA,
    sa.Column("return_id", sa.String, sa.ForeignKey("return_file.return_id"), primary_key=True),
    sa.Column("row_no", sa.Integer, primary_key=True),
    sa.Column("sheet", sa.String),
    sa.Column("line", sa.Integer, nullable=False),
    # The first row of those that conflict with each other; who sends one of them back has decided between them.
    sa.Column("conflict_no", sa.Integer),
)
ANSWER = sa.Table(
    "answer",
    METADATA,
    sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
    sa.Column("return_id", sa.String, sa.ForeignKey("return_file.return_id"), nullable=False),
)
ANSWER_ROW = sa.Table(
    "answer_row",
    METADATA,
    sa.Column("input_id", sa.String, sa.ForeignKey("answer.input_id"), primary_key=True),
    sa.Column("row_no", sa.Integer, primary_key=True),
)
