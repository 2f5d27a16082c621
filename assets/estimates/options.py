"""How estimates are made, as settings. What each choice means stands where it is used."""

from __future__ import annotations

from typing import Literal

from quality.contract import Strict


class EstimateOptions(Strict):
    """Choices that the sources leave open: the kind of interval, and what a stratum with a single sampled PSU counts."""

    interval: Literal["korn_graubard", "logit", "wilson"] = "korn_graubard"
    single_psu: Literal["fail", "certainty", "adjust", "average"] = "fail"
