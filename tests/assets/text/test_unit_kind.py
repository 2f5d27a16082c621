"""Names of units within sentences of both languages."""

from __future__ import annotations

import pytest

from assets.text.unit_kind import name_within


@pytest.mark.parametrize(
    ("name", "vi", "en"),
    [
        ("Xã An Mỹ", "xã An Mỹ", "An Mỹ Commune"),
        ("Thị trấn Đại Nghĩa", "thị trấn Đại Nghĩa", "Đại Nghĩa Township"),
        ("Thị xã Sơn Tây", "thị xã Sơn Tây", "Sơn Tây Town"),
        ("Quận 1", "quận 1", "District 1"),
        ("Đặc khu Phú Quốc", "đặc khu Phú Quốc", "Phú Quốc Special Zone"),
        ("Xãnh", "xãnh", "Xãnh"),
    ],
)
def test_a_name_within_a_sentence(name: str, vi: str, en: str) -> None:
    assert (name_within(name, "vi"), name_within(name, "en")) == (vi, en)
