"""The wording that every official form carries, whatever it is about (Nghị định 30/2020/NĐ-CP, annex I)."""

from __future__ import annotations

from dataclasses import dataclass

from assets.forms.model import Form, Language


@dataclass(frozen=True)
class Letterhead:
    """`number` takes the symbol of the document, `dated` the place; number and day are left for the office to fill in."""

    state: str
    motto: str
    number: str
    dated: str
    addressee: str
    recipients: str
    sealed: str
    signed: str
    notes: str
    no_records: str
    simulated: str


LETTERHEADS: dict[Language, Letterhead] = {
    "vi": Letterhead(
        state="CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        motto="Độc lập - Tự do - Hạnh phúc",
        number="Số: …/{symbol}",
        dated="{place}, ngày … tháng … năm …",
        addressee="Kính gửi: {addressee}",
        recipients="Nơi nhận:",
        sealed="(Ký tên, đóng dấu)",
        signed="(Ký, ghi rõ họ tên)",
        notes="Ghi chú:",
        no_records="Trong kỳ không phát sinh số liệu.",
        simulated="DỮ LIỆU MÔ PHỎNG",
    ),
    "en": Letterhead(
        state="SOCIALIST REPUBLIC OF VIET NAM",
        motto="Independence - Freedom - Happiness",
        number="No.: …/{symbol}",
        dated="{place}, date …",
        addressee="To: {addressee}",
        recipients="Recipients:",
        sealed="(Signature, seal)",
        signed="(Signature, full name)",
        notes="Notes:",
        no_records="No records in the period.",
        simulated="SIMULATED DATA",
    ),
}


def left_lines(form: Form) -> tuple[str, str, str]:
    """What stands on the left: the authority above, the issuer, the number; "" for a line that the form has not."""
    number = LETTERHEADS[form.language].number.format(symbol=form.document_symbol) if form.document_symbol else ""
    return form.issuer_above, form.issuer, number


def right_lines(form: Form) -> tuple[str, str, str]:
    """What stands on the right: the state, the motto, the place and date."""
    words = LETTERHEADS[form.language]
    return words.state, words.motto, words.dated.format(place=form.place)


def basis_line(form: Form) -> str:
    """The legal basis as it stands under the title, in brackets."""
    return form.legal_basis if form.legal_basis.startswith("(") or not form.legal_basis else f"({form.legal_basis})"


def recipient_lines(form: Form) -> list[str]:
    """The recipients, each after a dash."""
    return [line if line.startswith("-") else f"- {line}" for line in form.recipients]
