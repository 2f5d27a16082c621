"""The saved queries on both engines: alike, not empty, and their figures against the same ones worked out from the facts."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest

from assets.lookup.answers import plain
from assets.lookup.saved import SavedQuery, saved_queries, saved_query
from assets.lookup.subject import NotFound
from assets.warehouse.engine import Warehouse

QUERIES = saved_queries()


def _rows(warehouse: Warehouse, query: str) -> list[dict[str, Any]]:
    _, batches = plain(warehouse.query(query).to_reader())
    return [row for batch in batches for row in batch.to_pylist()]


def _alike(value: Any) -> Any:
    """Numbers as the engines agree on them; DuckDB sums to HUGEINT where PostgreSQL has NUMERIC."""
    if value is None or isinstance(value, bool | str):
        return value
    return round(float(value), 6) if isinstance(value, int | float) or hasattr(value, "as_tuple") else str(value)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_both_engines_answer_alike_in_the_order_stated(
    query: SavedQuery, duckdb_built: Warehouse, postgres_built: Warehouse
) -> None:
    answers = [_rows(warehouse, query.sql) for warehouse in (duckdb_built, postgres_built)]
    assert answers[0], "the sample has nothing that the query asks about"
    duck, postgres = ([{name: _alike(value) for name, value in row.items()} for row in rows] for rows in answers)
    # Engines order texts and NULL differently: the rows are what is compared.
    assert sorted(duck, key=repr) == sorted(postgres, key=repr)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_period_and_a_unit_narrow_the_same_rows(query: SavedQuery, duckdb_built: Warehouse) -> None:
    rows = _rows(duckdb_built, query.sql)
    for column, of in (("period_id", "period_id"), ("unit_code", "unit_code")):
        if of not in rows[0]:
            with pytest.raises(NotFound, match=f"has no {of}"):
                query.narrowed(*("x" if name == of else None for name in ("period_id", "unit_code")))
            continue
        value = rows[len(rows) // 2][column]
        narrowed = query.narrowed(*(value if name == of else None for name in ("period_id", "unit_code")))
        assert _rows(duckdb_built, narrowed) == [row for row in rows if row[column] == value]


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_no_two_rows_have_the_same_place_in_the_order(query: SavedQuery, duckdb_built: Warehouse) -> None:
    rows = _rows(duckdb_built, query.sql)
    terms = [term.split()[0] for term in query.sql.rsplit("order by ", 1)[1].split(", ")]
    names = [list(rows[0])[int(term) - 1] if term.isdigit() else term for term in terms]
    assert len({tuple(row[name] for name in names) for row in rows}) == len(rows)


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_the_head_says_what_is_answered_what_a_row_is_and_what_to_mind(query: SavedQuery) -> None:
    assert query.answers.vi.endswith(".") and query.answers.en.endswith(".") and query.grain and query.caveats


def test_an_unknown_one_is_answered_with_a_suggestion() -> None:
    with pytest.raises(NotFound, match="Did you mean “index_trend”"):
        saved_query("index_trends")


def test_index_by_commune_is_the_share_of_the_answers_in_the_facts(duckdb_built: Warehouse) -> None:
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in _rows(
        duckdb_built,
        "SELECT response.unit_code, response.month_id, answer.is_satisfied FROM marts.fct_survey_answer AS answer"
        " INNER JOIN marts.fct_survey_response AS response ON answer.response_id = response.response_id"
        " INNER JOIN marts.dim_instrument_item AS item ON answer.instrument_code = item.instrument_code"
        " AND answer.item_code = item.node_code AND item.question_kind = 'satisfaction'"
        " AND item.answers_for IS NULL WHERE answer.answer_kind = 'valid'",
    ):
        counts[row["unit_code"], row["month_id"]][0] += row["is_satisfied"]
        counts[row["unit_code"], row["month_id"]][1] += 1
    found = {
        (row["unit_code"], row["period_id"]): row["index_pct"]
        for row in _rows(duckdb_built, QUERIES["index_by_commune"].sql)
        if (row["unit_code"], row["period_id"]) in counts
    }
    assert found == {key: pytest.approx(100 * satisfied / valid) for key, (satisfied, valid) in counts.items()}


def test_overdue_by_field_counts_every_case_of_the_list_once(duckdb_built: Warehouse) -> None:
    counted: Counter[tuple[str, str, str]] = Counter()
    bands = (("01-05", 5), ("06-15", 15), ("16-30", 30), ("31+", 10**6))
    for row in _rows(duckdb_built, "SELECT * FROM marts.case_overdue"):
        band = next(name for name, most in bands if row["days_late"] <= most)
        counted[row["unit_code"], row["period_id"], band] += 1
    found: Counter[tuple[str, str, str]] = Counter()
    for row in _rows(duckdb_built, QUERIES["overdue_by_field"].sql):
        found[row["unit_code"], row["period_id"], row["days_late_band"]] += row["n_cases"]
    assert found == counted


def test_complaints_by_channel_keep_the_balance_and_add_up(duckdb_built: Warehouse) -> None:
    rows = _rows(duckdb_built, QUERIES["complaints_by_channel"].sql)
    assert all(row["n_opening"] + row["n_received"] == row["n_closed"] + row["n_pending"] for row in rows)
    by_channel: Counter[tuple[str, str]] = Counter()
    whole: Counter[tuple[str, str]] = Counter()
    for row in rows:
        (whole if row["channel"] == "*" else by_channel)[row["unit_code"], row["period_id"]] += row["n_received"]
    assert +by_channel == +whole and len(+whole) > 5


def test_data_quality_by_source_conserves_the_rows(duckdb_built: Warehouse) -> None:
    rows = _rows(duckdb_built, QUERIES["data_quality_by_source"].sql)
    parts = ("rows_accepted", "rows_quarantined", "rows_duplicate", "rows_superseded", "rows_forgotten")
    assert all(row["rows_read"] == sum(row[part] for part in parts) for row in rows)
    (n_inputs,) = _rows(duckdb_built, "SELECT count(*) AS n FROM marts.data_quality")
    assert sum(row["n_inputs"] for row in rows) == n_inputs["n"]


def test_then_and_now_hold_the_same_forms(duckdb_built: Warehouse) -> None:
    """What the units at the top have then, those at the top have now: no form is lost on the way."""
    rows = _rows(duckdb_built, QUERIES["then_and_now"].sql)
    (months,) = _rows(duckdb_built, "SELECT min(month_id) AS first_month FROM marts.fct_survey_response")
    of_month = [row for row in rows if row["period_id"] == months["first_month"]]
    (forms,) = _rows(
        duckdb_built,
        "SELECT count(DISTINCT response.response_id) AS n FROM marts.fct_survey_response AS response"
        " INNER JOIN marts.fct_survey_answer AS answer ON response.response_id = answer.response_id"
        f" AND answer.answer_kind = 'valid' WHERE response.month_id = '{months['first_month']}'",
    )
    for territory in ("then", "now"):
        assert max(float(row["n_forms_answered"]) for row in of_month if row["territory"] == territory) == forms["n"]
