"""The Frictionless Data Package descriptor of the open files: what each column is, and a checksum of each file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from assets.publish.context import PublishContext
from assets.publish.tables import OpenTable


def write_datapackage(
    tables: Sequence[OpenTable], workbook: Path, context: PublishContext, revision: str, path: Path
) -> None:
    """Write the descriptor to `path`; the paths in it are relative to its folder."""
    resources = [resource for table in tables for resource in _table_resources(table, path.parent)]
    resources.append(
        _file(workbook, path.parent)
        | {
            "name": "marts-xlsx",
            "title": "Tất cả các bảng (XLSX)",
            "title_en": "All tables (XLSX)",
            "format": "xlsx",
            "mediatype": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    )
    package = {
        "profile": "data-package",
        "name": "sipas-open-marts",
        "title": context.title_vi,
        "title_en": context.title_en,
        "description": _description(context),
        "version": revision,
        "sipas_version": context.version,
        "simulated": context.simulated,
        "minimum_n": context.minimum_n,
        # The publishing office has not stated a licence; the specification wants `licenses` left out then.
        "license_statement": "not stated",
        "resources": resources,
    }
    path.write_text(json.dumps(package, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _description(context: PublishContext) -> str:
    parts = ["Aggregate marts of a SIPAS workspace: satisfaction index, case settlement, complaints, submissions."]
    if context.simulated:
        parts.append("SIMULATED DATA, not real figures.")
    if context.minimum_n > 1:
        parts.append(f"Figures on fewer than {context.minimum_n} records are hidden (NULL, with hidden = true).")
    parts.append("Licence: not stated.")
    return " ".join(parts)


def _table_resources(table: OpenTable, folder: Path) -> list[dict[str, Any]]:
    mart = table.mart
    titles = {"title": mart.label_vi, "title_en": mart.label_en, "description": mart.description}
    schema: dict[str, Any] = {
        "fields": [
            {
                "name": column.name,
                "type": _type(field.type),
                "title": column.label_vi,
                "title_en": column.label_en,
                "description": column.description,
            }
            for column, field in zip(table.columns, table.schema, strict=True)
        ],
        "missingValues": [""],
    }
    if mart.grain:
        schema["primaryKey"] = list(mart.grain)
    return [
        {"name": mart.name, **titles, **_file(table.csv, folder)}
        | {
            "profile": "tabular-data-resource",
            "format": "csv",
            "mediatype": "text/csv",
            "encoding": "utf-8-sig",
            "dialect": {"delimiter": ",", "lineTerminator": "\r\n", "quoteChar": '"', "doubleQuote": True},
            "schema": schema,
        },
        {"name": f"{mart.name}-parquet", **titles, **_file(table.parquet, folder)}
        | {"format": "parquet", "mediatype": "application/vnd.apache.parquet"},
    ]


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
