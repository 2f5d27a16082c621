"""From contracts to Great Expectations suites, and running a suite on a pandas frame.

What a result means for a batch stands in gate.py, for the marts in audit.py; pages are made in data_docs.py.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from quality.contract import Contract, FieldContract, Rule, day_column, load_contracts

# (instrument code, item code) → the levels an answer to that item may have.
LevelSets = Mapping[tuple[str, str], Collection[str]]

ITEM_PREFIX = "item__"
# Column of the day on which a record was sent, or first seen.
SENT_ON = "sent_on"
ANSWERS_OUTSIDE = "answers_outside_scale"
SAMPLE_SIZE = 10

# Great Expectations is imported inside functions only: the import takes about four seconds.
_RAISED_TYPE = re.compile(r"^(?:\w+\.)*(\w+(?:Error|Exception))\b", re.MULTILINE)
_MISSING_COLUMN = re.compile(r"""The column "([^"]+)" in BatchData does not exist""")


@dataclass(frozen=True)
class SuitePart:
    """Expectations that need the same few columns, so that the engine copies only those when it filters rows.

    samples: whether unexpected values may be kept; true only where no value can name a person (dates, numbers).
    """

    columns: tuple[str, ...]
    expectations: tuple[Any, ...]
    samples: bool = False


@dataclass(frozen=True)
class Outcome:
    """What one expectation found.

    rule: id of the rule whose count it is part of, if any; item: survey item whose answers it counts, if any; name:
    check of a summary or a mart it belongs to, if any; unexpected: rows (None for an aggregate, or when it raised);
    observed: the aggregate; raised: why it could not be computed, free of row values.
    """

    expectation: str
    column: str
    success: bool
    rule: str | None
    item: str | None
    name: str | None
    unexpected: int | None
    observed: float | None
    raised: str | None


# ── contract → expectations ──────────────────────────────────────────────────────────────────────────────────────


def given_column(field: FieldContract) -> str:
    """Return the column that holds the text the source gave for the field (the field itself when it is text)."""
    return f"{field.name}__given" if field.is_checked_against_text else field.name


def record_suite(
    contract: Contract, frame: pd.DataFrame, level_sets: LevelSets
) -> Iterator[tuple[pd.DataFrame, SuitePart]]:
    """Yield the parts of the suite for one batch, each with the narrow frame it is to be run on.

    frame: one row per incoming record, accepted and refused alike, as gate.judge describes it.
    """
    for part in (*_field_parts(contract), *_rule_parts(contract)):
        yield _narrow(frame, part.columns), part
    for child in load_contracts().values():
        if child.parent == contract.dataset:
            for rule in child.rules:
                if rule.kind == "in_scale":
                    yield from _scale_parts(rule, frame, level_sets)


def gx_expectations() -> Any:
    """Return the module of Great Expectations' expectation classes; typed Any, because it re-exports them implicitly."""
    return import_module("great_expectations.expectations")


def _field_parts(contract: Contract) -> Iterator[SuitePart]:
    """Yield what follows from what each field is: given where required, readable, in its code list, resolved, not to come."""
    from great_expectations.expectations.row_conditions import Column

    gxe = gx_expectations()
    for field in contract.kept_fields:
        given, prefix = given_column(field), f"{contract.dataset}.{field.name}"
        where_given = Column(given).is_not_null()
        expectations: list[Any] = []
        if field.required:
            expectations.append(gxe.ExpectColumnValuesToNotBeNull(column=given, meta={"rule": f"{prefix}.required"}))
        if field.is_checked_against_text:
            rule = f"{prefix}.{_UNREADABLE.get(field.type, 'type')}"
            expectations.append(
                gxe.ExpectColumnValuesToNotBeNull(column=field.name, row_condition=where_given, meta={"rule": rule})
            )
            if field.values:
                # A code outside the list may have been kept or emptied: both expectations add up to the rule.
                expectations.append(
                    gxe.ExpectColumnValuesToBeInSet(
                        column=field.name, value_set=list(field.values), row_condition=where_given, meta={"rule": rule}
                    )
                )
        if expectations:
            yield SuitePart(tuple(dict.fromkeys((field.name, given))), tuple(expectations))
        if field.happened:
            yield _not_before(SENT_ON, _day(field), f"{prefix}.future")


# Which rule a given value without a typed value breaks; every other type breaks `type`.
_UNREADABLE = {"code": "values", "unit": "unknown", "procedure": "unknown", "instrument": "unknown"}


def _not_before(later: str, earlier: str, rule: str) -> SuitePart:
    """Return the expectation that one local day does not lie before another, where both are known."""
    expectation = gx_expectations().ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=later, column_B=earlier, or_equal=True, ignore_row_if="either_value_is_missing", meta={"rule": rule}
    )
    return SuitePart((later, earlier), (expectation,), samples=True)


