"""Bring a ledger database to the tables of this version, one migration after the other (Alembic)."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from quality.contract import Bilingual

FIRST = "0001"


class LedgerTooNew(Exception):
    """The ledger was written by a newer version of the program."""

    def __init__(self, revision: str) -> None:
        self.message = Bilingual(
            vi=f"Sổ cái ở phiên bản {revision}, do một bản sipas-warehouse mới hơn ghi; hãy dùng bản đó hoặc bản mới hơn",
            en=f"The ledger is at version {revision}, written by a newer sipas-warehouse; use that one or a newer one",
        )
        super().__init__(f"{self.message.vi} / {self.message.en}")


def migrate(engine: sa.Engine) -> None:
    """Run what is missing, all or nothing; a ledger without a version is as the first migration leaves it.

    Raises LedgerTooNew.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    with engine.connect() as connection:
        if _revision(connection, scripts) == scripts.get_current_head():
            return
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            # Of itself the driver begins a transaction before rows are changed, not before tables are.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        # Asked again, for another process may have been quicker.
        revision = _revision(connection, scripts)
        config.attributes["connection"] = connection
        if revision is None and sa.inspect(connection).has_table("input"):
            command.stamp(config, FIRST)
        command.upgrade(config, "head")
        connection.commit()


def _revision(connection: sa.Connection, scripts: ScriptDirectory) -> str | None:
    """Return the version of the ledger, None if it has none. Raises LedgerTooNew."""
    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in {script.revision for script in scripts.walk_revisions()}:
        raise LedgerTooNew(revision)
    return revision
