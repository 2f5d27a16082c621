"""Delimited text: encodings, delimiters, physical lines, broken rows. Python's csv.reader is the independent truth."""

from __future__ import annotations

import csv
import io
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from public_data import DATA, needs_public_data

from assets.ingest.readers import InputRefused, RawTable, open_input, text
from assets.ingest.readers.options import CsvOptions, SkipRule


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(path: Path, **options: Any) -> tuple[RawTable, list[dict[str, Any]]]:
    [table] = open_input(path, CsvOptions(kind="csv", **options))
    return table, [row for batch in table.batches for row in batch.to_pylist()]


def refusal(path: Path, **options: Any) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        read(path, **options)
    assert caught.value.message_vi != caught.value.message_en
    return caught.value


def cp1258(content: str) -> bytes:
    """Vietnamese as cp1258 spells it: the tone as a mark of its own after the vowel."""
    tones = "\u0300\u0301\u0303\u0309\u0323"
    spelled = b""
    for character in content:
        parts = unicodedata.normalize("NFD", character)
        base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
        spelled += (base + "".join(part for part in parts if part in tones)).encode("cp1258")
    return spelled


VIETNAMESE = "Mã hồ sơ;Họ và tên;Đơn vị\n0001;Nguyễn Văn Ánh;Xã An Mỹ\n0002;Trần Thị Hường;Xã Hồng Sơn\n"


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        (VIETNAMESE.encode(), None),
        (VIETNAMESE.encode("utf-8-sig"), None),
        (VIETNAMESE.encode("utf-8-sig"), "utf-8"),
        (VIETNAMESE.encode("utf-16"), None),
        (VIETNAMESE.encode("utf-16"), "utf-16"),
        (b"\xfe\xff" + VIETNAMESE.encode("utf-16-be"), None),
        (VIETNAMESE.encode("utf-16-le"), "utf-16"),
        (cp1258(VIETNAMESE), None),
        (cp1258(VIETNAMESE), "cp1258"),
    ],
)
def test_vietnamese_reads_the_same_from_every_encoding(tmp_path: Path, content: bytes, stated: str | None) -> None:
    table, rows = read(write(tmp_path / "a.csv", content), encoding=stated)
    assert table.columns == ("Mã hồ sơ", "Họ và tên", "Đơn vị")
    assert [unicodedata.normalize("NFC", row["Họ và tên"]) for row in rows] == ["Nguyễn Văn Ánh", "Trần Thị Hường"]
    assert [row["_line"] for row in rows] == [2, 3]


def test_utf16_without_a_mark_is_found(tmp_path: Path) -> None:
    table, rows = read(write(tmp_path / "a.csv", ("id,state\n" + "12,open\n" * 50).encode("utf-16-be")))
    assert table.columns == ("id", "state") and len(rows) == 50


def test_western_bytes_are_taken_as_cp1252(tmp_path: Path) -> None:
    _, rows = read(write(tmp_path / "a.csv", "stad;straat\nKöln;Große Straße\nà la;élève\n".encode("cp1252")))
    assert [row["straat"] for row in rows] == ["Große Straße", "élève"]


def test_byte_that_does_not_decode_is_refused_with_its_line(tmp_path: Path) -> None:
    content = b"a,b\r\n1,2\r3,4\nx,\xff\n"
    stated = refusal(write(tmp_path / "a.csv", content), encoding="utf-8")
    assert (stated.rule, stated.line) == ("file.encoding", 4)
    damaged = refusal(write(tmp_path / "b.csv", VIETNAMESE.encode() * 3 + b"x;\xff;y\n"))
    assert (damaged.rule, damaged.line) == ("file.encoding", 10)
    long = b"a,b\n" + "ế,1\n".encode() * 400_000 + b"\xe1,2\n"
    assert refusal(write(tmp_path / "c.csv", long), encoding="utf-8").line == 400_002


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter)
    writer.writerows([["STT", "Tên, chức vụ", "Điểm"], ["1", "An; Bình", "3,5"], ["2", "Cúc | Dũng", "4,5"]])
    table, rows = read(write(tmp_path / "a.csv", stream.getvalue().encode()))
    assert table.columns == ("STT", "Tên, chức vụ", "Điểm")
    assert [row["Điểm"] for row in rows] == ["3,5", "4,5"]


def test_stated_delimiter_is_taken_and_one_column_needs_none(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"a;b,c\n1;2,3\n")
    assert read(path, delimiter=";")[0].columns == ("a", "b,c")
    assert read(write(tmp_path / "b.csv", b"code\n10462\n\n10465\n"))[1] == [
        {"code": "10462", "_line": 2, "_fault": None, "_raw": None},
        {"code": "10465", "_line": 4, "_fault": None, "_raw": None},
    ]


def test_banner_and_header_with_quoted_line_ends(tmp_path: Path) -> None:
    content = 'ỦY BAN NHÂN DÂN\r\nBáo cáo; tháng\r\n\r\n"Mã\r\nhồ sơ";"Ngày ""nhận"""\r\n1;2\r\n'
    table, rows = read(write(tmp_path / "a.csv", content.encode()), header_line=3)
    assert table.columns == ("Mã hồ sơ", 'Ngày "nhận"')
    assert rows == [{"Mã hồ sơ": "1", 'Ngày "nhận"': "2", "_line": 6, "_fault": None, "_raw": None}]


