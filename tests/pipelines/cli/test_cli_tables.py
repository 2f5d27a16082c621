"""Tables on a terminal: identifiers stay whole, everything else gives way."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from pipelines.cli import tables


@pytest.mark.parametrize("width", [120, 160])
def test_identifiers_are_never_broken(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr(tables, "console", Console(file=shown, force_terminal=True, width=width, color_system=None))
    numbers = ["owed", "on time", "late", "missing", "empty", "files refused", "rows accepted", "rows quarantined"]
    months = " ".join(f"2023-{month:02d}" for month in range(1, 13))
    row = ["10441", "Thị trấn Đại Nghĩa", "survey_response", *range(8), months]
    tables.show_table(["unit", "name", "dataset", *numbers, "months missing"], [row], numbers, ["months missing"])
    place = ["inbox/khao_sat/2023-03/10465_20230315.xlsx", "Phiếu 2023-03", "12", "Ngày", "x" * 70]
    rule = "case_evaluation.applicant_at_fault.values"
    tables.show_table(["file", "sheet", "line", "column", "value", "rule"], [[*place, rule]], whole=["file"])
    assert "survey_response" in shown.getvalue() and rule in shown.getvalue()
    assert max(len(line.rstrip()) for line in shown.getvalue().splitlines()) <= width
