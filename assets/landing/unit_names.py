"""What a run says of names of units: those in refused rows that nobody knows, and entries of the alias table never met.

How a name is resolved stands in assets/reference/units.py.
"""

from __future__ import annotations

from collections import Counter

import duckdb

from assets.ingest.outcome import StagedBatch
from assets.ingest.shape import literal
from assets.office import Office
from assets.reference.unit_guess import UnitGuess
from quality.contract import Bilingual
from quality.problem import Problem

# Names told per source; the others are told as a number.
NAMES_TOLD = 10


def unknown_names(office: Office, batch: StagedBatch) -> list[Problem]:
    """Return a warning for each name of a unit that rows of the batch were refused for, with their number.

    A value that is not like any unit's name is counted only: it may be about a person.
    """
    problems: list[Problem] = []
    for spec, file in batch.refused_files:
        with duckdb.connect() as connection:
            found = connection.execute(
                'SELECT broken."column", broken.value, count(*) '
                f"FROM (SELECT unnest(rules) AS broken FROM read_parquet({literal(file.as_posix())})) "
                f"WHERE broken.rule = {literal(f'{batch.dataset}.unit_code.unknown')} GROUP BY ALL ORDER BY ALL"
            ).fetchall()
        # All names of a source stand in one column.
        names = Counter({name: rows for _, name, rows in found})
        column = found[0][0] if found else ""
        if not names:
            continue
        guess = UnitGuess(office.reference, spec.office or office.roots[0])
        where = f"sources/{spec.name}.yml"
        told = [name for name, _ in names.most_common() if guess.may_be_shown(name)][:NAMES_TOLD]
        problems += [_unknown(where, column, name, names[name], guess.nearest(name)) for name in told]
        others = [name for name in names if name not in told]
        if others:
            rows = sum(names[name] for name in others)
            text = Bilingual(
                vi=f"{len(others)} giá trị khác ({rows} dòng) không giống tên đơn vị nào; xem “sipas quarantine list”",
                en=f"{len(others)} other value(s) ({rows} row(s)) are like no unit's name; see `sipas quarantine list`",
            )
            problems.append(Problem("unit.unknown_name", text, file=where, column=column))
    return problems


def _unknown(where: str, column: str, name: str, rows: int, near: str | None) -> Problem:
    text = Bilingual(
        vi=f"Không biết đơn vị “{name}” ({rows} dòng). Gần nhất: {near or 'không có'}. Nếu nguồn luôn ghi như vậy, thêm vào "
        "reference/unit_alias.csv",
        en=f"No unit is known as “{name}” ({rows} row(s)). Nearest: {near or 'none'}. If the source always writes it so, add it to "
        "reference/unit_alias.csv",
    )
    return Problem("unit.unknown_name", text, file=where, column=column)


def unused_aliases(office: Office) -> list[Problem]:
    """Return a warning for entries of the alias table that no input was ever read with, once this run has looked for names.

    Entries of an office of which the run read nothing are not judged.
    """
    met = office.ledger.aliases_met() | office.aliases_met
    asked = office.offices_asked
    listed = [row for row in office.reference["unit_alias"].to_pylist() if row["office_code"] in asked]
    unused = [row["name"] for row in listed if (row["office_code"], row["name"]) not in met]
    if not unused:
        return []
    shown = ", ".join(f"“{name}”" for name in unused[:NAMES_TOLD]) + ("…" if len(unused) > NAMES_TOLD else "")
    text = Bilingual(
        vi=f"{len(unused)} trên {len(listed)} tên chưa gặp trong tệp nào: {shown}; bỏ đi nếu nguồn không còn dùng",
        en=f"{len(unused)} of {len(listed)} entries were met in no input yet: {shown}; take them out if no source uses them",
    )
    return [Problem("unit.alias_unused", text, file="reference/unit_alias.csv")]
