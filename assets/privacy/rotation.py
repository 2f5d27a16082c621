"""Bring what was taken in under another key: every keyed hash of landing and ledger is hashed once more, under the new secret.

No value is needed for it, so tombstones and rows that retention has blanked come along (assets/keys.py says why this is sound).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace

from assets.checkpoint import checkpoint
from assets.ingest.engine import connect, rehash, set_keys
from assets.ingest.shape import quote
from assets.keys import PERSON, RECORD, Keyring, rehashed
from assets.ledger import Ledger, Part
from assets.privacy.parts import columns_of, remove_replaced, rows_of, write_part
from assets.workspace import Workspace
from quality.contract import Contract, key_column, token_column


class OtherKey(Exception):
    """The ledger was made with a key that is not among those given."""


def rotate(workspace: Workspace, ledger: Ledger, keys: Keyring, contracts: Mapping[str, Contract]) -> int:
    """Bring everything under the newest of the secrets; return how many files were written anew, 0 when all are already.

    All or nothing: files are written aside, and one transaction of the ledger makes them, the tombstones and the key count.
    The workspace must be held by this process. Raises OtherKey.
    """
    mark = ledger.key_mark()
    known = keys.rank(mark)
    if mark is None:
        return 0
    if known is None:
        raise OtherKey
    if known == len(keys.secrets):
        return 0
    work = workspace.landing / ".staging" / "rotation"
    work.mkdir(parents=True, exist_ok=True)
    replaced: dict[str, Part | None] = {}
    with connect(work) as connection:
        set_keys(connection, keys)
        for part in ledger.parts():
            contract = contracts.get(part.dataset)
            if contract is None or contract.kind == "reference":
                continue
            names = columns_of(workspace, part)
            purposes = {name: purpose for name, purpose in _hashed(contract).items() if name in names}
            listed = ", ".join(
                f"{rehash(purpose, keys, known, quote(name))} AS {quote(name)}" for name, purpose in purposes.items()
            )
            select = f"SELECT * REPLACE ({listed}) FROM {rows_of(workspace, part)}"
            replaced[part.path] = write_part(connection, workspace, part, select, work)
    tombstones = [
        replace(one, token=rehashed(one.token, keys.layers(one.purpose)[known:]), key_id=keys.key_id)
        for one in ledger.tombstones()
    ]
    later = keys.layers(RECORD)[known:]
    removed_keys = {key: rehashed(key, later) for key in ledger.removed_keys()}
    checkpoint("rotation.written")
    ledger.replace_parts(replaced, tombstones=tombstones, key_mark=keys.key_id, removed_keys=removed_keys)
    checkpoint("rotation.committed")
    remove_replaced(workspace, replaced)
    shutil.rmtree(work, ignore_errors=True)
    return len(replaced)


def _hashed(contract: Contract) -> dict[str, str]:
    """Return the columns of a dataset's landed rows that are keyed hashes, and of which purpose."""
    columns = {"record_key": RECORD}
    columns |= {key_column(field.refers_to): RECORD for field in contract.fields if field.refers_to is not None}
    return columns | {token_column(field.name): PERSON for field in contract.token_fields}