def _rule_parts(contract: Contract) -> Iterator[SuitePart]:
    """Yield the contract's rules over whole records; a value that could not be read does not count as filled."""
    from great_expectations.expectations.row_conditions import Column

    gxe = gx_expectations()
    for rule in contract.rules:
        meta = {"rule": rule.id}
        field = contract.field(rule.field)
        if rule.kind == "not_before" and rule.other is not None:
            yield _not_before(_day(field), _day(contract.field(rule.other)), rule.id)
        elif rule.kind == "present":
            given = given_column(field)
            yield SuitePart((given,), (gxe.ExpectColumnValuesToNotBeNull(column=given, meta=meta),))
        elif rule.kind == "present_when" and rule.when is not None:
            given = given_column(field)
            where = Column(rule.when.field).is_in(rule.when.in_)
            expectation = gxe.ExpectColumnValuesToNotBeNull(column=given, row_condition=where, meta=meta)
            yield SuitePart((given, rule.when.field), (expectation,))


def _scale_parts(rule: Rule, frame: pd.DataFrame, level_sets: LevelSets) -> Iterator[tuple[pd.DataFrame, SuitePart]]:
    """Yield per item and instrument: every answer given is a level of the item's scale; then per form: all are.

    The rule counts forms, an expectation over an item counts answers. The answers outside their scale are therefore
    added up per form into one column: its forms above zero must equal the rule's count, its sum the counts per item.
    A form whose instrument is not resolved has no scale and breaks the instrument's own rule instead; an item that the
    instrument does not have allows no level.
    """
    from great_expectations.expectations.row_conditions import Column

    gxe = gx_expectations()
    items = [column for column in frame.columns if column.startswith(ITEM_PREFIX)]
    instruments = sorted(frame["instrument_code"].dropna().unique()) if "instrument_code" in frame else []
    outside = pd.Series(0, index=frame.index, dtype="int64")
    for column in items:
        code = column.removeprefix(ITEM_PREFIX)
        expectations = []
        for instrument in instruments:
            levels = sorted(level_sets.get((instrument, code), ()))
            expectations.append(
                gxe.ExpectColumnValuesToBeInSet(
                    column=column,
                    value_set=levels,
                    row_condition=Column("instrument_code") == instrument,
                    meta={"item": code},
                )
            )
            of_instrument = (frame["instrument_code"] == instrument).fillna(False).astype(bool)
            outside += (of_instrument & frame[column].notna() & ~frame[column].isin(levels)).astype("int64")
        if expectations:
            columns = (column, "instrument_code")
            yield _narrow(frame, columns), SuitePart(columns, tuple(expectations))
    expectations = [
        gxe.ExpectColumnValuesToBeInSet(column=ANSWERS_OUTSIDE, value_set=[0], meta={"rule": rule.id}),
        gxe.ExpectColumnSumToBeBetween(column=ANSWERS_OUTSIDE, min_value=0, meta={"name": ANSWERS_OUTSIDE}),
    ]
    yield pd.DataFrame({ANSWERS_OUTSIDE: outside}), SuitePart((ANSWERS_OUTSIDE,), tuple(expectations))


def _day(field: FieldContract) -> str:
    return day_column(field.name) if field.type == "instant" else field.name


