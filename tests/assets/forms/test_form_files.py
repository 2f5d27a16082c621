"""Forms as files: XLSX, DOCX and PDF are read back by other libraries and hold what the form holds, as the same bytes."""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree

import docx as python_docx
import openpyxl
import pypdf
import pytest
from docx.oxml.ns import qn
from form_samples import FORMS, TRICKY, report_form, tables_of, tricky_form, wide_form
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from assets.forms.letterhead import LETTERHEADS, basis_line, left_lines, recipient_lines, right_lines
from assets.forms.model import Form, Format, Line, Paragraph, Table
from assets.forms.render.faces import noto_serif
from assets.forms.render.formats import Renderer
from assets.forms.text import clean, line_texts

FORMATS: tuple[Format, ...] = ("xlsx", "docx", "pdf")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(noto_serif())


@pytest.fixture(scope="module")
def drawn(renderer: Renderer) -> Callable[[str, Format], bytes]:
    files = {(name, kind): renderer.render(form, kind) for name, form in FORMS.items() for kind in FORMATS}
    return lambda name, kind: files[name, kind]


def texts_around(form: Form) -> list[str]:
    """Every text of a form that stands outside its tables."""
    words = LETTERHEADS[form.language]
    texts = [*left_lines(form), *right_lines(form), form.title.upper(), form.subtitle, form.period, basis_line(form)]
    texts += [form.number, words.addressee.format(addressee=form.addressee), form.unit_of_measure, *form.signer]
    texts += [words.recipients, *recipient_lines(form), words.notes, *form.notes, form.prepared_by, words.sealed]
    texts += [words.simulated] if form.simulated else []
    for block in form.blocks:
        texts.append(block.caption if isinstance(block, Table) else block.text)
    return [clean(text) for text in texts if text]


def body_texts(form: Form, table: Table) -> list[list[str]]:
    kinds = tuple(column.kind for column in table.columns)
    return [line_texts(line, kinds, form.language) for line in table.lines]


# The same bytes


@pytest.mark.parametrize("kind", FORMATS)
def test_a_form_drawn_again_in_another_process_gives_the_same_bytes(
    kind: Format, drawn: Callable[[str, Format], bytes]
) -> None:
    code = (
        "import hashlib, sys; from form_samples import FORMS; from assets.forms.render.faces import noto_serif;"
        "from assets.forms.render.formats import Renderer; r = Renderer(noto_serif());"
        f"print([hashlib.sha256(r.render(form, {kind!r})).hexdigest() for form in reversed(FORMS.values())])"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = [{str(root)!r}, {str(Path(__file__).parent)!r}]; {code}"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONHASHSEED": "7", "TZ": "Asia/Ho_Chi_Minh", "SOURCE_DATE_EPOCH": "1"},
    )
    assert done.stdout.strip() == str([hashlib.sha256(drawn(name, kind)).hexdigest() for name in reversed(FORMS)])


# XLSX


def sheet_of(content: bytes):
    workbook = openpyxl.load_workbook(io.BytesIO(content))
    assert len(workbook.sheetnames) == 1
    return workbook.active


