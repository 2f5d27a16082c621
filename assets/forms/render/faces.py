"""The typeface of PDF files: Times New Roman where the machine has it, else the one that is installed along.

A face must have every Vietnamese letter of its own. Liberation Serif, which has the widths of Times, has not: its letters
with two marks came from a third face, and the text of the file held some of them twice.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import fontpkg_noto_serif
import typst

# Decree 30/2020 asks for it.
_WANTED = "Times New Roman"


@dataclass(frozen=True)
class Face:
    """A family of fonts and the folder that its files lie in."""

    family: str
    folder: Path

    @cached_property
    def digest(self) -> str:
        """A hash of the files: another version of a font may draw otherwise."""
        digest = hashlib.sha256(self.family.encode())
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[self.folder]).fonts()
        for path in sorted({font.path for font in fonts if font.family == self.family and font.path is not None}):
            digest.update(Path(path).read_bytes())
        return digest.hexdigest()


def noto_serif() -> Face:
    """The face that is there on every machine."""
    return Face(fontpkg_noto_serif.FAMILY, fontpkg_noto_serif.ROOT / "files")


def office_face() -> Face:
    """Times New Roman where this machine has it, else Noto Serif."""
    installed = typst.Fonts(include_system_fonts=True, include_embedded_fonts=False).fonts()
    paths = [Path(font.path) for font in installed if font.family == _WANTED and font.path is not None]
    return Face(_WANTED, min(paths).parent) if paths else noto_serif()
