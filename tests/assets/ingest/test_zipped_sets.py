"""Zipped sets: each member is an input of its own; archives made to do harm are refused before they are unpacked."""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from workspaces import FORM_HEADER, csv_bytes, form_row, make_workspace, put, survey_spec, take, write_spec

from assets.ingest.readers import archive as archives
from assets.ingest.readers.archive import member_name, open_archive
from assets.ingest.readers.table import InputRefused
from assets.workspace import Workspace

PATTERN = "inbox/{period}/phieu_{sent}.zip!/xa/{unit}.csv"


def forms(*numbers: int, **changes: Any) -> bytes:
    return csv_bytes([form_row(number, **changes) for number in numbers], FORM_HEADER)


def pack(members: dict[str, bytes] | list[tuple[zipfile.ZipInfo | str, bytes]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = make_workspace(tmp_path / "office")
    write_spec(workspace, "phieu", survey_spec(location={"path": PATTERN}))
    return workspace


def test_members_are_inputs_of_their_own(workspace: Workspace) -> None:
    path = "inbox/2023-06/phieu_20230615.zip"
    members = {
        "xa/10462.csv": forms(1, 2, 3),
        "xa/10465.csv": forms(4, 5),
        "xa/99999.csv": forms(6),
        "xa/10459.zip": b"PK\x05\x06" + bytes(18),
        "khác.txt": b"x",
        "__MACOSX/xa/._10462.csv": b"x",
    }
    put(workspace, path, pack(members))
    taken = take(workspace, "survey_response")
    assert {name: (record.status, record.rows_accepted) for name, record in taken.records.items()} == {
        f"{path}!/xa/10462.csv": ("landed", 3),
        f"{path}!/xa/10465.csv": ("landed", 2),
        f"{path}!/xa/99999.csv": ("refused", 0),
        f"{path}!/xa/10459.zip": ("refused", 0),
    }
    rules = {problem.file: problem.rule for problem in taken.problems}
    assert rules[f"{path}!/xa/99999.csv"] == "unit.unknown"
    assert rules[f"{path}!/xa/10459.zip"] == "file.nested_archive"
    assert taken.records[f"{path}!/xa/10462.csv"].period_id == "2023-06"
    assert list((workspace.landing / ".staging").rglob("*.csv")) == []

    # Packed again with one member changed and the others as they were: only that one is read.
    members["xa/10465.csv"] = forms(4, 5, 7)
    put(workspace, path, pack(members))
    again = take(workspace, "survey_response")
    assert {name: record.status for name, record in again.records.items()} == {f"{path}!/xa/10465.csv": "landed"}
    # The same file sent loose, or in another archive, is a copy.
    put(workspace, "inbox/2023-06/phieu_20230620.zip", pack({"xa/10462.csv": members["xa/10462.csv"]}))
    copies = take(workspace, "survey_response")
    assert [record.status for record in copies.records.values()] == ["duplicate"]


def locked() -> bytes:
    """An archive whose member says that it is encrypted, in both of its headers."""
    content = bytearray(pack({"xa/10462.csv": forms(1)}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def overlapping(times: int = 3) -> bytes:
    """Several directory entries of one member's bytes: each unpacks them again."""
    content = pack({"xa/10462.csv": forms(1)})
    begin, end = content.index(b"PK\x01\x02"), content.index(b"PK\x05\x06")
    entry = content[begin:end]
    entries = b"".join(entry.replace(b"10462", b"1046%d" % number) for number in range(times))
    tail = bytearray(content[end:])
    struct.pack_into("<HHII", tail, 8, times, times, len(entries), begin)
    return content[:begin] + entries + bytes(tail)


def lying() -> bytes:
    """A member that unpacks to more than the directory says, with the checksum of what it says."""
    stated, true = b"Ma\n1\n", b"Ma\n1\n" + b"2\n" * 5_000
    content = bytearray(pack({"xa/10462.csv": true}))
    at = content.index(b"PK\x01\x02")
    struct.pack_into("<I", content, at + 16, zlib.crc32(stated))
    struct.pack_into("<I", content, at + 24, len(stated))
    return bytes(content)


def named(name: str, mode: int = stat.S_IFREG) -> bytes:
    info = zipfile.ZipInfo("x")
    info.filename = info.orig_filename = name
    info.external_attr = (mode | 0o777) << 16
    return pack([(info, b"/etc/passwd"), ("xa/10462.csv", forms(1))])


HARMFUL: dict[str, tuple[Callable[[], bytes], str]] = {
    "slip": (lambda: named("../../etc/cron.d/x"), "file.unsafe_name"),
    "slip with the other slash": (lambda: named("..\\..\\x.csv"), "file.unsafe_name"),
    "absolute": (lambda: named("/etc/passwd"), "file.unsafe_name"),
    "drive": (lambda: named("C:\\Windows\\x.csv"), "file.unsafe_name"),
    "link": (lambda: named("xa/lien_ket.csv", stat.S_IFLNK), "file.unsafe_name"),
    "mark of direction": (lambda: named("xa/\u202evsc.exe"), "file.unsafe_name"),
    "same name": (lambda: named("XA/10462.CSV"), "file.damaged"),
    "overlap": (overlapping, "file.damaged"),
    "no archive": (lambda: b"not a zip file at all", "file.damaged"),
    "cut short": (lambda: pack({"xa/10462.csv": forms(*range(50))})[:-30], "file.damaged"),
    "two directories": (lambda: pack({"a.txt": b"x"}) + pack({"xa/10462.csv": forms(1)})[-22:], "file.damaged"),
    "nothing that fits": (lambda: pack({"huyen/10462.csv": forms(1)}), "file.member_missing"),
    "empty": (lambda: pack({}), "file.member_missing"),
}


# What is wrong with one member alone.
UNREADABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "password": (locked, "file.encrypted"),
    "more than it says": (lying, "file.damaged"),
}


def test_harmful_archives_are_refused_and_the_others_go_on(workspace: Workspace) -> None:
    expected = {}
    for day, (build, rule) in enumerate((HARMFUL | UNREADABLE).values(), start=1):
        path = f"inbox/2023-06/phieu_202306{day:02d}.zip"
        put(workspace, path, build())
        expected[path if day <= len(HARMFUL) else f"{path}!/xa/10462.csv"] = rule
    good = "inbox/2023-06/phieu_20230630.zip"
    put(workspace, good, pack({"xa/10465.csv": forms(1)}))
    taken = take(workspace, "survey_response")
    assert {problem.file: problem.rule for problem in taken.problems} == expected
    assert all(problem.message.vi != problem.message.en for problem in taken.problems)
    assert {path: record.status for path, record in taken.records.items()} == {
        **dict.fromkeys(expected, "refused"),
        f"{good}!/xa/10465.csv": "landed",
    }
    # They were told; they are not told again, nor read again.
    assert take(workspace, "survey_response").records == {}


def refused(path: Path) -> InputRefused:
    with pytest.raises(InputRefused) as caught, open_archive(path):
        pass
    return caught.value


def test_bombs_are_refused_by_what_the_directory_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(pack({"a.csv": bytes(70 << 20)}))  # 1,000 times as large unpacked
    assert refused(path).rule == "file.too_large"
    path.write_bytes(pack({f"{n}.csv": bytes(2 << 20) for n in range(40)}))  # small ones, together
    assert refused(path).rule == "file.too_large"
    path.write_bytes(pack({f"{n}.csv": b"" for n in range(30)}))
    monkeypatch.setattr(archives, "MAX_ENTRIES", 29)
    assert refused(path).rule == "file.too_large"
    monkeypatch.setattr(archives, "MAX_ENTRIES", 1)  # before the library reads the directory
    assert refused(path).rule == "file.too_large"


def test_names_in_either_encoding(tmp_path: Path) -> None:
    """UTF-8 with its mark, UTF-8 without (as many programs write), the cp437 of the standard, decomposed letters."""
    name = "phiếu xã/Đốc Tín.csv"
    stream = pack({name: b"1"})
    unmarked = bytearray(stream)
    unmarked[7] &= ~0x08
    unmarked[stream.index(b"PK\x01\x02") + 9] &= ~0x08
    old = pack({"caf\u00e9.csv": b"1"}).replace("caf\u00e9".encode(), b"caf\x82_")
    old_bytes = bytearray(old)
    old_bytes[7] &= ~0x08
    old_bytes[old.index(b"PK\x01\x02") + 9] &= ~0x08
    decomposed = pack({unicodedata.normalize("NFD", name): b"1"})
    for content, expected in (
        (stream, name),
        (bytes(unmarked), name),
        (bytes(old_bytes), "caf\u00e9_.csv"),
        (decomposed, name),
    ):
        (tmp_path / "a.zip").write_bytes(content)
        with open_archive(tmp_path / "a.zip") as archive:
            assert [member_name(member) for member in archive.infolist()] == [expected]
