"""Tables in the old character sets: found where the content tells, read where the spec tells, refused where neither does."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
from public_data import DATA, needs_public_data
from vietnamese import as_cp1258, in_charset

from assets.ingest.readers import InputRefused, RawTable, open_input
from assets.ingest.readers.options import CsvOptions, JsonOptions, SkipRule, WorkbookOptions
from assets.text import detect_charset

HEADINGS = ("Mã hồ sơ", "Họ và tên", "Đơn vị", "Ghi chú")
ROWS = [
    ("0001", "Nguyễn Văn Hùng", "Xã Hợp Tiến", ""),
    ("0002", "Trần Thị Hường", "Thị trấn Đại Nghĩa", "đã trả kết quả"),
    ("0003", "Lê Thị Mỹ Hạnh", "Xã An Mỹ", "quá hạn, đã xin lỗi"),
    ("Tổng số", "3", "", ""),
]
TEXT = "".join(";".join(row) + "\n" for row in (HEADINGS, *ROWS))
# Marked cells of the two columns read below, in the rows that are not skipped.
MARKED = {("Họ và tên", 3), ("Đơn vị", 3)}
TOTAL = SkipRule(column="Mã hồ sơ", matches="^Tổng số$")


def csv_of(path: Path, data: bytes, **options: Any) -> tuple[RawTable, list[dict[str, Any]]]:
    path.write_bytes(data)
    [table] = open_input(path, CsvOptions(kind="csv", **options))
    return table, [row for batch in table.batches for row in batch.to_pylist()]


def workbook_of(path: Path, rows: list[tuple[str, ...]], **options: Any) -> tuple[RawTable, list[dict[str, Any]]]:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    [table] = open_input(path, WorkbookOptions(kind="workbook", **options))
    return table, [row for batch in table.batches for row in batch.to_pylist()]


def shown(text: str, charset: str) -> str:
    """The text as a program without the font shows it."""
    return in_charset(text, charset).decode("latin-1")


def shown_rows(charset: str) -> list[tuple[str, ...]]:
    return [tuple(shown(cell, charset) for cell in row) for row in (HEADINGS, *ROWS)]


def values(rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [tuple(unicodedata.normalize("NFC", row[name] or "") for name in HEADINGS) for row in rows]


@pytest.mark.parametrize("charset", ["tcvn3", "vni", "viscii", "cp1258"])
@pytest.mark.parametrize("is_stated", [False, True])
def test_csv_in_an_old_encoding(tmp_path: Path, charset: str, is_stated: bool) -> None:
    data = as_cp1258(TEXT) if charset == "cp1258" else in_charset(TEXT, charset)
    table, rows = csv_of(tmp_path / "a.csv", data, encoding=charset if is_stated else None, skip=[TOTAL])
    assert table.columns == HEADINGS
    assert values(rows) == ROWS[:3]
    assert (table.rows_read, table.rows_skipped) == (3, 1)
    assert {(name, n) for (name, kind), n in table.changes.items() if kind == f"text.{charset}"} == {
        *MARKED,
        ("Ghi chú", 2),
    }


def test_csv_in_vps_must_be_stated(tmp_path: Path) -> None:
    data = in_charset(TEXT, "vps")
    with pytest.raises(InputRefused) as refused:
        csv_of(tmp_path / "a.csv", data)
    assert refused.value.rule == "text.ambiguous"
    assert "vps" in refused.value.message_en and "encoding" in refused.value.message_vi
    _, rows = csv_of(tmp_path / "a.csv", data, encoding="vps")
    assert values(rows) == ROWS


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_counted(tmp_path: Path, encoding: str) -> None:
    table, rows = csv_of(tmp_path / "a.csv", TEXT.encode(encoding), skip=[TOTAL])
    assert values(rows) == ROWS[:3]
    assert table.changes["Họ và tên", "text.utf_16"] == 3
    utf8, _ = csv_of(tmp_path / "b.csv", TEXT.encode("utf-8-sig"), skip=[TOTAL])
    assert not utf8.changes


@pytest.mark.parametrize("charset", ["tcvn3", "vni", "viscii"])
@pytest.mark.parametrize("is_stated", [False, True])
def test_workbook_in_an_old_font(tmp_path: Path, charset: str, is_stated: bool) -> None:
    rows_in = [tuple(_as_windows(cell) for cell in row) for row in shown_rows(charset)]
    table, rows = workbook_of(tmp_path / "a.xlsx", rows_in, legacy_text=charset if is_stated else None, skip=[TOTAL])
    assert table.columns == HEADINGS
    assert values(rows) == ROWS[:3]
    assert table.changes == {(name, f"text.{charset}"): n for name, n in (*MARKED, ("Ghi chú", 2))}


def _as_windows(text: str) -> str:
    """The bytes of a text as Windows shows them."""
    return "".join(bytes([ord(c)]).decode("cp1252", "replace").replace("\ufffd", c) for c in text)


def test_columns_in_an_old_font_beside_columns_in_unicode(tmp_path: Path) -> None:
    """Names typed in Unicode, units pasted from an old program; a phone number, a date and an English word stay."""
    rows_in = [("Họ và tên", "Đơn vị", "Điện thoại", "Ngày")]
    rows_in += [(name, shown(unit, "tcvn3"), "0912", "01/06/2023") for _, name, unit, _ in ROWS[:3]]
    table, rows = workbook_of(tmp_path / "a.xlsx", rows_in)
    assert [row["Đơn vị"] for row in rows] == [row[2] for row in ROWS[:3]]
    assert [row["Họ và tên"] for row in rows] == [row[1] for row in ROWS[:3]]
    assert table.changes == {("Đơn vị", "text.tcvn3"): 3}


def test_words_that_are_syllables_either_way_go_with_the_columns_beside_them(tmp_path: Path) -> None:
    """ "Céng" is a syllable, and "Cộng" in TCVN3: beside names in TCVN3 it is that; beside some in Unicode who can tell?"""
    rows_in = [("Ten", "Viec"), *((shown(row[1], "tcvn3"), "Céng") for row in ROWS[:3])]
    _, rows = workbook_of(tmp_path / "a.xlsx", rows_in)
    assert [row["Viec"] for row in rows] == ["Cộng"] * 3
    rows_in = [("Tên", "Đơn vị", "Việc"), *((row[1], shown(row[2], "tcvn3"), "Céng") for row in ROWS[:3])]
    with pytest.raises(InputRefused) as refused:
        workbook_of(tmp_path / "a.xlsx", rows_in)
    assert refused.value.rule == "text.ambiguous"
    _, rows = workbook_of(tmp_path / "a.xlsx", [(*row[:2], "Hoà") for row in rows_in])
    assert [row["Hoà"] for row in rows] == ["Hoà"] * 3


def test_one_column_in_both_is_refused(tmp_path: Path) -> None:
    names = [("Họ tên",), *((row[1],) for row in ROWS[:3]), *((shown(row[1], "tcvn3"),) for row in ROWS[:3])]
    names += [(shown(row[2], "tcvn3"),) for row in ROWS[:3]]
    for rows in (names, [names[0], *reversed(names[1:])]):
        with pytest.raises(InputRefused) as refused:
            workbook_of(tmp_path / "a.xlsx", rows)
        assert refused.value.rule == "text.mixed"


def test_too_little_is_refused_until_it_is_stated(tmp_path: Path) -> None:
    rows_in = [("A",), ("Céng hßa",)]
    with pytest.raises(InputRefused) as refused:
        workbook_of(tmp_path / "a.xlsx", rows_in)
    assert refused.value.rule == "text.ambiguous" and "legacy_text" in refused.value.message_en
    for stated, text in (("tcvn3", "Cộng hòa"), ("viscii", "Céng hưa"), ("unicode", "Céng hßa")):
        table, [row] = workbook_of(tmp_path / "a.xlsx", rows_in, legacy_text=stated)
        assert row["A"] == text
        assert table.changes == ({} if stated == "unicode" else {("A", f"text.{stated}"): 1})


def test_a_strange_word_does_not_stop_a_table_in_unicode(tmp_path: Path) -> None:
    rows_in = [("Tên", "Nơi"), ("Trần Thị Hường", "På"), ("Nguyễn Văn Hùng", "Huế")]
    _, rows = workbook_of(tmp_path / "a.xlsx", rows_in)
    assert [row["Nơi"] for row in rows] == ["På", "Huế"]


def test_a_column_that_turns_old_later(tmp_path: Path) -> None:
    """The first batch is in ASCII; what comes behind decides, and what was handed on needs no change."""
    n = 60_000
    rows_in = (
        "Ten\n" + "An\n" * n + "".join(f"{shown(row[1], 'tcvn3')}\n{shown(row[2], 'tcvn3')}\n" for row in ROWS[:3])
    )
    table, rows = csv_of(tmp_path / "a.csv", rows_in.encode())
    assert [row["Ten"] for row in rows[n:]] == [cell for row in ROWS[:3] for cell in row[1:3]]
    assert table.changes == {("Ten", "text.tcvn3"): 6}


def test_json_shows_an_old_set_too(tmp_path: Path) -> None:
    records = [dict(zip(shown_rows("tcvn3")[0], row, strict=True)) for row in shown_rows("tcvn3")[1:4]]
    (tmp_path / "a.json").write_text(json.dumps(records), encoding="utf-8")
    [table] = open_input(tmp_path / "a.json", JsonOptions(kind="json"))
    assert values([row for batch in table.batches for row in batch.to_pylist()]) == ROWS[:3]


@needs_public_data
@pytest.mark.parametrize(
    "file",
    [
        "survey/kcmo_resident_survey_mar2022.csv",
        "cases/wabo_receipt.csv",
        "complaints/boston311_2015_10k.csv",
        "admin/vn_wards_pre2025_gso_2025-01-04.csv",
        "admin/vn_ward_conversion_2025_nso.csv",
    ],
)
def test_public_data_in_english_dutch_and_vietnamese_stay(file: str) -> None:
    [table] = open_input(DATA / file, CsvOptions(kind="csv"))
    rows = 0
    for batch in table.batches:
        rows += batch.num_rows
        texts = [
            text for name in table.columns for text in batch.column(name).to_pylist() if text and not text.isascii()
        ]
        assert detect_charset(texts).encoding == "unicode"
    assert rows > 500
    assert not {kind for _, kind in table.changes} - {"text.cp1252"}
