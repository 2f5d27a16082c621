"""The `sipas` command: one function per subcommand. What they do stands in the modules they call."""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Annotated, Literal

import typer
from sqlalchemy.exc import OperationalError

from assets.ledger import LedgerTooNew
from assets.workspace import Workspace
from pipelines.cli.progress import Progress, console, show_problems, show_summary
from pipelines.lock import WorkspaceBusy
from pipelines.settings import MONTH, SettingsError


def example(text: str) -> str:
    """Return the epilog of a command: one example."""
    return f"Example: [bold]{text}[/bold]"


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="SIPAS warehouse: take in surveys, complaints and cases, check them, and publish the indices.",
    epilog=example("sipas run --workspace my_duc"),
)
quarantine_app = typer.Typer(
    no_args_is_help=True,
    help="Rows that were refused, with their reasons.",
    epilog=example("sipas quarantine list --workspace my_duc"),
)
sources_app = typer.Typer(
    no_args_is_help=True, help="Source specs.", epilog=example("sipas sources check --workspace my_duc")
)
key_app = typer.Typer(
    no_args_is_help=True, help="The secret of the keyed hashes.", epilog=example("sipas key rotate --workspace my_duc")
)
app.add_typer(key_app, name="key")
period_app = typer.Typer(
    no_args_is_help=True,
    help="Reporting periods of units: submitted, approved, locked, and what waits for the locked ones.",
    epilog=example("sipas period status --workspace my_duc"),
)
app.add_typer(quarantine_app, name="quarantine")
app.add_typer(period_app, name="period")
app.add_typer(sources_app, name="sources")

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace", "-w", envvar="SIPAS_WORKSPACE", file_okay=False, help="The office's folder (default: here)."
    ),
]

USAGE = 2


def _month(value: str | None) -> str | None:
    if value is not None and not MONTH.fullmatch(value):
        raise typer.BadParameter("write a reporting month as 2023-06")
    return value


@app.command("run", epilog=example("sipas run --workspace my_duc --period 2023-06"))
def run_command(
    workspace: WorkspaceOption = Path("."),
    period: Annotated[str | None, typer.Option(callback=_month, help="One reporting month, such as 2023-06.")] = None,
    first: Annotated[str | None, typer.Option("--from", callback=_month, help="First reporting month.")] = None,
    last: Annotated[str | None, typer.Option("--to", callback=_month, help="Last reporting month.")] = None,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Read databases from their beginning; build and audit again even when nothing is new."
        ),
    ] = False,
) -> None:
    """Take in what is new, check it, build the marts, audit them and publish a revision.

    Exit code 0: published, or nothing new; 1: a check failed and nothing was published; 2: wrong usage or settings.
    """
    if period is not None and (first is not None or last is not None):
        raise typer.BadParameter("give --period, or --from and --to, not both")
    first, last = (period, period) if period is not None else (first, last)
    if first is not None and last is not None and first > last:
        raise typer.BadParameter("--from is after --to")
    with Progress() as progress:
        # Told before anything slow: imports, the look at every input, Dagster's and dbt's own start.
        progress.stage("start")
        from pipelines.run import Ending, run

        report = run(Workspace(workspace.resolve()), first, last, full, progress.stage, progress.detail)
    show_problems(report.problems)
    show_summary(report)
    if report.ending is Ending.FAILED:
        raise typer.Exit(1)


@app.command("init", epilog=example("sipas init my_office --root 282"))
def init_command(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="The folder to make.")],
    root: Annotated[str | None, typer.Option(help="Code of the unit that the office reports on (required).")] = None,
) -> None:
    """Make an empty workspace: settings, folders, a secret key outside the workspace, and an example spec."""
    from pipelines.cli.init import make_workspace

    if root is None:
        raise typer.BadParameter(
            "give --root, the code of the unit that the office reports on (thêm --root: mã đơn vị của mình);"
            " official codes stand in assets/reference/shipped/admin_unit.csv"
        )
    for line in make_workspace(folder, root):
        console.print(line, markup=False, highlight=False)


