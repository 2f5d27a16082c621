"""The container of a workbook, looked at before its sheets are parsed: is it whole, readable and of a sane size?"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from assets.ingest.readers.archive import damaged, member_name, open_archive
from assets.ingest.readers.limits import MAX_FILE_BYTES, require_size
from assets.ingest.readers.old_excel import MAGIC as OLE
from assets.ingest.readers.old_excel import OldExcelPackage
from assets.ingest.readers.ooxml import OoxmlPackage
from assets.ingest.readers.opendocument import MIMETYPE, OpenDocumentPackage
from assets.ingest.readers.sheet_marks import SheetMarks
from assets.ingest.readers.table import require_file


class Package(Protocol):
    """A workbook file that the parser may open."""

    def check_sheet(self, name: str) -> SheetMarks:
        """Measure a sheet before it is parsed. Raises InputRefused: file.damaged, file.too_large."""
        ...


def open_package(path: Path) -> Package:
    """Return the package of an XLSX, ODS or XLS file. Raises InputRefused: file.missing, file.empty, file.encrypted,
    file.damaged, file.not_workbook, file.too_large, file.unsafe_name, file.unsafe_xml."""
    require_file(path)
    require_size(path, MAX_FILE_BYTES)
    with path.open("rb") as file:
        magic = file.read(8)
    if magic == OLE:
        return OldExcelPackage(path)
    if not magic.startswith(b"PK"):
        raise damaged(path, "not a workbook")
    with open_archive(path) as archive:
        members = {member_name(member): member for member in archive.infolist()}
    return OpenDocumentPackage(path, members) if MIMETYPE in members else OoxmlPackage(path, members)
