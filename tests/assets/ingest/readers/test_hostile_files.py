"""Files made to do harm are refused with a reason, in little memory; nothing they point at is fetched."""

from __future__ import annotations

import json
import socket
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineError, CalamineWorkbook
from workbook_files import WORKSHEET, compound, ods, ods_row, ods_table, ods_text, xls, xlsx

from assets.ingest.readers import InputRefused, old_excel, ooxml, open_input, opendocument, sheet_marks
from assets.ingest.readers.options import (
    CsvOptions,
    JsonLinesOptions,
    JsonOptions,
    ReaderOptions,
    WorkbookOptions,
)
from assets.ingest.readers.package import open_package

CSV, JSONL = CsvOptions(kind="csv"), JsonLinesOptions(kind="jsonl")
JSON, WORKBOOK = JsonOptions(kind="json"), WorkbookOptions(kind="workbook")

MEGABYTE = 1 << 20
LONG = 40 * MEGABYTE


def refusal(path: Path, options: ReaderOptions = WORKBOOK) -> InputRefused:
    with pytest.raises(InputRefused) as caught:
        for table in open_input(path, options):
            for _ in table.batches:
                pass
    assert caught.value.message_vi != caught.value.message_en
    return caught.value


# --- memory: what is refused is refused before it is held ---------------------------------------------------------------

CHILD = """
import json, resource, sys
from pathlib import Path
from pydantic import TypeAdapter
from assets.ingest.readers import InputRefused, open_input
from assets.ingest.readers.options import ReaderOptions
import pandas, pyarrow.csv

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10

for path, options in json.loads(sys.argv[1]):
    before, found, rows = peak(), None, 0
    try:
        for table in open_input(Path(path), TypeAdapter(ReaderOptions).validate_python(options)):
            for batch in table.batches:
                rows += batch.num_rows
    except InputRefused as refusal:
        found = refusal.rule
    print(json.dumps([found, rows, peak() - before]))
"""


def shared_text_bomb(path: Path) -> Path:
    """A text of 32 KB that stands in 120,000 cells: 4 GB when each has its own copy, 30 KB as a file."""
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(1, 120_001))
    text = (
        f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>{"x" * 32_000}</t></si></sst>'
    )
    return xlsx(path, WORKSHEET.format(cells), {"xl/sharedStrings.xml": text})


def old_text_bomb(path: Path) -> Path:
    """The same in an old file: 4,000 letters in 45,000 rows of 6 columns."""
    again = (0xFD, struct.pack("<I", 0))
    return xls(path, [["ẫ" * 4_000], *([again] * 6 for _ in range(45_000))])


