"""The descriptor of the open files as a Data Package (version 2): what each column is, keys, and a checksum of each file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.publish.context import PublishContext
from assets.publish.tables import OpenTable

_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_PARQUET = "application/vnd.apache.parquet"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def write_datapackage(
    tables: Sequence[OpenTable],
    workbook: Path,
    context: PublishContext,
    revision: str,
    path: Path,
    part: str | None = None,
    parts: Mapping[str, str] | None = None,
) -> None:
    """Write the descriptor to `path`; the paths in it are relative to its folder.

    `part`: code of the district that the package is about; `parts`: names of the districts that have packages of their own
    under ``districts/<code>/``, by code.
    """
    package: dict[str, Any] = {
        "$schema": _PROFILE,
        "name": f"sipas-open-marts-{part}" if part else "sipas-open-marts",
        "title": context.title_vi,
        "title_en": context.title_en,
        "description": _description(context),
        "version": revision,
        "sipas_version": context.version,
        "simulated": context.simulated,
        "minimum_n": context.minimum_n,
        # The publishing office has not stated a licence; the specification wants `licenses` left out then.
        "license_statement": "not stated",
        "workbook": _file(workbook, path.parent) | {"format": "xlsx", "mediatype": _XLSX},
    }
    if parts:
        package["districts"] = [
            {"code": code, "title": name, "path": f"districts/{code}/datapackage.json"} for code, name in parts.items()
        ]
    # Of a mart with an n, rows may be left out: what refers to it would point to nothing.
    whole = {table.mart.name for table in tables if not table.mart.n_columns}
    package["resources"] = [_resource(table, path.parent, whole) for table in tables]
    path.write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _description(context: PublishContext) -> str:
    parts = ["Aggregate marts of a SIPAS workspace: satisfaction index, case settlement, complaints, submissions."]
    if context.simulated:
        parts.append("SIMULATED DATA, not real figures.")
    if context.minimum_n > 1:
        parts.append(f"Figures on fewer than {context.minimum_n} records are hidden (NULL, with hidden = true).")
    parts.append("Licence: not stated.")
    return " ".join(parts)


def _resource(table: OpenTable, folder: Path, whole: Set[str]) -> dict[str, Any]:
    """The CSV file as the table that it is; the same rows as Parquet stand under `alternatives`. `whole`: marts to refer to.

    As a resource of its own the Parquet file would be a second table, and type "table" is the only one there is.
    """
    mart = table.mart
    schema: dict[str, Any] = {
        "fields": [
            {
                "name": column.name,
                "type": _type(field.type),
                "title": column.label_vi,
                "title_en": column.label_en,
                "description": column.description,
                "description_vi": column.description_vi,
            }
            for column, field in zip(table.columns, table.schema, strict=True)
        ],
        "missingValues": [""],
    }
    if mart.grain:
        schema["primaryKey"] = list(mart.grain)
    keys = [
        {
            "fields": list(reference.columns),
            "reference": {"resource": reference.to, "fields": list(reference.to_columns)},
        }
        for reference in mart.references
        if reference.to in whole - {mart.name} and set(reference.columns) <= set(table.schema.names)
    ]
    if keys:
        schema["foreignKeys"] = keys
    return {
        "name": mart.name,
        "type": "table",
        "title": mart.label_vi,
        "title_en": mart.label_en,
        "description": mart.description,
        "description_vi": mart.description_vi,
        **_file(table.csv, folder),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8-sig",
        "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True},
        "schema": schema,
        "alternatives": [_file(table.parquet, folder) | {"format": "parquet", "mediatype": _PARQUET}],
    }


def _file(path: Path, folder: Path) -> dict[str, Any]:
    return {
        "path": path.relative_to(folder).as_posix(),
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256_of(path)}",
    }


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _type(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind):
        return "integer"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_date(kind):
        return "date"
    return "datetime" if pa.types.is_timestamp(kind) else "string"
