"""A million cases, a million survey answers and 200,000 complaints, from CSV to a published revision."""

from __future__ import annotations

from pathlib import Path

from benchmarks.data import (
    add_case_source,
    add_complaint_source,
    add_form_source,
    make_workspace,
    write_cases,
    write_complaints,
    write_forms,
)
from benchmarks.measure import SIPAS, process, stages
from benchmarks.report import Finding, Target

CASES = 1_000_000
# Forms of 21 items, of which one in a hundred is blank.
FORMS = 48_100
COMPLAINTS = 200_000
MOST_MB = 2048.0


def run(folder: Path, cases: int = CASES, forms: int = FORMS, complaints: int = COMPLAINTS) -> Finding:
    """Measure in `folder`, which is empty."""
    workspace = folder / "workspace"
    make_workspace(workspace)
    write_cases(cases, workspace / "inbox" / "cases.csv")
    write_forms(forms, workspace / "inbox" / "forms.csv")
    write_complaints(complaints, workspace / "inbox" / "complaints.csv")
    add_case_source(workspace, "inbox/cases.csv")
    add_form_source(workspace, "inbox/forms.csv")
    add_complaint_source(workspace, "inbox/complaints.csv")
    ours = process([*SIPAS, "run", "--workspace", str(workspace)], folder)
    shares = [(f"– {name} ({100 * seconds / ours.seconds:.0f} %)", seconds, None) for name, seconds in stages(ours)]
    return Finding(
        f"{cases:,} cases, {forms * 21 * 99 // 100:,} survey answers, {complaints:,} complaints: CSV to published",
        [Target("peak memory", MOST_MB, ours.peak_mb, "MB")],
        [("`sipas run`, whole process", ours.seconds, ours.peak_mb), *shares],
        ["Measured once, with nothing parsed or landed before."],
    )
