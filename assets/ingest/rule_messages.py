"""What each row rule says to a person: a catalogue made of the checks themselves, so that no message is kept twice."""

from __future__ import annotations

from functools import cache

from assets.ingest.persons import NO_TOKEN, PERSONAL_EXTRA, PERSONAL_TEXT
from assets.ingest.settle import CONFLICT_RULE
from assets.ingest.shape import KEY_CONFLICT, ROW_FAULTS, field_checks
from assets.ledger import InputRecord
from quality.contract import Bilingual, load_contracts
from quality.personal import mask

_UNKNOWN = Bilingual(
    vi="Quy tắc của một phiên bản khác; chạy lại “sipas run”", en="A rule of another version; run “sipas run” again"
)


@cache
def _messages() -> dict[str, Bilingual]:
    messages = {**ROW_FAULTS, CONFLICT_RULE: KEY_CONFLICT}
    for contract in load_contracts().values():
        for field in contract.fields:
            known = field.type in ("unit", "procedure", "instrument")
            messages |= {check.rule: check.message for check in field_checks(contract, field, "", known)}
        messages |= {rule.id: rule.message for rule in contract.rules}
        messages |= {f"{contract.dataset}.{field.name}.no_token": NO_TOKEN for field in contract.token_fields}
        messages |= {f"{contract.dataset}.{field.name}.personal": PERSONAL_TEXT for field in contract.kept_fields}
        messages[f"{contract.dataset}.extra.personal"] = PERSONAL_EXTRA
    return messages


def rule_message(rule: str) -> Bilingual:
    """Return what a rule over rows says; whole-file refusals carry their own reason instead."""
    return _messages().get(rule, _UNKNOWN)


def refusal_reason(record: InputRecord) -> str:
    """Return why an input was refused whole (Vietnamese), without the path, which stands beside it."""
    return (record.reason or "").removeprefix(mask(record.path)).lstrip(":, ")
