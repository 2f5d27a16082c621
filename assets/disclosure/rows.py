"""Which rows of which open table stand for a unit and period of a subject, so that a plan hides the same in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

SEPARATOR = "|"


def row_key(subject: str, part: str, unit: str, period: str) -> str:
    """Name of a subject's row; `unit` is code and first day, joined alike."""
    return SEPARATOR.join((subject, part, unit, period))


@dataclass(frozen=True)
class Stands:
    """The rows of a table stand for rows of subjects: `keys` are the texts or columns that name them. `leave_out`: whether
    rows whose subject row is hidden are left out, for that they are there would tell something. `only`: a column and
    whether its value must be '*'."""

    subject: str
    part: Sequence[str] = ()
    period: str = "period_id"
    only: tuple[tuple[str, bool], ...] = ()
    leave_out: bool = False


_SUBJECT = "@"  # a subject that stands in a column
OPENING = " opening"  # after a subject's name: its rows from before the office began
TABLES: dict[str, tuple[Stands, ...]] = {
    "sipas_index": (Stands("period", ("instrument_code",)),),
    "survey_question": (Stands("question", ("instrument_code", "question_code")),),
    "sipas_index_now": (Stands("now", ("instrument_code",)),),
    "sipas_change": (
        Stands("@basis", ("instrument_code",), "edition_id"),
        Stands("@basis", ("previous_instrument_code",), "previous_edition_id"),
    ),
    "sipas_ranking": (Stands("@basis", ("instrument_code",), "edition_id"),),
    # That a criterion stands in the plan says that its index is low.
    "improvement_plan": (
        Stands("period", ("instrument_code",), leave_out=True),
        Stands("period", ("instrument_code",), "previous_period_id"),
    ),
    "case_settlement": (
        Stands("case", only=(("procedure_field", True),)),
        Stands("case_field", only=(("procedure_field", False),), leave_out=True),
        Stands("case" + OPENING, leave_out=True),
    ),
    "case_supplement_basis": (Stands("case"), Stands("case" + OPENING, leave_out=True)),
    # How many cases were late is shown in hidden rows too, so a row of hidden cases is left out.
    "case_apology": (Stands("case", leave_out=True), Stands("case" + OPENING, leave_out=True), Stands("apology")),
    "complaint_handling": (
        Stands("complaint", only=(("channel", True), ("class", True))),
        Stands("complaint_channel", only=(("channel", False), ("class", True)), leave_out=True),
        Stands("complaint_class", only=(("channel", True), ("class", False)), leave_out=True),
        Stands("complaint_cross", only=(("channel", False), ("class", False)), leave_out=True),
        Stands("complaint" + OPENING, leave_out=True),
    ),
    "one_stop_evaluation": (Stands("evaluation"),),
    "service_quality_766": (
        Stands("quality", ("item_code",)),
        Stands("quality" + OPENING, ("item_code",), leave_out=True),
    ),
}
# Left out whole: a table by two breakdowns at once is small nearly everywhere, and its sums are in the tables by one.
ALWAYS_LEFT_OUT = frozenset({"complaint_cross"})


# Tables whose rows count the records of one unit or one month where the column says which: a file of a commune's month has as
# many rows as the commune has records.
OF_ONE = {"data_quality": ("unit_code", "period_id")}


def applies(stands: Stands, batch: pa.RecordBatch) -> pa.Array:
    """Which rows of the batch the entry is about."""
    flags = pa.repeat(pa.scalar(True), batch.num_rows)
    for column, is_total in stands.only:
        total = pc.equal(batch.column(column), "*")
        flags = pc.and_(flags, total if is_total else pc.invert(total))
    return flags


def keys(stands: Stands, batch: pa.RecordBatch) -> pa.Array:
    """`row_key` of each row of the batch; NULL where a part of it is NULL."""
    subject = batch.column(stands.subject[1:]) if stands.subject.startswith(_SUBJECT) else stands.subject
    unit = [batch.column("unit_code"), batch.column("unit_valid_from").cast(pa.string())]
    part = pc.binary_join_element_wise(*map(batch.column, stands.part), "/") if stands.part else ""
    return pc.binary_join_element_wise(subject, part, *unit, batch.column(stands.period), SEPARATOR)


def fits(stands: Stands, schema: pa.Schema) -> bool:
    """Whether the table has the columns the entry asks for."""
    named = {stands.period, *stands.part, *(column for column, _ in stands.only), "unit_code", "unit_valid_from"}
    named |= {stands.subject[1:]} if stands.subject.startswith(_SUBJECT) else set()
    return named <= set(schema.names)
