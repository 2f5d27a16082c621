"""What the sample's office wants of its indices: targets that compete, who is responsible, and what bears on which item."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

# unit, level, instrument, node, first and last day, target.
TARGETS = [
    (None, None, None, None, date(2024, 1, 1), date(2025, 2, 14), "70"),
    (None, None, None, None, date(2025, 2, 15), None, "55"),
    (None, None, None, "F2", date(2024, 1, 1), None, "50.5"),
    (None, None, "T1", "F2", date(2024, 1, 1), None, "52"),
    (None, "province", None, None, date(2024, 1, 1), date(2025, 6, 14), "60"),
    ("10441", None, None, None, date(2024, 1, 1), date(2025, 2, 14), "101"),
    ("10441", None, None, "F1.2", date(2024, 1, 1), date(2025, 2, 14), "10"),
    (None, None, "T0", None, date(2024, 1, 1), None, "100"),
    (None, None, None, "F1.2", date(2025, 3, 1), date(2025, 3, 31), "20"),
]
RESPONSIBLE = [("F1", "Lãnh đạo", "Một cửa"), ("ALL", "Chủ tịch", "Văn phòng"), ("F1.2", "Phó chủ tịch", "Công chức")]
# People of the rounds by margin. The form does not always say the sex. R1 and R3 cannot be calibrated.
MARGINS = [
    ("R4", "sex", None, "female", None, 300), ("R4", "sex", None, "male", None, 200),
    ("R4", "age_band", None, "25-34", None, 150), ("R4", "age_band", None, "35-49", None, 350),
    ("R5", "sex", "unit_code", "female", "10441", 90), ("R5", "sex", "unit_code", "male", "10441", 110),
    ("R1", "sex", None, "female", None, 300), ("R1", "sex", None, "male", None, 200), ("R1", "age_band", None, "25-34", None, 499),
    ("R3", "sex", None, "female", None, 400), ("R3", "sex", None, "male", None, 300), ("R3", "sex", None, "other", None, 5),
]  # fmt: skip
CALIBRATED = ("R4", "R5")
# node, kind, class, topic; the second matches some of what the first matches.
EVIDENCE = [
    ("F1", "complaint", "conduct", None),
    ("F1.1", "complaint", None, "roads"),
    ("F2.1", "complaint_late", None, None),
    ("A", "case_late", None, None),
    ("F2.2", "complaint", "other", None),
]


def plan_rows() -> dict[str, list[Row]]:
    return {
        "population_margin": [
            dict(zip(("round_code", "breakdown_1", "breakdown_2", "value_1", "value_2", "n_people"), row, strict=True))
            for row in MARGINS
        ],
        "target": [
            {
                "unit_code": unit, "unit_level": level, "instrument_code": instrument, "node_code": node,
                "first_on": first, "last_on": last, "target_pct": Decimal(target), "basis": None,
            }
            for unit, level, instrument, node, first, last, target in TARGETS
        ],
        "responsibility": [
            {
                "instrument_code": "T1", "node_code": node, "lead_vi": lead, "lead_en": f"{lead} (en)",
                "executing_vi": executing, "executing_en": f"{executing} (en)", "basis": None,
            }
            for node, lead, executing in RESPONSIBLE
        ],
        "criterion_evidence": [
            {
                "instrument_code": "T1", "node_code": node, "kind": kind, "complaint_class": class_,
                "complaint_topic": topic, "note": None,
            }
            for node, kind, class_, topic in EVIDENCE
        ],
    }  # fmt: skip


def add_fall(tables: dict[str, list[Row]], lineage: Any, template: Row) -> None:
    """Add a month in which two of three answers under F1 and one of four under F2 are not satisfied, after one without any."""
    tables["input"].append(
        template
        | {
            "input_id": "in-23",
            "source": "forms_of_march",
            "path": "inbox/forms_of_march/23.csv",
            "delivery_kind": "upsert",
        }
        | {"delivery_seq": 23, "datasets": "survey_response,survey_answer", "scope_id": None, "unit_code": None}
        | {"period_id": None, "rows_quarantined": 0, "rows_skipped": 0}
    )
    for number in range(40):
        response = lineage("survey_response", 1000 + number, 23, "forms_of_march", "01", "date")
        response |= {
            "unit_code": "10441", "instrument_code": "T1", "responded_on": date(2025, 3, 1) + timedelta(days=number % 10),
            "mode": "paper", "age_band": "25-34" if number % 5 < 2 else "35-49", "sex": ("female", "male", "female", None)[number % 4],
            "weight": Decimal(8 + number % 7) / 4,
            "stratum": "A" if number < 22 else "B", "psu": f"p{number % 3}" if number < 22 else None,
        }  # fmt: skip
        tables["survey_response"].append(response)
        for item in ("F1.1", "F1.2", "F2.1", "F2.2", "F2.3"):
            satisfied = number % 3 == 0 if item.startswith("F1") else number % 4 > 0
            tables["survey_answer"].append(
                {key: response[key] for key in ("record_key", "input_id", "delivery_seq")}
                | {"item_code": item, "level": "4" if satisfied else "2"}
            )
