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
    Answer,
    AnsweredRow,
    InputRecord,
    Part,
    ReturnFile,
    ReturnRow,
    RuleCount,
)
from assets.ledger.tables import ANSWER, ANSWER_ROW, INPUT, INPUT_RULE, MARK, PART, RETURN_FILE, RETURN_ROW


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
        answers: Sequence[Answer] = (),
    ) -> None:
        """Record a batch: from here on it is landed. All or nothing."""
        with self._engine.begin() as connection:
            for input_id in retired:
                connection.execute(sa.update(INPUT).where(INPUT.c.input_id == input_id).values(retired=True))
            for table, rows in ((INPUT, inputs), (INPUT_RULE, rules), (PART, parts)):
                if rows:
                    connection.execute(sa.insert(table), [asdict(row) for row in rows])
            for answer in answers:
                connection.execute(sa.insert(ANSWER).values(input_id=answer.input_id, return_id=answer.return_id))
                if answer.rows:
                    brought = [{"input_id": answer.input_id, "row_no": row_no} for row_no in answer.rows]
                    connection.execute(sa.insert(ANSWER_ROW), brought)

    # What goes back to senders, and their answers

    def returns(self) -> list[ReturnFile]:
        """Return everything that went back, by day and name."""
        statement = sa.select(RETURN_FILE).order_by(RETURN_FILE.c.returned_on, RETURN_FILE.c.return_id)
        with self._engine.connect() as connection:
            return [ReturnFile(**row) for row in connection.execute(statement).mappings()]

    def answered_returns(self) -> dict[str, str]:
        """Return the return that each input answers, retired readings among them."""
        with self._engine.connect() as connection:
            return {row.input_id: row.return_id for row in connection.execute(sa.select(ANSWER))}

    def record_return(self, file: ReturnFile, rows: Sequence[ReturnRow]) -> None:
        """Record what went back; of one that is known already, which reading has its rows refused now. All or nothing."""
        known = RETURN_FILE.c.return_id == file.return_id
        with self._engine.begin() as connection:
            if connection.execute(sa.select(RETURN_FILE.c.return_id).where(known)).first() is not None:
                connection.execute(sa.update(RETURN_FILE).where(known).values(input_id=file.input_id))
                return
            connection.execute(sa.insert(RETURN_FILE).values(**asdict(file)))
            if rows:
                connection.execute(sa.insert(RETURN_ROW), [asdict(row) for row in rows])

    def answered_rows(self) -> list[AnsweredRow]:
        """Return every refused row of a reading that counts which an answer that counts brought back, the last answer first.

        A row that conflicts with others is answered with any of them: the sender has decided.
        """
        returned, sent = RETURN_ROW.alias(), RETURN_ROW.alias()
        original, answer = INPUT.alias(), INPUT.alias()
        same_row = sa.or_(returned.c.row_no == sent.c.row_no, returned.c.conflict_no == sent.c.conflict_no)
        statement = (
            sa.select(original.c.input_id, returned.c.sheet, returned.c.line, answer.c.input_id.label("answer_id"))
            .select_from(ANSWER_ROW)
            .join(ANSWER, ANSWER.c.input_id == ANSWER_ROW.c.input_id)
            .join(answer, sa.and_(answer.c.input_id == ANSWER.c.input_id, answer.c.retired.is_(False)))
            .join(sent, sa.and_(sent.c.return_id == ANSWER.c.return_id, sent.c.row_no == ANSWER_ROW.c.row_no))
            .join(returned, sa.and_(returned.c.return_id == sent.c.return_id, same_row))
            .join(RETURN_FILE, RETURN_FILE.c.return_id == returned.c.return_id)
            .join(
                original,
                sa.and_(
                    original.c.source == RETURN_FILE.c.source,
                    original.c.path == RETURN_FILE.c.path,
                    original.c.content_sha == RETURN_FILE.c.content_sha,
                    sa.func.coalesce(original.c.scope_id, "") == sa.func.coalesce(RETURN_FILE.c.scope_id, ""),
                    original.c.retired.is_(False),
                ),
            )
            .order_by(answer.c.delivery_seq.desc())
        )
        found: dict[tuple[str, str | None, int], AnsweredRow] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(statement):
                found.setdefault(
                    (row.input_id, row.sheet, row.line), AnsweredRow(row.input_id, row.sheet, row.line, row.answer_id)
                )
        return list(found.values())

    def tables(self) -> dict[str, pa.Table]:
        """Return ``input`` and ``input_rule`` as the warehouse reads them."""
        inputs = [asdict(record) for record in self.active()]
        rules = [asdict(count) for count in self.rule_counts()]
        return {
            "input": pa.Table.from_pylist(inputs, schema=INPUT_SCHEMA),
            "input_rule": pa.Table.from_pylist(rules, schema=INPUT_RULE_SCHEMA),
        }
