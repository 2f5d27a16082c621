"""The words that offices use for fields and codes, and the labels of codes. How a source is read by them stands elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml

from quality.contract import Bilingual, Strict

VOCABULARY_FILE = Path(__file__).parent / "vocabulary.yml"

PersonalClass = Literal["name", "phone", "identity", "email", "address", "birth", "sensitive", "free_text"]

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Za-z])(?=\d)")
_OTHER_SIGNS = re.compile(r"[^a-z0-9+]+")


class DatasetWords(Strict):
    """Words of one dataset: what its files are about, headings by field, and by field and code the words for the code."""

    about: tuple[str, ...]
    fields: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, tuple[str, ...]]] = {}

    def label(self, field: str, code: str) -> Bilingual:
        """Return what a form calls the code."""
        vi, en = self.values[field][code][:2]
        return Bilingual(vi=vi, en=en)


class Vocabulary(Strict):
    """All of quality/vocabulary.yml."""

    abbreviations: Mapping[str, str]
    personal: Mapping[PersonalClass, tuple[str, ...]]
    counters: tuple[str, ...]
    unit: tuple[str, ...]
    datasets: Mapping[str, DatasetWords]


@cache
def load_vocabulary() -> Vocabulary:
    """Return the shipped words."""
    return Vocabulary.model_validate(yaml.safe_load(VOCABULARY_FILE.read_text(encoding="utf-8")))


def word_key(text: str) -> str:
    """Return a heading or label as it is compared: plain small letters and digits, words apart.

    "Ngày tiếp nhận", "NGAY_TIEP_NHAN" and "ngayTiepNhan" are one.
    """
    parts = unicodedata.normalize("NFD", text).replace("đ", "d").replace("Đ", "D")
    plain = "".join(letter for letter in parts if not unicodedata.combining(letter))
    return _OTHER_SIGNS.sub(" ", _CAMEL.sub(" ", plain).lower()).strip()
