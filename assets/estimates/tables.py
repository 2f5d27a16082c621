"""The tables of estimates in the order they are written. Formulas and SQL stand in the module of each table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assets.estimates import (
    sipas_change,
    sipas_index,
    sipas_ranking,
    sipas_round,
    sipas_small_area,
    survey_calibration,
    survey_driver,
)
from assets.estimates.editions import READS as ESTIMATES_READ
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
    EstimateTable(
        "est_survey_driver",
        "One row per unit, period, instrument and predictor: its relative weight on the overall question.",
        (("intermediate", "int_survey_driver_sums"),),
        survey_driver.write_drivers,
    ),
    EstimateTable(
        "est_sipas_change",
        "One row per unit, instrument, node, edition and an earlier edition it compares with: difference, interval and test.",
        (
            ("intermediate", "int_index_before"),
            ("intermediate", "int_round_covariance"),
            ("marts", "dim_admin_unit"),
            *ESTIMATES_READ,
        ),
        sipas_change.write_changes,
    ),
    EstimateTable(
        "est_sipas_ranking",
        "One row per ranked unit with a standard error, group, edition, instrument and node: confidence sets of its rank.",
        (("intermediate", "int_ranking_candidate"), *ESTIMATES_READ),
        sipas_ranking.write_rankings,
    ),
    EstimateTable(
        "est_sipas_small_area",
        "One row per area, edition, instrument and node in groups with small areas: model estimate beside the direct one.",
        (("intermediate", "int_ranking_candidate"), ("marts", "dim_admin_unit"), *ESTIMATES_READ),
        sipas_small_area.write_small_areas,
    ),
)


def write_all(warehouse: Warehouse, options: EstimateOptions) -> None:
    """Write every table of estimates, as a run does between the two phases."""
    for table in ESTIMATES:
        table.write(warehouse, options)
