"""How estimates are made, as settings. What each choice means stands where it is used."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from quality.contract import Strict


class EstimateOptions(Strict):
    """Choices that the sources leave open: the kind of interval, what a stratum with a single sampled PSU counts, the
    error that comparisons allow, when model estimates stand beside the direct ones (in groups of so many areas of which
    one has a smaller effective n), how many forms per predictor a driver analysis needs to go without a caution, and how
    large a weight may be before calibration."""

    interval: Literal["korn_graubard", "logit", "wilson"] = "korn_graubard"
    single_psu: Literal["fail", "certainty", "adjust", "average"] = "fail"
    significance_level: float = Field(default=0.05, gt=0, lt=0.5)
    small_area_groups_of: int = Field(default=10, ge=3)
    small_area_n_eff: float = Field(default=30, gt=0)
    driver_forms_per_predictor: int = Field(default=10, ge=1)
    weight_limit: float | None = Field(default=None, gt=1)
