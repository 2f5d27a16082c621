"""XML from strangers, walked by expat: no document type, hence no entities; no token without end. Meaning is not known here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.parsers import expat

from assets.ingest.readers.archive import damaged
from assets.ingest.readers.table import InputRefused

# What stands before the first element: a declaration, hardly more. A document type would stand there.
_HEAD_BYTES = 1 << 16
# A tag with its attributes, or a comment.
_LONGEST_TOKEN = 8 << 20
_DEEPEST = 256


class Walker:
    """Base of what is done with the elements of a part."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, data: str) -> None:
        """A piece of text."""


class _Begun(Exception):
    """The first element stands there."""


def walk(path: Path, blocks: Iterable[bytes], walker: Walker) -> None:
    """Hand the elements of a part to the walker. Raises InputRefused: file.damaged, file.unsafe_xml."""
    parser = _parser(path)
    depth = fed = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise damaged(path, f"elements nested more than {_DEEPEST} deep")
        walker.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        walker.end(name)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = walker.text
    try:
        for block in blocks:
            parser.Parse(block, False)
            fed += len(block)
            if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                raise damaged(path, "a tag without end")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise damaged(path, str(error)) from None


def require_plain(path: Path, head: bytes) -> None:
    """Refuse a part that declares a document type, or is not UTF-8 as all programs write it. `head` is how it begins."""
    parser = _parser(path)

    def start(name: str, attributes: dict[str, str]) -> None:
        raise _Begun

    if b"\0" in head[:_HEAD_BYTES]:
        raise damaged(path, "a part that is not UTF-8")
    parser.StartElementHandler = start
    try:
        parser.Parse(head[:_HEAD_BYTES], False)
    except _Begun:
        return
    except expat.ExpatError as error:
        raise damaged(path, str(error)) from None
    raise damaged(path, "a part without an element")


def _parser(path: Path) -> Any:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)

    def declaration(version: str, encoding: str | None, standalone: int) -> None:
        if encoding is not None and encoding.casefold() not in ("utf-8", "us-ascii"):
            raise damaged(path, f"a part in the encoding {encoding[:40]!r}")

    def document_type(*_: Any) -> None:
        raise InputRefused(
            "file.unsafe_xml",
            f"Tệp “{path.name}” khai báo DOCTYPE hoặc thực thể XML, điều mà không sổ tính thật nào có. "
            "Hãy kiểm tra nguồn gốc của tệp.",
            f"The file {path.name!r} declares a document type or entities, which no real workbook does. "
            "Check where it comes from.",
        )

    parser.XmlDeclHandler = declaration
    parser.StartDoctypeDeclHandler = document_type
    return parser
