"""Take in the packages of other offices from inbox/exchange/: each is verified as a whole and lands as it is, or is refused."""

from __future__ import annotations

import hashlib
import io
import re
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from pydantic import ValidationError

from assets.exchange.landed import CHANGES, INPUTS, REFERENCE, RULES, SOURCE, current_packages
from assets.exchange.package import COUNT_SCHEMA, FORMAT, MANIFEST_FILE, Manifest, PackedFile
from assets.exchange.write import answer_counts, count_table, record_counts
from assets.ingest.engine import connect
from assets.ingest.plan import natural
from assets.ingest.readers.archive import DAMAGE
from assets.ingest.readers.table import InputRefused
from assets.ingest.shape import literal
from assets.landing.land import move_into_place
from assets.ledger import InputRecord, Part, RuleCount
from assets.office import Office
from assets.reference.units import unit_names
from quality.contract import Bilingual, Contract
from quality.problem import Problem
from quality.upconvert import version_problem

INBOX_FOLDER = "exchange"
_FILE_NAME = re.compile(r"[a-z0-9_]+\.(parquet|csv)")
_MANIFEST_BYTES = 16 << 20
_MOST_BYTES = 8 << 30
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Package:
    """A package in the inbox: where it lies, and a hash of its manifest, which holds the sums of all its files."""

    path: str
    file: Path
    manifest: bytes

    @property
    def content_sha(self) -> str:
        return hashlib.sha256(self.manifest).hexdigest()

    @property
    def input_id(self) -> str:
        return hashlib.sha256(f"{SOURCE}\x1f{self.path}\x1f{self.content_sha}".encode()).hexdigest()[:16]


def new_packages(office: Office) -> list[Package]:
    """Return the packages in the inbox that were never taken in or refused, in the order of their names; others are told."""
    known = {record.content_sha for record in office.ledger.active() if record.source == SOURCE}
    found: list[Package] = []
    folder = office.workspace.inbox / INBOX_FOLDER
    for file in sorted(folder.iterdir() if folder.is_dir() else (), key=lambda file: natural(file.name)):
        if file.name.startswith("."):
            continue
        path = file.relative_to(office.workspace.root).as_posix()
        content = _manifest_bytes(file)
        if content is None:
            office.note([_no_package(path)])
            continue
        package = Package(path, file, content)
        if package.content_sha not in known:
            known.add(package.content_sha)
            found.append(package)
    return found


def take_in_packages(office: Office) -> list[InputRecord]:
    """Verify and land what is new in inbox/exchange/; a newer package of an office replaces its older one."""
    records = []
    for package in new_packages(office):
        work = office.workspace.landing / ".staging" / "exchange"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir(parents=True)
        scope: str | None = None
        try:
            manifest = _manifest(package)
            scope = manifest.scope_id
            _unpack(package, manifest, work)
            _check(office, manifest, work)
            record = _land(office, package, manifest, work)
        except InputRefused as refusal:
            record = _refuse(office, package, scope, refusal)
        records.append(record)
    if records:
        office.read_references_again()
    return records


# Reading


def _manifest_bytes(file: Path) -> bytes | None:
    """The bytes of a package's manifest; None where there is none."""
    try:
        if file.is_dir():
            with (file / MANIFEST_FILE).open("rb") as stream:
                return stream.read(_MANIFEST_BYTES)
        with zipfile.ZipFile(file) as archive, archive.open(MANIFEST_FILE) as stream:
            return stream.read(_MANIFEST_BYTES)
    except DAMAGE:
        return None


