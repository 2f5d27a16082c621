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
    whether its value must be '*'; `among`: a column and its values. `columns`: those that such rows lose, where not all."""

    subject: str
    part: Sequence[str] = ()
    period: str = "period_id"
    only: tuple[tuple[str, bool], ...] = ()
    among: tuple[str, tuple[str, ...]] | None = None
    leave_out: bool = False
    columns: tuple[str, ...] = ()


_SUBJECT = "@"  # a subject that stands in a column
OPENING = " opening"  # after a subject's name: its rows from before the office began
# Items of service_quality_766 that count complaints; those of a class tell what the breakdown by class does.
CLASS_ITEMS = ("5.1a", "5.1b")
COMPLAINT_ITEMS = (*CLASS_ITEMS, "5.2", "5.3")
# Cases filed online, and how many services they used; cases neither late nor met with discontent, which is the dissatisfied.
ONLINE_ITEMS = ("3.2", "3.3")
CONTENT_ITEMS = ("5.4",)
# What some columns of a row tell of its records: how cases were filed, how content those were who filled in a form.
_ONLINE = ("n_received_online", "online_pct")
_POSTAL = ("n_received_postal", "n_received_direct", "n_received_other", "postal_pct")
_NUMERATOR = ("numerator", "rate_pct", "points")
LEVELS = ("very_satisfied", "satisfied", "dissatisfied")
_LEVEL_COLUMNS = tuple(column for level in LEVELS for column in (f"n_{level}", f"{level}_pct"))
TABLES: dict[str, tuple[Stands, ...]] = {
    "sipas_index": (Stands("period", ("instrument_code",)),),
    "survey_question": (
        Stands("question", ("instrument_code", "question_code")),
        Stands("option", ("instrument_code", "question_code"), columns=("n_answers", "share_pct", "index_pct")),
    ),
    "sipas_index_now": (Stands("now", ("instrument_code",)),),
    "sipas_change": (
        Stands("@basis", ("instrument_code",), "edition_id"),
        Stands("@basis", ("previous_instrument_code",), "previous_edition_id"),
    ),
    "sipas_ranking": (Stands("@basis", ("instrument_code",), "edition_id"),),
    # That a criterion stands in the plan says that its index is low, or was higher in the earlier period.
    "improvement_plan": (
        Stands("period", ("instrument_code",), leave_out=True),
        Stands("period", ("instrument_code",), "previous_period_id", leave_out=True),
    ),
    "case_settlement": (
        Stands("case", only=(("procedure_field", True),)),
        Stands("case_field", only=(("procedure_field", False),), leave_out=True),
        Stands("case" + OPENING, leave_out=True),
        Stands("case_online", columns=_ONLINE),
        Stands("case_postal", columns=_POSTAL),
        Stands("case_field_channel", only=(("procedure_field", False),), columns=(*_ONLINE, *_POSTAL)),
    ),
    "case_supplement_basis": (Stands("case"), Stands("case" + OPENING, leave_out=True)),
    "case_apology": (Stands("case" + OPENING, leave_out=True),),
    "complaint_handling": (
        Stands("complaint", only=(("channel", True), ("class", True))),
        Stands("complaint_channel", only=(("channel", False), ("class", True)), leave_out=True),
        Stands("complaint_class", only=(("channel", True), ("class", False)), leave_out=True),
        Stands("complaint_cross", only=(("channel", False), ("class", False)), leave_out=True),
        Stands("complaint" + OPENING, leave_out=True),
    ),
    "one_stop_evaluation": (Stands("evaluation"), Stands("level", columns=_LEVEL_COLUMNS)),
    "service_quality_766": (
        Stands("quality", ("item_code",)),
        Stands("complaint_class", among=("item_code", CLASS_ITEMS), columns=_NUMERATOR),
        Stands("case_online", among=("item_code", ONLINE_ITEMS), columns=_NUMERATOR),
        Stands("contentment", among=("item_code", CONTENT_ITEMS), columns=_NUMERATOR),
        Stands("quality" + OPENING, ("item_code",), leave_out=True),
    ),
}
# Left out whole: a table by two breakdowns at once is small nearly everywhere, and its sums are in the tables by one.
ALWAYS_LEFT_OUT = frozenset({"complaint_cross", "case_field_channel"})


# Tables whose rows count the records of one unit or one month where the column says which: a file of a commune's month has as
# many rows as the commune has records.
OF_ONE = {"data_quality": ("unit_code", "period_id")}


def applies(stands: Stands, batch: pa.RecordBatch) -> pa.Array:
    """Which rows of the batch the entry is about."""
    flags = pa.repeat(pa.scalar(True), batch.num_rows)
    for column, is_total in stands.only:
        total = pc.equal(batch.column(column), "*")
        flags = pc.and_(flags, total if is_total else pc.invert(total))
    if stands.among is not None:
        column, values = stands.among
        flags = pc.and_(flags, pc.is_in(batch.column(column), value_set=pa.array(values)))
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
    named |= {stands.among[0]} if stands.among is not None else set()
    named |= set(stands.columns[:1])
    return named <= set(schema.names)
