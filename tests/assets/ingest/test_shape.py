"""Source text to typed columns: keys, dates and instants, value maps, rules. zoneinfo and hmac are the independent truth."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import string
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspaces import KEY, case_spec, survey_spec

from assets.ingest.clean_cells import CLEAN, EDGES, with_clean_cells
from assets.ingest.engine import connect, set_keys
from assets.ingest.shape import Shape, record_shape, reference_shape
from assets.ingest.spec import ColumnMap, Feed, SourceSpec
from assets.ingest.time_zone import fixed_offset
from assets.keys import Keyring
from quality.contract import load_contracts

Row = dict[str, Any]

CONTRACTS = load_contracts()
LEVELS = {"I.1": ("1", "2", "3", "4", "5"), "I.2": ("1", "2", "3", "4", "5")}
UNITS = {"Xã An Mỹ": "10462", "10465": "10465"}

# Property tests share one engine; each example is a statement over many values.
PROPERTY = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory() as folder, connect(Path(folder)) as connection:
        set_keys(connection, Keyring((KEY,)))
        yield connection


def spec_of(content: dict[str, Any], **changes: Any) -> SourceSpec:
    return SourceSpec.model_validate({"name": "thu", "digest": "0", **content, **changes})


def shape_of(spec: SourceSpec, procedures: Sequence[str] = ()) -> Shape:
    return record_shape(spec, CONTRACTS, LEVELS, {"procedure": frozenset(procedures)})


def shaped(
    engine: duckdb.DuckDBPyConnection,
    spec: SourceSpec,
    rows: Sequence[Row],
    procedures: Sequence[str] = (),
    sent_on: dt.date = dt.date(2100, 12, 31),
) -> list[Row]:
    """The rows shaped, each with `broken`: the (rule, column) pairs it breaks."""
    shape = shape_of(spec, procedures)
    columns: dict[str, Any] = {
        name: pa.array([row.get(name) for row in rows], pa.string()) for name in dict.fromkeys(spec.headings)
    }
    count = len(rows)
    columns |= {
        "_line": pa.array(range(2, count + 2), pa.int64()),
        "_fault": pa.array([row.get("_fault") for row in rows], pa.string()),
        "_raw": pa.nulls(count, pa.string()),
        "_seq": pa.array([1] * count, pa.int64()),
        "_sheet": pa.nulls(count, pa.string()),
    }
    engine.register("chunk", with_clean_cells(pa.table(columns), spec.headings)[0])
    inputs = {
        "_seq": [1],
        "input_id": ["i"],
        "_sent_on": [sent_on],
        "group_unit": ["10465"],
        "group_period": ["2023-06"],
    }
    engine.register("inputs", pa.table(inputs))
    always = pa.nulls(len(UNITS), pa.date32())
    units = {"given": list(UNITS), "unit_code": list(UNITS.values()), "valid_from": always, "valid_to": always}
    engine.register("unit_map", pa.table(units))
    engine.register("known_procedure", pa.table({"code": pa.array(procedures, pa.string())}))
    engine.register("known_instrument", pa.table({"code": pa.array([], pa.string())}))
    found = engine.sql(f"SELECT * FROM ({shape.statement}) ORDER BY _line").to_arrow_table().to_pylist()
    for row in found:
        row["broken"] = [(check.rule, check.column) for index, check in enumerate(shape.checks) if row[f"_c{index}"]]
    return found


def cases(engine: duckdb.DuckDBPyConnection, heading: str, values: Sequence[str | None], **spec: Any) -> list[Row]:
    """Sound cases, one per value of one heading."""
    rows = [
        {"Mã hồ sơ": str(number), "Trạng thái": "Đã xong", "Ngày nhận": "01/06/2023", heading: value}
        for number, value in enumerate(values)
    ]
    return shaped(engine, spec_of(case_spec(**spec)), rows)


def rules(row: Row, heading: str) -> list[str]:
    return [rule for rule, column in row["broken"] if column == heading]


# --- cells ------------------------------------------------------------------------------------------------------------------

CELLS = (
    st.text(st.sampled_from("２٣²1aàạ ạ\u0323\u0301ĐđeÂA\u212b\u1100\u1161한 \t\n\u00a0\ufeff\u200bơ\u031bắ😀"))
    | st.text()
    | st.none()
)


@PROPERTY
@given(st.lists(CELLS.filter(lambda cell: cell is None or "\0" not in cell), min_size=1, max_size=60))
def test_clean_cells_are_nfc_without_edges_and_null_when_blank(cells: list[str | None]) -> None:
    changed: Counter[tuple[int, str]] = Counter()

    def truth(cell: str | None, seq: int) -> str | None:
        if cell is None:
            return None
        composed = unicodedata.normalize("NFC", cell)
        plain = "".join(str(int(c)) if unicodedata.category(c) == "Nd" else c for c in composed)
        changed.update({(seq, "text.nfc"): int(composed != cell), (seq, "text.full_width"): int(plain != composed)})
        return plain.strip(EDGES) or None

    # A slice: the buffers begin before the first cell. Rows of three deliveries, each counted on its own.
    seqs = [number % 3 for number in range(len(cells) + 1)]
    chunk = pa.table({"A": pa.array(["x", *cells], pa.string()), "_seq": pa.array(seqs, pa.int64())}).slice(1)
    found, changes = with_clean_cells(chunk, ["A"])
    assert found[f"{CLEAN}A"].to_pylist() == [truth(cell, seq) for cell, seq in zip(cells, seqs[1:], strict=True)]
    assert +changes == +changed
    assert found["A"].to_pylist() == cells, "the raw cell stays as it was"


# --- keys --------------------------------------------------------------------------------------------------------------

WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=60)


@PROPERTY
@given(identities=st.lists(WORDS, min_size=1, max_size=20), key=st.binary(min_size=16, max_size=64))
def test_record_key_is_hmac_sha256(engine: duckdb.DuckDBPyConnection, identities: list[str], key: bytes) -> None:
    """HMAC-SHA-256 (RFC 2104) of dataset, authority and record id in NFC, cut to 128 bits."""
    set_keys(engine, Keyring((key,)))
    rows = shaped(engine, spec_of(case_spec()), [{"Mã hồ sơ": f" {identity}\u00a0"} for identity in identities])
    set_keys(engine, Keyring((KEY,)))
    for identity, row in zip(identities, rows, strict=True):
        message = "\x1f".join(("case", "mot_cua", unicodedata.normalize("NFC", identity))).encode()
        assert row["record_key"] == hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


def test_key_differs_by_authority_and_scope(engine: duckdb.DuckDBPyConnection) -> None:
    row = {"Mã hồ sơ": "1", "Số phiếu": "1"}
    one, other = (shaped(engine, spec_of(case_spec(authority=name)), [row])[0] for name in ("a", "b"))
    assert one["record_id"] == other["record_id"] == "1" and one["record_key"] != other["record_key"]
    [form] = shaped(engine, spec_of(survey_spec()), [row])
    assert form["record_id"] == "10465/2023-06/1", "form numbers start again in each file"


@PROPERTY
@given(names=st.lists(st.text(string.ascii_letters + "àéổ ", min_size=6, max_size=30), min_size=1, max_size=10))
def test_a_surrogate_shows_none_of_its_cells(engine: duckdb.DuckDBPyConnection, names: list[str]) -> None:
    feed = {**case_spec()["feeds"][0], "surrogate": ["Họ tên", "Ngày nhận"]}
    del feed["record_id"]
    spec = spec_of(case_spec(feeds=[feed]))
    rows = [{"Họ tên": name, "Ngày nhận": "01/06/2023"} for name in names]
    found = shaped(engine, spec, rows)
    for name, row in zip(names, found, strict=True):
        assert len(row["record_id"]) == 25 and set(row["record_id"][1:]) <= set(string.hexdigits.lower())
        assert not name.strip() or name.strip() not in row["record_id"]
    cleaned = [unicodedata.normalize("NFC", name).strip(" ") for name in names]
    assert len({row["record_id"] for row in found}) == len(set(cleaned)), "equal cells, equal id"


def test_cells_of_a_surrogate_do_not_run_into_each_other(engine: duckdb.DuckDBPyConnection) -> None:
    feed = {**case_spec()["feeds"][0], "surrogate": ["A", "B"]}
    del feed["record_id"]
    rows = shaped(engine, spec_of(case_spec(feeds=[feed])), [{"A": "ab", "B": "c"}, {"A": "a", "B": "bc"}])
    assert rows[0]["record_id"] != rows[1]["record_id"]


@PROPERTY
@given(ids=st.lists(st.tuples(*[st.text("1/\\", min_size=1, max_size=3)] * 2), min_size=1, max_size=40))
def test_parts_of_a_record_id_do_not_run_into_each_other(
    engine: duckdb.DuckDBPyConnection, ids: list[tuple[str, str]]
) -> None:
    feeds = [{**case_spec()["feeds"][0], "record_id": ["Sổ", "Số"]}]
    rows = shaped(engine, spec_of(case_spec(feeds=feeds)), [{"Sổ": book, "Số": number} for book, number in ids])
    assert len({row["record_key"] for row in rows}) == len(set(ids))


# --- numbers ----------------------------------------------------------------------------------------------------------


def numbers_of(engine: duckdb.DuckDBPyConnection, dataset: str, field: str, texts: list[str]) -> list[Any]:
    """What the shape makes of texts under one field of a reference table."""
    contract = CONTRACTS[dataset].model_copy(update={"fields": (CONTRACTS[dataset].field(field),)})
    feed = Feed(dataset=dataset, columns={field: ColumnMap(column="Số")})
    shape = reference_shape(feed, contract, "Asia/Ho_Chi_Minh")
    chunk = pa.table({"Số": texts, "_seq": [1] * len(texts), "_line": range(len(texts))})
    for name in ("_sheet", "_fault", "_raw"):
        chunk = chunk.append_column(name, pa.array([None] * len(texts), pa.string()))
    engine.register("chunk", with_clean_cells(chunk, ["Số"])[0])
    engine.register("inputs", pa.table({"_seq": [1], "input_id": ["x"]}))
    found = engine.execute(f"SELECT {field} FROM ({shape.statement}) ORDER BY _line").fetchall()
    return [value for (value,) in found]


@PROPERTY
@given(st.lists(st.decimals(-1000, 1000, places=1), min_size=1, max_size=40))
def test_only_whole_numbers_are_integers(engine: duckdb.DuckDBPyConnection, numbers: list[Decimal]) -> None:
    found = numbers_of(engine, "answer_level", "is_satisfied", [*map(str, numbers), "nan", "1e400", "một"])
    whole = [int(number) if number == number.to_integral_value() else None for number in numbers]
    assert found == [*whole, None, None, None]


@PROPERTY
@given(st.lists(st.decimals(-10_000_000, 10_000_000, places=4), min_size=1, max_size=40))
def test_decimals_with_a_point_and_as_vietnamese_offices_write_them(
    engine: duckdb.DuckDBPyConnection, numbers: list[Decimal]
) -> None:
    with_point = [f"{number:f}" for number in numbers]
    with_comma = [text.replace(".", ",") for text in with_point]
    grouped = [f"{number:,f}".translate(str.maketrans(",.", ".,")) for number in numbers]
    for texts in (with_point, with_comma, grouped):
        assert numbers_of(engine, "survey_response", "weight", texts) == numbers


def test_what_is_no_decimal_stays_unread(engine: duckdb.DuckDBPyConnection) -> None:
    unread = ["một", "1,2,3", "1.23,4", "12.3456,7", ",5", "1,", "1.234,567.8"]
    assert numbers_of(engine, "survey_response", "weight", unread) == [None] * len(unread)
    assert numbers_of(engine, "survey_response", "weight", ["1,0", "-0,25", "1.5"]) == [
        1,
        Decimal("-0.25"),
        Decimal("1.5"),
    ]


# --- dates and instants -------------------------------------------------------------------------------------------------------

ZONES = ["Asia/Ho_Chi_Minh", "America/New_York", "Europe/Amsterdam", "Asia/Kathmandu", "UTC"]
MOMENTS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2039, 12, 31)).map(
    lambda moment: moment.replace(microsecond=0)
)
# Shown in these ways, a moment says the same.
WAYS = ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"]


def in_utc(local: dt.datetime, zone: str) -> set[dt.datetime]:
    """The instants a local time can mean: two in the hour that a zone repeats when summer ends."""
    return {local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(dt.UTC).replace(tzinfo=None) for fold in (0, 1)}


@pytest.mark.parametrize("zone", ZONES)
@PROPERTY
@given(moments=st.lists(MOMENTS, min_size=1, max_size=30), way=st.sampled_from(WAYS))
def test_local_times(engine: duckdb.DuckDBPyConnection, zone: str, moments: list[dt.datetime], way: str) -> None:
    feed = case_spec()["feeds"][0]
    column = {"column": "Ngày nhận", "formats": WAYS[:2]}
    feed = {**feed, "columns": {**feed["columns"], "received_at": column}}
    rows = cases(engine, "Ngày nhận", [moment.strftime(way) for moment in moments], feeds=[feed], time_zone=zone)
    for moment, row in zip(moments, rows, strict=True):
        assert row["received_at"] in in_utc(moment, zone), (moment, way)
        assert row["received_on"] == moment.date()


@pytest.mark.parametrize("zone", ZONES)
@PROPERTY
@given(
    moments=st.lists(MOMENTS, min_size=1, max_size=30),
    minutes=st.integers(-12 * 4, 14 * 4).map(lambda quarters: quarters * 15),
    form=st.sampled_from(["{:+03d}:{:02d}", "{:+03d}{:02d}"]),
)
def test_offsets_in_the_text_win_over_the_zone(
    engine: duckdb.DuckDBPyConnection, zone: str, moments: list[dt.datetime], minutes: int, form: str
) -> None:
    hours, rest = divmod(abs(minutes), 60)
    offset = form.format(hours, rest) if minutes >= 0 else "-" + form.format(hours, rest)[1:]
    rows = cases(engine, "Ngày hẹn", [f"{moment.isoformat()}{offset}" for moment in moments], time_zone=zone)
    for moment, row in zip(moments, rows, strict=True):
        instant = moment - dt.timedelta(minutes=minutes)
        assert row["due_at"] == instant, offset
        local = instant.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone))
        assert row["due_on"] == local.date()


def test_summer_time_of_new_york(engine: duckdb.DuckDBPyConnection) -> None:
    values = ["2023-03-12 01:59:59", "2023-03-12 03:00:00", "2023-11-05 00:59:59", "2023-11-05 02:00:00"]
    rows = cases(engine, "Ngày hẹn", values, time_zone="America/New_York")
    assert [row["due_at"] for row in rows] == [
        dt.datetime(2023, 3, 12, 6, 59, 59),
        dt.datetime(2023, 3, 12, 7),
        dt.datetime(2023, 11, 5, 4, 59, 59),
        dt.datetime(2023, 11, 5, 7),
    ]
    assert fixed_offset("America/New_York") is None and fixed_offset("Asia/Ho_Chi_Minh") == dt.timedelta(hours=7)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2023-06-01T10:00Z", dt.datetime(2023, 6, 1, 10)),
        ("2023-06-01 10:00:00 UTC", dt.datetime(2023, 6, 1, 10)),
        ("2023-06-01 10:00:00 Europe/Amsterdam", dt.datetime(2023, 6, 1, 8)),
        ("2023-06-01 10:00:00.250+00", dt.datetime(2023, 6, 1, 10, 0, 0, 250_000)),
        ("2023-06-01", dt.datetime(2023, 5, 31, 17)),
        ("1/6/2023", dt.datetime(2023, 5, 31, 17)),
        ("01/06/2023 07:00", dt.datetime(2023, 6, 1)),
        ("2024-02-29", dt.datetime(2024, 2, 28, 17)),
    ],
)
def test_instants_in_other_clothes(engine: duckdb.DuckDBPyConnection, text: str, instant: dt.datetime) -> None:
    [row] = cases(engine, "Ngày hẹn", [text])
    assert row["due_at"] == instant and rules(row, "Ngày hẹn") == []


@pytest.mark.parametrize(
    "text",
    [
        "29/02/2023",
        "2023-02-29",
        "31/04/2023",
        "13/13/2023",
        "2023-06-01 10:00:00 PM",
        "2023-06-01 25:00:00",
        "01/06/23",
        "01/06/1823",
        "01/06/2123",
        "hôm qua",
        "45078",
        "00/00/0000",
        "2023-06-01 10:00:00 giờ",
        "-",
    ],
)
def test_no_real_day_breaks_the_type_rule(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    for heading, rule in (("Ngày hẹn", "case.due_at.type"), ("Ngày nhận", "case.received_at.type")):
        [row] = cases(engine, heading, [text])
        assert row["due_at" if heading == "Ngày hẹn" else "received_at"] is None
        assert rule in rules(row, heading)
    [form] = shaped(engine, spec_of(survey_spec()), [{"Số phiếu": "1", "Ngày": text}])
    if text != "2023-06-01 10:00:00 PM":  # a date field keeps the day of a timestamp
        assert form["responded_on"] is None and "survey_response.responded_on.type" in rules(form, "Ngày")


@PROPERTY
@given(st.lists(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)), min_size=1, max_size=40))
def test_every_real_day_is_read(engine: duckdb.DuckDBPyConnection, days: list[dt.date]) -> None:
    for texts in ([day.strftime("%d/%m/%Y") for day in days], [day.isoformat() for day in days]):
        rows = shaped(engine, spec_of(survey_spec()), [{"Số phiếu": "1", "Ngày": text} for text in texts])
        assert [row["responded_on"] for row in rows] == days


# --- value maps ------------------------------------------------------------------------------------------------------------------


def with_channel(**column: Any) -> list[dict[str, Any]]:
    feed = case_spec()["feeds"][0]
    return [{**feed, "columns": {**feed["columns"], "channel": {"column": "Kênh", **column}}}]


@pytest.mark.parametrize(
    "text",
    [
        "Trực tiếp",
        "  trực tiếp ",
        "TRỰC TIẾP",
        "Trực   tiếp",
        "Trực\ntiếp",
        unicodedata.normalize("NFD", "Trực tiếp"),
        "\ufeffTrực tiếp\u00a0",
        "direct",
    ],
)
def test_a_value_map_sees_through_case_blanks_and_decomposition(engine: duckdb.DuckDBPyConnection, text: str) -> None:
    [row] = cases(engine, "Kênh", [text], feeds=with_channel(values={"Trực tiếp": "direct", "Trực tuyến": "online"}))
    assert row["channel"] == "direct" and rules(row, "Kênh") == []


def test_exact_text_comes_before_folded_text_and_patterns_last(engine: duckdb.DuckDBPyConnection) -> None:
    feeds = with_channel(values={"TT": "direct", "tt": "online"}, patterns={"^(?i)t": "postal", "điện$": "postal"})
    rows = cases(engine, "Kênh", ["TT", "tt", "Tt", "Bưu điện", "Bưu điện xã"], feeds=feeds)
    assert [row["channel"] for row in rows][:2] == ["direct", "online"]
    assert rows[2]["channel"] in ("direct", "online"), "folded, before the patterns"
    assert rows[3]["channel"] == "postal"
    assert rows[4]["channel"] is None and rules(rows[4], "Kênh") == ["case.channel.values"]


@pytest.mark.parametrize("text", [None, "", "   ", "\u00a0", "\t\r\n", "\ufeff"])
def test_blank_is_null_and_breaks_required_only(engine: duckdb.DuckDBPyConnection, text: str | None) -> None:
    [row] = cases(engine, "Kênh", [text])
    assert row["channel"] is None and rules(row, "Kênh") == []
    [row] = cases(engine, "Trạng thái", [text])
    assert rules(row, "Trạng thái") == ["case.state.required"]


def test_present_constant_and_group(engine: duckdb.DuckDBPyConnection) -> None:
    columns = {
        "state": {"present": "Ngày xong", "then": "settled", "otherwise": "processing"},
        "received_at": {"column": "Ngày nhận", "formats": ["%d/%m/%Y"]},
        "channel": {"constant": "online"},
        "procedure_field": {"group": "unit", "values": {"10465": "Đất đai"}},
    }
    spec = spec_of(
        case_spec(
            feeds=[{"dataset": "case", "record_id": ["Mã hồ sơ"], "columns": columns}],
            location={"path": "inbox/{unit}.csv"},
            unit={"group": "unit"},
        )
    )
    rows = shaped(engine, spec, [{"Mã hồ sơ": "1", "Ngày xong": "bất kỳ"}, {"Mã hồ sơ": "2", "Ngày xong": " "}])
    assert [row["state"] for row in rows] == ["settled", "processing"]
    assert {row["channel"] for row in rows} == {"online"} and {row["procedure_field"] for row in rows} == {"Đất đai"}


def test_headings_and_values_with_quotes(engine: duckdb.DuckDBPyConnection) -> None:
    """Text of a spec never ends the statement it is put into."""
    feeds = [{**case_spec()["feeds"][0], "record_id": ["Mã \"hồ sơ'; --"]}]
    feeds[0]["columns"] = {**feeds[0]["columns"], "channel": {"column": "Kê'nh\"", "values": {"O'nline": "online"}}}
    rows = shaped(engine, spec_of(case_spec(feeds=feeds)), [{"Mã \"hồ sơ'; --": "x", "Kê'nh\"": "o'NLINE"}])
    assert rows[0]["record_id"] == "x" and rows[0]["channel"] == "online"


# --- rules -------------------------------------------------------------------------------------------------------------------------


def test_rules_of_fields_and_records(engine: duckdb.DuckDBPyConnection) -> None:
    sound = {"Mã hồ sơ": "1", "Trạng thái": "Đã xong", "Ngày nhận": "01/06/2023", "Ngày hẹn": "05/06/2023"}
    changes: list[Row] = [
        {"Ngày xong": "01/06/2023"},
        {"Ngày xong": "31/05/2023"},
        {},
        {"Ngày xong": "02/06/2023", "Ngày hẹn": None},
        {"Ngày xong": "02/06/2023", "Đơn vị": "Xã Lạ"},
        {"Ngày xong": "02/06/2023", "Mã TTHC": "9"},
        {"Ngày xong": "02/06/2023", "Mã TTHC": "1", "Đơn vị": "Xã An Mỹ"},
        {"_fault": "row.nul", "Ngày nhận": "không"},
    ]
    rows = shaped(engine, spec_of(case_spec()), [sound | change for change in changes], ["1"])
    assert [row["broken"] for row in rows] == [
        [],
        [("case.settled_before_received", "Ngày xong")],
        [("case.finished_without_end", "Ngày xong")],
        [("case.due_date_missing", "Ngày hẹn")],
        [("case.unit_code.unknown", "Đơn vị")],
        [("case.procedure_code.unknown", "Mã TTHC")],
        [],
        [("row.nul", "")],
    ]
    assert rows[6]["unit_code"] == "10462"
    warnings = {check.rule for check in shape_of(spec_of(case_spec())).checks if check.severity == "warn"}
    assert warnings == {"case.finished_without_end", "case.due_date_missing"}


def test_without_a_catalogue_any_procedure_is_taken(engine: duckdb.DuckDBPyConnection) -> None:
    [row] = cases(engine, "Mã TTHC", ["9.9"])
    assert row["procedure_code"] == "9.9" and rules(row, "Mã TTHC") == []


def test_closed_and_opened_compare_local_days(engine: duckdb.DuckDBPyConnection) -> None:
    """Received late in the evening, settled the same day with the hour left out: in order."""
    rows = shaped(
        engine,
        spec_of(case_spec()),
        [{"Mã hồ sơ": "1", "Trạng thái": "Đã xong", "Ngày nhận": "01/06/2023 16:30", "Ngày xong": "01/06/2023"}],
    )
    assert rows[0]["settled_at"] < rows[0]["received_at"]
    assert ("case.settled_before_received", "Ngày xong") not in rows[0]["broken"]


def test_what_has_happened_is_not_dated_after_the_day_it_was_sent(engine: duckdb.DuckDBPyConnection) -> None:
    """Local days count: in UTC the last hours of the day before and the first of the next are other days."""
    sent_on = dt.date(2023, 6, 14)
    sound = {"Mã hồ sơ": "1", "Trạng thái": "Đã xong", "Ngày hẹn": "01/01/2032"}
    days = [
        ("14/06/2023 00:10", "14/06/2023 23:50"),
        ("14/06/2023", "15/06/2023 00:10"),
        ("15/06/2032", "16/06/2032"),
        ("14/06/2023", "15/06/20232"),
    ]
    rows = [sound | {"Ngày nhận": received, "Ngày xong": settled} for received, settled in days]
    received, settled = ("case.received_at.future", "Ngày nhận"), ("case.settled_at.future", "Ngày xong")
    broken = [row["broken"] for row in shaped(engine, spec_of(case_spec()), rows, sent_on=sent_on)]
    assert broken == [[], [settled], [received, settled], [("case.settled_at.type", "Ngày xong")]]


def test_only_due_and_planned_dates_of_records_may_lie_ahead() -> None:
    dates = [
        field
        for contract in CONTRACTS.values()
        if contract.kind == "record"
        for field in contract.fields
        if field.type in ("date", "instant")
    ]
    assert {field.name for field in dates if not field.happened} == {
        "due_at",
        "due_original_at",
        "due_before_at",
        "planned_on",
    }
    assert not any(
        field.happened for contract in CONTRACTS.values() for field in contract.fields if contract.kind != "record"
    )


def test_answers_stay_raw_and_are_checked_per_item(engine: duckdb.DuckDBPyConnection) -> None:
    answers = [("Hài lòng", "5"), ("4", None), ("6", "Rất hài lòng"), ("kém", "0")]
    rows = shaped(
        engine,
        spec_of(survey_spec()),
        [
            {"Số phiếu": "1", "Ngày": "01/06/2023", "Trụ sở": first, "Trang thiết bị": second}
            for first, second in answers
        ],
    )
    levels = [("4", "5"), ("4", None), ("6", "5"), ("kém", "0")]
    assert [(row["item__I.1"], row["item__I.2"]) for row in rows] == levels
    rule = "survey_answer.outside_scale"
    assert [row["broken"] for row in rows] == [[], [], [(rule, "Trụ sở")], [(rule, "Trụ sở"), (rule, "Trang thiết bị")]]


def test_equal_content_hashes_mean_equal_cells(engine: duckdb.DuckDBPyConnection) -> None:
    rows = cases(engine, "Mã TTHC", ["1", " 1", None, "2"])
    same = [{**row, "Mã hồ sơ": "1"} for row in ({"Kênh": "a", "Mã TTHC": None}, {"Kênh": None, "Mã TTHC": "a"})]
    shifted = shaped(engine, spec_of(case_spec()), same)
    assert len({row["content_hash"] for row in rows}) == 4, "the record ids differ"
    assert shifted[0]["content_hash"] != shifted[1]["content_hash"], "a value in another column is another content"