def _manifest(package: Package) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(package.manifest)
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise InputRefused(
            "exchange.manifest",
            f"{MANIFEST_FILE} không đúng cấu trúc ở “{place}”; đề nghị đơn vị gửi lại gói do phần mềm lập, không sửa",
            f"{MANIFEST_FILE} is not as the software writes it at “{place}”; ask for the package again, unchanged",
        ) from None
    if manifest.format > FORMAT:
        raise InputRefused(
            "exchange.too_new",
            f"Gói ở dạng {manifest.format}, bản này đọc đến dạng {FORMAT}; nâng cấp sipas-warehouse",
            f"The package has format {manifest.format}, this version reads up to {FORMAT}; upgrade sipas-warehouse",
        )
    names = [packed.file for packed in manifest.files]
    if wrong := [name for name in names if not _FILE_NAME.fullmatch(name) or names.count(name) > 1]:
        raise InputRefused(
            "exchange.manifest",
            f"Tên tệp “{wrong[0]}” trong gói không hợp lệ; đề nghị đơn vị gửi lại gói do phần mềm lập, không sửa",
            f"The name “{wrong[0]}” of a file in the package is not one the software writes; ask for it again, unchanged",
        )
    return manifest


def _unpack(package: Package, manifest: Manifest, work: Path) -> None:
    """Copy the files that the manifest names into `work`; every byte must be the one that was packed."""
    left = _MOST_BYTES
    for packed in manifest.files:
        digest = hashlib.sha256()
        try:
            with _opened(package.file, packed.file) as stream, (work / packed.file).open("wb") as target:
                while block := stream.read(_BLOCK):
                    left -= len(block)
                    if left < 0:
                        raise InputRefused(
                            "exchange.too_large",
                            f"Gói bung ra quá {_MOST_BYTES >> 30} GB; kiểm tra gói đến từ đâu",
                            f"The package unpacks to more than {_MOST_BYTES >> 30} GB; look where it comes from",
                        )
                    digest.update(block)
                    target.write(block)
        except DAMAGE:
            raise _changed(packed.file) from None
        if digest.hexdigest() != packed.sha256:
            raise _changed(packed.file)


def _opened(file: Path, name: str) -> Any:
    if file.is_dir():
        return (file / name).open("rb")
    archive = zipfile.ZipFile(file)
    stream = archive.open(name)
    # The archive is closed by the stream that is read from it.
    archive.close()
    return stream


def _changed(name: str) -> InputRefused:
    return InputRefused(
        "exchange.changed",
        f"Tệp “{name}” của gói thiếu hoặc khác với lúc lập gói; đề nghị đơn vị gửi lại gói",
        f"The file “{name}” of the package is missing or not as it was packed; ask for the package again",
    )


# Verifying


def _check(office: Office, manifest: Manifest, work: Path) -> None:
    """Refuse a package whose contracts are not known here, whose units are not its office's, or whose counts differ."""
    for name, packed in (*manifest.datasets.items(), *manifest.reference.items()):
        contract = office.contracts.get(name)
        if contract is None:
            raise InputRefused(
                "exchange.dataset",
                f"Bản này không biết loại dữ liệu “{name}” của gói; nâng cấp sipas-warehouse",
                f"This version does not know the dataset “{name}” of the package; upgrade sipas-warehouse",
            )
        if (problem := version_problem(contract, packed.version, packed.file)) is not None:
            raise InputRefused(problem.rule, problem.message.vi, problem.message.en)
        try:
            rows = pq.read_metadata(work / packed.file).num_rows
        except pa.ArrowInvalid:
            raise _changed(packed.file) from None
        if rows != packed.rows:
            raise _changed(packed.file)
    _check_units(office, manifest)
    records = [office.contracts[name] for name in manifest.datasets if office.contracts[name].kind == "record"]
    allowed = _codes_under(office, manifest.roots)
    with connect(work) as connection:
        try:
            selects = [select for contract in records for select in _count_selects(contract, manifest, office, work)]
            counted = count_table(connection, selects)
            for contract in records:
                file = literal((work / manifest.datasets[contract.dataset].file).as_posix())
                found = connection.execute(f"SELECT DISTINCT unit_code FROM read_parquet({file})").fetchall()
                if strange := sorted({code for (code,) in found if code is not None} - allowed):
                    raise _not_theirs(manifest, strange)
        except duckdb.Error as error:
            raise InputRefused(
                "exchange.columns",
                "Cột trong gói không như hợp đồng dữ liệu mà gói ghi; đề nghị đơn vị lập lại gói",
                f"The columns of the package are not those of the contracts it names ({type(error).__name__}); ask for it again",
            ) from None
    stated = pyarrow.csv.read_csv(
        io.BytesIO((work / manifest.counts.file).read_bytes()),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=COUNT_SCHEMA, strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )
    if _sorted(stated) != _sorted(counted):
        raise InputRefused(
            "exchange.counts",
            "Số đếm trong counts.csv khác số dòng trong gói; đề nghị đơn vị lập lại gói",
            "The counts in counts.csv are not those of the rows in the package; ask for the package again",
        )


