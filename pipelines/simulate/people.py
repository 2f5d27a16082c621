"""Names, phone numbers and ID numbers that are made up by rule and can belong to nobody."""

from __future__ import annotations


def person(number: int, is_male: bool) -> str:
    """Return a sample name with its number: Mẫu means sample, and no register has names with digits."""
    return f"Nguyễn {'Văn' if is_male else 'Thị'} Mẫu {number:04d}"


def phone(number: int) -> str:
    """Return a number nobody can dial: 00 opens a call abroad, and no country's code begins with 0."""
    return f"0000 {number // 1000 % 1000:03d} {number % 1000:03d}"


def id_number(number: int) -> str:
    """Return twelve digits that cannot be an ID: the first three name a province, and 000 is none."""
    return f"000000{number % 1_000_000:06d}"
