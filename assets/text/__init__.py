"""Vietnamese text: old character sets, syllables, tone marks and the form in which texts are compared.

Files, columns and specs are not known here.
"""

from __future__ import annotations

from assets.text.charsets import CHARSETS, convert
from assets.text.detect import Detection, detect_charset, detect_encoding
from assets.text.fold import fold, spellings, without_marks
from assets.text.syllable import is_syllable

__all__ = [
    "CHARSETS",
    "Detection",
    "convert",
    "detect_charset",
    "detect_encoding",
    "fold",
    "is_syllable",
    "spellings",
    "without_marks",
]
