"""Whose letterhead a form carries: it follows from the unit, its level and the unit above it."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest

from assets.forms.fill.wording import official_form, place_name
from assets.forms.model import Form, Language
from assets.forms.subject import Period, Subject, Unit, UnitKey

KEY = UnitKey("10462", date(1900, 1, 1))
JUNE = Period("2023-06", "month", date(2023, 5, 15), date(2023, 6, 14), "Tháng 6/2023", "June 2023")


def form(name: str, level: str, above: str, language: Language = "vi") -> Form:
    subject = Subject(Unit(KEY, name, level, above, ()), JUNE, {KEY: name}, True)
    return official_form(subject, language, code="x", title="T", blocks=())


def test_a_commune_reports_to_its_district() -> None:
    made = form("Xã An Mỹ", "commune", "Huyện Mỹ Đức")
    assert (made.issuer_above, made.issuer, made.place) == ("UBND HUYỆN MỸ ĐỨC", "UBND XÃ AN MỸ", "An Mỹ")
    assert made.addressee == "UBND huyện Mỹ Đức" and made.simulated
    assert made.recipients == ("UBND huyện (b/c)", "Phòng Nội vụ (b/c)", "TT Đảng ủy, TT HĐND (b/c)", "Lưu: VT")
    assert made.signer == ("TM. ỦY BAN NHÂN DÂN", "CHỦ TỊCH")
    assert made.period == "Tháng 6/2023 (từ ngày 15/05/2023 đến ngày 14/06/2023)"
    assert all(unicodedata.is_normalized("NFC", text) for text in (made.issuer_above, made.issuer, *made.recipients))


def test_a_commune_of_two_levels_has_no_home_affairs_office_of_a_district() -> None:
    made = form("Phường Ba Đình", "commune", "Thành phố Hà Nội")
    assert made.recipients == ("UBND thành phố (b/c)", "TT Đảng ủy, TT HĐND (b/c)", "Lưu: VT")


def test_a_city_has_nobody_above() -> None:
    made = form("Thành phố Hà Nội", "city", "")
    assert (made.issuer_above, made.issuer, made.place) == ("", "UBND THÀNH PHỐ HÀ NỘI", "Hà Nội")
    assert made.addressee == "" and made.recipients == ("TT HĐND (b/c)", "Lưu: VT")


def test_in_english() -> None:
    made = form("Xã An Mỹ", "commune", "Huyện Mỹ Đức", "en")
    assert made.issuer == "PEOPLE'S COMMITTEE OF AN MỸ COMMUNE"
    assert made.addressee == "People's Committee of Mỹ Đức District" == made.recipients[0]
    assert form("Phường 1", "commune", "Quận 1", "en").addressee == "People's Committee of District 1"
    assert form("Xã X", "commune", "Côn Đảo", "en").addressee == "People's Committee of Côn Đảo"
    assert made.period == "June 2023 (from 15 May 2023 to 14 Jun 2023)"


@pytest.mark.parametrize(
    ("name", "place"),
    [("Thị trấn Đại Nghĩa", "Đại Nghĩa"), ("Quận 1", "Quận 1"), ("Thị xã Sơn Tây", "Sơn Tây"), ("Côn Đảo", "Côn Đảo")],
)
def test_the_place_is_the_name_without_its_kind(name: str, place: str) -> None:
    assert place_name(name) == place
