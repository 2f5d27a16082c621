"""The satisfaction index: fixtures of counts, ways of aggregation, and published figures of 2020 to 2024."""

from __future__ import annotations

import pytest
from golden_pairs import mart_differences, scenarios

from assets.warehouse.engine import Warehouse

METHOD, KEYS = "sipas_index", ("period_id", "instrument_code", "node_code")


@pytest.mark.parametrize("scenario", scenarios(METHOD))
def test_the_mart_has_what_the_pair_expects(scenario: str, golden: Warehouse) -> None:
    assert mart_differences(golden, "sipas_index", METHOD, scenario, KEYS) == []


def index_of(golden: Warehouse, scenario: str) -> dict[tuple[str, str, str], float]:
    """Year, instrument and node → index of a scenario."""
    rows = golden.query(f"SELECT * FROM marts.sipas_index WHERE unit_code = 'sipas_index_{scenario}'").to_pylist()
    return {(row["period_id"], row["instrument_code"], row["node_code"]): row["index_pct"] for row in rows}


def test_no_mean_gives_the_published_figures_of_2023(golden: Warehouse) -> None:
    """The same answers averaged over items or factors miss the area (82.97) and the whole (82.66), and so does the mean of
    the two areas: what speaks for pooling."""
    index = index_of(golden, "t2_t3_national_2023")
    for mode in ("mean_of_items", "mean_of_factors"):
        factors = [index["2023", f"V2022_{mode}", factor] for factor in ("I", "II", "III", "IV", "V")]
        assert [f"{figure:.2f}" for figure in factors] == ["83.00", "83.02", "83.12", "83.03", "82.27"]
        assert f"{index['2023', f'V2022_{mode}', 'S']:.2f}" == "82.89"
        assert f"{index['2023', f'V2022_{mode}', 'overall']:.2f}" == "82.71"
    areas = [index["2023", "V2022", area] for area in ("P", "S")]
    assert f"{sum(areas) / 2:.2f}" == "82.73"


def test_the_weight_of_policy_lies_where_the_published_figures_need_it(golden: Warehouse) -> None:
    """Domain reference 1.6: policy weights of 0.626 to 0.666 give 82.66 out of 82.49 and 82.97 once all are rounded."""
    counts = golden.query(
        "SELECT node_code, n_answers FROM marts.sipas_index WHERE unit_code = 'sipas_index_t2_t3_national_2023'"
        " AND period_id = '2023' AND instrument_code = 'V2022' AND node_code IN ('P', 'overall')"
    ).to_pylist()
    answers = {row["node_code"]: row["n_answers"] for row in counts}
    assert 0.626 <= answers["P"] / answers["overall"] <= 0.666


@pytest.mark.parametrize(
    ("scenario", "node", "change"),
    [
        ("t1_national", "overall", "1.28"), ("t3_hanoi", "P", "3.05"), ("t3_hanoi", "S", "2.77"),
        ("t3_hanoi", "overall", "2.93"),
    ],
)  # fmt: skip
def test_changes_from_2023_to_2024_are_those_published(
    golden: Warehouse, scenario: str, node: str, change: str
) -> None:
    index = index_of(golden, scenario)
    before, after = (round(index[year, "V2022", node], 2) for year in ("2023", "2024"))
    assert f"{after - before:.2f}" == change


def test_the_break_of_method_stands_between_2020_and_2022(golden: Warehouse) -> None:
    """85.48 and 80.08 are no fall: the instruments of the two rounds are of families that a break parts."""
    families = golden.query("SELECT DISTINCT instrument_code, method_family FROM marts.dim_instrument_item").to_pylist()
    family = {row["instrument_code"]: row["method_family"] for row in families}
    used = {year: instrument for year, instrument, _ in index_of(golden, "t1_national")}
    breaks = golden.query("SELECT from_family, to_family FROM marts.dim_method_break").to_pylist()
    assert {"from_family": family[used["2020"]], "to_family": family[used["2022"]]} in breaks
    assert family[used["2022"]] == family[used["2023"]] == family[used["2024"]]
