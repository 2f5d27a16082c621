"""Reading and writing the ledger. Its tables stand in tables.py, how they change in migrate.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from assets.ledger.migrate import migrate
from assets.ledger.records import (
    ARRIVAL_STEP,
    INPUT_CHANGE_SCHEMA,
    INPUT_RULE_SCHEMA,
    INPUT_SCHEMA,
    REMOVED_RECORD_SCHEMA,
    ChangeCount,
    InputRecord,
    Part,
    RuleCount,
    WatermarkRecord,
)
from assets.ledger.tables import INPUT, INPUT_CHANGE, INPUT_RULE, MARK, PART, REMOVED_RECORD, WATERMARK

# Rows of one insert: few beside what a database takes in one statement, many beside the cost of one.
INSERT_ROWS = 10_000

# What the marks of aliases begin with; office and name follow.
_ALIAS = "unit_alias/"


class Ledger:
    """The ledger database of a workspace; every change is one transaction."""

    def __init__(self, url: str) -> None:
        """Open (or create) the ledger at an SQLAlchemy URL, its tables as this version has them. Raises LedgerTooNew."""
        self._engine = sa.create_engine(url)
        migrate(self._engine)

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

    def meet_aliases(self, aliases: Iterable[tuple[str, str]]) -> None:
        """Note entries of the alias table, as (office, name), that a name of an input was resolved by."""
        with self._engine.begin() as connection:
            noted: set[str] = set(connection.execute(sa.select(MARK.c.name)).scalars())
            new = sorted({f"{_ALIAS}{office}/{name}" for office, name in aliases} - noted)
            if new:
                connection.execute(sa.insert(MARK), [{"name": name, "value": "met"} for name in new])

    def aliases_met(self) -> frozenset[tuple[str, str]]:
        """Return every entry that was noted so."""
        statement = sa.select(MARK.c.name).where(MARK.c.name.startswith(_ALIAS, autoescape=True))
        with self._engine.connect() as connection:
            names: list[str] = list(connection.execute(statement).scalars())
        found = (name.removeprefix(_ALIAS).partition("/") for name in names)
        return frozenset((office, name) for office, _, name in found)

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

    def change_counts(self) -> list[ChangeCount]:
        """Return the counts of changed cells of the readings that count, in order of arrival and kind."""
        statement = (
            sa.select(INPUT_CHANGE)
            .join(INPUT)
            .where(INPUT.c.retired.is_(False))
            .order_by(INPUT.c.delivery_seq, INPUT_CHANGE.c.change_kind)
        )
        with self._engine.connect() as connection:
            return [ChangeCount(**row) for row in connection.execute(statement).mappings()]

    def parts(self, dataset: str | None = None) -> list[Part]:
        """Return the committed files of the private zone, in path order."""
        statement = sa.select(PART).order_by(PART.c.path)
        if dataset is not None:
            statement = statement.where(PART.c.dataset == dataset)
        with self._engine.connect() as connection:
            return [Part(**row) for row in connection.execute(statement).mappings()]

    def watermarks(self) -> dict[str, WatermarkRecord]:
        """Return how far the readings that count went in their databases, by reading, in order of arrival."""
        statement = sa.select(WATERMARK).join(INPUT).where(INPUT.c.retired.is_(False)).order_by(INPUT.c.delivery_seq)
        with self._engine.connect() as connection:
            return {row["input_id"]: WatermarkRecord(**row) for row in connection.execute(statement).mappings()}

    def removed(self, source: str | None = None) -> pa.Table:
        """Return the records found gone from their source, or from this one, by readings that count.

        One row per reading and record: input_id, record_key, delivery_seq.
        """
        columns = (REMOVED_RECORD.c.input_id, REMOVED_RECORD.c.record_key, INPUT.c.delivery_seq)
        statement = sa.select(*columns).select_from(REMOVED_RECORD.join(INPUT)).where(INPUT.c.retired.is_(False))
        if source is not None:
            statement = statement.where(INPUT.c.source == source)
        statement = statement.order_by(INPUT.c.delivery_seq, REMOVED_RECORD.c.record_key)
        schema = REMOVED_RECORD_SCHEMA.append(pa.field("delivery_seq", pa.int64()))
        with self._engine.connect() as connection:
            rows = connection.execute(statement).all()
        return pa.table([pa.array([row[at] for row in rows], schema.types[at]) for at in range(3)], schema=schema)

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
        changes: Sequence[ChangeCount] = (),
        watermarks: Sequence[WatermarkRecord] = (),
        removed: Mapping[str, pa.Array] | None = None,
    ) -> None:
        """Record a batch: from here on it is landed, and its sources are read so far. All or nothing.

        `removed` gives, by reading, the keys of the records that were gone.
        """
        with self._engine.begin() as connection:
            for input_id in retired:
                connection.execute(sa.update(INPUT).where(INPUT.c.input_id == input_id).values(retired=True))
            counted = ((INPUT_RULE, rules), (INPUT_CHANGE, changes), (PART, parts), (WATERMARK, watermarks))
            for table, rows in ((INPUT, inputs), *counted):
                if rows:
                    connection.execute(sa.insert(table), [asdict(row) for row in rows])
            for input_id, keys in (removed or {}).items():
                for first in range(0, len(keys), INSERT_ROWS):
                    some = keys.slice(first, INSERT_ROWS).to_pylist()
                    connection.execute(
                        sa.insert(REMOVED_RECORD), [{"input_id": input_id, "record_key": key} for key in some]
                    )

    def tables(self) -> dict[str, pa.Table]:
        """Return ``input``, ``input_rule``, ``input_change`` and ``removed_record`` as the warehouse reads them."""
        inputs = [asdict(record) for record in self.active()]
        rules = [asdict(count) for count in self.rule_counts()]
        changes = [asdict(count) for count in self.change_counts()]
        return {
            "input": pa.Table.from_pylist(inputs, schema=INPUT_SCHEMA),
            "input_rule": pa.Table.from_pylist(rules, schema=INPUT_RULE_SCHEMA),
            "removed_record": self.removed().select(REMOVED_RECORD_SCHEMA.names),
            "input_change": pa.Table.from_pylist(changes, schema=INPUT_CHANGE_SCHEMA),
        }