def _sorted(table: pa.Table) -> list[str]:
    return sorted(map(repr, table.to_pylist()))


def _count_selects(contract: Contract, manifest: Manifest, office: Office, work: Path) -> Iterator[str]:
    def rows(name: str) -> str:
        return f"read_parquet({literal((work / manifest.datasets[name].file).as_posix())})"

    yield record_counts(contract, rows(contract.dataset))
    for other in office.contracts.values():
        if other.parent == contract.dataset and other.dataset in manifest.datasets:
            yield answer_counts(contract, rows(contract.dataset), other, rows(other.dataset))


def _codes_under(office: Office, roots: Sequence[str]) -> set[str]:
    """The codes of the roots and of all units that were ever under them."""
    names = unit_names(office.reference["admin_unit"], office.reference["unit_alias"], list(roots))
    return {code for code in names["unit_code"].to_pylist() if code is not None} | set(roots)


def _check_units(office: Office, manifest: Manifest) -> None:
    below = _codes_under(office, office.roots) - set(office.roots)
    if strange := [root for root in manifest.roots if root not in below]:
        raise InputRefused(
            "exchange.not_below",
            f"Đơn vị {strange[0]} của gói không trực thuộc {', '.join(office.roots)}; kiểm tra gói gửi cho ai",
            f"The package is of the unit {strange[0]}, which is not under {', '.join(office.roots)}; look whom it is for",
        )
    units = set(manifest.units)
    if strange := sorted(units - _codes_under(office, manifest.roots)):
        raise _not_theirs(manifest, strange)
    for scope, record in current_packages(office.ledger.active()).items():
        if scope == manifest.scope_id:
            continue
        both = units & set(_units_of(office, record)) or set(manifest.roots) & set(scope.split("+"))
        if both:
            raise InputRefused(
                "exchange.claimed_twice",
                f"Đơn vị {sorted(both)[0]} đã có trong gói của {scope} ({record.path}); hai cơ quan thống nhất ai báo cáo đơn vị này",
                f"The unit {sorted(both)[0]} is in the package of {scope} already ({record.path}); the two offices have to "
                "agree who reports it",
            )


def _units_of(office: Office, record: InputRecord) -> set[str]:
    """The units that the landed rows of a package are about."""
    units: set[str] = set()
    with duckdb.connect() as connection:
        for part in office.ledger.parts():
            if part.batch_id == record.input_id and part.dataset in office.contracts and "/" not in part.dataset:
                if office.contracts[part.dataset].kind != "record":
                    continue
                file = literal((office.workspace.root / part.path).as_posix())
                found = connection.execute(f"SELECT DISTINCT unit_code FROM read_parquet({file})").fetchall()
                units |= {code for (code,) in found if code is not None}
    return units


def _not_theirs(manifest: Manifest, codes: Sequence[str]) -> InputRefused:
    return InputRefused(
        "exchange.not_theirs",
        f"Gói có đơn vị {codes[0]} không trực thuộc {manifest.scope_id}; đề nghị đơn vị kiểm tra và lập lại gói",
        f"The package has rows of the unit {codes[0]}, which is not under {manifest.scope_id}; ask for it again, mended",
    )


# Landing


