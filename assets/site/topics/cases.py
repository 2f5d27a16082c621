"""Settlement of cases: timeliness by unit, by period and by field, apologies for late ones, and index set 766."""

from __future__ import annotations

from assets.site.blocks import Block, Column, Page, Section, Table, Text
from assets.site.blocks import Row as TableRow
from assets.site.say import Say
from assets.site.source import ALL, Row, is_hidden, is_shown
from assets.site.topics.common import CASES, Desk, folded, latest_rows, no_data, rate_columns, rate_row
from assets.site.topics.timeliness import by_period, by_unit
from assets.site.units import Unit

_COUNTS = ("n_received", "n_settled", "n_pending")


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w, marts = say.w, desk.marts
    rows = marts.cases.of(unit.key)
    whole = [row for row in rows if row["procedure_field"] == ALL]
    periods = latest_rows(marts, whole, *_COUNTS)
    blocks: list[Block] = []
    if not any(is_shown(row, *_COUNTS) for row in whole):
        blocks += no_data(say)
    else:
        blocks += by_unit(
            desk, unit, say, CASES, lambda part: marts.cases_whole.of(part.key), periods, _COUNTS, w["chart_cases"]
        )
        blocks.append(by_period(desk, say, CASES, whole, _COUNTS))
        blocks += _fields(desk, unit, say, periods)
        blocks.append(Section("pace", w["pace"], [_pace(desk, unit, say, periods)]))
    blocks += _apologies(desk, unit, say)
    blocks += _service(desk, unit, say)
    return [Page("cases.html", "cases", w["cases"], w["cases_lead"], blocks)]


def _fields(desk: Desk, unit: Unit, say: Say, periods: list[str]) -> list[Block]:
    rows = desk.marts.cases.of(unit.key)
    # Where fields would tell of few people, disclosure control leaves their rows out.
    known = {row["period_id"] for row in rows if row["procedure_field"] != ALL}

    def block(period: str) -> list[Block]:
        own = [row for row in rows if row["period_id"] == period]
        fields = sorted((row for row in own if row["procedure_field"] != ALL), key=lambda row: row["procedure_field"])
        total = next((row for row in own if row["procedure_field"] == ALL), None)
        table_rows = [rate_row(say, CASES, _field(say, row["procedure_field"]), row) for row in fields]
        foot = None if total is None else rate_row(say, CASES, say.w["all_fields"], total)
        return [Table(say.period(period), say.w["field"], rate_columns(say, CASES), table_rows, foot)]

    listed = [period for period in periods if period in known]
    return [Section("fields", say.w["by_field"], folded(say, listed, block))] if listed else []


def _field(say: Say, field: str) -> str:
    return say.w["not_stated"] if field == "~" else field


def _pace(desk: Desk, unit: Unit, say: Say, periods: list[str]) -> Table:
    w = say.w
    found = {row["period_id"]: row for row in desk.marts.cases.of(unit.key) if row["procedure_field"] == ALL}
    columns = ("n_received_online", "n_received_direct", "n_received_postal", "n_received_other")
    rows = [
        TableRow(
            say.period(period),
            [
                say.count(row.get("working_days_median"), row), say.count(row.get("working_days_p90"), row),
                say.count(row.get("n_working_days"), row),
                _told(say, row, "n_received_online", say.percent(row.get("online_pct"), row)),
                *(_told(say, row, column, say.count(row.get(column), row)) for column in columns),
                say.count(row["n_received"], row),
            ],
        )
        for period in periods
        if (row := found.get(period)) is not None
    ]  # fmt: skip
    names = [
        "days_median",
        "days_p90",
        "days_n",
        "online_pct",
        "online",
        "direct",
        "postal",
        "other_channel",
        "received",
    ]
    return Table(w["pace"], w["period"], [Column(w[name]) for name in names], rows)


def _apologies(desk: Desk, unit: Unit, say: Say) -> list[Block]:
    w, marts = say.w, desk.marts
    rows = {row["period_id"]: row for row in marts.apologies.of(unit.key)}
    # How many were late is told of hidden rows too.
    periods = latest_rows(marts, [{**row, "hidden": False} for row in rows.values()], "n_late")
    if not periods:
        return []
    stated = marts.states_apologies
    table_rows = [
        TableRow(
            say.period(period),
            [
                say.percent(row["apology_pct"], row) if stated else w["none"],
                say.told(row["n_apology_issued"], row) if stated else w["none"],
                say.told(row["n_late"], row),
                say.told(row["n_apology_owed"], row) if stated else w["none"],
            ],
        )
        for period in periods
        for row in [rows[period]]
    ]
    unknown = [] if stated else [Text(w["apologies_unknown"])]
    columns = [Column(w[name]) for name in ("apology_pct", "apology_issued", "n_late", "apology_owed")]
    return [
        Section(
            "apologies",
            w["apologies"],
            [Text(w["apologies_lead"]), *unknown, Table(w["apologies"], w["period"], columns, table_rows)],
        )
    ]


def _service(desk: Desk, unit: Unit, say: Say) -> list[Block]:
    """Index set 766 in the latest of the longest periods."""
    w = say.w
    rows = desk.marts.service.of(unit.key)
    period = desk.marts.longest(
        {row["period_id"] for row in rows if not is_hidden(row)} or {row["period_id"] for row in rows}
    )
    if period is None:
        return []
    table_rows = [
        TableRow(
            f"{row['item_code']}. {row['item_vi']}",
            [
                _told(say, row, "numerator", say.percent(row["rate_pct"], row))
                if row.get("mean_days") is None else _days(say, row["mean_days"]),
                _told(say, row, "numerator", say.count(row["numerator"], row)),
                say.count(row["n_denominator"], row), say.count(row["n_left_out"], row),
                say.w["none"] if row.get("maximum_points") is None
                else _told(say, row, "numerator", _plain(say, row.get("points"), is_hidden(row))),
                _plain(say, row.get("maximum_points"), False),
            ],
        )
        for row in sorted((row for row in rows if row["period_id"] == period), key=lambda row: row["item_code"])
    ]  # fmt: skip
    columns = [Column(w[name]) for name in ("rate", "numerator", "denominator", "left_out", "points", "maximum_points")]
    table = Table(f"{w['service']}: {say.period(period)}", w["item"], columns, table_rows)
    return [Section("service", w["service"], [Text(w["service_lead"]), table])]


def _told(say: Say, row: Row, count: str, text: str) -> str:
    """The text, or that it is hidden: a count that a shown row lacks would tell of another row."""
    return say.w["hidden"] if row.get(count) is None else text


def _days(say: Say, value: float) -> str:
    return say.w["n_days"].format(days=_plain(say, value, False))


def _plain(say: Say, value: float | None, hidden: bool) -> str:
    return say.w["hidden"] if hidden else say.percent(value).removesuffix("%")