def test_headings_are_normal_and_distinct(tmp_path: Path) -> None:
    content = unicodedata.normalize("NFD", "Họ  tên,Họ tên,,_line\n1,2,3,4\n")
    assert read(write(tmp_path / "a.csv", content.encode()))[0].columns == (
        "Họ tên",
        "Họ tên (2)",
        "(column 3)",
        "_line (2)",
    )


def test_broken_rows_stay_in_their_place(tmp_path: Path) -> None:
    content = b'a,b,c\n1,2,3\nshort,1\n\n4,"x\ny",6\n1,2,3,"lo\nng"\n,,\n, ,,,\nlast,2,3\nend\n'
    table, rows = read(write(tmp_path / "a.csv", content))
    assert [(row["_line"], row["_fault"], row["a"], row["_raw"]) for row in rows] == [
        (2, None, "1", None),
        (3, "row.width", None, "short,1"),
        (5, None, "4", None),
        (7, "row.width", None, '1,2,3,"lo\nng"'),
        (11, None, "last", None),
        (12, "row.width", None, "end"),
    ]
    assert (table.rows_read, table.rows_skipped) == (6, 0)


def test_file_of_broken_rows_only(tmp_path: Path) -> None:
    _, rows = read(write(tmp_path / "a.csv", b"a,b,c\n" + b"1,2\n" * 3), delimiter=",")
    assert [(row["_line"], row["_fault"]) for row in rows] == [(n, "row.width") for n in (2, 3, 4)]


def test_nul_faults_its_row_alone(tmp_path: Path) -> None:
    _, rows = read(write(tmp_path / "a.csv", b"a,b\n1,2\n3,\x004\nx\x00\n5,6\n"))
    assert [(row["a"], row["b"], row["_fault"], row["_raw"]) for row in rows] == [
        ("1", "2", None, None),
        ("3", "\u24004", "row.nul", None),
        (None, None, "row.width", "x\u2400"),
        ("5", "6", None, None),
    ]


def test_skip_rules_leave_out_totals_and_footers(tmp_path: Path) -> None:
    total = unicodedata.normalize("NFD", "Tổng cộng")
    content = f"STT,Tên,Số\n1,An,3\n{total},,3\nCộng trang\n,Người lập biểu,\n2,,4\n1\n"
    rules = [SkipRule(column="STT", matches="^(Tổng|Cộng)"), SkipRule(column="STT", blank=True)]
    table, rows = read(write(tmp_path / "a.csv", content.encode()), skip=rules)
    assert [(row["_line"], row["STT"], row["_fault"]) for row in rows] == [
        (2, "1", None),
        (6, "2", None),
        (7, None, "row.width"),
    ]
    assert (table.rows_read, table.rows_skipped) == (3, 3)


def test_skip_rule_does_not_take_a_cell_a_broken_row_lacks_for_blank(tmp_path: Path) -> None:
    table, rows = read(write(tmp_path / "a.csv", b"a,b\n1\n2,\n"), skip=[SkipRule(column="b", blank=True)])
    assert [row["_fault"] for row in rows] == ["row.width"] and table.rows_skipped == 1


def test_skip_rule_on_an_unknown_column_names_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "STT,Họ tên\n1,An\n".encode())
    error = refusal(path, skip=[SkipRule(column="Họ và tên", blank=True)])
    assert (error.rule, error.column) == ("skip.column_missing", "Họ và tên") and "Họ tên" in error.message_en


def test_header_only_has_no_rows(tmp_path: Path) -> None:
    for content in (b"a,b", b"a,b\n", b"a,b\r\n\r\n", "a,b\n".encode("utf-16")):
        table, rows = read(write(tmp_path / "a.csv", content))
        assert (table.columns, rows, table.rows_read) == (("a", "b"), [], 0)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "file.empty"),
        (b"\xef\xbb\xbf", "file.empty"),
        (b"\r\n \n", "file.empty"),
        (b"PK\x03\x04\x14\x00", "file.not_text"),
        (b"%PDF-1.7\n", "file.not_text"),
        (bytes(range(256)) * 40, "file.not_text"),
        (b"\0" * 5000, "file.not_text"),
        (b'"a,b\n1,2\n3,4\n', "file.quote_unclosed"),
    ],
)
def test_what_is_no_csv_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    assert refusal(write(tmp_path / "a.csv", content)).rule == rule


def test_missing_file_folder_and_header_beyond_the_end(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv").rule == "file.missing"
    assert refusal(tmp_path).rule == "file.unreadable"
    assert refusal(write(tmp_path / "a.csv", b"a,b\n"), header_line=5).rule == "file.header_missing"
    assert refusal(write(tmp_path / "b.csv", b",,\n1,2,3\n"), delimiter=",").rule == "file.header_missing"


@pytest.mark.parametrize("block", [64, 1 << 20])
@pytest.mark.parametrize("row", ['2,"open', '"open,3'])
def test_unclosed_quote_names_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int, row: str) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", block)
    path = write(tmp_path / "a.csv", f"a,b\n1,2\n{row}\n{'4,5' * 9}\n{'6,7' * 40}\n".encode())
    error = refusal(path)
    assert (error.rule, error.line) == ("file.quote_unclosed", 3)


