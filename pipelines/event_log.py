"""Dagster's event log in SQLite with one engine per file instead of one per event.

A run writes thousands of events; making an engine for each, and compiling its statements anew, took a fifth of a short run.
What is stored, and where, is Dagster's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine


class EventLogStorage(SqliteEventLogStorage):
    """Dagster's storage of events, a database per run and an index of them all."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> EventLogStorage:
        return cls(inst_data=inst_data, **config_value)

    def dispose(self) -> None:
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()

    def has_table(self, table_name: str) -> bool:
        # Asked for every check of a run; a table that is there stays.
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            if shard not in self._engines:
                waits = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
                self._engines[shard] = create_engine(self.conn_string_for_shard(shard), connect_args=waits)
            engine = self._engines[shard]
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
                engine.dispose()  # the next connection is told that the file is in WAL mode by now
            with engine.connect() as connection, connection.begin():
                yield connection
