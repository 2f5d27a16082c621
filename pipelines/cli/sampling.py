"""`sipas sample-size` and `sipas sample-draw`: what they read, print and write. Formulas stand in assets.sampling."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import pyarrow as pa
import pyarrow.csv
import typer

from assets.publish.tables import BYTE_ORDER_MARK, csv_batch
from assets.sampling.draw import Drawn, draw, repeated
from assets.sampling.frame import Frame, FrameError, read_frame, strata_of
from assets.sampling.size import Precision, share_in_proportion, size_2012, size_by_design, to_approach
from pipelines.cli.tables import say, show_table

ADDED = ("stratum", "selection_probability", "weight")
# As landing keeps a weight.
_WEIGHT_DECIMALS = 4


@dataclass(frozen=True)
class Request:
    """The people a size is asked for: their number, or a frame with a column of strata."""

    population: int | None
    frame: Path | None
    stratum: str | None


def show_size(request: Request, wanted: Precision, response_rate: float, each: bool) -> None:
    """Print formula, inputs and sizes; by stratum where a frame has them. Raises typer.BadParameter."""
    populations = _populations(request)
    everyone = sum(populations.values())
    rule = {name: size_2012(size, wanted.margin) for name, size in populations.items()}
    design = {name: size_by_design(size, wanted) for name, size in populations.items()}
    if not each:
        rule = share_in_proportion(size_2012(everyone, wanted.margin), populations)
        design = share_in_proportion(size_by_design(everyone, wanted), populations)
    approach = {name: to_approach(size, response_rate, populations[name]) for name, size in design.items()}
    say("2012 rule: n = N / (1 + N·e²), rounded")
    say("by design: n = D·n0 / (1 + (D·n0 - 1) / N), rounded up, with n0 = z²·p·(1 - p) / e²")
    say(
        f"e = {wanted.margin:g}, confidence {wanted.confidence:g}, p = {wanted.proportion:g}, "
        f"D (design effect) = {wanted.deff:g}, expected response {response_rate:g}"
    )
    if len(populations) > 1:
        whole = "the margin holds in every stratum" if each else "the margin holds for all strata together"
        say(f"{whole}; a stratum has at least 2 or all of its people")
    columns = {"people": populations, "2012 rule": rule, "by design": design, "to approach": approach}
    total = [sum(sizes.values()) for sizes in columns.values()]
    if len(populations) > 1:
        strata = [[name, *(sizes[name] for sizes in columns.values())] for name in sorted(populations)]
        show_table(["stratum", *columns], [*strata, ["total", *total]], numbers=columns)
    else:
        show_table(list(columns), [total], numbers=columns)
    short = [name for name, size in approach.items() if size * response_rate < design[name] * (1 - 1e-9)]
    if short:
        place = f" in {len(short)} of {len(populations)} strata" if len(populations) > 1 else ""
        say(f"Even when everybody is approached{place}, fewer answer than the design needs.", "yellow")


def draw_sample(
    frame_path: Path,
    output: Path,
    stratum: str | None,
    ids: str | None,
    size: int | None,
    each: int | None,
    seed: int,
    round_code: str | None,
) -> None:
    """Draw from the frame, write the list (and the counts of the frame for a round) and print numbers by stratum.

    Raises typer.BadParameter.
    """
    if (size is None) == (each is None):
        raise typer.BadParameter("give either --size, for all strata together, or --each, for every stratum")
    if output.suffix.lower() != ".csv":
        raise typer.BadParameter(f"{output} does not end in .csv")
    if not output.absolute().parent.is_dir():
        raise typer.BadParameter(f"there is no folder {output.absolute().parent}")
    try:
        frame = read_frame(frame_path)
        strata = strata_of(frame, stratum)
        names = _ids(frame, ids)
    except FrameError as error:
        raise typer.BadParameter(str(error)) from None
    taken = [name for name in ADDED if name in frame.table.column_names]
    if taken:
        raise typer.BadParameter(f"the frame has a column {taken[0]}, which the draw adds; rename it")
    populations = dict(Counter(strata))
    if size is not None:
        if size > len(strata):
            raise typer.BadParameter(f"--size {size} is more than the {len(strata)} rows of the frame")
        sizes = share_in_proportion(size, populations)
    else:
        assert each is not None
        sizes = {name: min(each, people) for name, people in populations.items()}
    drawn = draw(strata, names, sizes, seed)
    _write(output, _drawn_table(frame, drawn))
    show_table(
        ["stratum", "people", "drawn", "weight"],
        [(name, people, sizes[name], f"{people / sizes[name]:.4f}") for name, people in sorted(populations.items())],
        numbers=["people", "drawn", "weight"],
    )
    say(f"{len(drawn):,} of {len(strata):,} row(s) drawn with seed {seed}; written to {output}")
    say("The list holds what the frame holds, personal data too: keep it in the office.")
    if round_code is not None:
        counts = output.with_name(f"{output.stem}_sampling_frame.csv")
        _write(counts, _counts_table(round_code, sorted(populations.items())))
        say(f"Counts of the frame written to {counts}: rows of the workspace's reference/sampling_frame.csv")


def _populations(request: Request) -> dict[str, int]:
    if (request.population is None) == (request.frame is None):
        raise typer.BadParameter("give either --population or --frame")
    if request.frame is None:
        if request.stratum is not None:
            raise typer.BadParameter("--stratum names a column of --frame")
        assert request.population is not None
        return {"": request.population}
    try:
        return dict(Counter(strata_of(read_frame(request.frame), request.stratum)))
    except FrameError as error:
        raise typer.BadParameter(str(error)) from None


def _ids(frame: Frame, column: str | None) -> list[str]:
    """The ids of the rows; their lines where the frame has none."""
    if column is None:
        return [f"{line:09d}" for line in frame.lines]
    ids = frame.column(column)
    wrong = repeated(ids)
    if wrong:
        raise FrameError(
            f"{len(wrong)} row(s) have no id of their own under “{column}”, the first in line {frame.lines[wrong[0]]}"
        )
    return ids


def _drawn_table(frame: Frame, drawn: list[Drawn]) -> pa.Table:
    table = frame.table.take(pa.array([row.index for row in drawn], pa.int64()))
    added = (
        [row.stratum for row in drawn],
        [f"{row.probability:.10f}" for row in drawn],
        [f"{row.weight:.{_WEIGHT_DECIMALS}f}" for row in drawn],
    )
    for name, values in zip(ADDED, added, strict=True):
        table = table.append_column(name, pa.array(values, pa.string()))
    return table


def _counts_table(round_code: str, populations: Iterable[tuple[str, int]]) -> pa.Table:
    rows = [
        {"round_code": round_code, "stratum": name, "psu": None, "ssu": None, "n_units": str(people)}
        for name, people in populations
    ]
    return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in rows[0]]))


def _write(path: Path, table: pa.Table) -> None:
    """Write a CSV for spreadsheets: whole or not there, and open to its owner alone."""
    options = pyarrow.csv.WriteOptions(include_header=False, eol="\r\n", quoting_style="needed")
    head = pa.RecordBatch.from_arrays([pa.array([name]) for name in table.column_names], names=table.column_names)
    aside: Path | None = None
    try:
        with NamedTemporaryFile(dir=path.absolute().parent, suffix=path.suffix, delete=False) as sink:
            aside = Path(sink.name)
            sink.write(BYTE_ORDER_MARK)
            for batch in (head, *table.combine_chunks().to_batches()):
                pyarrow.csv.write_csv(csv_batch(batch), sink, options)
        os.replace(aside, path)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be written: {error.strerror}") from None
    finally:
        if aside is not None:
            aside.unlink(missing_ok=True)
