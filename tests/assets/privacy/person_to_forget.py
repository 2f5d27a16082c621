"""The person whom the tests forget, the rows they stand in, and the specs that read them."""

from __future__ import annotations

from typing import Any

from workspaces import CASE_HEADER, KEY, case_row, case_spec, open_office

from assets.keys import Keyring
from assets.landing.land import sweep
from assets.privacy.forget import Forgotten, forget
from assets.workspace import Workspace

PERSON_PHONE, OTHER_PHONE = "0981000001", "0981000002"
TOKEN = Keyring((KEY,)).token("phone", PERSON_PHONE)
COLUMNS = {"person_name": "Chủ hồ sơ", "person_phone": "Điện thoại"}
NAMED = "Người Phải Quên"
HEADER = (*CASE_HEADER, "Ghi chú")


def spec_of(path: str, reader: dict[str, Any], authority: str) -> dict[str, Any]:
    spec = case_spec(authority=authority, location={"path": path}, reader=reader, ignore=["Ghi chú"])
    [feed] = spec["feeds"]
    return spec | {"feeds": [feed | {"columns": feed["columns"] | COLUMNS}]}


def rows(person: int) -> list[dict[str, Any]]:
    """Ten cases; `person` has the number in another writing, one other mentions it in a column that is not read."""
    found = [case_row(n, **{"Điện thoại": OTHER_PHONE, "Chủ hồ sơ": "Người khác", "Ghi chú": ""}) for n in range(10)]
    found[person] |= {"Điện thoại": "+84 981 000 001", "Chủ hồ sơ": f'{NAMED}, "nhà cũ"\nxóm 2', "Ghi chú": "x"}
    found[person + 1] |= {"Ghi chú": f"gọi thay {PERSON_PHONE}"}
    return found


def forget_in(workspace: Workspace, dry_run: bool = False) -> Forgotten:
    office = open_office(workspace)
    sweep(workspace, office.ledger)
    found = forget(office, [TOKEN], dry_run=dry_run)
    office.close()
    return found
