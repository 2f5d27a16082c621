"""What the tiny office of the end-to-end tests holds, month by month."""

from __future__ import annotations

from workspaces import (
    case_row,
    case_spec,
    complaint_row,
    complaint_spec,
    form_row,
    put_cases,
    put_complaints,
    put_forms,
    survey_spec,
    write_spec,
)

from assets.workspace import Workspace

# Few months: each reporting month is an ingest partition.
MONTHS = {"first": "2023-05", "last": "2023-08"}


def june(workspace: Workspace) -> None:
    """Three sources of one month, each with a row that is refused or a duplicate."""
    write_spec(workspace, "ho_so", case_spec())
    broken = case_row(90, **{"Ngày nhận": "29/02/2023"})
    put_cases(workspace, "inbox/ho_so/a.csv", [*(case_row(number) for number in range(12)), broken, case_row(3)])
    write_spec(workspace, "phieu", survey_spec())
    forms = [form_row(number, **{"Trụ sở": "Rất hài lòng" if number % 3 else "Bình thường"}) for number in range(14)]
    put_forms(workspace, "inbox/phieu/2023-06/10462_20230615.csv", [*forms, form_row(90, **{"Trụ sở": "Tạm được"})])
    write_spec(workspace, "pakn", complaint_spec())
    open_one = complaint_row(90, trangThai="Đang xử lý", ngayXong="", hanXuLy="")
    put_complaints(workspace, "inbox/pakn.jsonl", [*(complaint_row(number) for number in range(11)), open_one])


def july(workspace: Workspace) -> None:
    """A month later: new cases and forms, a newer state of an old case, and a resubmitted June."""
    newer = case_row(3, **{"Ngày xong": "20/06/2023"})
    put_cases(workspace, "inbox/ho_so/b.csv", [newer, *(case_row(number) for number in range(20, 24))])
    put_forms(workspace, "inbox/phieu/2023-06/10462_20230618.csv", [form_row(number) for number in range(16)])
    forms = [form_row(number, **{"Ngày": "20/06/2023"}) for number in range(11)]
    put_forms(workspace, "inbox/phieu/2023-07/10462_20230714.csv", forms)
