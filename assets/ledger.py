"""The ledger: one row per input file that was ever taken in, what became of its rows, and the landing files that hold them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

import pyarrow as pa
import sqlalchemy as sa

InputStatus = Literal["landed", "empty", "refused", "duplicate"]

# Between two arrivals there is room for readings made again, which keep their arrival's place in the order.
ARRIVAL_STEP = 1 << 20

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


@dataclass(frozen=True)
class InputRecord:
    """One reading of one input; rows_read = accepted + quarantined + duplicate at the time it was taken in."""

    input_id: str
    source: str
    office_code: str
    path: str
    content_sha: str
    reading_hash: str
    reference_hash: str
    delivery_kind: str
    scope_id: str | None
    delivery_seq: int
    unit_code: str | None
    period_id: str | None
    sent_on: dt.date
    datasets: str
    status: InputStatus
    rows_read: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    rows_skipped: int
    reason: str | None
    batch_id: str
    retired: bool = False


@dataclass(frozen=True)
class RuleCount:
    """How many rows of an input break one rule in one column."""

    input_id: str
    rule_id: str
    column_name: str
    severity: str
    n_rows: int


@dataclass(frozen=True)
class Part:
    """One Parquet file of the private zone: a dataset's landed rows, or quarantined rows (``quarantine/…``)."""

    path: str
    dataset: str
    batch_id: str
    contract_version: int
    rows: int


INPUT_SCHEMA = pa.schema(
    [
        ("input_id", pa.string()),
        ("source", pa.string()),
        ("office_code", pa.string()),
        ("path", pa.string()),
        ("delivery_kind", pa.string()),
        ("scope_id", pa.string()),
        ("delivery_seq", pa.int64()),
        ("unit_code", pa.string()),
        ("period_id", pa.string()),
        ("sent_on", pa.date32()),
        ("datasets", pa.string()),
        ("status", pa.string()),
        ("rows_read", pa.int64()),
        ("rows_accepted", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("rows_duplicate", pa.int64()),
        ("rows_skipped", pa.int64()),
        ("reason", pa.string()),
    ]
)
INPUT_RULE_SCHEMA = pa.schema(
    [
        ("input_id", pa.string()),
        ("rule_id", pa.string()),
        ("severity", pa.string()),
        ("column_name", pa.string()),
        ("n_rows", pa.int64()),
    ]
)


class Ledger:
    """The ledger database of a workspace; every change is one transaction."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url)
        METADATA.create_all(self._engine)

    @classmethod
    def of_folder(cls, folder: Path) -> Ledger:
        """Open (or create) the SQLite ledger of a workspace's state folder."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(f"sqlite:///{folder / 'ledger.sqlite'}")

    def close(self) -> None:
        self._engine.dispose()

    def active(self) -> list[InputRecord]:
        """Return every reading that counts, in order of arrival."""
        names = [field.name for field in fields(InputRecord)]
        statement = (
            sa.select(*(INPUT.c[name] for name in names))
            .where(INPUT.c.retired.is_(False))
            .order_by(INPUT.c.delivery_seq)
        )
        with self._engine.connect() as connection:
            return [InputRecord(**row) for row in connection.execute(statement).mappings()]

    def is_bound_to(self, key_mark: str) -> bool:
        """Return whether the records were keyed with this key (told by a mark of it); the first key asked about is bound."""
        with self._engine.begin() as connection:
            bound = connection.execute(sa.select(MARK.c.value).where(MARK.c.name == "key")).scalar()
            if bound is None:
                connection.execute(sa.insert(MARK).values(name="key", value=key_mark))
            return bound in (None, key_mark)

    def retired_ids(self) -> frozenset[str]:
        """Return the readings that no longer count; their landed rows lie on, unread."""
        with self._engine.connect() as connection:
            return frozenset(connection.execute(sa.select(INPUT.c.input_id).where(INPUT.c.retired.is_(True))).scalars())

    def rule_counts(self) -> list[RuleCount]:
        """Return the rule counts of the readings that count, in order of arrival, rule and column."""
        statement = (
            sa.select(INPUT_RULE)
            .join(INPUT)
            .where(INPUT.c.retired.is_(False))
            .order_by(INPUT.c.delivery_seq, INPUT_RULE.c.rule_id, INPUT_RULE.c.column_name)
        )
        with self._engine.connect() as connection:
            return [RuleCount(**row) for row in connection.execute(statement).mappings()]

    def parts(self, dataset: str | None = None) -> list[Part]:
        """Return the committed files of the private zone, in path order."""
        statement = sa.select(PART).order_by(PART.c.path)
        if dataset is not None:
            statement = statement.where(PART.c.dataset == dataset)
        with self._engine.connect() as connection:
            return [Part(**row) for row in connection.execute(statement).mappings()]

    def next_seq(self) -> int:
        """Return the number the next arrival gets: a multiple of ARRIVAL_STEP."""
        with self._engine.connect() as connection:
            last = connection.execute(sa.select(sa.func.max(INPUT.c.delivery_seq))).scalar()
        return ((last or 0) // ARRIVAL_STEP + 1) * ARRIVAL_STEP

    def commit(
        self,
        inputs: Sequence[InputRecord],
        rules: Sequence[RuleCount],
        parts: Sequence[Part],
        retired: Iterable[str] = (),
    ) -> None:
        """Record a batch: from here on it is landed. All or nothing."""
        with self._engine.begin() as connection:
            for input_id in retired:
                connection.execute(sa.update(INPUT).where(INPUT.c.input_id == input_id).values(retired=True))
            for table, rows in ((INPUT, inputs), (INPUT_RULE, rules), (PART, parts)):
                if rows:
                    connection.execute(sa.insert(table), [asdict(row) for row in rows])

    def tables(self) -> dict[str, pa.Table]:
        """Return ``input`` and ``input_rule`` as the warehouse reads them."""
        inputs = [asdict(record) for record in self.active()]
        rules = [asdict(count) for count in self.rule_counts()]
        return {
            "input": pa.Table.from_pylist(inputs, schema=INPUT_SCHEMA),
            "input_rule": pa.Table.from_pylist(rules, schema=INPUT_RULE_SCHEMA),
        }
