"""A form as a Word document (ECMA-376, WordprocessingML), its XML written directly: a city has thousands of forms.

The few parts of the package stand here; their elements are in the order that the schema asks for. There are no fields but
the page number, so no text can become one.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from assets.forms.letterhead import LETTERHEADS, basis_line, left_lines, recipient_lines, right_lines
from assets.forms.model import Form, Heading, Table
from assets.forms.render import layout
from assets.forms.text import clean, heading_place, line_texts

_FACE = "Times New Roman"
_TWIPS = 1440 / 25.4
# Fixed dates, because the wall clock would change the bytes of an unchanged form.
_CREATED = "2000-01-01T00:00:00Z"
_ZIPPED = (1980, 1, 1, 0, 0, 0)
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"

_CONTENT_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/>'
    f'<Override PartName="/word/settings.xml" ContentType="{_WORD}.settings+xml"/>'
    f'<Override PartName="/word/header1.xml" ContentType="{_WORD}.header+xml"/>'
    '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
    "</Types>"
)
_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="word/document.xml"/>'
    f'<Relationship Id="rId2" Type="{_PACKAGE}/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
    "</Relationships>"
)
_DOCUMENT_RELATIONS = (
    f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/styles" Target="/word/styles.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/settings" Target="/word/settings.xml"/>'
    f'<Relationship Id="rId3" Type="{_OFFICE}/header" Target="/word/header1.xml"/>'
    "</Relationships>"
)
_SETTINGS = (
    f'{_HEAD}<w:settings {_W}><w:compat><w:compatSetting w:name="compatibilityMode" '
    'w:uri="http://schemas.microsoft.com/office/word" w:val="15"/></w:compat></w:settings>'
)


def render(form: Form) -> bytes:
    """The DOCX; the same form gives the same bytes."""
    parts = {
        "[Content_Types].xml": _CONTENT_TYPES,
        "_rels/.rels": _RELATIONS,
        "docProps/core.xml": _core(form),
        "word/document.xml": _document(form),
        "word/_rels/document.xml.rels": _DOCUMENT_RELATIONS,
        "word/styles.xml": _styles(form),
        "word/settings.xml": _SETTINGS,
        "word/header1.xml": _header(form),
    }
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, _ZIPPED)
            info.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(info, content)
    return stream.getvalue()


# Parts of the package


def _core(form: Form) -> str:
    return (
        f'{_HEAD}<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{_text(form.title)}</dc:title><dc:creator>sipas-warehouse</dc:creator>"
        f"<dc:language>{form.language}</dc:language>"
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{_CREATED}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{_CREATED}</dcterms:modified></cp:coreProperties>'
    )


def _styles(form: Form) -> str:
    language = "vi-VN" if form.language == "vi" else "en-GB"
    headings = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{level}"><w:name w:val="heading {level}"/>'
        '<w:basedOn w:val="Normal"/><w:next w:val="Normal"/><w:qFormat/>'
        '<w:pPr><w:keepNext/><w:spacing w:before="200" w:after="100"/>'
        f'<w:outlineLvl w:val="{level - 1}"/></w:pPr><w:rPr><w:b/><w:bCs/></w:rPr></w:style>'
        for level in (1, 2)
    )
    return (
        f"{_HEAD}<w:styles {_W}><w:docDefaults><w:rPrDefault><w:rPr>"
        f'<w:rFonts w:ascii="{_FACE}" w:hAnsi="{_FACE}" w:eastAsia="{_FACE}" w:cs="{_FACE}"/>'
        f'<w:sz w:val="{2 * layout.TEXT_SIZE}"/><w:szCs w:val="{2 * layout.TEXT_SIZE}"/><w:lang w:val="{language}"/>'
        "</w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>"
        '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/><w:qFormat/></w:style>'
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/>'
        '<w:tblPr><w:tblInd w:w="0" w:type="dxa"/></w:tblPr></w:style>'
        f"{headings}</w:styles>"
    )


def _header(form: Form) -> str:
    """The head of the pages from the second on: their number, and that the figures are not real."""
    number = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    warning = _run(LETTERHEADS[form.language].simulated, size=9, colour="A00000") if form.simulated else ""
    marked = f'<w:p><w:pPr><w:jc w:val="right"/></w:pPr>{warning}</w:p>' if warning else ""
    return f'{_HEAD}<w:hdr {_W}><w:p><w:pPr><w:jc w:val="center"/></w:pPr>{number}</w:p>{marked}</w:hdr>'


def _document(form: Form) -> str:
    width = _twips(layout.page_width(form))
    tables = [block for block in form.blocks if isinstance(block, Table)]
    body = [*_opening(form, width)]
    for block in form.blocks:
        if isinstance(block, Table):
            body += _table(block, form, width, form.unit_of_measure if block is tables[0] else "")
        elif isinstance(block, Heading):
            body.append(f'<w:p><w:pPr><w:pStyle w:val="Heading{block.level}"/></w:pPr>{_run(block.text)}</w:p>')
        else:
            body.append(_paragraph(_run(block.text), align="both", first=567, after=100))
    body += _closing(form, width)
    return f"{_HEAD}<w:document {_W} {_R}><w:body>{''.join(body)}{_section(form)}</w:body></w:document>"


def _section(form: Form) -> str:
    page = (layout.LONG_SIDE, layout.SHORT_SIDE) if form.landscape else (layout.SHORT_SIDE, layout.LONG_SIDE)
    left, right = layout.sides(form)
    orientation = ' w:orient="landscape"' if form.landscape else ""
    return (
        '<w:sectPr><w:headerReference w:type="default" r:id="rId3"/>'
        f'<w:pgSz w:w="{_twips(page[0])}" w:h="{_twips(page[1])}"{orientation}/>'
        f'<w:pgMar w:top="{_twips(layout.TOP)}" w:right="{_twips(right)}" w:bottom="{_twips(layout.BOTTOM)}" '
        f'w:left="{_twips(left)}" w:header="{_twips(10)}" w:footer="{_twips(10)}" w:gutter="0"/><w:titlePg/></w:sectPr>'
    )


# Parts of the form


def _opening(form: Form, width: int) -> Iterable[str]:
    words = LETTERHEADS[form.language]
    if form.number or form.simulated:
        warning = _run(words.simulated, bold=True, size=11, colour="A00000", boxed=True) if form.simulated else ""
        number = _paragraph(_run(form.number, bold=True, size=11), align="right")
        yield _grid([width // 2, width - width // 2], [_paragraph(warning), number])
    above, issuer, symbol = left_lines(form)
    state, motto, dated = right_lines(form)
    left = [
        *([_paragraph(_run(above, size=12), align="center")] if above else []),
        _paragraph(_run(issuer, bold=True, size=12), align="center"),
    ]
    # In portrait the two sides need a little of the margins.
    outset = 0 if form.landscape else _twips(7)
    sides = [(width + 2 * outset) * 9 // 20, (width + 2 * outset) * 11 // 20]
    left += [_line(sides[0] * 65 // 200), _paragraph(_run(symbol, size=12), align="center")]
    right = [
        _paragraph(_run(state, bold=True, size=12), align="center"),
        _paragraph(_run(motto, bold=True, size=13, underlined=True), align="center", after=120),
        _paragraph(_run(dated, italic=True), align="center"),
    ]
    yield _grid(sides, ["".join(left), "".join(right)], indent=-outset)
    yield _paragraph(_run(form.title.upper(), bold=True, size=14), align="center", before=200)
    lines = [
        (form.subtitle, {"bold": True}),
        (form.period, {"italic": True}),
        (basis_line(form), {"italic": True, "size": 12}),
    ]
    for text, looks in lines:
        if text:
            yield _paragraph(_run(text, **looks), align="center", before=40)  # type: ignore[arg-type]
    if form.addressee:
        yield _paragraph(_run(words.addressee.format(addressee=form.addressee)), align="center", before=120)
    yield _paragraph("", size=6)


def _table(table: Table, form: Form, width: int, unit: str) -> Iterable[str]:
    if table.caption:
        yield _paragraph(
            _run(table.caption, bold=True, size=max(layout.table_size(table), 12)), before=80, follows=True
        )
    if unit:
        yield _paragraph(_run(unit, italic=True, size=12), align="right", after=40, follows=True)
    whole = sum(column.width for column in table.columns)
    widths = [int(width * column.width / whole) for column in table.columns]
    size = layout.table_size(table)
    rows = [*_head_rows(table, widths, size), *_body_rows(table, form, widths, size)]
    yield _framed(widths, rows)
    yield _paragraph("", size=6)


def _head_rows(table: Table, widths: Sequence[int], size: float) -> Iterable[str]:
    # Row → the cells in it by column; a cell that spans rows goes on, empty, in the rows below.
    rows: list[dict[int, str]] = [{} for _ in table.head]
    for placed in table.placed_head:
        cell = placed.cell
        room = sum(widths[placed.column : placed.column + cell.columns])
        content = _paragraph(_run(cell.text, bold=True, size=size), align="center", follows=True)
        for row in range(placed.row, placed.row + cell.rows):
            is_first = row == placed.row
            merge = "" if cell.rows == 1 else '<w:vMerge w:val="restart"/>' if is_first else "<w:vMerge/>"
            rows[row][placed.column] = _cell(room, content if is_first else "<w:p/>", cell.columns, merge)
    for cells in rows:
        yield _row((cells[column] for column in sorted(cells)), is_head=True)
    if table.numbers:
        texts = [_paragraph(_run(text, italic=True, size=max(size - 2, 7)), align="center") for text in table.numbers]
        yield _row((_cell(room, text) for room, text in zip(widths, texts, strict=True)), is_head=True)


def _body_rows(table: Table, form: Form, widths: Sequence[int], size: float) -> Iterable[str]:
    kinds = tuple(column.kind for column in table.columns)
    if not table.lines:
        text = _run(LETTERHEADS[form.language].no_records, italic=True, size=size)
        yield _row([_cell(sum(widths), _paragraph(text, align="center"), len(widths))])
    for line in table.lines:
        texts = line_texts(line, kinds, form.language)
        place = heading_place(line)
        bold = line.role != "body"
        cells = [
            _cell(widths[column], _paragraph(_run(texts[column], bold=bold, size=size),
                                             align=layout.alignment(line.values[column], kinds[column], column)))
            for column in range(len(kinds) if place is None else place)
        ]  # fmt: skip
        if place is not None:
            heading = _paragraph(_run(texts[place], bold=True, size=size))
            cells.append(_cell(sum(widths[place:]), heading, len(widths) - place))
        yield _row(cells)


def _closing(form: Form, width: int) -> Iterable[str]:
    words = LETTERHEADS[form.language]
    if form.notes:
        yield _paragraph(_run(words.notes, bold=True, italic=True, size=11), before=80, follows=True)
        for note in form.notes:
            # The notes go along to the next page, so that signatures do not stand there alone.
            yield _paragraph(_run(note, size=11), follows=True)
        yield _paragraph("", size=8, follows=True)
    recipients = []
    if form.recipients:
        recipients.append(_paragraph(_run(words.recipients, bold=True, italic=True, size=12), follows=True))
        recipients += [_paragraph(_run(text, size=11), follows=True) for text in recipient_lines(form)]
    columns = ["".join(recipients) or "<w:p/>"]
    if form.prepared_by:
        columns.append(
            _paragraph(_run(form.prepared_by, bold=True), align="center", follows=True)
            + _paragraph(_run(words.signed, italic=True, size=12), align="center", follows=True)
        )
    signature = [_paragraph(_run(text, bold=True), align="center", follows=True) for text in form.signer]
    if form.signer:
        # Room for the signature and the name.
        signature.append(_paragraph(_run(words.sealed, italic=True, size=12), align="center", after=_twips(22)))
    columns.append("".join(signature) or "<w:p/>")
    shares = (5, 5) if len(columns) == 2 else (3, 3, 4)
    yield _grid([width * share // 10 for share in shares], columns)


# Elements


def _twips(millimetres: float) -> int:
    return round(millimetres * _TWIPS)


def _text(text: str) -> str:
    return escape(clean(text))


def _run(
    text: str,
    bold: bool = False,
    italic: bool = False,
    size: float | None = None,
    colour: str = "",
    underlined: bool = False,
    boxed: bool = False,
) -> str:
    looks = (
        ("<w:b/><w:bCs/>" if bold else "")
        + ("<w:i/><w:iCs/>" if italic else "")
        + (f'<w:color w:val="{colour}"/>' if colour else "")
        + (f'<w:sz w:val="{round(2 * size)}"/><w:szCs w:val="{round(2 * size)}"/>' if size else "")
        + ('<w:u w:val="single"/>' if underlined else "")
        + (f'<w:bdr w:val="single" w:sz="8" w:space="0" w:color="{colour}"/>' if boxed else "")
    )
    lines = "<w:br/>".join(f'<w:t xml:space="preserve">{line}</w:t>' for line in _text(text).split("\n"))
    return f"<w:r>{f'<w:rPr>{looks}</w:rPr>' if looks else ''}{lines}</w:r>"


def _paragraph(
    runs: str,
    align: str = "",
    before: int = 0,
    after: int = 0,
    first: int = 0,
    follows: bool = False,
    size: float | None = None,
) -> str:
    """One paragraph; `follows`: on one page with the next. `size` is that of an empty one, which keeps a distance."""
    looks = (
        ("<w:keepNext/>" if follows else "")
        + (f'<w:spacing w:before="{before}" w:after="{after}"/>' if before or after else "")
        + (f'<w:ind w:firstLine="{first}"/>' if first else "")
        + (f'<w:jc w:val="{align}"/>' if align and align != "left" else "")
        + (f'<w:rPr><w:sz w:val="{round(2 * size)}"/><w:szCs w:val="{round(2 * size)}"/></w:rPr>' if size else "")
    )
    return f"<w:p>{f'<w:pPr>{looks}</w:pPr>' if looks else ''}{runs}</w:p>"


def _line(indent: int) -> str:
    """A rule in the middle, such as stands under the issuer."""
    return (
        '<w:p><w:pPr><w:pBdr><w:top w:val="single" w:sz="6" w:space="1" w:color="auto"/></w:pBdr>'
        f'<w:spacing w:before="40" w:after="0" w:line="120" w:lineRule="exact"/><w:ind w:left="{indent}" '
        f'w:right="{indent}"/></w:pPr></w:p>'
    )


def _cell(width: int, content: str, columns: int = 1, merge: str = "") -> str:
    span = f'<w:gridSpan w:val="{columns}"/>' if columns > 1 else ""
    looks = f'<w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{span}{merge}<w:vAlign w:val="center"/></w:tcPr>'
    return f"<w:tc>{looks}{content}</w:tc>"


def _row(cells: Iterable[str], is_head: bool = False) -> str:
    return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if is_head else ''}</w:trPr>{''.join(cells)}</w:tr>"


def _framed(widths: Sequence[int], rows: Iterable[str]) -> str:
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    margins = "".join(
        f'<w:{side} w:w="{room}" w:type="dxa"/>'
        for side, room in (("top", 40), ("left", 60), ("bottom", 40), ("right", 60))
    )
    return _any_table(widths, rows, f"<w:tblBorders>{borders}</w:tblBorders>", 0, margins)


def _grid(widths: Sequence[int], contents: Sequence[str], indent: int = 0) -> str:
    """What stands side by side without a frame and stays on one page."""
    cells = [
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/></w:tcPr>{content}</w:tc>'
        for width, content in zip(widths, contents, strict=True)
    ]
    # Two tables that touch would be one: an empty line keeps them apart.
    margins = '<w:left w:w="0" w:type="dxa"/><w:right w:w="0" w:type="dxa"/>'
    return _any_table(widths, [_row(cells)], "", indent, margins) + _paragraph("", size=4)


def _any_table(widths: Sequence[int], rows: Iterable[str], borders: str, indent: int, margins: str) -> str:
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblInd w:w="{indent}" w:type="dxa"/>{borders}'
        f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{''.join(f'<w:gridCol w:w={chr(34)}{width}{chr(34)}/>' for width in widths)}</w:tblGrid>"
        f"{''.join(rows)}</w:tbl>"
    )
