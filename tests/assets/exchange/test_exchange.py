"""A city that takes in its districts' packages has the same figures as they, and as an office that has all their files."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from workspaces import (
    NAME,
    PHONE,
    case_row,
    case_spec,
    complaint_row,
    complaint_spec,
    form_row,
    make_workspace,
    open_office,
    put_cases,
    put_complaints,
    put_forms,
    survey_spec,
    write_spec,
)

import assets.landing.take_in as take_in_module
import assets.warehouse.dbt as dbt
from assets.estimates.tables import write_all
from assets.exchange.package import MANIFEST_FILE
from assets.exchange.take_in import new_packages, take_in_packages
from assets.exchange.write import write_exchange
from assets.keys import Keyring
from assets.landing.take_in import take_in, take_in_references
from assets.office import Office
from assets.publish.context import PublishContext
from assets.warehouse.asset import load_landing
from assets.warehouse.duckdb_engine import DuckDBWarehouse
from assets.workspace import Workspace
from pipelines.simulate import simulate
from quality.verdict import GateResult

CITY, MY_DUC, UNG_HOA = "01", "282", "281"
UNITS = {UNG_HOA: ("10354", "10357")}
# What only tells the rows of one publication apart.
IDS = {"sheet", "case_id", "complaint_id", "response_id", "input_id", "evaluation_id", "activity_id"}
PUBLICATION = PublishContext("Huyện", "District", True, 10, ("vi",), "test")


@dataclass
class Built:
    """An office with its warehouse built."""

    office: Office
    warehouse: DuckDBWarehouse

    def rows(self, mart: str, levels: tuple[str, ...] = ()) -> list[tuple[Any, ...]]:
        """The rows of a mart of units on these levels (all for a mart without units), without what numbers them."""
        table = self.warehouse.query(f"SELECT * FROM marts.{mart}")
        names = [name for name in table.column_names if name not in IDS]
        rows = [tuple(row[name] for name in names) for row in table.to_pylist()]
        if not levels:
            return sorted(rows, key=repr)
        units = self.units(levels)
        code, since = names.index("unit_code"), names.index("unit_valid_from")
        return sorted((row for row in rows if (row[code], row[since]) in units), key=repr)

    def units(self, levels: tuple[str, ...]) -> set[tuple[str, Any]]:
        """The units on these levels that report to the office."""
        found = self.warehouse.query(
            f"SELECT unit_code, unit_valid_from, unit_level FROM marts.dim_admin_unit WHERE office_code = '{self.office.roots[0]}'"
        )
        return {(row["unit_code"], row["unit_valid_from"]) for row in found.to_pylist() if row["unit_level"] in levels}


def fill(workspace: Workspace, district: str) -> None:
    """The files of a small district in the simulated month: some rows refused, some replaced, one case without a unit."""
    first, second = UNITS[district]
    folder = f"inbox/{district}"

    def where(path: str, authority: str) -> dict[str, Any]:
        return {"location": {"path": f"{folder}/{path}"}, "authority": f"{authority}_{district}", "office": district}

    def case(number: int, unit: str, **changes: str) -> dict[str, Any]:
        dates = {"Ngày nhận": "20/12/2022", "Ngày hẹn": "30/12/2022", "Ngày xong": f"{21 + number % 10}/12/2022"}
        return case_row(number, **{"Đơn vị": unit, "Mã TTHC": "1.990001", **dates, **changes})

    write_spec(workspace, f"ho_so_{district}", case_spec(**where("ho_so/*.csv", "mot_cua")))
    cases = [*(case(number, first) for number in range(8)), *(case(20 + number, second) for number in range(8))]
    broken = case(90, first, **{"Ngày nhận": "29/02/2023"})
    put_cases(workspace, f"{folder}/ho_so/a.csv", [*cases, case(40, ""), broken])
    put_cases(workspace, f"{folder}/ho_so/b.csv", [case(3, first, **{"Ngày xong": "05/01/2023"})])
    write_spec(workspace, f"phieu_{district}", survey_spec(**where("phieu/{period}/{unit}_{sent}.csv", "phieu")))
    forms = [form_row(n, Ngày="05/01/2023", **{"Trụ sở": "Hài lòng" if n % 3 else "Bình thường"}) for n in range(14)]
    for code in (first, second):
        put_forms(workspace, f"{folder}/phieu/2023-01/{code}_20230115.csv", forms)
    put_forms(workspace, f"{folder}/phieu/2023-01/{first}_20230118.csv", [*forms[:11], form_row(95, Ngày="x")])
    write_spec(workspace, f"pakn_{district}", complaint_spec(**where("pakn.jsonl", "pakn")))
    days = {"ngayNhan": "2022-12-20 08:00:00", "hanXuLy": "2023-01-05 17:00:00", "ngayXong": "2023-01-03 09:00:00"}
    put_complaints(workspace, f"{folder}/pakn.jsonl", [complaint_row(n, donVi=second, **days) for n in range(9)])


def office_of(workspace: Workspace, *roots: str) -> Office:
    keys = Keyring((f"a key of the office {roots[0]}, secret".encode(),))
    return replace(open_office(workspace, keys), roots=roots)


def built(office: Office, whole: bool = True) -> Built:
    """Take in what is there and build the marts, or the staging models alone, without dbt's tests, which take longer."""
    take_in_references(office)
    for name, contract in office.contracts.items():
        if contract.kind == "record":
            take_in(office, name, lambda month: True)
    warehouse = DuckDBWarehouse(office.workspace.warehouse / "sipas.duckdb")
    load_landing(office, warehouse)
    if whole:
        run_models(warehouse, "tag:phase_1")
        write_all(warehouse, office.estimates)
        run_models(warehouse, "tag:phase_2")
    else:
        run_models(warehouse, "staging")
    return Built(office, warehouse)


