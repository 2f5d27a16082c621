"""Reading and writing the ledger. Its tables stand in tables.py, how they change in migrate.py."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from pathlib import Path

import pyarrow as pa
import sqlalchemy as sa

from assets.ledger.migrate import migrate
from assets.ledger.records import (
    ARRIVAL_STEP,
    INPUT_RULE_SCHEMA,
    INPUT_SCHEMA,
    InputRecord,
    Part,
    PeriodChange,
    RuleCount,
)
from assets.ledger.tables import INPUT, INPUT_RULE, LOCKED_FIGURES, MARK, PART, PERIOD_CHANGE


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

    def period_changes(self) -> list[PeriodChange]:
        """Return every decision about a reporting period, in the order in which they were taken."""
        statement = (
            sa.select(PERIOD_CHANGE, LOCKED_FIGURES.c.folder.label("figures"), LOCKED_FIGURES.c.last_seq)
            .join(LOCKED_FIGURES, isouter=True)
            .order_by(PERIOD_CHANGE.c.change_seq)
        )
        with self._engine.connect() as connection:
            return [PeriodChange(**row) for row in connection.execute(statement).mappings()]

    def decide(self, changes: Sequence[PeriodChange]) -> None:
        """Record decisions, numbered in their order whatever number they carry, with their figures. All or nothing."""
        with self._engine.begin() as connection:
            for change in changes:
                row = asdict(change)
                row = {name: value for name, value in row.items() if name in PERIOD_CHANGE.c and name != "change_seq"}
                [number] = connection.execute(sa.insert(PERIOD_CHANGE).values(row)).inserted_primary_key or [None]
                if change.figures is not None:
                    held = {"change_seq": number, "folder": change.figures, "last_seq": change.last_seq}
                    connection.execute(sa.insert(LOCKED_FIGURES).values(held))

    def hold_figures(self, change_seqs: Sequence[int], folder: str, last_seq: int) -> None:
        """Record the figures of decisions that had none. All or nothing."""
        rows = [{"change_seq": seq, "folder": folder, "last_seq": last_seq} for seq in change_seqs]
        with self._engine.begin() as connection:
            connection.execute(sa.insert(LOCKED_FIGURES), rows)

    def tables(self) -> dict[str, pa.Table]:
        """Return ``input`` and ``input_rule`` as the warehouse reads them."""
        inputs = [asdict(record) for record in self.active()]
        rules = [asdict(count) for count in self.rule_counts()]
        return {
            "input": pa.Table.from_pylist(inputs, schema=INPUT_SCHEMA),
            "input_rule": pa.Table.from_pylist(rules, schema=INPUT_RULE_SCHEMA),
        }
