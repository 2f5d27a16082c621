"""One figure that can be traced: what it is made of, and the SQL that finds its records among the published facts.

Which figures there are stands in figures.yml, survey.py, drivers.py and desk.py; how one is told, in explain.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from assets.ingest.shape import literal

# Columns of every statement of records, one row per record and part: where the record stands, the unit and the day that
# placed it, and what it adds to the numerator, to the denominator and to what is left out.
RECORD_COLUMNS = (
    "input_id", "sheet", "line", "unit_code", "unit_valid_from", "placed_on", "part", "numerator", "denominator", "left_out",
)  # fmt: skip

# Of all counts; of each part, and their mean; the numerator itself; numerator over denominator; the same of hundredths, as
# points with two decimals, rounded half up; the number of parts against a list.
MadeBy = Literal["percentage", "mean_of_percentages", "count", "mean", "points", "share_of_list"]


# What every figure rests on beside records: settings and tables without lines of their own.
EVERY_FIGURE_RESTS_ON = (
    "sipas.yml: cut_off_day, by which the days of the periods follow",
    "admin_unit, admin_unit_change: the units, and those above them on each day",
)


@dataclass(frozen=True)
class Figure:
    """One figure of a unit and period.

    `records`: SQL of RECORD_COLUMNS over all units, with the days {starts_on}, {ends_on} and, for stocks, {known_to} (the
    last day of the period that the data of the mart `known_in` reach); `stated`: SQL of one row from the mart for
    {unit_code}, {unit_valid_from} and {period_id}, with value, numerator (NULL where the mart has none), denominator,
    left_out and others under their own names. `made_by`: how the value follows from the counts; `factor`, where there is
    one: the stated percentage that it is multiplied by. `listed`: SQL of a list's denominator and left_out. `rests_on`: what
    it rests on that has no line in a file. `group`: the columns and values it is narrowed to. `instrument`: the questionnaire
    it is of, where it is of one. `of_now`: its records count at the units of now, in shares where a unit was split.
    """

    code: str
    label_vi: str
    label_en: str
    mart: str
    formula: str
    source: str
    page: str
    numerator_is: str
    denominator_is: str
    left_out_is: str
    records: str
    stated: str
    unit_of_value: str = "%"
    made_by: MadeBy = "percentage"
    factor: str | None = None
    known_in: str | None = None
    listed: str | None = None
    rests_on: tuple[str, ...] = ()
    group: Mapping[str, str] = field(default_factory=dict)
    instrument: str | None = None
    of_now: bool = False

    @property
    def is_mean_of_parts(self) -> bool:
        return self.made_by == "mean_of_percentages"


def stated_row(
    mart: str, where: Mapping[str, str], columns: Mapping[str, str], period_column: str = "period_id"
) -> str:
    """SQL of the mart's row of a unit and period: `where` has a value per column, `columns` an expression per name."""
    listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
    narrowed = "".join(f" AND {column} = {literal(value)}" for column, value in where.items())
    return (
        f"SELECT {listed} FROM marts.{mart} WHERE unit_code = {{unit_code}} AND unit_valid_from = {{unit_valid_from}}"
        f" AND {period_column} = {{period_id}}{narrowed}"
    )


def flag(condition: str) -> str:
    """SQL of 1 where the condition holds, else 0."""
    return f"CAST(CASE WHEN {condition} THEN 1 ELSE 0 END AS BIGINT)"