def _narrow(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return those of the columns that the frame has; a missing one is reported by the expectation that needs it."""
    narrow = frame.filter(items=list(columns)).reset_index(drop=True)
    for column in narrow.columns:
        if column.endswith("_on"):
            narrow[column] = _days(narrow[column])
    return narrow


def _days(days: pd.Series[Any]) -> pd.Series[Any]:
    """Return local dates, held as Python dates, Arrow dates or timestamps, in the one type that compares fast.

    What holds no dates is returned as it is: the expectation that compares it reports it.
    """
    try:
        converted: pd.Series[Any] = pa.Array.from_pandas(days).cast(pa.date32()).to_pandas(date_as_object=False)
    except pa.ArrowException:
        return days
    return converted.set_axis(days.index)


# ── running ──────────────────────────────────────────────────────────────────────────────────────────────────────


def run_suite(name: str, parts: Iterable[tuple[pd.DataFrame, SuitePart]], run_name: str) -> Any:
    """Run the parts of one suite and return one ExpectationSuiteValidationResult, in the order of the parts.

    The result holds no wall-clock value, and no unexpected value from a part that keeps no samples.
    """
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult

    results: list[Any] = []
    for frame, part in parts:
        for position, expectation in enumerate(part.expectations):
            expectation.meta = {**(expectation.meta or {}), "position": position}
        suite = gx.ExpectationSuite(name=name, expectations=list(part.expectations))
        batch = _batch_definition().get_batch(batch_parameters={"dataframe": frame})
        result = batch.validate(suite, result_format=_result_format(part.samples))
        # Raised expectations come first in what the engine returns: put them back where the suite has them.
        results += sorted(result.results, key=lambda found: found.expectation_config.meta["position"])
    for result in results:
        _clean(result)
    passed = sum(bool(result.success) for result in results)
    return ExpectationSuiteValidationResult(
        success=passed == len(results),
        results=results,
        suite_name=name,
        statistics={
            "evaluated_expectations": len(results),
            "successful_expectations": passed,
            "unsuccessful_expectations": len(results) - passed,
            "success_percent": 100 * passed / len(results) if results else None,
        },
        # Great Expectations tries to read the name as a date, and a name of many digits overflows it.
        meta={
            "great_expectations_version": gx.__version__,
            "run_id": {"run_name": f"batch {run_name}", "run_time": ""},
        },
    )


def outcomes(validation: Any) -> tuple[Outcome, ...]:
    """Return what each expectation of a validation result found, in order."""
    return tuple(_outcome(result) for result in validation.results)


def _outcome(result: Any) -> Outcome:
    config = result.expectation_config
    meta = config.meta or {}
    raised = result.exception_info.get("exception_message") if result.exception_info.get("raised_exception") else None
    unexpected = result.result.get("unexpected_count")
    columns = config.kwargs.get("column_list") or [
        config.kwargs[key] for key in ("column", "column_A", "column_B") if key in config.kwargs
    ]
    return Outcome(
        expectation=config.type,
        column=", ".join(columns),
        success=bool(result.success) and raised is None,
        rule=meta.get("rule"),
        item=meta.get("item"),
        name=meta.get("name"),
        unexpected=None if raised or unexpected is None else int(unexpected),
        observed=result.result.get("observed_value") if unexpected is None else None,
        raised=raised,
    )


@cache
def _batch_definition() -> Any:
    """Return the way frames reach Great Expectations: one ephemeral context per process, quiet, nothing sent out."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # What goes wrong is read from exception_info; the engine's own log lines would show values of rows. Some of its
    # loggers set a level of their own while it is imported, so the package's level alone does not bind them.
    for name in [known for known in logging.root.manager.loggerDict if known.partition(".")[0] == gx.__name__]:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    asset = context.data_sources.add_pandas("batches").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("whole")


def _result_format(samples: bool) -> dict[str, Any]:
    # Index queries list every unexpected row id: on a million rows that costs more than the judgement itself.
    return {
        "result_format": "SUMMARY",
        "partial_unexpected_count": SAMPLE_SIZE if samples else 0,
        "exclude_unexpected_values": not samples,
        "return_unexpected_index_query": False,
    }


def _clean(result: Any) -> None:
    """Take out of one result what differs between runs of the same input or may hold a value of a row."""
    result.result.pop("partial_unexpected_index_list", None)
    result.expectation_config.kwargs.pop("batch_id", None)
    if samples := result.result.get("partial_unexpected_list"):
        result.result["partial_unexpected_list"] = [_plain(value) for value in samples]
    for counted in result.result.get("partial_unexpected_counts") or []:
        if "value" in counted:
            counted["value"] = _plain(counted["value"])
    raised = _raised(result.exception_info or {})
    # A traceback names the machine's folders, and a message may quote a value: only what is known to be free of both.
    result.exception_info = {
        "raised_exception": raised is not None,
        "exception_message": raised,
        "exception_traceback": None if raised is None else "",
    }


def _plain(value: Any) -> Any:
    """Return a sampled value as it reads on a page: a day as 2023-06-14, a pair as its two values."""
    if isinstance(value, tuple):
        return ", ".join(str(_plain(part)) for part in value)
    if isinstance(value, (np.datetime64, datetime)):
        return str(pd.Timestamp(value).date())
    return value


def _raised(info: Mapping[str, Any]) -> str | None:
    """Return why an expectation raised, without row values, or None when it did not raise.

    A raised expectation reads success=False like any other; exception_info is then one entry, or one per metric.
    """
    entries = [info] if "raised_exception" in info else [entry for entry in info.values() if isinstance(entry, Mapping)]
    raised = [entry for entry in entries if entry.get("raised_exception")]
    if not raised:
        return None
    texts = [f"{entry.get('exception_traceback') or ''}\n{entry.get('exception_message') or ''}" for entry in raised]
    missing = sorted({match for text in texts for match in _MISSING_COLUMN.findall(text)})
    if missing:
        return f"the batch has no column {', '.join(missing)}"
    # The first exception a traceback names is the cause; the rest is the engine passing it on.
    kinds = sorted({match.group(1) for text in texts if (match := _RAISED_TYPE.search(text))})
    return f"the expectation could not be computed ({', '.join(kinds) or 'unknown error'})"