def test_what_is_refused_takes_little_memory(tmp_path: Path) -> None:
    """Under 1 GB each, as promised; the lines here are shorter than the promise's 1 GB, and so is what they may take."""

    def put(name: str, *pieces: bytes) -> Path:
        with (tmp_path / name).open("wb") as file:
            for piece in pieces:
                file.write(piece)
        return tmp_path / name

    line = b"a" * LONG
    many = {f"k{n}": 1 for n in range(1_000_000)}
    cases: list[tuple[Path, dict[str, str], str | None, int]] = [
        (put("header.csv", line), {"kind": "csv"}, "file.too_large", 60),
        (put("line.csv", b"a,b\n1,2\n", line), {"kind": "csv"}, "file.too_large", 100),
        (put("quote.csv", b'a,b\n1,"', line), {"kind": "csv"}, "file.too_large", 100),
        (put("columns.csv", b"a," * 400_000, b"\n1\n"), {"kind": "csv"}, "file.too_large", 100),
        (
            put("line.jsonl", b'{"a": 1}\n{"a": "', *[line] * 26, b'"}'),
            {"kind": "jsonl"},
            "file.too_large",
            200,
        ),  # 1 GB
        (put("keys.jsonl", json.dumps(many).encode()), {"kind": "jsonl"}, "file.too_large", 500),
        (put("keys.json", json.dumps([many]).encode()), {"kind": "json"}, "file.too_large", 500),
        (put("text.json", b'[{"a": 1}, {"a": "', line, b'"}]'), {"kind": "json"}, "file.too_large", 200),
        (put("deep.json", b"[" * 1_000_000), {"kind": "json"}, "json.too_deep", 100),
        (put("deeper.json", b'{"a":' * 1_000_000), {"kind": "json"}, "json.too_deep", 100),
        (put("deep.jsonl", b'{"a": 1}\n', b'{"a":' * 1_000_000), {"kind": "jsonl"}, None, 100),
        (shared_text_bomb(tmp_path / "a.xlsx"), {"kind": "workbook"}, "file.too_large", 100),
        (old_text_bomb(tmp_path / "a.xls"), {"kind": "workbook"}, "file.too_large", 200),
    ]
    command = [sys.executable, "-c", CHILD, json.dumps([[str(path), options] for path, options, _, _ in cases])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [rule for rule, _, _ in found] == [rule for _, _, rule, _ in cases]
    over = {path.name: mb for (path, _, _, most), (_, _, mb) in zip(cases, found, strict=True) if mb > most}
    assert over == {}
    for path, *_ in cases:
        path.unlink()


# --- sheets larger than they look ---------------------------------------------------------------------------------------

FAR = "ZZ2000"
HIDDEN: dict[str, str] = {
    "before the last cell of its row": f'<row r="1"><c r="{FAR}"><v>1</v></c><c r="A1"><v>1</v></c></row>',
    "in small letters": '<row r="1"><c r="zz2000"><v>1</v></c><c r="A1"><v>1</v></c></row>',
    "zeros before the number": '<row r="1"><c r="ZZ0002000"><v>1</v></c><c r="A1"><v>1</v></c></row>',
    "behind another attribute": f'<row r="1"><c s="0" r="{FAR}"><v>1</v></c><c r="A1"><v>1</v></c></row>',
    "in single quotes": f"<row r='1'><c r='{FAR}'><v>1</v></c><c r=\"A1\"><v>1</v></c></row>",
    "blanks around the sign": f'<row r="1"><c r = "{FAR}"><v>1</v></c><c r="A1"><v>1</v></c></row>',
    "a line end in the tag": f'<row r="1"><c\nr="{FAR}"><v>1</v></c><c r="A1"><v>1</v></c></row>',
    "a row that ends otherwise": f'<row r="2000"><c r="{FAR}"><v>1</v></c></row >',
    "a row that ends on the next line": f'<row r="2000"><c r="{FAR}"><v>1</v></c></row\n>',
    "another prefix": f'<row r="1"><x:c r="{FAR}"><x:v>1</x:v></x:c><c r="A1"><v>1</v></c></row>',
    "a value of another prefix": f'<row r="2000"><c r="A2000"><v>1</v></c><c r="{FAR}"><x:v>1</x:v></c></row>',
    "a comment": f'<row r="1"><!-- </row> --><c r="{FAR}"><v>1</v></c><c r="A1"><v>1</v></c></row>',
    "cells without a place": '<row r="1"><c r="A1"><v>1</v></c>' + "<c><v>1</v></c>" * 1_200 + "</row>",
    "cells that have no place": '<row r="1">' + '<c s="0"><v>1</v></c>' * 1_200 + '<c r="A1"><v>1</v></c></row>',
    "a row's own number": '<row r="1"><c r="A1"><v>1</v></c></row><row r="2000"><c><v>1</v></c></row>',
    "rows within a row": f'<row r="1"><c r="A1"><v>1</v></c><row r="2"><c r="{FAR}"><v>1</v></c></row></row>',
}


@pytest.mark.parametrize("way", HIDDEN)
def test_no_cell_hides_from_the_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    monkeypatch.setattr(sheet_marks, "MAX_CELLS", 1_000)
    sheet = WORKSHEET.replace(
        "<worksheet ", '<worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
    )
    path = xlsx(tmp_path / "a.xlsx", sheet.format('<row r="1"><c r="A1"><v>1</v></c></row>' + HIDDEN[way]))
    assert refusal(path).rule in ("file.too_large", "file.damaged")


SPELLINGS = st.sampled_from(
    [
        '<c r="{0}"><v>1</v></c>',
        '<c r="{0}" s="0"/>',
        '<c s="0" r="{0}"><v>1</v></c>',
        "<c r='{0}'><v>1</v></c>",
        '<c r="{0}" t="inlineStr"><is><t>x</t></is></c>',
        "<c><v>1</v></c>",
        '<c t="n"><v>2</v></c>',
        '<c r="{0}"><f>1+1</f></c>',
        '<c r="{0}" t="e"><v>#N/A</v></c>',
        '<c r="{0}"><f>A1 = 2</f><v>0</v></c>',
        '<!-- <c r="Z9"> -->',
    ]
)
CELLS = st.tuples(SPELLINGS, st.integers(0, 800), st.integers(1, 60))
ROWS = st.tuples(st.integers(1, 60), st.lists(CELLS, max_size=5), st.sampled_from(["</row>", "</row >"]))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_the_measure_covers_what_the_parser_lays_out(tmp_path: Path, rows: list[Any]) -> None:
    xml = "".join(
        f'<row r="{number}">'
        + "".join(form.format(f"{sheet_marks.column_letters(column)}{row}") for form, column, row in cells)
        + end
        for number, cells, end in rows
    )
    path = xlsx(tmp_path / "a.xlsx", WORKSHEET.format(xml))
    marks = open_package(path).check_sheet("S")
    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_name("S")
    except CalamineError:
        return
    if sheet.start is not None:
        assert sheet.total_height <= marks.rows and sheet.total_width <= marks.columns


def test_sheets_beyond_all_measure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    across = '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="BDWGN2"><v>1</v></c></row>'  # a million columns
    assert refusal(xlsx(tmp_path / "a.xlsx", WORKSHEET.format(across))).rule in ("file.too_large", "file.damaged")
    stated = WORKSHEET.replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    one = xlsx(
        tmp_path / "b.xlsx",
        stated.format('<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="A2"><v>2</v></c></row>'),
    )
    [table] = open_input(one, WorkbookOptions(kind="workbook", header_start=1))  # a statement alone does no harm
    assert table.columns == ("1",)
    wide = ods_text("x", 'table:number-columns-repeated="16384"')
    path = ods(tmp_path / "a.ods", ods_table(ods_row(wide, times=1_048_576)))
    assert refusal(path).rule == "file.too_large"
    apart = ods_row(ods_text("a")) + ods_row("<table:table-cell/>", times=1_048_000) + ods_row(ods_text("b"), wide)
    assert refusal(ods(tmp_path / "b.ods", ods_table(apart))).rule == "file.too_large"
    long = ods_row(ods_text("x" * 30_000, 'table:number-columns-repeated="100"'), times=1_000)
    assert refusal(ods(tmp_path / "c.ods", ods_table(long))).rule == "file.too_large"
    monkeypatch.setattr(ooxml, "_MAX_LIST_BYTES", 1_000)
    assert (
        refusal(xlsx(tmp_path / "c.xlsx", WORKSHEET.format(""), {"xl/workbook.xml": "<w>" + " " * 2_000})).rule
        == "file.too_large"
    )
    monkeypatch.setattr(opendocument, "_MAX_LIST_BYTES", 1_000)
    assert refusal(ods(tmp_path / "d.ods", ods_table(""), manifest=" " * 2_000)).rule == "file.too_large"


# --- XML ----------------------------------------------------------------------------------------------------------------

LAUGHS = "<!DOCTYPE a [" + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 10}">' for n in range(10)
) + "]>"  # fmt: skip


