"""The ledger of every released version opens in this one with all it holds; one of a later version is refused whole."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from assets.ledger import Ledger, LedgerTooNew
from assets.ledger.tables import METADATA

RELEASED = Path(__file__).parent / "ledgers"
# The tables of the first version, which had no migrations yet.
NAMES = ("input", "input_rule", "mark", "part")


@pytest.fixture(params=sorted(RELEASED.glob("*.sql")), ids=lambda file: file.stem)
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """The folder of a ledger as a released version left it."""
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
        connection.executescript(request.param.read_text(encoding="utf-8"))
    yield tmp_path


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as connection:
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in NAMES}


def test_a_new_ledger_has_the_tables_that_the_code_names(tmp_path: Path) -> None:
    Ledger.of_folder(tmp_path).close()
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()


def test_a_released_ledger_is_brought_up_to_date_and_loses_nothing(released: Path) -> None:
    before = rows(released)
    with closing(Ledger.of_folder(released)) as ledger:
        assert [record.input_id for record in ledger.active()] == ["a", "b"]
        assert ledger.retired_ids() == {"c"}
        assert [(count.rule_id, count.n_rows) for count in ledger.rule_counts()] == [("case.received_at.type", 3)]
        assert [part.path for part in ledger.parts()] == ["landing/case/batch.parquet"]
        assert ledger.is_bound_to("mark-of-the-key") and not ledger.is_bound_to("another")
    engine = sa.create_engine(f"sqlite:///{released / 'ledger.sqlite'}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    engine.dispose()
    after = rows(released)
    for name, kept in before.items():
        assert [row[: len(kept[0])] for row in after[name]] == kept


def test_a_migration_that_breaks_off_leaves_the_ledger_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = command.upgrade

    def breaking_off(*arguments: str) -> None:
        whole(*arguments)
        raise OSError("no room")

    with monkeypatch.context() as patch:
        patch.setattr(command, "upgrade", breaking_off)
        with pytest.raises(OSError, match="no room"):
            Ledger.of_folder(tmp_path)
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
        assert connection.execute("SELECT name FROM sqlite_master").fetchall() == []
    Ledger.of_folder(tmp_path).close()
    assert set(NAMES) <= set(rows(tmp_path))


def test_a_ledger_of_a_later_version_is_refused_and_not_touched(tmp_path: Path) -> None:
    Ledger.of_folder(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = (tmp_path / "ledger.sqlite").read_bytes()
    with pytest.raises(LedgerTooNew, match="9999"):
        Ledger.of_folder(tmp_path)
    assert (tmp_path / "ledger.sqlite").read_bytes() == before
