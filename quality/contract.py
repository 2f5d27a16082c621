"""Contracts: what a record of each dataset must be. Reading sources and running rules stand elsewhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal, Self

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

CONTRACTS_FOLDER = Path(__file__).parent / "contracts"

FieldType = Literal[
    "text",
    "integer",
    "decimal",
    "date",
    "instant",
    "code",
    "unit",
    "procedure",
    "instrument",
    "record",
    "phone",
    "id_number",
    "email",
]
# What identifies a person and can be turned into a token.
IDENTIFIERS: tuple[FieldType, ...] = ("phone", "id_number", "email")
Severity = Literal["reject", "quarantine", "warn"]


class Strict(BaseModel):
    """Base of every model read from YAML: unknown keys are refused, values do not change afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Bilingual(Strict):
    """One text in Vietnamese and English."""

    vi: str
    en: str


class FieldContract(Strict):
    """One field of a dataset. A field of type ``record`` names a record of the dataset `refers_to` by its number.

    happened: whether a date of a record says that something has taken place, so that it cannot lie after the day on which
    the record was sent.
    personal: what becomes of the value. ``none``: it is kept and may reach the warehouse; ``office``: it is kept and stays in
    the private zone and the office forms; ``token``: only its keyed hash for `purpose` is kept, in the column
    ``<name>_token``; ``drop``: nothing is kept.
    description_vi: what it means for who fills in a form, in Vietnamese; fields that no form asks for have none.
    names_places: whether the text names places or bodies, among which the name of a person cannot be told.
    """

    name: str
    type: FieldType
    refers_to: str | None = None
    happened: bool = False
    required: bool = False
    personal: Literal["none", "office", "token", "drop"] = "none"
    purpose: Literal["person"] | None = None
    values: tuple[str, ...] = ()
    names_places: bool = False
    label: Bilingual
    description: str
    description_vi: str | None = None

    @model_validator(mode="after")
    def identifiers_are_tokens(self) -> Self:
        """An identifier of a person is never kept as it is, and only a token has a purpose."""
        if (self.type in IDENTIFIERS) != (self.personal == "token") or (self.purpose is None) == (
            self.personal == "token"
        ):
            raise ValueError(f"{self.name}: phone, id_number and email are tokens with a purpose, and nothing else is")
        return self

    @property
    def is_kept(self) -> bool:
        """Whether the value itself may land."""
        return self.personal in ("none", "office")

    @property
    def is_checked_against_text(self) -> bool:
        """Whether the typed value can differ from the text that was given."""
        return self.is_kept and self.type not in ("text", "record")


class Condition(Strict):
    """A field that must hold one of the values for a rule to apply."""

    field: str
    in_: tuple[str, ...] = Field(alias="in")


class Rule(Strict):
    """A rule over a whole record; rules of single fields follow from the field's type.

    kind ``not_before``: the local day of `field` is not before that of `other`; ``present``: `field` is filled;
    ``present_when``: `field` is filled where `when` holds; ``in_scale``: every answer is a level of its item's scale.
    """

    id: str
    kind: Literal["not_before", "present", "present_when", "in_scale"]
    field: str
    other: str | None = None
    when: Condition | None = None
    severity: Severity
    message: Bilingual


class ForeignKey(Strict):
    """Fields of a reference table that together name rows of a reference table: `fields[i]` stands in its `columns[i]`.

    The last field is the one told when there is no such row; those before it narrow where it is looked for. A row with
    a blank among them refers to nothing.
    """

    fields: tuple[str, ...]
    table: str
    columns: tuple[str, ...]