@app.command("status", epilog=example("sipas status --workspace my_duc --period 2023-06"))
def status_command(
    workspace: WorkspaceOption = Path("."),
    period: Annotated[str | None, typer.Option(callback=_month, help="One reporting month only.")] = None,
) -> None:
    """Show what each unit owed, sent, and had refused, as of the last revision."""
    from pipelines.cli.status import show_status

    show_status(Workspace(workspace.resolve()), period)


@app.command("simulate", epilog=example("sipas simulate my_duc --units 22 --months 12 --seed 1"))
def simulate_command(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="The workspace to write.")] = Path("my_duc"),
    units: Annotated[int, typer.Option(min=1, max=22, help="Communes of Mỹ Đức.")] = 22,
    months: Annotated[int, typer.Option(min=1, max=12, help="Reporting months of 2023.")] = 12,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    cases: Annotated[int | None, typer.Option(min=1, help="About how many case files.")] = None,
    forms: Annotated[int | None, typer.Option(min=1, help="About how many survey forms.")] = None,
    survey_round: Annotated[
        bool, typer.Option("--survey-round", help="Also a sample survey of the city whose population is known.")
    ] = False,
) -> None:
    """Write a simulated workspace of Mỹ Đức district, 2023, with planted faults and their exact counts in truth.json."""
    from pipelines.simulate import SimulationError, simulate

    with Progress() as progress:
        progress.stage("simulate")
        try:
            simulate(folder, units=units, months=months, seed=seed, cases=cases, forms=forms, survey_round=survey_round)
        except SimulationError as error:
            raise typer.BadParameter(str(error)) from error
    console.print(f"Simulated workspace written to {folder}; next: sipas run --workspace {folder}", highlight=False)


@app.command("doctor", epilog=example("sipas doctor --workspace my_duc"))
def doctor_command(workspace: WorkspaceOption = Path(".")) -> None:
    """Check versions, settings, engine, disk, lock and folders; exit code 2 when something needs mending."""
    from pipelines.cli.doctor import examine

    if not examine(Workspace(workspace.resolve())):
        raise typer.Exit(USAGE)


@app.command("alerts", epilog=example("sipas alerts --workspace my_duc --test"))
def alerts_command(
    workspace: WorkspaceOption = Path("."),
    test: Annotated[
        bool, typer.Option("--test", help="Send a test message to everybody whom sipas.yml names.")
    ] = False,
) -> None:
    """List what there is to be told now: failed checks, missing submissions, stale sources, much in quarantine.

    Exit code 2 when a test message did not reach somebody, or there is nobody to tell.
    """
    from pipelines.cli.alerts import list_alerts, send_test

    root = Workspace(workspace.resolve())
    if not (send_test(root) if test else list_alerts(root)):
        raise typer.Exit(USAGE)


@app.command("sql", epilog=example('sipas sql "SELECT unit_code, index_pct FROM sipas_index LIMIT 5" -w my_duc'))
def sql_command(
    query: Annotated[str | None, typer.Argument(help="One statement that reads (default: ask at a prompt).")] = None,
    workspace: WorkspaceOption = Path("."),
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="File that holds the statement.")
    ] = None,
    saved: Annotated[str | None, typer.Option(help="Name of a saved query; list names them.")] = None,
    period: Annotated[str | None, typer.Option(help="Of a saved query: one reporting period.")] = None,
    unit: Annotated[str | None, typer.Option(help="Of a saved query: code of one unit.")] = None,
    revision: Annotated[str | None, typer.Option(help="A kept revision (default: the current one).")] = None,
    form: Annotated[
        str | None, typer.Option("--format", help="table, csv, json or parquet (default: as FILE ends, or table).")
    ] = None,
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="File to write; not overwritten.")] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="How long a query may take.")] = 300,
) -> None:
    """Query the analysts' marts of a published revision: read-only, without files, network, extensions or settings.

    Exit code 2: a query that is refused or wrong, or no such revision.
    """
    from pipelines.cli.sql import run_sql

    if sum(given is not None for given in (query, file, saved)) > 1:
        raise typer.BadParameter("give a query, --file or --saved, one of them (chỉ chọn một)")
    if saved is None and (period is not None or unit is not None):
        raise typer.BadParameter("--period and --unit go with --saved (chỉ dùng với --saved)")
    run_sql(Workspace(workspace.resolve()), query, file, saved, revision, form, out, seconds, period, unit)


