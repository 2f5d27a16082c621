"""What every official form has in common: letterhead, place, period in words, signature block and recipients.

Which figures a form shows and what its columns are called stands with the form itself.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

from assets.forms.model import Block, Form, Language
from assets.forms.subject import Subject, Unit
from assets.text.unit_kind import english_name, unit_kind
from assets.text.wording import count_text, date_text

SYMBOL = "BC-UBND"
_OF_DISTRICTS = ("huyện", "quận", "thị xã")

# Classes of complaints, in the order in which forms list them.
COMPLAINT_CLASSES = {
    "regulation": ("Quy định, chính sách, thủ tục hành chính", "Regulations and procedures"),
    "conduct": ("Hành vi của cán bộ, công chức", "Conduct of staff"),
    "other": ("Nội dung khác", "Other"),
    "~": ("Không rõ phân loại", "Class not stated"),
}


def either(language: Language, vi: str, en: str) -> str:
    """The wording in the language of the form."""
    return vi if language == "vi" else en


class Counting(string.Formatter):
    """Writes whole numbers as people read them, {0}, and the English word that goes with one, {0:case|cases}."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            one, several = format_spec.split("|")
            return one if value == 1 else several
        return count_text(value, self.language) if isinstance(value, int) else str(value)


def counted(language: Language, vi: str, en: str, *values: int | str) -> str:
    """The wording in the language of the form, with its counts, which Counting writes, and texts."""
    return Counting(language).vformat(either(language, vi, en), values, {})


def official_form(
    subject: Subject,
    language: Language,
    *,
    code: str,
    title: str,
    blocks: Iterable[Block],
    number: str = "",
    subtitle: str = "",
    legal_basis: str = "",
    unit_of_measure: str = "",
    notes: Iterable[str] = (),
    landscape: bool = False,
) -> Form:
    """The form of a unit and period with the letterhead, signature block and recipients of the unit's level."""
    unit, period = subject.unit, subject.period
    return Form(
        code=code,
        number=number,
        language=language,
        unit_code=unit.key.code,
        period_id=period.period_id,
        issuer_above=committee(unit.parent_name, language).upper(),
        issuer=committee(unit.name, language).upper(),
        place=place_name(unit.name),
        document_symbol=SYMBOL,
        title=title,
        subtitle=subtitle,
        legal_basis=legal_basis,
        period=period_text(subject, language),
        unit_of_measure=unit_of_measure,
        blocks=tuple(blocks),
        notes=tuple(notes),
        signer=(
            either(language, "TM. ỦY BAN NHÂN DÂN", "ON BEHALF OF THE PEOPLE'S COMMITTEE"),
            either(language, "CHỦ TỊCH", "CHAIRPERSON"),
        ),
        recipients=_recipients(unit, language),
        addressee=committee(_lower_type(unit.parent_name), language),
        landscape=landscape,
        simulated=subject.simulated,
        prepared_by=either(language, "NGƯỜI LẬP BIỂU", "PREPARED BY"),
    )


def committee(name: str, language: Language) -> str:
    """The people's committee of the unit with that name; nothing for no name."""
    return either(language, f"UBND {name}", f"People's Committee of {english_name(name)}") if name else ""


def place_name(name: str) -> str:
    """The name without its kind, as it stands before the date: "Xã An Mỹ" gives "An Mỹ". Numbered units keep it: "Quận 1"."""
    bare = name[len(unit_kind(name)) :].strip()
    return name if not bare or bare[0].isdigit() else bare


def period_text(subject: Subject, language: Language) -> str:
    """The period in words with its first and last day."""
    period = subject.period
    first, last = date_text(period.starts_on, language), date_text(period.ends_on, language)
    return either(
        language,
        f"{period.label_vi} (từ ngày {first} đến ngày {last})",
        f"{period.label_en} (from {first} to {last})",
    )


def _recipients(unit: Unit, language: Language) -> tuple[str, ...]:
    """Who gets the report, as the communes' plans list them; the unit above and its home affairs office where there is one."""
    above = unit_kind(unit.parent_name)
    lines = []
    if above:
        lines.append(either(language, f"UBND {above} (b/c)", committee(unit.parent_name, "en")))
    if unit.level == "commune":
        if above in _OF_DISTRICTS:
            lines.append(either(language, "Phòng Nội vụ (b/c)", "Home Affairs Office"))
        lines.append(either(language, "TT Đảng ủy, TT HĐND (b/c)", "Standing Party Committee and People's Council"))
    else:
        lines.append(either(language, "TT HĐND (b/c)", "Standing People's Council"))
    return (*lines, either(language, "Lưu: VT", "Archive"))


def _lower_type(name: str) -> str:
    kind = unit_kind(name)
    return kind + name[len(kind) :]
