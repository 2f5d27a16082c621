with figure as (
    {{
        index_figures([
            'node_level', 'n_forms_answered', 'n_eff', 'estimate_pct', 'ci_low_pct', 'ci_high_pct'
        ])
    }}
)

select
    area.basis,
    area.group_code,
    area.group_valid_from,
    area.edition_id,
    area.instrument_code,
    area.node_code,
    area.unit_code,
    area.unit_valid_from,
    figure.node_level,
    figure.n_forms_answered,
    figure.n_eff,
    figure.estimate_pct,
    figure.ci_low_pct,
    figure.ci_high_pct,
    figure.presentation,
    cast(area.n_areas as bigint) as n_areas,
    cast(area.direct_weight as double precision) as direct_weight,
    cast(area.synthetic_pct as double precision) as synthetic_pct,
    cast(area.model_estimate_pct as double precision) as model_estimate_pct,
    cast(area.model_ci_low_pct as double precision) as model_ci_low_pct,
    cast(area.model_ci_high_pct as double precision) as model_ci_high_pct,
    cast(area.model_variance as double precision) as model_variance,
    area.method
from {{ source('estimates', 'est_sipas_small_area') }} as area
inner join figure
    on
        area.basis = figure.basis
        and area.unit_code = figure.unit_code
        and area.unit_valid_from = figure.unit_valid_from
        and area.edition_id = figure.edition_id
        and area.instrument_code = figure.instrument_code
        and area.node_code = figure.node_code
