"""Pages of forms as pictures, against those that were looked at; `python tests/assets/forms/test_form_pictures.py` draws anew.

Another version of the typesetter may shade an edge otherwise, so what is compared is how much of the page differs.
"""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from form_samples import LONG_NAME, report_form, tables_of, wide_form
from PIL import Image, ImageChops

from assets.forms.model import Form, Line
from assets.forms.render.faces import noto_serif
from assets.forms.render.pdf import PdfRenderer

PICTURES = Path(__file__).parent / "pictures"
PPI = 45
# Levels of grey by which a dot may differ, and the share of dots that may differ more.
LEVELS, SHARE = 64, 0.002


def one_unit() -> Form:
    return wide_form(1)


def no_records() -> Form:
    [table] = tables_of(wide_form())
    return replace(wide_form(), blocks=(replace(table, lines=()),))


def very_long_names() -> Form:
    [table] = tables_of(wide_form())
    name = "Ủy ban nhân dân " + LONG_NAME
    lines = tuple(Line((n, f"{name}, {LONG_NAME}", *[10**n] * 11)) for n in (1, 5, 8))
    return replace(
        wide_form(),
        issuer_above=name.upper(),
        issuer=name.upper(),
        title=f"{wide_form().title} {LONG_NAME}",
        addressee=name,
        recipients=(name, name),
        blocks=(replace(table, lines=lines),),
    )


def english_report() -> Form:
    return replace(
        report_form(),
        language="en",
        simulated=True,
        number="Form 1",
        signer=("ON BEHALF OF THE PEOPLE'S COMMITTEE", "CHAIRPERSON"),
        prepared_by="PREPARED BY",
        recipients=("People's Committee above", "Standing Party Committee and People's Council", "Archive"),
    )


# Name → form, the pages that are compared (of many, the ones that differ in kind).
PAGES = {
    "one_unit": (one_unit, (0,)),
    "no_records": (no_records, (0,)),
    "two_hundred_units": (lambda: wide_form(200), (0, 1, -1)),
    "very_long_names": (very_long_names, (0,)),
    "report": (report_form, (0,)),
    "english_report": (english_report, (0, -1)),
}


def pictures_of(name: str, renderer: PdfRenderer) -> dict[str, Image.Image]:
    form, wanted = PAGES[name]
    pages = renderer.pictures(form(), PPI)
    opened = {f"{name}_{place}.png": Image.open(io.BytesIO(pages[place])).convert("L") for place in wanted}
    return {file.replace("-1", "last"): picture for file, picture in opened.items()}


@pytest.fixture(scope="module")
def renderer() -> PdfRenderer:
    return PdfRenderer(noto_serif())


@pytest.mark.parametrize("name", PAGES)
def test_pages_look_as_they_did(name: str, renderer: PdfRenderer) -> None:
    for file, picture in pictures_of(name, renderer).items():
        reference = Image.open(PICTURES / file).convert("L")
        assert picture.size == reference.size, file
        assert differing(picture, reference) <= SHARE, file


def test_a_moved_line_would_be_seen(renderer: PdfRenderer) -> None:
    """That the comparison can fail: a total that is not bold, a mark that is missing."""
    [reference] = pictures_of("one_unit", renderer).values()
    [table] = tables_of(one_unit())
    plain = replace(table, lines=tuple(replace(line, role="body") for line in table.lines))
    for changed in (replace(one_unit(), blocks=(plain,)), replace(one_unit(), simulated=False)):
        [picture] = [Image.open(io.BytesIO(page)).convert("L") for page in renderer.pictures(changed, PPI)[:1]]
        assert differing(picture, reference) > SHARE


def differing(one: Image.Image, other: Image.Image) -> float:
    histogram = ImageChops.difference(one, other).histogram()
    return sum(histogram[LEVELS:]) / sum(histogram)


def main() -> None:
    drawing = PdfRenderer(noto_serif())
    PICTURES.mkdir(exist_ok=True)
    for name in PAGES:
        for file, picture in pictures_of(name, drawing).items():
            picture.quantize(16).save(PICTURES / file, optimize=True)


if __name__ == "__main__":
    main()
