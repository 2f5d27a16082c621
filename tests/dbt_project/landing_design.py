"""The design of the sample's survey forms: three rounds with strata, clusters, weights and what a frame knows of them."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

# code, first day, last day, probability sample. The forms of February are all satisfied.
ROUNDS = [
    ("R1", date(2025, 1, 1), date(2025, 1, 31), "yes"),
    ("R2", date(2025, 2, 1), date(2025, 2, 28), "yes"),
    ("R3", date(2025, 7, 1), date(2025, 7, 31), "no"),
    ("R4", date(2025, 3, 1), date(2025, 3, 5), "yes"),
    ("R5", date(2025, 3, 6), date(2025, 3, 31), "yes"),
    ("R0", date(2024, 3, 1), date(2024, 3, 31), "yes"),
]


def add_design(tables: dict[str, list[Row]], seed: int = 12) -> None:
    """Give the forms places and weights and add the rounds; nothing that other tests count changes."""
    rng = random.Random(seed)
    for number, row in enumerate(tables["survey_response"]):
        row |= _place(rng, row["responded_on"])
        # Some forms of a round with places and weights were not drawn in it, or lack what they stand for.
        if row["responded_on"].month == 1 and number % 11 == 0:
            row |= {"weight": None, "stratum": None, "psu": None, "ssu": None}
        elif row["responded_on"].month == 1 and number % 11 == 5:
            row["weight"] = None if number % 2 else Decimal(0)
    tables["survey_round"] = [
        {"code": code, "instrument_code": "T1", "first_on": first, "last_on": last, "is_probability_sample": drawn}
        for code, first, last, drawn in ROUNDS
    ]
    tables["sampling_frame"] = _frame()


def _place(rng: random.Random, day: date) -> Row:
    if day.month == 1:
        # Three stages in one stratum, two in the other, where some people are units of the first stage.
        stratum = rng.choice("AB")
        psu = rng.choice(["p1", "p2"] if stratum == "A" else ["p1", "p2", None])
        ssu = rng.choice(["s1", "s2"] if psu == "p1" else ["s1"]) if stratum == "A" else None
        return {"weight": Decimal(rng.randrange(5, 40)) / 4, "stratum": stratum, "psu": psu, "ssu": ssu}
    if day.month == 2:
        return {"weight": None, "stratum": rng.choice("AB"), "psu": None, "ssu": None}
    return {"weight": Decimal("12.5"), "stratum": None, "psu": rng.choice("abcd"), "ssu": None}


def _frame() -> list[Row]:
    known = [("R1", "A", None, None, 9)]
    known += [("R1", "A", "p1", None, 4), ("R1", "A", "p2", None, 1)]
    known += [("R1", "A", psu, ssu, 60) for psu, ssu in (("p1", "s1"), ("p1", "s2"), ("p2", "s1"))]
    # Of this stratum only the first stage is known, so its fraction is left out.
    known += [("R1", "B", None, None, 40)]
    known += [("R4", "A", None, None, 9), ("R4", "B", None, None, 70)]
    known += [("R4", "A", f"p{number}", None, 12) for number in range(3)]
    known += [("R2", "A", None, None, 300), ("R2", "B", None, None, 200)]
    return [
        {"round_code": code, "stratum": stratum, "psu": psu, "ssu": ssu, "n_units": n_units}
        for code, stratum, psu, ssu, n_units in known
    ]
