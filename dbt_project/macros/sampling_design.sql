{#
    Where forms were drawn: one row per round and innermost part of its design, which is the SSU of a form, else its PSU,
    else its stratum (`depth` 3, 2, 1), with what each stage of sampling gives the variance of a total.

    `forms` names a relation with round_code, stratum, psu, ssu (NULL where the design has none): one row per form of the
    whole round, so that a domain keeps strata and clusters in which it has no form. `frame` names one with the same
    columns and n_units: the clusters of a stratum, the clusters of a PSU, the people of the last cluster.

    At stage k (1 in the stratum, 2 in the PSU, 3 in the SSU) n_k units were drawn of N_k, f_k = n_k / N_k. The variance
    recurses over the stages (Särndal, Swensson, Wretman 1992, section 4.4; `svyrecvar` of R's survey package):
    V = sum over strata of (1 - f_1) * n_1 / (n_1 - 1) * Q_1 + f_1 * (the same within each PSU with f_2, n_2, and so on),
    Q = sum of squares - square of sum / n over the units. `scale_k` is what (n_k * sum of squares - square of sum) is
    multiplied by; `is_single_k` marks a stage that drew one unit of several. A form that is a unit of an upper stage
    itself has nothing drawn within it.

    Fractions count in a stratum whose every place the frame knows, at every stage, with as many units as were drawn or
    more. Elsewhere the first stage stands for all, as if drawn with replacement: its fraction alone would leave out what
    the later stages add. Plain SQL without calls to dbt, so that tests run it on inputs of their own.
#}
{% macro sampling_places(forms, frame) %}
    with place as (
        select
            round_code,
            coalesce(stratum, '') as stratum,
            coalesce(psu, '') as psu,
            coalesce(ssu, '') as ssu,
            count(*) as n_forms
        from {{ forms }}
        group by round_code, coalesce(stratum, ''), coalesce(psu, ''), coalesce(ssu, '')
    ),

    frame as (
        select
            round_code,
            coalesce(stratum, '') as stratum,
            coalesce(psu, '') as psu,
            coalesce(ssu, '') as ssu,
            max(n_units) as n_units
        from {{ frame }}
        group by round_code, coalesce(stratum, ''), coalesce(psu, ''), coalesce(ssu, '')
    ),

    cluster as (
        select
            round_code,
            stratum,
            psu,
            sum(case when ssu = '' then n_forms else 1 end) as n_2,
            case when psu = '' then sum(n_forms) else 1 end as n_units_drawn
        from place
        group by round_code, stratum, psu
    ),

    stratum as (
        select
            round_code,
            stratum,
            sum(n_units_drawn) as n_1
        from cluster
        group by round_code, stratum
    ),

    counted as (
        select
            place.round_code,
            place.stratum,
            place.psu,
            place.ssu,
            place.n_forms,
            stratum.n_1,
            case when place.psu <> '' then cluster.n_2 end as n_2,
            case when place.ssu <> '' then place.n_forms end as n_3,
            frame_1.n_units as frame_1,
            case when place.psu <> '' then frame_2.n_units end as frame_2,
            case when place.ssu <> '' then frame_3.n_units end as frame_3
        from place
        inner join stratum
            on place.round_code = stratum.round_code and place.stratum = stratum.stratum
        inner join cluster
            on
                place.round_code = cluster.round_code
                and place.stratum = cluster.stratum
                and place.psu = cluster.psu
        left join frame as frame_1
            on
                place.round_code = frame_1.round_code
                and place.stratum = frame_1.stratum
                and frame_1.psu = ''
                and frame_1.ssu = ''
        left join frame as frame_2
            on
                place.round_code = frame_2.round_code
                and place.stratum = frame_2.stratum
                and place.psu = frame_2.psu
                and frame_2.ssu = ''
        left join frame as frame_3
            on
                place.round_code = frame_3.round_code
                and place.stratum = frame_3.stratum
                and place.psu = frame_3.psu
                and place.ssu = frame_3.ssu
    ),

    known as (
        select
            *,
            min(
                case
                    when
                        frame_1 >= n_1
                        and (n_2 is null or frame_2 >= n_2)
                        and (n_3 is null or frame_3 >= n_3)
                        then 1
                    else 0
                end
            ) over (partition by round_code, stratum) as has_fpc
        from counted
    ),

    fraction as (
        select
            *,
            case when has_fpc = 1 then cast(n_1 as double precision) / frame_1 else 0 end as f_1,
            case when has_fpc = 1 and n_2 is not null then cast(n_2 as double precision) / frame_2 else 0 end as f_2,
            case when has_fpc = 1 and n_3 is not null then cast(n_3 as double precision) / frame_3 else 0 end as f_3
        from known
    )

    select
        round_code,
        nullif(stratum, '') as stratum,
        nullif(psu, '') as psu,
        nullif(ssu, '') as ssu,
        cast(row_number() over (order by round_code, stratum, psu, ssu) as bigint) as place_id,
        cast(dense_rank() over (order by round_code, stratum) as bigint) as stratum_id,
        case when psu <> '' then cast(dense_rank() over (order by round_code, stratum, psu) as bigint) end as psu_id,
        cast(case when ssu <> '' then 3 when psu <> '' then 2 else 1 end as bigint) as depth,
        cast(n_forms as bigint) as n_forms,
        cast(has_fpc as bigint) as has_fpc,
        cast(n_1 as bigint) as n_1,
        cast(n_2 as bigint) as n_2,
        cast(n_3 as bigint) as n_3,
        cast(frame_1 as bigint) as frame_1,
        cast(frame_2 as bigint) as frame_2,
        cast(frame_3 as bigint) as frame_3,
        case when n_1 > 1 then (1 - f_1) / (n_1 - 1) else 0 end as scale_1,
        case when n_2 > 1 then f_1 * (1 - f_2) / (n_2 - 1) else 0 end as scale_2,
        case when n_3 > 1 then f_1 * f_2 * (1 - f_3) / (n_3 - 1) else 0 end as scale_3,
        cast(case when n_1 = 1 and f_1 < 1 then 1 else 0 end as bigint) as is_single_1,
        cast(case when n_2 = 1 and f_1 > 0 and f_2 < 1 then 1 else 0 end as bigint) as is_single_2,
        cast(case when n_3 = 1 and f_1 * f_2 > 0 and f_3 < 1 then 1 else 0 end as bigint) as is_single_3,
        1 - f_1 as rest_1
    from fraction
{% endmacro %}

{#
    Quadratic forms of the variance of weighted totals over a sampling design: one row per cell (a domain).

    `sums` names a relation with the columns `cell`, place_id, n_forms_answered, the columns `measures` (only summed), and
    over the forms of the cell at that place a = sum of w * s, b = sum of w * n, and the sums of the products aa, ab, bb of
    one form's w * s and w * n. `places` names what sampling_places gives. For a ratio R = A / B the linearised variance is
    (V_aa - 2 * R * V_ab + R * R * V_bb) / (B * B), and that of the total A is V_aa; V = first + later.

    Per cell: sums of `measures`, a, b; n_strata and n_psus with a form that answers (what degrees of freedom count); the
    forms of the first stage (first_*) and of the stages after it (later_*); of strata with one unit drawn, which count 0
    in first_*, their number and their units' own products (single_*), and the number of clusters with one unit drawn.

    Sums of doubles depend on their order. What is added here are integers and decimals, so that each run and engine gives
    the same: differences of squares are exact, and a term is rounded to 12 decimals once its fraction comes in.
#}
{% macro design_variance(sums, places, cell, measures) %}
    {%- set keys = cell | join(', ') %}
    {%- set products = [('aa', 'a', 'a'), ('ab', 'a', 'b'), ('bb', 'b', 'b')] %}
    with place_unit as (
        select
            {% for key in cell %}
            sums.{{ key }},
            {% endfor %}
            {% for measure in measures %}
            sums.{{ measure }},
            {% endfor %}
            place.stratum_id,
            place.psu_id,
            sums.a,
            sums.b,
            {% for product, left, right in products %}
            case when place.depth = 3 then sums.{{ left }} * sums.{{ right }} else sums.{{ product }} end as {{ product }},
            case
                when place.scale_3 > 0 then {{ stage_term('place.scale_3', 'place.n_3', 'sums', product, left, right) }}
                else 0
            end as later_{{ product }},
            {% endfor %}
            case when sums.n_forms_answered > 0 then place.is_single_3 else 0 end as n_single_later,
            case
                when place.depth = 1 then sums.n_forms_answered
                when sums.n_forms_answered > 0 then 1
                else 0
            end as n_psus
        from {{ sums }} as sums
        inner join {{ places }} as place
            on sums.place_id = place.place_id
    ),

    psu_sum as (
        select
            {{ keys }},
            stratum_id,
            psu_id,
            {% for measure in measures %}
            sum({{ measure }}) as {{ measure }},
            {% endfor %}
            sum(a) as a,
            sum(b) as b,
            {% for product, left, right in products %}
            sum({{ product }}) as {{ product }},
            sum(later_{{ product }}) as later_{{ product }},
            {% endfor %}
            sum(n_single_later) as n_single_later,
            case when psu_id is null then sum(n_psus) else max(n_psus) end as n_psus
        from place_unit
        group by {{ keys }}, stratum_id, psu_id
    ),

    psu as (
        select distinct
            psu_id,
            n_2,
            scale_2,
            is_single_2
        from {{ places }}
        where psu_id is not null
    ),

    psu_unit as (
        select
            {% for key in cell %}
            psu_sum.{{ key }},
            {% endfor %}
            {% for measure in measures %}
            psu_sum.{{ measure }},
            {% endfor %}
            psu_sum.stratum_id,
            psu_sum.a,
            psu_sum.b,
            {% for product, left, right in products %}
            case when psu.psu_id is null then psu_sum.{{ product }} else psu_sum.{{ left }} * psu_sum.{{ right }} end
                as {{ product }},
            psu_sum.later_{{ product }}
            + case
                when psu.scale_2 > 0 then {{ stage_term('psu.scale_2', 'psu.n_2', 'psu_sum', product, left, right) }}
                else 0
            end as later_{{ product }},
            {% endfor %}
            psu_sum.n_single_later
            + case when psu_sum.n_psus > 0 then coalesce(psu.is_single_2, 0) else 0 end as n_single_later,
            psu_sum.n_psus
        from psu_sum
        left join psu
            on psu_sum.psu_id = psu.psu_id
    ),

    stratum_sum as (
        select
            {{ keys }},
            stratum_id,
            {% for measure in measures %}
            sum({{ measure }}) as {{ measure }},
            {% endfor %}
            sum(a) as a,
            sum(b) as b,
            {% for product, left, right in products %}
            sum({{ product }}) as {{ product }},
            sum(later_{{ product }}) as later_{{ product }},
            {% endfor %}
            sum(n_single_later) as n_single_later,
            sum(n_psus) as n_psus
        from psu_unit
        group by {{ keys }}, stratum_id
    ),

    stratum as (
        select distinct
            stratum_id,
            n_1,
            scale_1,
            is_single_1,
            rest_1
        from {{ places }}
    ),

    stratum_unit as (
        select
            {% for key in cell %}
            stratum_sum.{{ key }},
            {% endfor %}
            {% for measure in measures %}
            stratum_sum.{{ measure }},
            {% endfor %}
            stratum_sum.a,
            stratum_sum.b,
            {% for product, left, right in products %}
            case
                when stratum.scale_1 > 0
                    then {{ stage_term('stratum.scale_1', 'stratum.n_1', 'stratum_sum', product, left, right) }}
                else 0
            end as first_{{ product }},
            case
                when stratum.is_single_1 = 1
                    then cast(
                        stratum.rest_1 * cast(stratum_sum.{{ left }} * stratum_sum.{{ right }} as double precision)
                        as decimal(38, 12)
                    )
                else 0
            end as single_{{ product }},
            stratum_sum.later_{{ product }},
            {% endfor %}
            case when stratum_sum.n_psus > 0 then stratum.is_single_1 else 0 end as n_single_first,
            stratum_sum.n_single_later,
            case when stratum_sum.n_psus > 0 then 1 else 0 end as n_strata,
            stratum_sum.n_psus
        from stratum_sum
        inner join stratum
            on stratum_sum.stratum_id = stratum.stratum_id
    )

    select
        {{ keys }},
        {% for measure in measures %}
        sum({{ measure }}) as {{ measure }},
        {% endfor %}
        sum(a) as a,
        sum(b) as b,
        {% for part in ['first', 'single', 'later'] %}
        {% for product, left, right in products %}
        cast(sum({{ part }}_{{ product }}) as double precision) as {{ part }}_{{ product }},
        {% endfor %}
        {% endfor %}
        cast(sum(n_single_first) as bigint) as n_single_first,
        cast(sum(n_single_later) as bigint) as n_single_later,
        cast(sum(n_strata) as bigint) as n_strata,
        cast(sum(n_psus) as bigint) as n_psus
    from stratum_unit
    group by {{ keys }}
{% endmacro %}

{# scale * (n * sum of products - product of sums): exact up to the scale, then rounded to 12 decimals. #}
{% macro stage_term(scale, n, sums, product, left, right) -%}
cast(
    {{ scale }}
    * cast({{ n }} * {{ sums }}.{{ product }} - {{ sums }}.{{ left }} * {{ sums }}.{{ right }} as double precision)
    as decimal(38, 12)
)
{%- endmacro %}