@pytest.fixture
def listener() -> Any:
    """A port that nobody may call."""
    with socket.socket() as waiting:
        waiting.bind(("127.0.0.1", 0))
        waiting.listen()
        waiting.setblocking(False)
        yield waiting.getsockname()[1]
        with pytest.raises(BlockingIOError):
            waiting.accept()


@pytest.mark.parametrize(
    "part",
    [
        "xl/worksheets/sheet1.xml",
        "xl/sharedStrings.xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "content.xml",
    ],
)
def test_entities_are_refused_and_nothing_is_fetched(tmp_path: Path, listener: int, part: str) -> None:
    declarations = (
        LAUGHS,
        f'<!DOCTYPE a SYSTEM "http://127.0.0.1:{listener}/x.dtd">',
        f'<!DOCTYPE a [<!ENTITY % e SYSTEM "http://127.0.0.1:{listener}/e"> %e;]>',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>',
    )
    for declaration in declarations:
        if part == "content.xml":
            path = ods(tmp_path / "a.ods", ods_table(ods_row(ods_text("&l9;&e;"))), before=declaration)
        else:
            good = xlsx(tmp_path / "good.xlsx", WORKSHEET.format('<row r="1"><c r="A1"><v>1</v></c></row>'))
            with zipfile.ZipFile(good) as archive:
                content = (
                    archive.read(part).decode() if part in archive.namelist() else "<sst><si><t>&l9;</t></si></sst>"
                )
            begin = content.index("?>") + 2 if content.startswith("<?xml") else 0
            changed = content[:begin] + declaration + content[begin:]
            path = xlsx(
                tmp_path / "a.xlsx", WORKSHEET.format('<row r="1"><c r="A1"><v>1</v></c></row>'), {part: changed}
            )
        assert refusal(path).rule == "file.unsafe_xml"


