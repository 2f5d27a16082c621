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
    # Rows of people who asked to be forgotten: read, and not kept or kept no longer.
    sa.Column("rows_forgotten", sa.Integer, nullable=False, default=0, server_default="0"),
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
INPUT_CHANGE = sa.Table(
    "input_change",
    METADATA,
    sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
    sa.Column("change_kind", sa.String, primary_key=True),
    sa.Column("n_cells", sa.BigInteger, nullable=False),
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
# How far a database source was read by a watermark, per reading of it that was landed.
WATERMARK = sa.Table(
    "watermark",
    METADATA,
    sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
    sa.Column("column_name", sa.String, nullable=False),
    sa.Column("kind", sa.String, nullable=False),
    # From here on rows were read; NULL: all of them.
    sa.Column("low", sa.String),
    sa.Column("high", sa.String),
    sa.Column("known_rows", sa.String, nullable=False),
    sa.Column("is_whole", sa.Boolean, nullable=False),
)
# The records that a reading found to be gone from their source.
REMOVED_RECORD = sa.Table(
    "removed_record",
    METADATA,
    sa.Column("input_id", sa.String, sa.ForeignKey("input.input_id"), primary_key=True),
    sa.Column("record_key", sa.String, primary_key=True),
)
MARK = sa.Table(
    "mark",
    METADATA,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("value", sa.String, nullable=False),
)
# What must not come in again: the token of a person, or the key of a record that was of one. Nothing else is known of them.
TOMBSTONE = sa.Table(
    "tombstone",
    METADATA,
    sa.Column("token", sa.String, primary_key=True),
    sa.Column("purpose", sa.String, primary_key=True),
    sa.Column("key_id", sa.String, nullable=False),
    sa.Column("forgotten_on", sa.Date, nullable=False),
)
# A file that was rewritten without a person's rows is still the delivery that was taken in.
REWRITTEN = sa.Table(
    "rewritten",
    METADATA,
    sa.Column("path", sa.String, primary_key=True),
    sa.Column("content_sha", sa.String, primary_key=True),
    sa.Column("delivered_sha", sa.String, nullable=False),
)
# What retention took away, by dataset: what is older than `before` has lost its personal data.
RETENTION = sa.Table(
    "retention",
    METADATA,
    sa.Column("dataset", sa.String, primary_key=True),
    sa.Column("before", sa.Date, primary_key=True),
    sa.Column("done_on", sa.Date, nullable=False),
    sa.Column("files_removed", sa.Integer, nullable=False),
    sa.Column("rows_blanked", sa.Integer, nullable=False),
    sa.Column("rows_removed", sa.Integer, nullable=False),
)
