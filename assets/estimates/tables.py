"""The tables of estimates in the order they are written. Formulas and SQL stand in the module of each table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assets.estimates import sipas_change, sipas_index, sipas_round, survey_calibration
from assets.estimates.options import EstimateOptions
from assets.warehouse.engine import Warehouse

SCHEMA = "estimates"


@dataclass(frozen=True)
class EstimateTable:
    """One table that dbt's second phase reads as a source.

    `reads` are the (schema, table) it is made from; `write` replaces it and returns the number of its rows.
    """

    name: str
    description: str
    reads: tuple[tuple[str, str], ...]
    write: Callable[[Warehouse, EstimateOptions], int]


ESTIMATES = (
    EstimateTable(
        "est_sipas_index",
        "One row per unit, period, instrument, node, breakdown and value: estimate, standard error and interval.",
        (("intermediate", "int_survey_node_sums"),),
        sipas_index.write_estimates,
    ),
    EstimateTable(
        "est_sipas_change",
        "One row per unit, instrument, node, edition and an earlier edition it compares with: difference, interval and test.",
        (("intermediate", "int_index_before"), ("marts", "dim_admin_unit"), (SCHEMA, "est_sipas_index")),
        sipas_change.write_changes,
    ),
    EstimateTable(
        "est_survey_calibration",
        "One row per round, margin of its population and value: weights before and after calibration.",
        (("intermediate", "int_survey_round_form"), ("staging", "stg_population_margin")),
        survey_calibration.write_calibrations,
    ),
    EstimateTable(
        "est_sipas_round",
        "One row per round, unit, node, breakdown and value: design-based estimate, standard error and interval.",
        (("intermediate", "int_survey_round_sums"), ("staging", "stg_population_margin")),
        sipas_round.write_estimates,
    ),
)


def write_all(warehouse: Warehouse, options: EstimateOptions) -> None:
    """Write every table of estimates, as a run does between the two phases."""
    for table in ESTIMATES:
        table.write(warehouse, options)
