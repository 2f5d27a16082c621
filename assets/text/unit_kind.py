"""The kind of an administrative unit that its name begins with, and the name in English. What the unit is stands in the lists."""

from __future__ import annotations

# Words that say what kind of unit a name names, with the English ones; longer ones first.
_KINDS = {
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


def unit_kind(name: str) -> str:
    """The word that says what kind of unit the name names, in lower case; nothing where it begins with none."""
    return next((word for word in _KINDS if name.lower().startswith(f"{word} ")), "")


def english_name(name: str) -> str:
    """The name with its kind in English: "Huyện Mỹ Đức" gives "Mỹ Đức District", "Quận 1" gives "District 1"."""
    kind = unit_kind(name)
    if not kind:
        return name
    bare = name[len(kind) :].strip()
    return f"{_KINDS[kind]} {bare}" if bare[:1].isdigit() else f"{bare} {_KINDS[kind]}"


def name_within(name: str, language: str) -> str:
    """The name as it stands within a sentence: "xã An Mỹ" for "Xã An Mỹ" in Vietnamese, "An Mỹ Commune" in English."""
    return name[:1].lower() + name[1:] if language == "vi" else english_name(name)
