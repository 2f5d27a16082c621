"""Every kind of official form there is. What a form holds stands in fill/."""

from __future__ import annotations

from assets.forms.fill.agency_evaluation import AGENCY_EVALUATION, AGENCY_EVALUATIONS
from assets.forms.fill.case_evaluation import CASE_EVALUATION
from assets.forms.fill.complaints import COMPLAINT_SUMMARY
from assets.forms.fill.data_quality import DATA_QUALITY
from assets.forms.fill.overdue import OVERDUE_LIST, OVERDUE_SUMMARY
from assets.forms.fill.service_quality import SERVICE_QUALITY
from assets.forms.fill.settlement import settlement_forms
from assets.forms.fill.sipas_section import sipas_section
from assets.forms.fill.submissions import SUBMISSIONS
from assets.forms.kind import FormKind
from assets.forms.options import FormOptions


def form_kinds(options: FormOptions) -> tuple[FormKind, ...]:
    """All kinds, as the settings have them."""
    return (
        CASE_EVALUATION,
        AGENCY_EVALUATION,
        AGENCY_EVALUATIONS,
        *settlement_forms(options.undated_in_time),
        COMPLAINT_SUMMARY,
        OVERDUE_LIST,
        OVERDUE_SUMMARY,
        sipas_section(options.minimum_n),
        SERVICE_QUALITY,
        DATA_QUALITY,
        SUBMISSIONS,
    )