def run_models(warehouse: DuckDBWarehouse, select: str) -> None:
    without_tests = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
    results = dbt._invoke(warehouse, ["build", "--select", select, *without_tests], None)
    assert results and [(node.name, node.message) for node in results if not node.is_good] == []


@pytest.fixture(scope="module")
def _open_gate():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(take_in_module, "_judge", lambda *arguments: GateResult("any", True, (), b""))
        yield


@pytest.fixture(scope="module")
def district(_open_gate: None, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Mỹ Đức as it is simulated: every kind of source, with what is to be refused in them."""
    folder = tmp_path_factory.mktemp("district") / MY_DUC
    simulate(folder, units=2, months=1, cases=60, forms=60)
    return built(office_of(Workspace(folder), MY_DUC))


@pytest.fixture(scope="module")
def packages(district: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The packages of both districts, by the code of the district."""
    folder = tmp_path_factory.mktemp("packages")
    other = make_workspace(folder / UNG_HOA)
    fill(other, UNG_HOA)
    found = {}
    for code, one in ((MY_DUC, district), (UNG_HOA, built(office_of(other, UNG_HOA), whole=False))):
        write_exchange(one.office, one.warehouse, PUBLICATION, "r1", folder / f"package_{code}")
        found[code] = folder / f"package_{code}"
    return found


@pytest.fixture(scope="module")
def city(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The city with both packages in its inbox, one as a folder, one as an archive, built."""
    workspace = make_workspace(tmp_path_factory.mktemp("city") / CITY)
    shutil.copytree(packages[MY_DUC], workspace.inbox / "exchange" / "my_duc")
    zipped(packages[UNG_HOA], workspace.inbox / "exchange" / "ung_hoa.zip")
    office = office_of(workspace, CITY)
    records = take_in_packages(office)
    assert [(record.status, record.scope_id) for record in records] == [("landed", MY_DUC), ("landed", UNG_HOA)]
    assert take_in_packages(office) == [] == new_packages(office)
    return built(office)


def zipped(folder: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, file.name)
    return target


# Marts with a row per unit, of which the district's and its communes' rows are compared.
def marts_of_units(one: Built) -> list[str]:
    found = one.warehouse.query(
        "SELECT table_name, list(column_name) AS names FROM information_schema.columns "
        "WHERE table_schema = 'marts' GROUP BY table_name"
    ).to_pylist()
    return sorted(row["table_name"] for row in found if {"unit_code", "unit_valid_from"} <= set(row["names"]))


# What compares a unit with all those that report to the office is another figure in another office.
AMONG_OTHERS = {"sipas_ranking", "sipas_small_area"}


def test_the_city_has_the_figures_of_its_district(district: Built, city: Built) -> None:
    levels = ("commune", "district")
    here = district.units(levels)
    compared = 0
    for mart in marts_of_units(district):
        # Units have others above them in another office.
        if mart in AMONG_OTHERS | {"dim_admin_unit", "dim_unit_now"}:
            continue
        table = city.warehouse.query(f"SELECT * FROM marts.{mart}")
        names = [name for name in table.column_names if name not in IDS]
        code, since = names.index("unit_code"), names.index("unit_valid_from")
        theirs = sorted((row for row in city.rows(mart) if (row[code], row[since]) in here), key=repr)
        assert theirs == district.rows(mart, levels), mart
        compared += len(theirs)
    assert compared > 300
    # Of the inputs, all but where their files lie.
    columns = city.warehouse.query("SELECT * FROM marts.data_quality").column_names
    counts = ", ".join(name for name in columns if name not in {"input_id", "path", "reason"})
    brought = city.warehouse.query(
        f"SELECT {counts} FROM marts.data_quality WHERE source NOT LIKE '%_281' ORDER BY ALL"
    )
    here_counts = district.warehouse.query(f"SELECT {counts} FROM marts.data_quality ORDER BY ALL")
    assert brought.to_pylist() == here_counts.to_pylist() and brought.num_rows > 5


def test_the_city_adds_up_its_districts(city: Built, district: Built, packages: dict[str, Path]) -> None:
    query = (
        "SELECT unit_code, n_received FROM marts.case_settlement WHERE period_id = '2023-01' AND procedure_field = '*'"
    )
    received = {row["unit_code"]: row["n_received"] for row in city.warehouse.query(query).to_pylist()}
    here = {row["unit_code"]: row["n_received"] for row in district.warehouse.query(query).to_pylist()}
    assert received[MY_DUC] == here[MY_DUC] > 10 and received[UNG_HOA] == 17
    assert received[CITY] == received[MY_DUC] + received[UNG_HOA]
    for code, package in packages.items():
        manifest = json.loads((package / MANIFEST_FILE).read_text(encoding="utf-8"))
        assert manifest["roots"] == [code] and len(manifest["units"]) == 2
    assert (
        "expected_submission" in json.loads((packages[MY_DUC] / MANIFEST_FILE).read_text(encoding="utf-8"))["reference"]
    )


def test_the_city_has_the_rows_of_an_office_with_all_files(city: Built, district: Built, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "one")
    for folder in ("sources", "inbox", "reference"):
        shutil.copytree(district.office.workspace.root / folder, workspace.root / folder)
    fill(workspace, UNG_HOA)
    one = built(office_of(workspace, MY_DUC, UNG_HOA), whole=False)
    ours = {"record_key", "record_number", "input_id", "delivery_seq", "sheet", "case_key", "unit_code", "office_code"}
    for dataset, contract in one.office.contracts.items():
        if contract.kind == "reference":
            continue
        model = f"staging.stg_{dataset}"
        columns = [name for name in city.warehouse.query(f"SELECT * FROM {model}").column_names if name not in ours]
        if contract.kind == "record":
            columns.append("coalesce(unit_code, office_code) AS unit")
        query = f"SELECT {', '.join(columns)} FROM {model} ORDER BY ALL"
        assert city.warehouse.query(query).to_pylist() == one.warehouse.query(query).to_pylist(), dataset


def test_a_package_holds_no_identifier_and_no_text_outside_the_contracts(packages: dict[str, Path]) -> None:
    private = [NAME, PHONE, "HS-00", "PA-00", "inbox/", "10354/2023-01/0", "H26.99"]
    for package in packages.values():
        texts = [file.read_bytes() for file in package.iterdir() if file.suffix != ".parquet"]
        for file in package.glob("*.parquet"):
            table = pq.read_table(file)
            assert not {"record_id", "case_number", "extra", "content_hash"} & set(table.column_names)
            texts.append(json.dumps(table.to_pylist(), default=str, ensure_ascii=False).encode())
        content = b"\n".join(texts)
        assert [text for text in private if text.encode() in content] == []
    keys = [set(pq.read_table(package / "case.parquet")["record_key"].to_pylist()) for package in packages.values()]
    assert keys[0] and not keys[0] & keys[1]


def test_keys_are_hashed_anew_and_stay_from_package_to_package(
    district: Built, packages: dict[str, Path], tmp_path: Path
) -> None:
    write_exchange(district.office, district.warehouse, PUBLICATION, "r1", tmp_path / "again")
    for file in sorted(packages[MY_DUC].iterdir()):
        assert (tmp_path / "again" / file.name).read_bytes() == file.read_bytes(), file.name
    landed = district.warehouse.query("SELECT record_key FROM landing.case")["record_key"].to_pylist()
    packed = pq.read_table(packages[MY_DUC] / "case.parquet")["record_key"].to_pylist()
    assert len(packed) == len(landed) and not set(packed) & set(landed)


# What is refused. Each package is a copy of Mỹ Đức's, spoilt in one way.


def spoil_manifest(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    content = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    change(content)
    (folder / MANIFEST_FILE).write_text(json.dumps(content), encoding="utf-8")


def spoil_bytes(folder: Path) -> None:
    file = folder / "case.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"x")


def repack(folder: Path, name: str, change: Callable[[Any], Any]) -> None:
    """Change rows and the sums with them."""
    from assets.publish.datapackage import sha256_of

    pq.write_table(change(pq.read_table(folder / f"{name}.parquet")), folder / f"{name}.parquet")
    rows = pq.read_metadata(folder / f"{name}.parquet").num_rows
    spoil_manifest(
        folder, lambda m: m["datasets"][name].update(sha256=sha256_of(folder / f"{name}.parquet"), rows=rows)
    )


def at(*path: str, value: Any) -> Callable[[Path], None]:
    def change(content: dict[str, Any]) -> None:
        for key in path[:-1]:
            content = content[key]
        content[path[-1]] = value

    return lambda folder: spoil_manifest(folder, change)


SPOILT: dict[str, tuple[Callable[[Path], None], str]] = {
    "a byte": (spoil_bytes, "exchange.changed"),
    "a file gone": (lambda folder: (folder / "complaint.parquet").unlink(), "exchange.changed"),
    "no manifest": (at("datasets", value=7), "exchange.manifest"),
    "a path": (at("counts", "file", value="../../sipas.yml"), "exchange.manifest"),
    "a later format": (at("format", value=2), "exchange.too_new"),
    "a later contract": (at("datasets", "case", "version", value=99), "contract.too_new"),
    "a contract of no step": (at("datasets", "case", "version", value=0), "contract.no_step"),
    "not below": (at("roots", value=["79"]), "exchange.not_below"),
    "another's unit": (at("units", value=["10354"]), "exchange.not_theirs"),
    "rows gone": (lambda folder: repack(folder, "case", lambda table: table.slice(1)), "exchange.counts"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_package_that_is_not_whole_or_not_theirs_is_refused(
    packages: dict[str, Path], tmp_path: Path, reference: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    spoil, rule = SPOILT[name]
    workspace = make_workspace(tmp_path / CITY)
    folder = Path(shutil.copytree(packages[MY_DUC], workspace.inbox / "exchange" / "my_duc"))
    spoil(folder)
    office = quick_office(workspace, reference, monkeypatch)
    [record] = take_in_packages(office)
    assert record.status == "refused" and [count.rule_id for count in office.ledger.rule_counts()] == [rule]
    assert office.ledger.parts() == [] and not list(workspace.landing.glob("*/*.parquet"))
    assert take_in_packages(office) == [], "it is refused once"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    office = open_office(make_workspace(tmp_path_factory.mktemp("reference") / "office"))
    return {name: getattr(office, name) for name in ("reference", "reference_hash")}


def quick_office(workspace: Workspace, reference: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Office:
    """The city's office; the shipped tables are read once."""
    for name, value in reference.items():
        monkeypatch.setattr(Office, name, value)
    return office_of(workspace, CITY)


def test_a_newer_package_replaces_the_older_and_two_offices_cannot_have_one_unit(
    packages: dict[str, Path], tmp_path: Path, reference: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = make_workspace(tmp_path / CITY)
    inbox = workspace.inbox / "exchange"
    shutil.copytree(packages[MY_DUC], inbox / "my_duc_1")
    office = quick_office(workspace, reference, monkeypatch)
    [first] = take_in_packages(office)
    # The same package again, as an archive: nothing new.
    zipped(packages[MY_DUC], inbox / "my_duc_1_again.zip")
    assert take_in_packages(office) == []
    newer = Path(shutil.copytree(packages[MY_DUC], inbox / "my_duc_2"))
    at("revision", value="r2")(newer)
    [second] = take_in_packages(office)
    assert len(office.ledger.parts("case")) == 2
    assert [part.batch_id for part in office.parts_of("case")] == [second.input_id] != [first.input_id]
    # Another office, under the city as well, that claims a commune of Mỹ Đức.
    claimed = json.loads((packages[MY_DUC] / MANIFEST_FILE).read_text(encoding="utf-8"))["units"][0]
    claiming = Path(shutil.copytree(packages[UNG_HOA], inbox / "ung_hoa"))
    at("roots", value=[UNG_HOA, claimed])(claiming)
    at("units", value=[*UNITS[UNG_HOA], claimed])(claiming)
    [refused] = take_in_packages(office)
    assert refused.status == "refused" and claimed in (refused.reason or "")
    assert [count.rule_id for count in office.ledger.rule_counts()] == ["exchange.claimed_twice"]
    (inbox / "thư.txt").write_text("?", encoding="utf-8")
    take_in_packages(office)
    assert [problem.rule for problem in office.problems][-1] == "exchange.no_manifest"
