"""Every figure of the sample that can be traced, made again from the lines that are listed for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from assets.lookup.database import open_locked
from assets.lookup.explain import Explanation, explain
from assets.lookup.figures import fixed_figures
from assets.lookup.subject import NotFound
from assets.publish.analyst import write_database
from assets.publish.marts import MartReader, marts_of
from assets.warehouse.dbt import manifest
from assets.warehouse.engine import Warehouse

# A code may have passed from one unit to another.
UNIT = "unit_code || '@' || CAST(unit_valid_from AS VARCHAR)"


@pytest.fixture(scope="module")
def marts(duckdb_built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """The analysts' database of the sample, as a revision has it."""
    revision: Path = tmp_path_factory.mktemp("revision")
    (revision / "analyst").mkdir()
    reader = MartReader(duckdb_built.query, duckdb_built.stream)
    write_database(marts_of(manifest("duckdb")), reader, revision / "analyst" / "sipas.duckdb")
    with open_locked(revision) as database:
        yield database


def _is_of_its_lines(found: Explanation) -> bool:
    """The files, and the units, add up to the counts that the mart states, and the value follows from them."""
    whole = (found.counts.numerator, found.counts.denominator, found.counts.left_out)
    for parts in ([file.counts for file in found.files], [part.counts for part in found.units]):
        if (
            tuple(sum(getattr(one, name) for one in parts) for name in ("numerator", "denominator", "left_out"))
            != whole
        ):
            return False
    return found.agrees


@pytest.mark.parametrize("code", sorted(fixed_figures()))
def test_counts_and_rates_follow_from_their_lines(code: str, marts: duckdb.DuckDBPyConnection) -> None:
    mart = fixed_figures()[code].mart
    rows = marts.execute(f"SELECT DISTINCT {UNIT}, period_id FROM marts.{mart} ORDER BY ALL").fetchall()
    found = []
    # Every fifth: they are many, and the units of all levels and the periods of all lengths stay.
    for unit, period in rows[::5]:
        # A mart of several indices has no row of one that nothing was there for.
        with contextlib.suppress(NotFound):
            found.append(explain(marts, unit, period, code))
    assert [one for one in found if one.held_since is None and not _is_of_its_lines(one)] == []
    assert sum(one.value is not None and one.recomputed.numerator > 0 for one in found) > 1


def test_indices_follow_from_their_lines(marts: duckdb.DuckDBPyConnection) -> None:
    rows = marts.execute(
        f"SELECT DISTINCT node_code, {UNIT}, period_id, instrument_code FROM marts.sipas_index ORDER BY ALL"
    ).fetchall()
    found = [explain(marts, unit, period, node, instrument) for node, unit, period, instrument in rows[::9]]
    assert [one for one in found if one.held_since is None and not _is_of_its_lines(one)] == []
    assert len({one.figure.code for one in found}) > 5 and sum(len(one.units) > 1 for one in found) > 10


def test_a_code_that_passed_to_another_unit_is_asked_with_its_first_day(marts: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(NotFound, match=r"10465@1900-01-01.*10465@2025-07-01"):
        explain(marts, "10465", "2025", "case_in_time")