@app.command(
    "explain", epilog=example("sipas explain --unit 10462 --period 2023-06 --index overall --workspace my_duc")
)
def explain_command(
    unit: Annotated[str, typer.Option(help="Code or name of the unit.")],
    period: Annotated[str, typer.Option(help="Reporting period, such as 2023-06, 2023-Q2 or 2023; or a survey round.")],
    index: Annotated[
        str,
        typer.Option(
            help="Node of a questionnaire (overall, I, I.1 …), or case_in_time, one_stop_total, 766-2.1 and the like."
        ),
    ],
    workspace: WorkspaceOption = Path("."),
    instrument: Annotated[str | None, typer.Option(help="The questionnaire, where several have the node.")] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Of a group: sex=female, procedure_field=…, channel=…, weighting=units; repeatable.",
        ),
    ] = None,
    rank: Annotated[
        bool, typer.Option("--rank", help="The unit's rank by the figure, and whom it was compared with.")
    ] = False,
    change: Annotated[
        bool, typer.Option("--change", help="The change of the index from the period or round before, and its test.")
    ] = False,
    driver: Annotated[
        bool, typer.Option("--driver", help="What the question weighs for the overall judgement.")
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="The index in the territory of now, by the units of then.")
    ] = False,
    revision: Annotated[str | None, typer.Option(help="A kept revision (default: the current one).")] = None,
    lines: Annotated[bool, typer.Option("--lines", help="Every unit, file and line.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with every line.")] = False,
) -> None:
    """Trace a published figure: formula, counts, method, revision, and the files, sheets and lines it was made of.

    The counts are made again from those lines; of a rank or change, from the figures compared. Exit code 2: no such unit, period,
    figure, group or revision.
    """
    from pipelines.cli.explain import Asked, show_changes, show_driver, show_explanation, show_ranks

    where = Workspace(workspace.resolve())
    asked = Asked(unit, period, index, instrument)
    kinds = {"--rank": rank, "--change": change, "--driver": driver, "--now": now}
    given = [name for name, is_given in kinds.items() if is_given]
    if len(given) > 1:
        raise typer.BadParameter(
            f"{' and '.join(given)} are different figures: give one of them (mỗi lần một loại số liệu)"
        )
    if group and (rank or change or driver):
        raise typer.BadParameter(f"{given[0]} is not of groups: give {given[0]} or --group (không theo nhóm)")
    if rank:
        show_ranks(where, asked, revision, lines, as_json)
    elif change:
        show_changes(where, asked, revision, as_json)
    elif driver:
        show_driver(where, asked, revision, lines, as_json)
    else:
        show_explanation(where, asked, group or [], now, revision, lines, as_json)


