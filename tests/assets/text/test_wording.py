"""Numbers, dates and names are written and ordered as each language does."""

from __future__ import annotations

from datetime import date

from assets.text.wording import count_text, date_text, name_key, percent_text


def test_numbers_and_dates_are_written_as_each_language_does() -> None:
    assert (count_text(1234567, "vi"), count_text(1234567, "en")) == ("1.234.567", "1,234,567")
    assert (percent_text(46.6601, "vi"), percent_text(46.6601, "en", 1)) == ("46,66%", "46.7%")
    assert (date_text(date(2023, 6, 4), "vi"), date_text(date(2023, 6, 4), "en")) == ("04/06/2023", "4 Jun 2023")


def test_names_stand_in_the_order_of_the_vietnamese_alphabet() -> None:
    names = ["Xã Xuy Xá", "Xã Đốc Tín", "Xã An Tiến", "Xã Dân Hòa", "Xã Ân Phú", "Xã An Mỹ"]
    ordered = ["Xã An Mỹ", "Xã An Tiến", "Xã Ân Phú", "Xã Dân Hòa", "Xã Đốc Tín", "Xã Xuy Xá"]
    assert sorted(names, key=name_key) == ordered