@pytest.mark.parametrize("name", FORMS)
def test_a_workbook_holds_the_form(name: str, drawn: Callable[[str, Format], bytes]) -> None:
    form, sheet = FORMS[name], sheet_of(drawn(name, "xlsx"))
    cells = {str(cell.value) for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)}
    assert not set(texts_around(form)) - cells
    rows = [[_read(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
    for table in tables_of(form):
        for line, texts in zip(table.lines, body_texts(form, table), strict=True):
            wanted = [
                value if isinstance(value, int | float | date) else text
                for value, text in zip(line.values, texts, strict=True)
            ]
            assert wanted in [row[: len(wanted)] for row in rows]


def _read(cell: object) -> object:
    return cell.date() if isinstance(cell, datetime) else "" if cell is None else cell


def test_figures_in_a_workbook_are_typed_and_text_is_text(drawn: Callable[[str, Format], bytes]) -> None:
    sheet = sheet_of(drawn("report", "xlsx"))
    [row] = [row for row in sheet.iter_rows() if row[1].value == "Tiếp cận dịch vụ"]
    assert [cell.value for cell in row[:5]] == [1, "Tiếp cận dịch vụ", 85.125, 1.005, datetime(2023, 6, 14)]
    assert [cell.number_format for cell in row[:5]] == ["#,##0", "@", '#,##0.00"%"', "#,##0.00", "dd/mm/yyyy"]
    assert {cell.font.name for row in sheet.iter_rows() for cell in row} == {"Times New Roman"}
    tricky = sheet_of(drawn("tricky", "xlsx"))
    read = [row for row in tricky.iter_rows() if row[0].value in range(1, len(TRICKY) + 1)]
    assert [row[1].value for row in read] == [clean(text) for text in TRICKY]
    assert {row[2].value for row in read} == {-5}
    assert {cell.data_type for row in tricky.iter_rows() for cell in row} <= {"s", "n"}
    with zipfile.ZipFile(io.BytesIO(drawn("tricky", "xlsx"))) as package:
        xml = package.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in xml and "hyperlink" not in xml


def test_another_reader_sees_the_same_workbook(drawn: Callable[[str, Format], bytes]) -> None:
    rows = CalamineWorkbook.from_filelike(io.BytesIO(drawn("wide", "xlsx"))).get_sheet_by_index(0).to_python()
    total = next(row for row in rows if row[1] == "Tổng số")
    assert total[2:13] == [1_234_567] * 11


def test_a_sheet_prints_on_pages_with_their_heads(drawn: Callable[[str, Format], bytes], renderer: Renderer) -> None:
    form, sheet = FORMS["wide"], sheet_of(drawn("wide", "xlsx"))
    [table] = tables_of(form)
    head = next(row[0].row for row in sheet.iter_rows() if row[0].value == "TT")
    merged = {str(area) for area in sheet.merged_cells.ranges}
    for placed in table.placed_head:
        corner = sheet.cell(head + placed.row, placed.column + 1)
        assert corner.value == placed.cell.text
        if placed.cell.rows * placed.cell.columns > 1:
            last = sheet.cell(head + placed.row + placed.cell.rows - 1, placed.column + placed.cell.columns)
            assert f"{corner.coordinate}:{last.coordinate}" in merged
    assert sheet.print_title_rows == f"${head}:${head + 3}"
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
    assert sheet.freeze_panes is None
    assert sheet_of(renderer.render(wide_form(200), "xlsx")).freeze_panes == f"A{head + 4}"


def test_a_text_that_wraps_has_a_higher_row(drawn: Callable[[str, Format], bytes]) -> None:
    sheet = sheet_of(drawn("wide", "xlsx"))
    heights = {row[1].value: sheet.row_dimensions[row[0].row].height for row in sheet.iter_rows() if row[1].value}
    assert heights[next(name for name in heights if str(name).startswith("Đất đai"))] >= 3 * heights["Xã An Mỹ"] * 0.8


# DOCX


@pytest.mark.parametrize("name", FORMS)
def test_a_document_holds_the_form(name: str, drawn: Callable[[str, Format], bytes]) -> None:
    form, document = FORMS[name], python_docx.Document(io.BytesIO(drawn(name, "docx")))
    inside = [paragraph.text for table in document.tables for cell in table._cells for paragraph in cell.paragraphs]
    texts = {paragraph.text for paragraph in document.paragraphs} | set(inside)
    header = document.sections[0].header
    assert not set(texts_around(form)) - texts
    framed = [table for table in document.tables if table._tbl.tblPr.find(qn("w:tblBorders")) is not None]
    for table, drawn_table in zip(tables_of(form), framed, strict=True):
        rows = [[cell.text for cell in row.cells] for row in drawn_table.rows]
        heads = len(table.head) + bool(table.numbers)
        for placed in table.placed_head:
            cell = placed.cell
            area = {rows[placed.row + y][placed.column + x] for y in range(cell.rows) for x in range(cell.columns)}
            assert area == {clean(cell.text)}
        repeated = [row._tr.trPr is not None and row._tr.trPr.find(qn("w:tblHeader")) is not None
                    for row in drawn_table.rows]  # fmt: skip
        assert repeated == [True] * heads + [False] * (len(rows) - heads)
        if not table.lines:
            assert rows[heads:] == [[LETTERHEADS["vi"].no_records] * len(table.columns)]
        for row, line, wanted in zip(rows[heads:], table.lines, body_texts(form, table), strict=False):
            assert row == wanted if line.role != "section" else row[1:] == [wanted[1]] * (len(wanted) - 1)
    assert header.is_linked_to_previous is False and document.sections[0].different_first_page_header_footer
    assert "PAGE" in header._element.xml and (LETTERHEADS["vi"].simulated in header._element.xml) == form.simulated


def test_a_document_is_well_formed_and_has_one_field(drawn: Callable[[str, Format], bytes]) -> None:
    with zipfile.ZipFile(io.BytesIO(drawn("tricky", "docx"))) as package:
        parts = {info.filename: package.read(info) for info in package.infolist()}
        assert {info.date_time for info in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    for content in parts.values():
        ElementTree.fromstring(content)
    fields = b"".join(parts.values())
    assert fields.count(b"instrText") == 2 and b"fldSimple" not in fields and b"<w:hyperlink" not in fields
    document = parts["word/document.xml"].decode()
    assert 'w:w="11906" w:h="16838"' in document
    with zipfile.ZipFile(io.BytesIO(drawn("wide", "docx"))) as package:
        assert 'w:w="16838" w:h="11906" w:orient="landscape"' in package.read("word/document.xml").decode()


def test_a_signature_block_stays_together(drawn: Callable[[str, Format], bytes]) -> None:
    document = python_docx.Document(io.BytesIO(drawn("wide", "docx")))
    block = document.tables[-1]
    assert len(block.rows) == 1 and block.rows[0]._tr.trPr.find(qn("w:cantSplit")) is not None
    assert [cell.paragraphs[0].text for cell in block.rows[0].cells] == [
        "Nơi nhận:", "NGƯỜI LẬP BIỂU", "TM. ỦY BAN NHÂN DÂN",
    ]  # fmt: skip


# PDF


def pages_of(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def bare(text: str) -> str:
    """The text without white space: lines break where the page ends."""
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", FORMS)
def test_a_pdf_holds_the_form(name: str, drawn: Callable[[str, Format], bytes]) -> None:
    form, text = FORMS[name], bare("".join(pages_of(drawn(name, "pdf"))))
    missing = [wanted for wanted in texts_around(form) if bare(wanted) not in text]
    assert not missing
    for table in tables_of(form):
        assert all(bare(placed.cell.text) in text for placed in table.placed_head)
        for line, wanted in zip(table.lines, body_texts(form, table), strict=True):
            assert bare("".join(wanted)) in text, line
        if not table.lines:
            assert bare(LETTERHEADS["vi"].no_records) in text


def test_a_code_in_a_pdf_is_found_as_it_is_written(renderer: Renderer) -> None:
    code = "H26.99.01-231014-0002"
    [table] = tables_of(wide_form())
    form = replace(wide_form(), blocks=(replace(table, lines=(Line((1, code, *[1] * 11)),)),))
    assert code in "".join(pages_of(renderer.render(form, "pdf")))


def test_vietnamese_text_is_drawn_in_one_face(drawn: Callable[[str, Format], bytes]) -> None:
    """A letter that the face has not would come from another one, and be read back twice or not at all."""
    for name in ("wide", "report"):
        fonts = pypdf.PdfReader(io.BytesIO(drawn(name, "pdf"))).pages[0]["/Resources"]["/Font"]
        families = {str(font.get_object()["/BaseFont"]).partition("+")[2].partition("-")[0] for font in fonts.values()}
        assert families == {"NotoSerif"}


def test_a_long_pdf_repeats_its_head_and_numbers_its_pages_from_the_second(renderer: Renderer) -> None:
    content = renderer.render(wide_form(200), "pdf")
    pages = pages_of(content)
    assert len(pages) > 5
    assert all(bare("Trực tiếp, dịch vụ bưu chính") in bare(page) for page in pages[:-1])
    marked = bare(LETTERHEADS["vi"].simulated)
    assert all(bare(page).startswith(f"{number}{marked}") for number, page in enumerate(pages[1:], start=2))
    assert bare("Nơi nhận:") in bare(pages[-1]) and bare("CHỦ TỊCH") in bare(pages[-1])
    reader = pypdf.PdfReader(io.BytesIO(content))
    width, height = (float(side) for side in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (842, 595)
    assert reader.metadata is not None and reader.metadata.title == FORMS["wide"].title.upper()
    assert "/StructTreeRoot" in reader.trailer["/Root"]


@pytest.mark.parametrize("kind", FORMATS)
def test_english_forms_have_english_words(kind: Format, renderer: Renderer) -> None:
    content = renderer.render(replace(report_form(), language="en", simulated=True), kind)
    text = bare(_any_text(content, kind))
    for wanted in ("SOCIALIST REPUBLIC OF VIET NAM", "Recipients:", "SIMULATED DATA", "No records in the period."):
        assert bare(wanted) in text
    if kind != "xlsx":  # where Excel's own language decides
        assert "1,234.50" in text and "hidden" in text


def _any_text(content: bytes, kind: Format) -> str:
    if kind == "pdf":
        return "".join(pages_of(content))
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return "".join(
            "".join(ElementTree.fromstring(package.read(name)).itertext())
            for name in package.namelist()
            if name.endswith(".xml") and not name.startswith("[")
        )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=st.text(st.characters(codec=None), max_size=40))
def test_any_text_is_drawn_and_read_back(text: str, renderer: Renderer) -> None:
    [table] = tables_of(tricky_form())
    line = Line((1, f"x{text}x", -5))
    form = replace(tricky_form(), title=text, blocks=(Paragraph(text), replace(table, lines=(line,))))
    wanted = clean(f"x{text}x")
    rows = sheet_of(renderer.render(form, "xlsx")).iter_rows(values_only=True)
    assert wanted in [row[1] for row in rows]
    document = python_docx.Document(io.BytesIO(renderer.render(form, "docx")))
    assert document.tables[-2].rows[-1].cells[1].text == wanted
    assert renderer.render(form, "pdf").startswith(b"%PDF")