def test_inch_marks_inside_cells_are_no_quotes(tmp_path: Path) -> None:
    _, rows = read(write(tmp_path / "a.csv", b'a,b\n5" pipe,1\n7" pipe,2\n9" pipe,"x\ny"\n'))
    assert [(row["a"], row["b"]) for row in rows] == [('5" pipe', "1"), ('7" pipe', "2"), ('9" pipe', "x\ny")]


def truth(content: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Records with the physical line they start on, as Python's csv module counts."""
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    records, line = [], 1
    for row in reader:
        records.append((line, row))
        line = reader.line_num + 1
    return records


cells = st.lists(st.sampled_from([*'aế,;" \n\r0', "\r\n"]), max_size=6).map("".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(cells, min_size=1, max_size=4), max_size=12),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=13, max_size=13),
    block=st.integers(160, 200) | st.just(4096),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1258"]),
)
@example(rows=[["a", "b", "c"]] * 9, ends=["\r\n"] * 13, block=160, encoding="utf-8")
@example(
    rows=[[""], ['00"ế'], ["", '00"', '00000"', "00000ế"], ["0", '"'], ["", ",", "00", "000"], ["", '00"', '00000"', "00000ế"],
          ['0000""'], ["0", "0000", '0000"', "0000ế"], ["", '0000""', "ế\r\n"]],
    ends=["\n"] * 13, block=160, encoding="utf-8",
)  # fmt: skip
@example(rows=[["", "", '"\r'], ["\n", "x", "\r\n"]], ends=["\r", "\n"] * 7, block=160, encoding="utf-16")
def test_cells_and_lines_agree_with_the_csv_module(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rows: list[list[str]],
    ends: list[str],
    block: int,
    encoding: str,
) -> None:
    monkeypatch.setattr(text, "BLOCK_BYTES", block)
    if encoding == "cp1258":
        rows = [[cell.replace("ế", "ê") for cell in row] for row in rows]
    content = "x,y,z" + ends[0]
    for row, end in zip(rows, ends[1:], strict=False):
        stream = io.StringIO(newline="")
        csv.writer(stream, quoting=csv.QUOTE_ALL, lineterminator="").writerow(row)
        # A quote is needed only around what would otherwise end the cell.
        content += (
            stream.getvalue() if any('"' in c or "\n" in c or "\r" in c or "," in c for c in row) else ",".join(row)
        )
        content += end
    path = write(tmp_path / "property.csv", content.encode(encoding))

    _, given_rows = read(path, delimiter=",", encoding=None if encoding != "cp1258" else encoding)
    expected = [(line, row) for line, row in truth(content, ",")[1:] if any(cell.strip(' ,"\r\n') for cell in row)]
    found = [
        record
        for record in given_rows
        if record["_fault"] or any((record[name] or "").strip(' ,"\r\n') for name in "xyz")
    ]
    found = [record for record in found if not record["_raw"] or record["_raw"].strip(' ,"\r\n')]
    assert [record["_line"] for record in found] == [line for line, _ in expected]
    for one, (_, values) in zip(found, expected, strict=True):
        if len(values) == 3:
            assert [one["x"], one["y"], one["z"], one["_fault"]] == [*values, None]
        else:
            assert one["_fault"] == "row.width"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("first", ["1", "22"])
def test_edge_of_a_block_parts_no_line_end_within_quotes(tmp_path: Path, encoding: str, first: str) -> None:
    cell = "\r\n" * 10_000
    count = 2 * text.BLOCK_BYTES // len(cell) + 2
    # With one of the two first rows the edge falls after a \r, wherever it is.
    content = f"a,b\n{first},\n" + f'x,"{cell}"\n' * count
    _, rows = read(write(tmp_path / "a.csv", content.encode(encoding)))
    assert [(row["_line"], row["a"]) for row in rows] == [(2, first), *((3 + 10_001 * n, "x") for n in range(count))]
    assert {row["b"] for row in rows[1:]} == {cell}


@needs_public_data
@pytest.mark.parametrize(
    "name", ["admin/vn_ward_conversion_2025_nso.csv", "cases/wabo_receipt.csv", "complaints/boston311_2015_10k.csv"]
)
def test_real_files_agree_with_the_csv_module(name: str) -> None:
    path = DATA / name
    _, found = read(path)
    expected = truth(path.read_bytes().decode("utf-8-sig"), ",")
    width = len(expected[0][1])
    expected = [(line, row) for line, row in expected[1:] if any(cell.strip() for cell in row)]
    assert [row["_line"] for row in found] == [line for line, _ in expected]
    assert [row["_fault"] for row in found] == [None if len(row) == width else "row.width" for _, row in expected]
    for row, (_, values) in zip(found, expected, strict=True):
        assert row["_fault"] or list(row.values())[:width] == values