def _land(office: Office, package: Package, manifest: Manifest, work: Path) -> InputRecord:
    parts: list[Part] = []
    rows_read = 0
    root = office.roots[0]
    with connect(work) as connection:
        for name, packed in manifest.datasets.items():
            contract = office.contracts[name]
            given = f"read_parquet({literal((work / packed.file).as_posix())})"
            columns = {found for found, *_ in connection.execute(f"DESCRIBE SELECT * FROM {given}").fetchall()}
            changes = [f"{literal(root)} AS office_code"] if "office_code" in columns else []
            if contract.kind == "record":
                # What has no unit is the office's as a whole, not ours.
                changes.append("coalesce(unit_code, office_code) AS unit_code")
                changes.append("'' AS content_hash")
                rows_read += packed.rows
            staged = work / f"landed_{name}.parquet"
            kept = (
                f"* EXCLUDE ({', '.join(sorted({change.rpartition(' ')[2] for change in changes} & columns))})"
                if changes
                else "*"
            )
            connection.execute(
                f"COPY (SELECT {', '.join([kept, *changes])} FROM {given}) TO {literal(staged.as_posix())} "
                "(FORMAT parquet, COMPRESSION zstd)"
            ).fetchall()
            parts.append(_moved(office, package, staged, name, packed))
        for packed, dataset in ((manifest.inputs, INPUTS), (manifest.rules, RULES), (manifest.changes, CHANGES)):
            staged = work / f"landed_{packed.file}"
            given = f"read_parquet({literal((work / packed.file).as_posix())})"
            path = f"{literal(package.path + '!')} || path AS path, {literal(root)} AS office_code"
            select = f"* REPLACE ({path})" if dataset == INPUTS else "*"
            connection.execute(
                f"COPY (SELECT {select} FROM {given}) TO {literal(staged.as_posix())} (FORMAT parquet, COMPRESSION zstd)"
            ).fetchall()
            parts.append(_moved(office, package, staged, dataset, packed))
    for name, packed in manifest.reference.items():
        parts.append(_moved(office, package, work / packed.file, f"{REFERENCE}{name}", packed))
    record = _record(office, package, manifest.scope_id, "landed", rows_read, None, sorted(manifest.datasets))
    office.ledger.commit([record], [], parts)
    return record


def _moved(office: Office, package: Package, staged: Path, dataset: str, packed: PackedFile) -> Part:
    relative = f"landing/{dataset.replace('/', '_')}/{package.input_id}.parquet"
    move_into_place(staged, office.workspace.root / relative)
    return Part(relative, dataset, package.input_id, packed.version, packed.rows)


def _refuse(office: Office, package: Package, scope: str | None, refusal: InputRefused) -> InputRecord:
    problem = Problem(refusal.rule, Bilingual(vi=refusal.message_vi, en=refusal.message_en), file=package.path)
    office.note([problem])
    record = _record(office, package, scope, "refused", 0, problem.render("vi"), [])
    office.ledger.commit([record], [RuleCount(record.input_id, refusal.rule, "", "reject", 1)], [])
    return record


def _record(
    office: Office,
    package: Package,
    scope: str | None,
    status: Any,
    rows: int,
    reason: str | None,
    datasets: Sequence[str],
) -> InputRecord:
    return InputRecord(
        input_id=package.input_id,
        source=SOURCE,
        office_code=office.roots[0],
        path=package.path,
        content_sha=package.content_sha,
        reading_hash="",
        reference_hash="",
        delivery_kind="snapshot",
        scope_id=scope,
        delivery_seq=office.ledger.next_seq(),
        unit_code=None if scope is None or "+" in scope else scope,
        period_id=None,
        sent_on=office.today,
        datasets=",".join(datasets),
        status=status,
        rows_read=rows,
        rows_accepted=rows,
        rows_quarantined=0,
        rows_duplicate=0,
        rows_skipped=0,
        reason=reason,
        batch_id=package.input_id,
    )


def _no_package(path: str) -> Problem:
    text = Bilingual(
        vi=f"Không phải gói trao đổi: không có {MANIFEST_FILE}; đặt nguyên thư mục office/exchange của đơn vị, hoặc nén thành ZIP",
        en=f"No exchange package: there is no {MANIFEST_FILE}; put the office's folder office/exchange here whole, or as a ZIP",
    )
    return Problem("exchange.no_manifest", text, file=path)
