"""How the figures are made and how to read them, in short; the long form stands in the software's documentation."""

from __future__ import annotations

from assets.site.blocks import Block, Items, Page, Section
from assets.site.say import Say
from assets.site.topics.common import Desk
from assets.site.units import Unit


def pages(desk: Desk, unit: Unit, say: Say) -> list[Page]:
    w, marts = say.w, desk.marts
    months = [period for period in marts.in_order(marts.detailed) if marts.kind(period) == "month"]
    reading = [w["note_hidden"].format(minimum=desk.minimum_n)] if desk.minimum_n > 1 else []
    if months:
        row = marts.periods[months[-1]]
        start, end = say.day(row["starts_on"]), say.day(row["ends_on"])
        reading.insert(0, w["note_months"].format(period=say.period(months[-1]), start=start, end=end))
    groups = [
        ("reading", [*reading, w["note_dash"], w["note_total"]]),
        (
            "index",
            [
                w["note_index"],
                w["note_interval"],
                w["note_change"],
                w["note_ranking"],
                w["note_breaks"],
                w["note_territory"],
            ],
        ),
        ("timeliness", [w["note_due"], w["note_days"], w["note_service"]]),
        ("plan", [w["note_plan"]]),
    ]
    blocks: list[Block] = [Section(name, w[f"methods_{name}"], [Items(notes)]) for name, notes in groups]
    if marts.breaks:
        breaks = [
            f"{row['from_family']} → {row['to_family']}, {say.day(row['broken_on'])}: {say.label(row, 'reason')}"
            for row in marts.breaks
        ]
        blocks.append(Section("breaks", w["methods_breaks"], [Items(breaks)]))
    blocks.append(Section("version", w["methods_version"], [Items([
        f"{w['revision']}: {desk.revision}", f"{w['version']}: {desk.version}",
    ])]))  # fmt: skip
    return [Page("methods.html", "methods", w["methods"], w["methods_lead"], blocks)]
