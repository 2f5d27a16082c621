"""Persons in source rows: tokens are what Python says they are, nothing else of them lands, and what is misplaced is masked."""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from workspaces import KEY, Taken, case_row, case_spec, make_workspace, put_cases, take, write_spec

from assets.ingest.engine import connect, rehash, set_keys
from assets.ingest.persons import token
from assets.ingest.shape import literal
from assets.keys import Keyring, rehashed
from quality.contract import load_contracts, warehouse_schema
from quality.personal import normal_email, normal_id_number, normal_phone

KEYS = Keyring((KEY, b"a second secret of the tests", b"and a third one of the tests"))
CASE = load_contracts()["case"]
NORMAL = {"phone": normal_phone, "id_number": normal_id_number, "email": normal_email}
GIVEN_PHONE, GIVEN_ID = "098 100 00.01", "001199000001"


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with tempfile.TemporaryDirectory() as folder, connect(Path(folder)) as connection:
        set_keys(connection, KEYS)
        yield connection


WRITTEN = st.lists(
    st.one_of(st.text("0123456789 .-()+,;/|", max_size=24), st.text("abAB@. \tđỨộ,;09", max_size=12)),
    min_size=1,
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=WRITTEN)
def test_the_token_in_sql_is_that_of_python(engine: duckdb.DuckDBPyConnection, texts: list[str]) -> None:
    rows = " UNION ALL ".join(f"SELECT {index} AS i, {literal(text)} AS given" for index, text in enumerate(texts))
    for field in CASE.token_fields:
        found = engine.sql(f"SELECT {token(field, 'given')} FROM ({rows}) ORDER BY i").fetchall()
        for text, (made,) in zip(texts, found, strict=True):
            normal = NORMAL[field.type](text)
            assert made == (None if normal is None else KEYS.token(field.type, normal)), (field.name, text)


def test_a_hash_is_brought_under_later_secrets_in_sql_as_in_python(engine: duckdb.DuckDBPyConnection) -> None:
    old = KEYS.first(1).token("phone", "0981000000")
    for purpose, start in (("person", old), ("record", "0" * 32)):
        [(made,)] = engine.sql(f"SELECT {rehash(purpose, KEYS, 1, literal(start))}").fetchall()
        assert made == rehashed(start, KEYS.layers(purpose)[1:])
    assert rehashed(old, KEYS.layers("person")[1:]) == KEYS.token("phone", "0981000000")


def test_keys_tell_themselves_apart() -> None:
    assert [KEYS.rank(KEYS.first(number).key_id) for number in (1, 2, 3)] == [1, 2, 3]
    assert KEYS.rank("0" * 16) is None and KEYS.rank(None) is None
    assert KEYS.layers("person")[0] != KEYS.layers("record")[0]


# --- one source whose columns name people -----------------------------------------------------------------------------

HEADER = ("Mã hồ sơ", "Đơn vị", "Mã TTHC", "Lĩnh vực", "Kênh", "Trạng thái", "Ngày nhận", "Ngày hẹn", "Ngày xong", "Chủ hồ sơ",
          "Điện thoại", "Số giấy tờ", "Ghi chú")  # fmt: skip


def person_spec() -> dict[str, Any]:
    """The source of cases with its columns of people mapped, a free-text column kept in extra, and a field of procedures."""
    spec = case_spec(ignore=[])
    [feed] = spec["feeds"]
    feed["columns"] |= {
        "procedure_field": "Lĩnh vực",
        "person_name": "Chủ hồ sơ",
        "person_phone": "Điện thoại",
        "person_id_number": "Số giấy tờ",
    }
    return spec | {"feeds": [feed | {"extra": ["Ghi chú"]}]}


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Taken:
    workspace = make_workspace(tmp_path_factory.mktemp("persons") / "office")
    write_spec(workspace, "ho_so", person_spec())
    rows = [case_row(number, **{"Lĩnh vực": "Hộ tịch", "Ghi chú": "đủ giấy tờ"}) for number in range(6)]
    rows[0] |= {"Điện thoại": GIVEN_PHONE, "Số giấy tờ": GIVEN_ID}
    rows[1] |= {"Điện thoại": "+84981000001", "Số giấy tờ": "1199000001"}
    rows[2] |= {"Điện thoại": "không có"}
    rows[3] |= {"Lĩnh vực": unicodedata.normalize("NFD", "gọi bà Trần Thị Khế 0981000002")}
    rows[4] |= {"Ghi chú": "gọi lại 0981.000.003"}
    put_cases(workspace, "inbox/ho_so/a.csv", rows, HEADER)
    return take(workspace)


def test_a_person_has_one_token_however_the_number_is_written(taken: Taken) -> None:
    rows = taken.landed("case")
    keys = Keyring((KEY,))
    assert {row["person_phone_token"] for row in rows[:2]} == {keys.token("phone", "0981000001")}
    assert {row["person_id_number_token"] for row in rows[:2]} == {keys.token("id_number", "001199000001")}
    assert rows[2]["person_phone_token"] is None
    assert taken.rules("inbox/ho_so/a.csv")[("case.person_phone.no_token", "Điện thoại")] == 1


def test_nothing_else_of_a_person_lands(taken: Taken) -> None:
    rows = taken.landed("case")
    assert not {"person_name", "person_phone", "person_id_number"} & set(rows[0])
    shown = str(rows)
    for text in (GIVEN_PHONE, "0981000001", GIVEN_ID, "1199000001", "Zừ Văn"):
        assert text not in shown


def test_personal_data_where_none_belongs_is_masked_and_counted(taken: Taken) -> None:
    rows, rules = taken.landed("case"), taken.rules("inbox/ho_so/a.csv")
    assert rows[3]["procedure_field"] == "gọi bà ‹name› ‹phone›"
    assert rules[("case.procedure_field.personal", "Lĩnh vực")] == 1
    assert "0981.000.003" in rows[4]["extra"], "extra stays in the private zone, and is told"
    assert rules[("case.extra.personal", "Ghi chú")] == 1


def test_the_warehouse_is_given_no_private_column() -> None:
    for contract in load_contracts().values():
        names = set(warehouse_schema(contract).names)
        assert not names & {"record_id", "case_number", "extra"}, contract.dataset
        assert not [name for name in names if name.startswith("person_")]
