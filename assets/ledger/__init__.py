"""The ledger: one row per input file that was ever taken in, what became of its rows, and the landing files that hold them."""

from assets.ledger.migrate import LedgerTooNew
from assets.ledger.records import (
    ARRIVAL_STEP,
    INPUT_RULE_SCHEMA,
    INPUT_SCHEMA,
    Answer,
    AnsweredRow,
    InputRecord,
    InputStatus,
    Part,
    ReturnFile,
    ReturnRow,
    RuleCount,
)
from assets.ledger.store import Ledger

__all__ = [
    "ARRIVAL_STEP",
    "INPUT_RULE_SCHEMA",
    "INPUT_SCHEMA",
    "Answer",
    "AnsweredRow",
    "InputRecord",
    "InputStatus",
    "Ledger",
    "LedgerTooNew",
    "Part",
    "ReturnFile",
    "ReturnRow",
    "RuleCount",
]