def test_xml_that_no_program_writes(tmp_path: Path) -> None:
    row = '<row r="1"><c r="A1"><v>1</v></c></row>'
    wide = WORKSHEET.format(row).encode("utf-16")
    assert refusal(xlsx(tmp_path / "a.xlsx", "", {"xl/worksheets/sheet1.xml": wide})).rule == "file.damaged"
    late = "<!--" + "x" * 70_000 + "-->" + LAUGHS + WORKSHEET.format(row)
    assert refusal(xlsx(tmp_path / "b.xlsx", late)).rule == "file.damaged"
    deep = ods_table("<table:table-row>" * 400 + "</table:table-row>" * 400)
    assert refusal(ods(tmp_path / "c.ods", deep)).rule == "file.damaged"
    twice = xlsx(tmp_path / "d.xlsx", WORKSHEET.format(row))
    with zipfile.ZipFile(twice, "a") as archive:
        archive.writestr("XL/worksheets/Sheet1.xml", WORKSHEET.format(row))
    assert refusal(twice).rule == "file.damaged"


def test_links_and_remote_formulas_are_not_followed(tmp_path: Path, listener: int) -> None:
    """External links, web queries and DDE are text to us: the stored value is taken, nothing else."""
    url = f"http://127.0.0.1:{listener}/x.xlsx"
    links = (
        '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" TargetMode="External" Target="{url}" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLinkPath"/></Relationships>'
    )
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Mã</t></is></c><c r="B1" t="inlineStr"><is><t>Số</t></is></c></row>'
    )
    rows += f'<row r="2"><c r="A2" t="str"><f>WEBSERVICE("{url}")</f><v>cũ</v></c><c r="B2"><f>[1]S!A1</f><v>7</v></c></row>'
    rows += '<row r="3"><c r="A3" t="str"><f>DDE("cmd";"/c calc";"x")</f><v>=cmd|x</v></c><c r="B3"><f>[1]S!A2</f></c></row>'
    path = xlsx(
        tmp_path / "a.xlsx",
        WORKSHEET.format(rows),
        {"xl/externalLinks/_rels/externalLink1.xml.rels": links, "xl/worksheets/_rels/sheet1.xml.rels": links},
    )
    [table] = open_input(path, WORKBOOK)
    found = [list(row.values())[:2] for batch in table.batches for row in batch.to_pylist()]
    assert found == [["cũ", "7"], ["=cmd|x", "#FORMULA!"]]
    source = f'<table:table-source xmlns:xlink="x" xlink:href="{url}"/>'
    remote = ods(tmp_path / "a.ods", ods_table(source + ods_row(ods_text("Mã")) + ods_row(ods_text("a"))))
    [table] = open_input(remote, WORKBOOK)
    assert [row["Mã"] for batch in table.batches for row in batch.to_pylist()] == ["a"]


# --- old Excel ----------------------------------------------------------------------------------------------------------


def test_compound_files_with_circles_and_holes(tmp_path: Path) -> None:
    good = xls(tmp_path / "a.xls", [["Mã", "Tên"], *([f"{n}", "x"] for n in range(400))]).read_bytes()
    table_at = struct.unpack_from("<I", good, 76)[0]
    circle = bytearray(good)
    struct.pack_into("<I", circle, (table_at + 1) * 512, 0)
    beyond = bytearray(good)
    struct.pack_into("<I", beyond, (table_at + 1) * 512, 0x00FFFFFF)
    directory = bytearray(good)
    struct.pack_into("<I", directory, 48, 0x7FFFFFFF)
    lists = bytearray(good)
    struct.pack_into("<II", lists, 68, 0, 0xFFFFFFFF)
    for content in (bytes(circle), bytes(beyond), bytes(directory), bytes(lists), good[:76], good[:512], good[:-512]):
        (tmp_path / "b.xls").write_bytes(content)
        assert refusal(tmp_path / "b.xls").rule == "file.damaged"
    endless = compound({"Workbook": struct.pack("<HHHHHHII", 0x809, 16, 0x600, 5, 0, 0, 0, 6) + b"\x01" * 5_000})
    (tmp_path / "c.xls").write_bytes(endless)
    assert refusal(tmp_path / "c.xls").rule == "file.damaged"


def test_texts_of_old_files_are_measured_over_record_ends() -> None:
    """A text may be cut between records, and go on in letters of the other width."""
    package = object.__new__(old_excel.OldExcelPackage)
    first = (
        struct.pack("<II", 3, 3)
        + struct.pack("<HB", 2, 0)
        + b"ab"
        + struct.pack("<HB", 5, 1)
        + "xãy".encode("utf-16-le")
    )
    second = b"\x00zz" + struct.pack("<HBH", 1, 8, 2) + b"q" + bytes(3)
    records = b"".join(
        struct.pack("<HH", kind, len(data)) + data
        for kind, data in ((0xFC, first), (0x3C, second), (0x3C, bytes(5)), (0x0A, b""))
    )
    package._records, package._texts_at = records, 0
    assert list(package._text_lengths()) == [2, 10, 1]