class Contract(Strict):
    """A dataset: its grain, fields, rules, and for a reference table what it refers to in others."""

    dataset: str
    version: int
    kind: Literal["record", "answer", "reference"]
    title: Bilingual
    grain: str
    business_date: str | None = None
    key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    parent: str | None = None
    fields: tuple[FieldContract, ...]
    rules: tuple[Rule, ...]

    def field(self, name: str) -> FieldContract:
        """Return the field of that name; KeyError when the contract has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)

    @property
    def kept_fields(self) -> tuple[FieldContract, ...]:
        """The fields whose values may land."""
        return tuple(field for field in self.fields if field.is_kept)

    @property
    def token_fields(self) -> tuple[FieldContract, ...]:
        """The fields of which a keyed hash lands."""
        return tuple(field for field in self.fields if field.personal == "token")


@cache
def load_contracts() -> dict[str, Contract]:
    """Return every shipped contract by dataset name, in name order."""
    contracts = (
        Contract.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in sorted(CONTRACTS_FOLDER.glob("*.yml"))
    )
    return {contract.dataset: contract for contract in contracts}


def day_column(field: str) -> str:
    """Return the name of the local-day column beside an instant: ``received_at`` → ``received_on``."""
    return f"{field.removesuffix('_at')}_on"


def key_column(dataset: str) -> str:
    """Return the name of the column that holds the key of a record referred to: ``case`` → ``case_key``."""
    return f"{dataset}_key"


def token_column(field: str) -> str:
    """Return the name of the column that holds the keyed hash of an identifier: ``person_phone`` → ``person_phone_token``."""
    return f"{field}_token"


ARROW_TYPES: dict[FieldType, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "decimal": pa.decimal128(18, 4),
    "date": pa.date32(),
    "instant": pa.timestamp("us"),
    "code": pa.string(),
    "unit": pa.string(),
    "procedure": pa.string(),
    "instrument": pa.string(),
    "record": pa.string(),
    "phone": pa.string(),
    "id_number": pa.string(),
    "email": pa.string(),
}

# Where a landed record came from; the same for every record dataset.
LINEAGE = (
    pa.field("record_key", pa.string(), nullable=False),
    pa.field("input_id", pa.string(), nullable=False),
    pa.field("delivery_seq", pa.int64(), nullable=False),
    pa.field("sheet", pa.string()),
    pa.field("line", pa.int64(), nullable=False),
    pa.field("source_rows", pa.int64(), nullable=False),
    pa.field("content_hash", pa.string(), nullable=False),
    pa.field("source", pa.string(), nullable=False),
    pa.field("office_code", pa.string(), nullable=False),
    pa.field("deadline_precision", pa.string(), nullable=False),
)

ANSWER_LINEAGE = LINEAGE[:3]


def value_fields(contract: Contract) -> list[pa.Field]:
    """Return the Arrow fields that hold the contract's values.

    An instant gives a UTC timestamp and a local day, a record referred to its number and its key, an identifier of a person
    its token, and what is dropped nothing.
    """
    fields: list[pa.Field] = []
    for field in contract.fields:
        if field.personal == "token":
            fields.append(pa.field(token_column(field.name), pa.string()))
        if not field.is_kept:
            continue
        fields.append(pa.field(field.name, ARROW_TYPES[field.type]))
        if field.type == "instant":
            fields.append(pa.field(day_column(field.name), pa.date32()))
        if field.refers_to is not None:
            fields.append(pa.field(key_column(field.refers_to), pa.string()))
    return fields


def landing_schema(contract: Contract) -> pa.Schema:
    """Return the schema of the dataset's landed rows (one row per landed record, answer or reference entry)."""
    if contract.kind == "reference":
        return pa.schema(value_fields(contract))
    if contract.kind == "answer":
        return pa.schema([*ANSWER_LINEAGE, *value_fields(contract)])
    return pa.schema([*LINEAGE, *value_fields(contract), pa.field("extra", pa.string())])


def warehouse_schema(contract: Contract) -> pa.Schema:
    """Return the part of `landing_schema` that the warehouse is given: no record number, token or column outside the contract."""
    private = {field.name for field in contract.fields if field.personal != "none"} | {"extra"}
    private |= {token_column(field.name) for field in contract.token_fields}
    return pa.schema([field for field in landing_schema(contract) if field.name not in private])


def case_number_schema(case: Contract) -> pa.Schema:
    """Return the part of `landing_schema` of a case by which the office's own forms find its number."""
    return pa.schema([landing_schema(case).field(name) for name in ("record_key", "delivery_seq", "record_id")])
