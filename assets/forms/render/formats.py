"""A form in any of the formats, and the version of what draws it."""

from __future__ import annotations

import hashlib
import zlib
from functools import cache, cached_property
from importlib.metadata import version
from pathlib import Path

from assets.forms import letterhead, model, text
from assets.forms.model import Form, Format
from assets.forms.render import docx, layout, pdf, xlsx
from assets.forms.render.faces import Face
from assets.text import wording

_DRAWN_BY: dict[Format, tuple[str, str]] = {
    "xlsx": ("xlsxwriter", xlsx.__file__),
    "docx": ("", docx.__file__),
    "pdf": ("typst", pdf.__file__),
}
_SHARED = (model.__file__, letterhead.__file__, text.__file__, layout.__file__, wording.__file__)


class Renderer:
    """Draws forms, PDF in one face; one should serve many forms."""

    def __init__(self, face: Face) -> None:
        self._face = face

    def render(self, form: Form, kind: Format) -> bytes:
        """The file; the same form gives the same bytes as long as `renderer_version` is the same."""
        if kind == "pdf":
            return self._pdf.render(form)
        return xlsx.render(form) if kind == "xlsx" else docx.render(form)

    @cached_property
    def _pdf(self) -> pdf.PdfRenderer:
        return pdf.PdfRenderer(self._face)


@cache
def renderer_version(kind: Format, face: Face) -> str:
    """A hash of all that the bytes of a file depend on beside the form: modules, libraries, and for PDF the face.

    Taken from the modules themselves, for a number that somebody has to raise would be forgotten one day.
    """
    library, module = _DRAWN_BY[kind]
    digest = hashlib.sha256(zlib.ZLIB_RUNTIME_VERSION.encode())
    for file in (module, *_SHARED):
        digest.update(Path(file).read_bytes())
    if library:
        digest.update(f"{library} {version(library)}".encode())
    if kind == "pdf":
        digest.update(pdf.TEMPLATE + face.digest.encode())
    return digest.hexdigest()


def content_digest(form: Form, kind: Format, face: Face) -> str:
    """A hash of the form and of what draws it: equal for two files exactly when they are the same bytes."""
    # The representation of a frozen dataclass names every field, and tells 1 from 1.0 and "1".
    return hashlib.sha256(
        f"{kind} {renderer_version(kind, face)} {form!r}".encode("utf-8", "surrogatepass")
    ).hexdigest()