@app.command("diff", epilog=example("sipas diff 9ac67362 --unit 10462 --period 2023-06 --workspace my_duc"))
def diff_command(
    before: Annotated[str, typer.Argument(metavar="REV1", help="The earlier kept revision.")],
    after: Annotated[str | None, typer.Argument(metavar="[REV2]", help="The later one (default: the current).")] = None,
    workspace: WorkspaceOption = Path("."),
    unit: Annotated[str | None, typer.Option(help="Code or name of one unit.")] = None,
    period: Annotated[str | None, typer.Option(help="One reporting period.")] = None,
    index: Annotated[str | None, typer.Option(help="One node, mart or column, such as overall or in_time_pct.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="Changed rows to show.")] = 30,
) -> None:
    """Show the figures that two revisions state differently, and why: files, corrections, method, territory, locks.

    Exit code 2: no such revision or unit.
    """
    from pipelines.cli.diff import show_difference

    show_difference(Workspace(workspace.resolve()), before, after, unit, period, index, limit)


@app.command("deliver", epilog=example("sipas deliver --to cong-tinh --dry-run --workspace my_duc"))
def deliver_command(
    workspace: WorkspaceOption = Path("."),
    to: Annotated[str | None, typer.Option("--to", help="One destination only.")] = None,
    revision: Annotated[str | None, typer.Option(help="An earlier revision (default: the current one).")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask each place what it has; send nothing.")] = False,
) -> None:
    """Bring a published revision to the places that sipas.yml names, as each run does; only what they lack is sent.

    Exit code 0: all have it; 1: one could not be reached; 2: wrong usage or settings.
    """
    from pipelines.cli.deliver import deliver_revision

    if not deliver_revision(Workspace(workspace.resolve()), to, revision, dry_run):
        raise typer.Exit(1)


@app.command("dev", epilog=example("sipas dev --workspace my_duc"))
def dev_command(
    workspace: WorkspaceOption = Path("."),
    port: Annotated[int, typer.Option(help="Port of the page on this machine.")] = 3000,
) -> None:
    """Open Dagster's page on a workspace (on this machine only)."""
    from pipelines.instance import dagster_home
    from pipelines.settings import load_settings

    root = Workspace(workspace.resolve())
    load_settings(root)
    os.environ |= {"SIPAS_WORKSPACE": str(root.root), "DAGSTER_HOME": str(dagster_home(root))}
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "pipelines.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    os.execv(sys.executable, command)


@app.command("forget", epilog=example("sipas forget --find --workspace my_duc"))
def forget_command(
    tokens: Annotated[list[str] | None, typer.Argument(metavar="[TOKEN]...", help="What --find printed.")] = None,
    workspace: WorkspaceOption = Path("."),
    find: Annotated[
        bool, typer.Option("--find", help="Ask for a number or address, unseen, and print its token.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
) -> None:
    """Take a person out of inbox, landing, quarantine and returns, and keep them out. A number is never an argument.

    Exit code 0: done; 1: something is left to do by hand; 2: wrong usage or settings.
    """
    from pipelines.cli.forget import find_person, forget_person

    if find == bool(tokens):
        raise typer.BadParameter("give --find, or the tokens that it printed (dùng --find, hoặc đưa mã đã in ra)")
    root = Workspace(workspace.resolve())
    if find:
        find_person(root)
    elif not forget_person(root, tokens or [], dry_run):
        raise typer.Exit(1)


@app.command("retention", epilog=example("sipas retention --dry-run --workspace my_duc"))
def retention_command(
    workspace: WorkspaceOption = Path("."),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and change nothing.")] = False,
) -> None:
    """Take away personal data older than the setting `retention` allows: figures stay as they are."""
    from pipelines.cli.retention import keep_retention

    keep_retention(Workspace(workspace.resolve()), dry_run)


@key_app.command("rotate", epilog=example("sipas key rotate --workspace my_duc"))
def key_rotate(workspace: WorkspaceOption = Path(".")) -> None:
    """Make another secret and bring everything that was hashed under it; figures stay as they are."""
    from pipelines.cli.key import rotate_key

    rotate_key(Workspace(workspace.resolve()))


def _share(value: float) -> float:
    if not 0 < value < 1:
        raise typer.BadParameter("give a share between 0 and 1, such as 0.05")
    return value


@app.command("sample-size", epilog=example("sipas sample-size --population 5000"))
def sample_size_command(
    population: Annotated[int | None, typer.Option(min=1, help="People the survey is about.")] = None,
    frame: Annotated[Path | None, typer.Option(dir_okay=False, help="CSV or XLSX with one row per person.")] = None,
    stratum: Annotated[str | None, typer.Option(help="Column of the frame that holds the stratum.")] = None,
    margin: Annotated[float, typer.Option(callback=_share, help="Half-width of the interval, e.")] = 0.05,
    confidence: Annotated[float, typer.Option(callback=_share, help="Confidence of the interval.")] = 0.95,
    proportion: Annotated[float, typer.Option(callback=_share, help="Share of satisfied people expected, p.")] = 0.5,
    deff: Annotated[float, typer.Option(min=0.1, help="Design effect expected, D.")] = 1.0,
    response_rate: Annotated[float, typer.Option(min=0.01, max=1, help="Share expected to answer.")] = 1.0,
    each: Annotated[bool, typer.Option("--each", help="The margin is to hold in every stratum.")] = False,
) -> None:
    """How many people to ask: by the rule of 2012, and for a margin of error under a design. By stratum with a frame."""
    from assets.sampling.size import Precision
    from pipelines.cli.sampling import Request, show_size

    show_size(Request(population, frame, stratum), Precision(margin, confidence, proportion, deff), response_rate, each)


@app.command(
    "sample-draw",
    epilog=example("sipas sample-draw residents.xlsx drawn.csv --stratum Xã --id Mã --size 370 --round KS2024"),
)
def sample_draw_command(
    frame: Annotated[Path, typer.Argument(dir_okay=False, help="CSV or XLSX with one row per person or household.")],
    output: Annotated[Path, typer.Argument(dir_okay=False, help="The CSV file to write.")],
    stratum: Annotated[str | None, typer.Option(help="Column that holds the stratum (default: one stratum).")] = None,
    ids: Annotated[
        str | None, typer.Option("--id", help="Column that tells the rows apart (default: the line).")
    ] = None,
    size: Annotated[int | None, typer.Option(min=1, help="Rows to draw, shared in proportion to the strata.")] = None,
    each: Annotated[int | None, typer.Option(min=1, help="Rows to draw in every stratum.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same bytes.")] = 1,
    round_code: Annotated[
        str | None,
        typer.Option("--round", help="Round: also write the frame's counts for reference/sampling_frame.csv."),
    ] = None,
) -> None:
    """Draw a stratified random sample from a list; the same seed draws the same people, whatever the order of the rows."""
    from pipelines.cli.sampling import draw_sample

    draw_sample(frame, output, stratum, ids, size, each, seed, round_code)


@quarantine_app.command("list", epilog=example("sipas quarantine list --workspace my_duc --limit 20"))
def quarantine_list(
    workspace: WorkspaceOption = Path("."),
    dataset: Annotated[str | None, typer.Option(help="One dataset only.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 50,
) -> None:
    """List refused rows: file, sheet, line, column, value and rule. The values may be personal data: for your eyes."""
    from pipelines.cli.quarantine import show_rows

    show_rows(Workspace(workspace.resolve()), dataset, limit)


@quarantine_app.command("export", epilog=example("sipas quarantine export returns/refused.xlsx"))
def quarantine_export(
    target: Annotated[Path, typer.Argument(help="The XLSX or CSV file to write.")],
    workspace: WorkspaceOption = Path("."),
    dataset: Annotated[str | None, typer.Option(help="One dataset only.")] = None,
) -> None:
    """Write refused rows with their raw cells and reasons to a file. It holds personal data: keep it in the office."""
    from pipelines.cli.quarantine import export_rows

    rows = export_rows(Workspace(workspace.resolve()), dataset, target)
    console.print(f"{rows} refused row(s) written to {target}", highlight=False)


@quarantine_app.command("return", epilog=example("sipas quarantine return --workspace my_duc"))
def quarantine_return(workspace: WorkspaceOption = Path(".")) -> None:
    """Write what is to go back to senders into returns/, as each run does; again what is not answered and not there any more."""
    from pipelines.cli.returns import write_returns

    write_returns(Workspace(workspace.resolve()))


@quarantine_app.command("replay", epilog=example("sipas quarantine replay corrected.xlsx --workspace my_duc"))
def quarantine_replay(
    corrected: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A returned file, corrected.")],
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Take a corrected return as the answer to its refusal: put it into the inbox and run. Exit codes as of `sipas run`."""
    from pipelines.cli.returns import put_into_inbox

    put_into_inbox(Workspace(workspace.resolve()), corrected)
    run_command(workspace, None, None, None, False)


@sources_app.command("check", epilog=example("sipas sources check sources/mot_cua.yml --workspace my_duc"))
def sources_check(
    spec: Annotated[Path | None, typer.Argument(help="One spec file (default: all of them).")] = None,
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Read specs and a sample of their inputs; show the mapped head and every problem. Exit code 2 when there are any."""
    from pipelines.cli.sources import check_sources

    if not check_sources(Workspace(workspace.resolve()), spec):
        raise typer.Exit(USAGE)


@sources_app.command("infer", epilog=example("sipas sources infer inbox/so_2023-06.xlsx --output so_phan_anh"))
def sources_infer(
    place: Annotated[
        str, typer.Argument(metavar="FILE", help="The file, or the variable that holds a database's URL.")
    ],
    workspace: WorkspaceOption = Path("."),
    table: Annotated[str | None, typer.Option(help="Table of a database.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The dataset, where it is known.")] = None,
    output: Annotated[str | None, typer.Option(help="Name of the spec: write sources/NAME.yml.")] = None,
) -> None:
    """Draft a spec from a file: dataset, columns, values, dates, and the questions left for a person. Takes nothing in."""
    from pipelines.cli.infer import infer_source

    infer_source(Workspace(workspace.resolve()), place, table, dataset, output)


@app.command("template", epilog=example("sipas template --unit 10462 --dataset complaint --period 2023-06"))
def template_command(
    unit: Annotated[str, typer.Option(help="Code or name of the unit that fills it in.")],
    dataset: Annotated[str, typer.Option(help="Record dataset, such as complaint or survey_response.")],
    workspace: WorkspaceOption = Path("."),
    period: Annotated[
        str | None, typer.Option(callback=_month, help="Reporting month: the form then holds all of it.")
    ] = None,
    instrument: Annotated[str | None, typer.Option(help="Questionnaire of a survey_response, such as HN2023.")] = None,
    authority: Annotated[
        str, typer.Option(help="Who numbers the records; that of the cases, where a form names cases.")
    ] = "template",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="The XLSX file to write.")
    ] = None,
) -> None:
    """Write a blank Excel form for a unit; filled in and put into inbox/templates it is read without a spec."""
    from pipelines.cli.form import make_template

    make_template(Workspace(workspace.resolve()), unit, dataset, period, instrument, authority, output)


@app.command("forms", epilog=example("sipas forms --unit 10462 --period 2023-Q2 --language en --workspace my_duc"))
def forms_command(
    workspace: WorkspaceOption = Path("."),
    unit: Annotated[str | None, typer.Option(help="Code or name of one unit (default: all).")] = None,
    period: Annotated[
        str | None, typer.Option(help="2023-06, 2023-Q2, 2023-H1, 2023-9M or 2023 (default: those a run writes).")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to write into.")] = Path("forms"),
    language: Annotated[
        Literal["vi", "en"] | None, typer.Option(help="One language (default: those of sipas.yml).")
    ] = None,
) -> None:
    """Write official forms of the warehouse as it is into a folder, any period and in English too; nothing is published."""
    from pipelines.cli.forms import write_on_demand

    write_on_demand(Workspace(workspace.resolve()), unit, period, language, out)


UnitOption = Annotated[str, typer.Option("--unit", help="Code of the unit.")]
PeriodOption = Annotated[str, typer.Option("--period", help="2023-06, 2023-Q2, 2023-H1, 2023-9M or 2023.")]
ByOption = Annotated[
    str, typer.Option("--by", envvar="SIPAS_BY", help="Role or office that decides, not the name of a person.")
]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why.")]
BelowOption = Annotated[bool, typer.Option("--with-below", help="Also the units below it that are not that far.")]


@period_app.command("status", epilog=example("sipas period status --workspace my_duc --period 2023-06"))
def period_status(
    workspace: WorkspaceOption = Path("."),
    unit: Annotated[str | None, typer.Option(help="One unit only.")] = None,
    period: Annotated[str | None, typer.Option(help="One period only.")] = None,
) -> None:
    """Show how far periods are; with --unit and --period also every decision about it."""
    from pipelines.cli.period import show_periods

    show_periods(Workspace(workspace.resolve()), unit, period)


@period_app.command("pending", epilog=example("sipas period pending --workspace my_duc"))
def period_pending(
    workspace: WorkspaceOption = Path("."),
    unit: Annotated[str | None, typer.Option(help="One unit only.")] = None,
    period: Annotated[str | None, typer.Option(help="One period only.")] = None,
) -> None:
    """List the records that wait for locked periods: new, changed, gone, by input."""
    from pipelines.cli.period import show_pending

    show_pending(Workspace(workspace.resolve()), unit, period)


@period_app.command("submit", epilog=example("sipas period submit --unit 10441 --period 2023-06 --by 'UBND thị trấn'"))
def period_submit(
    unit: UnitOption,
    period: PeriodOption,
    by: ByOption = "",
    reason: ReasonOption = "",
    with_below: BelowOption = False,
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Say that a unit's period is complete. A unit goes after the units below it, a longer period after its months."""
    from pipelines.cli.period import tell_decision

    tell_decision(Workspace(workspace.resolve()), "submit", unit, period, with_below, by, reason or None)


@period_app.command(
    "approve", epilog=example("sipas period approve --unit 282 --period 2023-06 --with-below --by 'Phòng Nội vụ'")
)
def period_approve(
    unit: UnitOption,
    period: PeriodOption,
    by: ByOption = "",
    reason: ReasonOption = "",
    with_below: BelowOption = False,
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Approve a submitted period."""
    from pipelines.cli.period import tell_decision

    tell_decision(Workspace(workspace.resolve()), "approve", unit, period, with_below, by, reason or None)


@period_app.command(
    "lock", epilog=example("sipas period lock --unit 282 --period 2023-06 --with-below --by 'Văn phòng'")
)
def period_lock(
    unit: UnitOption,
    period: PeriodOption,
    by: ByOption = "",
    reason: ReasonOption = "",
    with_below: BelowOption = False,
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Lock an approved period: its published figures stay as they are, and what arrives later waits."""
    from pipelines.cli.period import tell_decision

    tell_decision(Workspace(workspace.resolve()), "lock", unit, period, with_below, by, reason or None)


@period_app.command(
    "accept", epilog=example("sipas period accept --unit 10441 --period 2023-06 --by 'Văn phòng' --reason 'Nộp muộn'")
)
def period_accept(
    unit: UnitOption,
    period: PeriodOption,
    reason: ReasonOption = "",
    by: ByOption = "",
    with_below: BelowOption = False,
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Let what waits into a locked period: the next run publishes its figures anew, marked as revised. It stays locked."""
    from pipelines.cli.period import tell_decision

    tell_decision(Workspace(workspace.resolve()), "accept", unit, period, with_below, by, reason or None)


@period_app.command(
    "reopen", epilog=example("sipas period reopen --unit 282 --period 2023-06 --by 'Văn phòng' --reason 'Sai mẫu'")
)
def period_reopen(
    unit: UnitOption,
    period: PeriodOption,
    reason: ReasonOption = "",
    by: ByOption = "",
    workspace: WorkspaceOption = Path("."),
) -> None:
    """Open a period again: the next run publishes what is known now. A unit goes before the units below it."""
    from pipelines.cli.period import tell_decision

    tell_decision(Workspace(workspace.resolve()), "reopen", unit, period, False, by, reason or None)


def main() -> None:
    """Run the command; a user's mistake ends in a message, never in a traceback."""
    try:
        app()
    except SettingsError as error:
        show_problems(error.problems)
        sys.exit(USAGE)
    except (WorkspaceBusy, LedgerTooNew) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        sys.exit(USAGE)
    except (OSError, OperationalError) as error:
        # A full disk or a folder without permission; the next run needs no repair.
        reason = getattr(error, "orig", None) or error
        console.print(f"The disk or the ledger cannot be used: {reason}", style="red", markup=False)
        console.print("See `sipas doctor`; make room or mend permissions and run again. (Kiểm tra ổ đĩa và quyền ghi.)")
        sys.exit(1)
    except Exception as error:
        # A fault of the software: where it was raised, and its message without what it quotes.
        from assets.unforeseen import without_values

        told = without_values(error)
        console.print("".join(traceback.format_tb(told.__traceback__)), markup=False, highlight=False)
        console.print(f"{told}; please report it (lỗi của phần mềm, đề nghị báo lại)", style="red", markup=False)
        sys.exit(1)


if __name__ == "__main__":
    main()
