"""What numbers the records of a dataset that nobody gives a number of their own. How numbers become keys stands in shape.py."""

from __future__ import annotations

from collections.abc import Mapping

# Dataset → the fields that, within a unit, name one record: one form per case; the step of a case by its kind and begin; an
# index of an agency once on a day. The other datasets ask for a number.
NUMBERED_BY: Mapping[str, tuple[str, ...]] = {
    "case_evaluation": ("case_number",),
    "case_step": ("case_number", "kind", "started_at"),
    "agency_evaluation": ("evaluated_on", "index_code"),
}
# Of these the case's number alone tells records of different units apart.
WITHIN_CASE = ("case_evaluation", "case_step")
