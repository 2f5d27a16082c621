"""Forms of every shape that the renderers must draw well; made up, and of no unit's real figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from assets.forms.model import Column, Form, HeadCell, Heading, Line, Mark, Paragraph, Table

LONG_NAME = "Đất đai, môi trường, tài nguyên nước, khoáng sản, biển và hải đảo, đo đạc và bản đồ của các xã, thị trấn thuộc huyện"
# What a spreadsheet or a typesetter could take for its own language, and what no document may hold.
TRICKY = (
    "=1+1",
    "+84 000",
    "-5",
    "@SUM(A1:A9)",
    "\t=HYPERLINK(A1)",
    "http://example.org/x",
    '#set page(fill: red) #read("/etc/passwd")',
    "$ x^2 $ *đậm* _nghiêng_ `mã`",
    "<b>&amp; ]]> \"'",
    "{= 1} //ghi chú /* */",
    "một\x00\x0b\x1b hai\ufffe",
)

_HEAD = (
    (
        HeadCell("TT", rows=3),
        HeadCell("Lĩnh vực, công việc giải quyết theo cấp", rows=3),
        HeadCell("Số hồ sơ nhận giải quyết", columns=4),
        HeadCell("Số hồ sơ đã giải quyết", columns=4),
        HeadCell("Số hồ sơ đang giải quyết", columns=3),
    ),
    (
        HeadCell("Tổng số", rows=2),
        HeadCell("Trong kỳ", columns=2),
        HeadCell("Từ kỳ trước", rows=2),
        HeadCell("Tổng số", rows=2),
        HeadCell("Trước hạn", rows=2),
        HeadCell("Đúng hạn", rows=2),
        HeadCell("Quá hạn", rows=2),
        HeadCell("Tổng số", rows=2),
        HeadCell("Trong hạn", rows=2),
        HeadCell("Quá hạn", rows=2),
    ),
    (HeadCell("Trực tuyến"), HeadCell("Trực tiếp, dịch vụ bưu chính")),
)
_NUMBERS = (
    "(1)", "(2)", "(3) = (4)+(5)+(6)", "(4)", "(5)", "(6)", "(7) = (8)+(9)+(10)", "(8)", "(9)", "(10)",
    "(11) = (12)+(13)", "(12)", "(13)",
)  # fmt: skip
_WIDE = (Column("count", 0.6), Column("text", 3.2), *(Column("count") for _ in range(11)))


def wide_form(units: int = 5) -> Form:
    """A wide table across the page: heads over three rows, a section, hidden and missing figures, a total."""
    names = ("Xã An Mỹ", LONG_NAME, "Thị trấn Đại Nghĩa")
    lines = [Line((None, "Cấp xã", *[None] * 11), "section")]
    lines += [
        Line((n + 1, names[n % 3], 1234 * n, 1200 * n, 34 * n, n, 1000 * n, -5, None, Mark.HIDDEN,
              Mark.NOT_APPLICABLE, n, 0))
        for n in range(units)
    ]  # fmt: skip
    lines.append(Line((None, "Tổng số", *[1_234_567] * 11), "total"))
    return Form(
        code="wide",
        number="Biểu số II.06a/VPCP/KSTT",
        language="vi",
        unit_code="10462",
        period_id="2023-Q2",
        issuer_above="UBND HUYỆN MỸ ĐỨC",
        issuer="UBND XÃ AN MỸ",
        place="An Mỹ",
        document_symbol="BC-UBND",
        title="Tình hình, kết quả giải quyết thủ tục hành chính",
        subtitle="",
        legal_basis="Thông tư số 01/2020/TT-VPCP ngày 21/10/2020",
        period="Quý II/2023 (từ ngày 15/03/2023 đến ngày 14/06/2023)",
        unit_of_measure="Đơn vị tính: hồ sơ TTHC",
        blocks=(Table(_WIDE, _HEAD, tuple(lines), _NUMBERS),),
        notes=("Cột (9) gồm cả hồ sơ trả lại, rút.", "Dấu – nghĩa là không có số liệu để tính."),
        signer=("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH"),
        recipients=("UBND huyện (b/c)", "Lưu: VT"),
        addressee="UBND huyện Mỹ Đức",
        landscape=True,
        simulated=True,
        prepared_by="NGƯỜI LẬP BIỂU",
    )


def report_form() -> Form:
    """A report in words with two tables, the second without records, in portrait and of real figures."""
    said = (
        "Trong kỳ, Ủy ban nhân dân xã đã lấy ý kiến của 1.234 người dân, tổ chức; chỉ số hài lòng chung đạt 85,32% "
        "(khoảng tin cậy 95%: 83,10–87,21%), tăng 1,20 điểm phần trăm so với cùng kỳ năm trước. "
    )
    columns = (
        Column("count", 0.5),
        Column("text", 4),
        Column("percent", 1.2),
        Column("points_2", 1.2),
        Column("date", 1.5),
    )
    head = ((HeadCell("TT"), HeadCell("Yếu tố"), HeadCell("Chỉ số"), HeadCell("Điểm"), HeadCell("Ngày")),)
    lines = (
        Line((1, "Tiếp cận dịch vụ", 85.125, 1.005, date(2023, 6, 14))),
        Line((2, "000.00.15.H26-230614-0001-ABCDEFGHIJKLMN", 0.0, -5.5, date(2023, 5, 9))),
        Line((3, "Kết quả", None, 1234.5, None)),
        Line((None, "Chung", 86.0, Mark.NOT_APPLICABLE, Mark.HIDDEN), "total"),
    )
    return replace(
        wide_form(0),
        code="report",
        number="",
        title="Báo cáo kết quả đo lường sự hài lòng",
        unit_of_measure="",
        blocks=(
            Heading("I. KẾT QUẢ CHUNG"),
            Paragraph(said * 3),
            Heading("1. Theo yếu tố", 2),
            Table(columns, head, lines, caption="Bảng 1. Chỉ số theo yếu tố"),
            Paragraph(said),
            Heading("II. PHẢN ÁNH, KIẾN NGHỊ"),
            Table(columns, head, (), caption="Bảng 2. Phản ánh quá hạn"),
        ),
        landscape=False,
        simulated=False,
    )


def tricky_form() -> Form:
    """Text in every place that would be something else to a careless program."""
    lines = tuple(Line((n, text, -5)) for n, text in enumerate(TRICKY, start=1))
    columns = (Column("count", 0.6), Column("text", 5), Column("count"))
    head = ((HeadCell("=TT"), HeadCell("#Tên"), HeadCell("@Số")),)
    return replace(
        report_form(),
        code="tricky",
        issuer="=1+1",
        title="#read($x$) <b>",
        subtitle="=1+2",
        blocks=(Heading("=1+3"), Paragraph("=1+4 #pagebreak()"), Table(columns, head, lines, caption="=1+5")),
        notes=("=1+6",),
        signer=("=1+7",),
        recipients=("=1+8",),
    )


FORMS = {"wide": wide_form(), "report": report_form(), "tricky": tricky_form()}


def tables_of(form: Form) -> list[Table]:
    return [block for block in form.blocks if isinstance(block, Table)]
