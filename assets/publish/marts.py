"""The marts as the dbt manifest describes them, and reading them in one canonical form and order.

Everything written to a revision is read through `MartReader`, so types, rounding and order are settled here once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from assets.publish.context import PublishError

MART_SCHEMA = "marts"
# Identifiers and free text of the private zone; a mart that carries one is not published (promise 5).
FORBIDDEN_COLUMNS = frozenset({"record_id", "record_key", "extra", "content_hash"})
# Decimals kept of every double: beyond what any survey or count supports, and well inside what two engines agree on.
DOUBLE_SCALE = 6
# One Parquet and DuckDB row group; fixed, so that the bytes do not depend on how an engine cuts its answer.
BATCH_ROWS = 122_880

_REF = re.compile(r"""ref\(['"](\w+)['"]\)""")

Query = Callable[[str], pa.Table]
QueryBatches = Callable[[str], pa.RecordBatchReader]
_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class Column:
    """One column of a mart. `format`: count, percent, date, text or none; `hide` is None where the model does not say;
    `is_open`: whether it stands in the open form of the mart."""

    name: str
    label_vi: str
    label_en: str
    description: str
    format: str | None
    hide: bool | None
    is_open: bool = True
    description_vi: str = ""


@dataclass(frozen=True)
class Reference:
    """Columns of a mart whose values are tested to stand together in a row of another mart."""

    columns: tuple[str, ...]
    to: str
    to_columns: tuple[str, ...]


@dataclass(frozen=True)
class Mart:
    """One model of the schema `marts`. `grain` is empty where the model states no key; `n_columns` are the counts of
    records its figures rest on, the model's meta `n_column` naming one or a list; `references` as the model's tests
    `refers_to` state them."""

    name: str
    audience: str
    label_vi: str
    label_en: str
    description: str
    n_columns: tuple[str, ...]
    month_column: str | None
    grain: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = ()
    description_vi: str = ""

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def order(self) -> tuple[str, ...]:
        """Columns of a total order: the grain, or every column where no grain is stated."""
        return self.grain or self.column_names


def marts_of(manifest: Mapping[str, Any]) -> tuple[Mart, ...]:
    """Every model of schema `marts` in the manifest, by name. A model without an audience is for analysts.

    Raises PublishError for a mart without declared columns, with a forbidden column, or whose grain or n_column is
    not among its columns.
    """
    nodes: Mapping[str, Mapping[str, Any]] = manifest["nodes"]
    tested, references = _tested_keys(nodes), _tested_references(nodes)
    marts = [
        _mart(node, tested.get(node_id, ()), tuple(references.get(node_id, ())))
        for node_id, node in nodes.items()
        if node_id.startswith("model.") and node.get("schema") == MART_SCHEMA
    ]
    return tuple(sorted(marts, key=lambda mart: mart.name))


def in_both_languages(label_vi: str, meaning_vi: str, label_en: str, meaning_en: str) -> str:
    """The comment of a table or column in a database, on one line; a meaning may be empty."""
    halves = ((label_vi, meaning_vi), (label_en, meaning_en))
    return " / ".join(": ".join(part for part in half if part) for half in halves)


def _mart(node: Mapping[str, Any], tested_key: tuple[str, ...], references: tuple[Reference, ...]) -> Mart:
    name = str(node.get("alias") or node["name"])
    meta = _meta(node)
    columns = tuple(_column(column) for column in node.get("columns", {}).values())
    names = {column.name for column in columns}
    if not columns:
        raise PublishError(f"marts.{name}: the model declares no columns. Declare them in its YAML file.")
    if forbidden := sorted(names & FORBIDDEN_COLUMNS):
        raise PublishError(
            f"marts.{name}: column {', '.join(forbidden)} may not leave the private zone. Remove it from the model."
        )
    grain = tuple(meta.get("grain") or node.get("primary_key") or tested_key)
    n_column = meta.get("n_column") or ()
    n_columns = (n_column,) if isinstance(n_column, str) else tuple(n_column)
    if unknown := [column for column in (*grain, *n_columns) if column not in names]:
        raise PublishError(
            f"marts.{name}: the grain or n_column names {', '.join(unknown)}, which is not a column of the model."
            " Correct the model's meta or its uniqueness test."
        )
    return Mart(
        name=name,
        audience=str(meta.get("audience", "analyst")),
        label_vi=str(meta.get("label_vi") or name),
        label_en=str(meta.get("label_en") or name),
        description=_one_line(node.get("description")),
        n_columns=n_columns,
        month_column=meta.get("month_column"),
        grain=grain,
        columns=columns,
        references=references,
        description_vi=_one_line(meta.get("description_vi")),
    )


def _column(node: Mapping[str, Any]) -> Column:
    name = str(node["name"])
    meta = _meta(node)
    return Column(
        name=name,
        label_vi=str(meta.get("label_vi") or name),
        label_en=str(meta.get("label_en") or name),
        description=_one_line(node.get("description")),
        format=meta.get("format"),
        hide=meta.get("hide"),
        is_open=meta.get("audience", "open") == "open",
        description_vi=_one_line(meta.get("description_vi")),
    )


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    """dbt 1.10 moved meta under config; both places are read, config winning."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def _tested_keys(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Columns of each model's uniqueness test; the one over most columns is the grain."""
    keys: dict[str, tuple[str, ...]] = {}
    for node_id in sorted(nodes):
        node = nodes[node_id]
        test = node.get("test_metadata") or {}
        if "unique" not in str(test.get("name", "")):
            continue
        arguments = test.get("kwargs") or {}
        listed = arguments.get("combination_of_columns") or arguments.get("columns") or arguments.get("grain")
        key = tuple(listed) if listed else (arguments["column_name"],) if arguments.get("column_name") else ()
        model = str(node.get("attached_node"))
        if len(key) > len(keys.get(model, ())):
            keys[model] = key
    return keys


def _tested_references(nodes: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Reference]]:
    """References of each model to other marts, by the tests `refers_to` that hold for every row."""
    marts = {node["name"] for node in nodes.values() if node.get("schema") == MART_SCHEMA and "name" in node}
    found: dict[str, list[Reference]] = {}
    for node_id in sorted(nodes):
        node = nodes[node_id]
        test, where = node.get("test_metadata") or {}, (node.get("config") or {}).get("where")
        if test.get("name") != "refers_to" or where:
            continue
        arguments = test["kwargs"]
        named = _REF.fullmatch(str(arguments["to"]).strip())
        if named is not None and named[1] in marts:
            reference = Reference(tuple(arguments["columns"]), named[1], tuple(arguments["to_columns"]))
            found.setdefault(str(node.get("attached_node")), []).append(reference)
    return {model: sorted(listed, key=lambda one: (one.to, one.columns)) for model, listed in found.items()}


