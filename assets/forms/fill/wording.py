"""What every official form has in common: letterhead, place, period in words, signature block and recipients.

Which figures a form shows and what its columns are called stands with the form itself.
"""

from __future__ import annotations

import string
from collections.abc import Iterable
from typing import Any

from assets.forms.model import Block, Form, Language
from assets.forms.subject import Subject, Unit
from assets.text.wording import count_text, date_text

SYMBOL = "BC-UBND"
# Words that say what kind of unit a name names, with the English ones; longer ones first.
_TYPES = {
    "thành phố": "City",
    "đặc khu": "Special Zone",
    "thị trấn": "Township",
    "thị xã": "Town",
    "phường": "Ward",
    "huyện": "District",
    "quận": "District",
    "tỉnh": "Province",
    "xã": "Commune",
}
_OF_DISTRICTS = ("huyện", "quận", "thị xã")


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
    return either(language, f"UBND {name}", f"People's Committee of {_english_name(name)}") if name else ""


def _english_name(name: str) -> str:
    """The name with its kind in English: "Huyện Mỹ Đức" gives "Mỹ Đức District", "Quận 1" gives "District 1"."""
    kind = _type(name)
    if not kind:
        return name
    bare = name[len(kind) :].strip()
    return f"{_TYPES[kind]} {bare}" if bare[:1].isdigit() else f"{bare} {_TYPES[kind]}"


def place_name(name: str) -> str:
    """The name without its kind, as it stands before the date: "Xã An Mỹ" gives "An Mỹ". Numbered units keep it: "Quận 1"."""
    bare = name[len(_type(name)) :].strip()
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
    above = _type(unit.parent_name)
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


def _type(name: str) -> str:
    """The word that says what kind of unit the name names, in lower case; nothing where it begins with none."""
    return next((word for word in _TYPES if name.lower().startswith(f"{word} ")), "")


def _lower_type(name: str) -> str:
    kind = _type(name)
    return kind + name[len(kind) :]
