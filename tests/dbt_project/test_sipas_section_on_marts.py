"""The SIPAS section from the marts that dbt builds: its queries run on both engines, and both fill the same sections."""

from __future__ import annotations

from assets.forms.figures import Figures
from assets.forms.fill.sipas_section import sipas_section
from assets.forms.model import Heading, Paragraph, Table
from assets.forms.scope import Territory, read_calendar
from assets.forms.subject import UnitKey
from assets.forms.text import line_texts
from assets.warehouse.engine import Warehouse


def _sections(warehouse: Warehouse, minimum_n: int) -> dict[tuple[UnitKey, str], list[str]]:
    """What a reader sees of each section, block by block."""
    kind = sipas_section(minimum_n)
    periods = [period for period in read_calendar(warehouse.query).periods if period.kind in kind.period_kinds]
    territory = Territory(warehouse.query)
    figures = Figures(warehouse.query, [period.period_id for period in periods])
    sections = {}
    for period in periods:
        for subject in territory.subjects(period, simulated=True):
            form = kind.fill(subject, figures, "vi")
            assert form is not None
            texts: list[str] = []
            for block in form.blocks:
                if isinstance(block, Heading | Paragraph):
                    texts.append(block.text)
                elif isinstance(block, Table):
                    kinds = tuple(column.kind for column in block.columns)
                    texts += [" | ".join(line_texts(line, kinds, "vi")) for line in block.lines]
            sections[subject.unit.key, period.period_id] = texts
    return sections


def test_both_engines_fill_the_same_sections(duckdb_built: Warehouse, postgres_built: Warehouse) -> None:
    for minimum_n in (1, 10):
        sections = _sections(duckdb_built, minimum_n)
        assert sections == _sections(postgres_built, minimum_n)
        told = "\n".join(text for texts in sections.values() for text in texts)
        for words in (
            "Chỉ số hài lòng chung đạt",
            "thấp hơn chỉ tiêu",
            "cuộc đối thoại đến hạn",
            "không được xếp hạng",
        ):
            assert words in told