class MartReader:
    """Reads marts in canonical form: declared columns only, one type per kind, rounded doubles, a total order.

    `query` answers a SELECT with a whole table; `query_batches`, where the engine has it, with a stream.
    """

    def __init__(self, query: Query, query_batches: QueryBatches | None = None) -> None:
        self._query = query
        self._query_batches = query_batches
        self._declared_schemas: dict[str, pa.Schema] = {}

    def schema(self, mart: Mart) -> pa.Schema:
        """Canonical Arrow schema of the mart. Raises PublishError when its table cannot be read as declared."""
        return pa.schema([(field.name, _canonical_type(field.type)) for field in self._declared(mart)])

    def batches(self, mart: Mart, first: str | None = None) -> Iterator[pa.RecordBatch]:
        """The rows in order of the grain (of column `first`, then the grain), in batches of BATCH_ROWS, the last shorter.

        Text is ordered by code point and NULL comes last, on every engine.
        """
        text = {field.name for field in self._declared(mart) if _is_text(field.type)}
        order = (first, *(name for name in mart.order if name != first)) if first else mart.order
        terms = [f'"{name}" collate "C" nulls last' if name in text else f'"{name}" nulls last' for name in order]
        schema = self.schema(mart)
        incoming = (_canonical(batch, schema) for batch in self._open(mart, f"order by {', '.join(terms)}"))
        return _recut(incoming, schema)

    def _declared(self, mart: Mart) -> pa.Schema:
        if mart.name not in self._declared_schemas:
            self._declared_schemas[mart.name] = self._ask(mart, "where 1 = 0", self._query).schema
        return self._declared_schemas[mart.name]

    def _open(self, mart: Mart, tail: str) -> pa.RecordBatchReader:
        if self._query_batches:
            return self._ask(mart, tail, self._query_batches)
        return self._ask(mart, tail, self._query).to_reader(BATCH_ROWS)

    @staticmethod
    def _ask(mart: Mart, tail: str, query: Callable[[str], _Answer]) -> _Answer:
        columns = ", ".join(f'"{name}"' for name in mart.column_names)
        try:
            return query(f"select {columns} from {MART_SCHEMA}.{mart.name} {tail}")
        except Exception as error:  # each engine raises its own kind; what matters to the user is the mart
            raise PublishError(
                f"marts.{mart.name} cannot be read as its model declares it: {error}."
                " Build the warehouse again with `sipas run --full`."
            ) from error


def _recut(batches: Iterator[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of exactly BATCH_ROWS, the last shorter."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch)
        rows += batch.num_rows
        while rows >= BATCH_ROWS:
            table = pa.Table.from_batches(held, schema)
            yield _one_batch(table.slice(0, BATCH_ROWS))
            held = table.slice(BATCH_ROWS).to_batches()
            rows -= BATCH_ROWS
    if rows:
        yield _one_batch(pa.Table.from_batches(held, schema))


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    return table.combine_chunks().to_batches()[0]


def _canonical(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [_canonical_array(batch.column(i), field.type) for i, field in enumerate(schema)], schema=schema
    )


def _canonical_array(array: pa.Array, kind: pa.DataType) -> pa.Array:
    array = array.cast(kind)
    if not pa.types.is_float64(kind):
        return array
    # Adding zero turns -0.0 into 0.0; what is not finite has no cell in a workbook and is published as NULL.
    rounded = pc.add(pc.round(array, DOUBLE_SCALE), 0.0)
    return pc.if_else(pc.is_finite(rounded), rounded, pa.scalar(None, pa.float64()))


def _canonical_type(kind: pa.DataType) -> pa.DataType:
    if _is_text(kind):
        return pa.string()
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return pa.int64()
    if pa.types.is_floating(kind):
        return pa.float64()
    if pa.types.is_date(kind):
        return pa.date32()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us")
    return kind


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_string_view(kind)
        or pa.types.is_dictionary(kind)
        or pa.types.is_null(kind)
    )
