"""What must hold of the satisfaction index whatever the answers."""

from __future__ import annotations

from typing import Any

import pytest
from golden_landing import GROWTH_INSTRUMENTS, GROWTH_PAIRS, growth_unit

from assets.warehouse.engine import Warehouse


def test_a_pooled_index_lies_between_its_items(golden: Warehouse) -> None:
    rows = golden.query(
        "SELECT node.unit_code, node.unit_valid_from, node.period_id, node.instrument_code, node.node_code, "
        "node.index_pct, min(item.index_pct) AS lowest, max(item.index_pct) AS highest "
        "FROM marts.sipas_index AS node "
        "JOIN intermediate.int_node_item AS under USING (instrument_code, node_code) "
        "JOIN marts.sipas_index AS item ON item.instrument_code = node.instrument_code "
        "AND item.node_code = under.item_code AND item.unit_code = node.unit_code "
        "AND item.unit_valid_from = node.unit_valid_from AND item.period_id = node.period_id "
        "WHERE node.instrument_code IN ('V2022', 'V2017', 'HN2023') AND node.node_level <> 'item' "
        "AND node.index_pct IS NOT NULL GROUP BY ALL"
    ).to_pylist()
    assert len(rows) > 500
    for row in rows:
        assert row["lowest"] - 1e-9 <= row["index_pct"] <= row["highest"] + 1e-9, row
    assert any(row["lowest"] < row["index_pct"] < row["highest"] for row in rows)


@pytest.mark.parametrize("instrument", GROWTH_INSTRUMENTS)
def test_a_satisfied_answer_never_lowers_an_index(golden: Warehouse, instrument: str) -> None:
    rose = 0
    for pair in range(GROWTH_PAIRS):
        before, after = (_index(golden, instrument, growth_unit(pair, side)) for side in ("before", "after"))
        assert set(before) == set(after)
        for node, figure in after.items():
            assert before[node] is None or figure >= before[node] - 1e-9, (pair, node)
        rose += after["overall"] > before["overall"]
    assert rose > GROWTH_PAIRS / 2


def _index(golden: Warehouse, instrument: str, unit: str) -> dict[str, Any]:
    rows = golden.query(
        f"SELECT node_code, index_pct FROM marts.sipas_index WHERE unit_code = '{unit}' "
        f"AND instrument_code = '{instrument}' AND period_id = '2025'"
    ).to_pylist()
    return {row["node_code"]: row["index_pct"] for row in rows}
