"""The estimates of both bases, reporting periods and survey rounds, under one set of names. What is made of them stands elsewhere."""

from __future__ import annotations

# One row per basis, edition, unit, instrument and node with an estimate of all respondents. `is_suppressed` marks estimates of
# a probability sample that the standards of presentation hold back.
EDITION_ESTIMATES = """
SELECT
    'period' AS basis,
    period_id AS edition_id,
    unit_code,
    unit_valid_from,
    instrument_code,
    node_code,
    estimate_pct,
    se_pct,
    df,
    n_eff,
    0 AS is_suppressed
FROM estimates.est_sipas_index
WHERE breakdown = '*'
UNION ALL
SELECT
    'round' AS basis,
    estimate.round_code AS edition_id,
    estimate.unit_code,
    estimate.unit_valid_from,
    estimate.instrument_code,
    estimate.node_code,
    estimate.estimate_pct,
    estimate.se_pct,
    estimate.df,
    estimate.n_eff,
    CASE WHEN survey_round.is_probability_sample = 1 AND estimate.presentation = 'suppress' THEN 1 ELSE 0 END AS is_suppressed
FROM estimates.est_sipas_round AS estimate
INNER JOIN marts.dim_survey_round AS survey_round
    ON estimate.round_code = survey_round.round_code
WHERE estimate.breakdown = '*'
"""

# What a table that reads them waits for.
READS = (("estimates", "est_sipas_index"), ("estimates", "est_sipas_round"), ("marts", "dim_survey_round"))
