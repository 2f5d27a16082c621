"""The documentation against the software: generated pages, links, commands, names of keys and rules, and the worked examples."""

from __future__ import annotations

import csv
import re
import shlex
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import duckdb
import numpy as np
import pytest
import typer
from pydantic import BaseModel

from assets.estimates.calibration import Margin, calibrate, kish_design_effect
from assets.estimates.intervals import FormMoments, FormSums, most_effective_n, ratio_over_forms
from assets.ingest.http import options as http_options
from assets.ingest.readers.options import (
    CsvOptions,
    DatabaseOptions,
    JsonLinesOptions,
    JsonOptions,
    SkipRule,
    WorkbookOptions,
)
from assets.ingest.shape import field_checks
from assets.ingest.spec import ColumnMap, Delivery, Feed, Location, SourceSpec, UnitFrom
from assets.workspace import Workspace
from pipelines.cli.init import make_workspace
from pipelines.cli.main import app
from pipelines.cli.sources import check_sources
from pipelines.settings import Settings
from quality import audit, gate
from quality.contract import load_contracts
from scripts.generate_dictionary import main as generate_dictionary

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
GUIDE = ROOT / "docs" / "guides" / "add-a-source.md"
SERVERS = ROOT / "docs" / "guides" / "read-from-a-survey-server.md"
REFERENCE = ROOT / "docs" / "reference"

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"(?<!\!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
EXAMPLE = re.compile(r"<!-- example: (\S+) -->\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RULE_ID = re.compile(
    r'"((?:file|columns|skip|json|database|store|spec|settings|location|unit|row|http)\.[a-z_]+|reference\.[a-z_]+)"'
)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


# Generated pages


def test_the_dictionary_is_up_to_date() -> None:
    assert generate_dictionary(["--check"]) == 0


# Links


def slug(heading: str) -> str:
    """The anchor GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in (first or second for first, second in LINK.findall(FENCE.sub("", text_of(page)))):
        if target.startswith(("http://", "https://")):
            continue
        place, _, anchor = target.partition("#")
        file = (page.parent / place).resolve() if place else page
        if not file.exists():
            broken.append(target)
        elif anchor:
            headings = re.findall(r"^#+ (.*)$", text_of(file), re.MULTILINE)
            if anchor not in {slug(heading) for heading in headings}:
                broken.append(target)
    assert not broken


# Commands


def commands_in(page: Path) -> Iterator[str]:
    """Every `sipas …` and `make …` of a page: lines of shell blocks, and inline code."""
    text = text_of(page)
    for language, block in FENCE.findall(text):
        if language not in ("sh", "console"):
            continue
        for line in block.splitlines():
            if language == "console" and not line.startswith("$ "):
                continue
            yield line.removeprefix("$ ").split("#")[0].strip()
    yield from INLINE.findall(FENCE.sub("", text))


def complaint_about(words: list[str]) -> str | None:
    """Why the words after `sipas` are no command, or None."""
    command: Any = typer.main.get_command(app)
    path = []
    while hasattr(command, "commands"):
        if not words or words[0].startswith("<"):
            return None
        if words[0] == "--help":
            return None
        if words[0] not in command.commands:
            return f"no command {' '.join([*path, words[0]])}"
        path.append(words[0])
        command = command.commands[words.pop(0)]
    options = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    unknown = [word for word in words if word.startswith("-") and word.split("=")[0] not in options]
    return f"{' '.join(path)} has no option {unknown[0]}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of(ROOT / "Makefile"), re.MULTILINE))
    complaints = []
    for line in commands_in(page):
        if line.startswith("sipas "):
            complaints.append(complaint_about(shlex.split(line)[1:]))
        elif match := re.match(r"make ([a-z]+)", line):
            complaints.append(None if match[1] in targets else f"no target {match[1]}")
        elif match := re.match(r"python (scripts/\S+\.py)", line):
            complaints.append(None if (ROOT / match[1]).is_file() else f"no script {match[1]}")
    assert [complaint for complaint in complaints if complaint] == []


def test_every_command_and_option_is_described() -> None:
    page = text_of(REFERENCE / "cli.md")

    def leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                yield from leaves(inner, (*path, name))
        else:
            yield path, command

    missing = []
    for path, command in leaves(typer.main.get_command(app), ("sipas",)):
        if f"## {' '.join(path)}\n" not in page:
            missing.append(" ".join(path))
        missing += [
            option
            for parameter in command.params
            for option in parameter.opts
            if option.startswith("--") and option != "--help" and option not in page
        ]
    assert missing == []


# Names: settings, spec keys, rules


def keys_of(model: type[BaseModel]) -> Iterator[str]:
    """Every key of a settings model and of the models within it, as `gate.max_rows`."""
    for name, field in model.model_fields.items():
        yield name
        kind: Any = field.annotation
        if get_origin(kind) in (Union, UnionType):
            kind = get_args(kind)[0]
        if isinstance(kind, type) and issubclass(kind, BaseModel) and name != "title":
            yield from (f"{name}.{inner}" for inner in keys_of(kind))


def test_every_setting_is_described() -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", text_of(REFERENCE / "settings.md"), re.MULTILINE))
    parents = {name.split(".")[0] for name in rows if "." in name}
    missing = [key for key in keys_of(Settings) if key not in rows and key not in parents]
    assert missing == []


def test_stated_defaults_are_the_defaults() -> None:
    page = text_of(REFERENCE / "settings.md")
    settings = Settings.model_validate(
        {"name": "x", "title": {"vi": "x", "en": "x"}, "roots": ["1"], "key": {"env": "X"}}
    )
    stated = dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", page, re.MULTILINE))
    checked = 0
    for key, default in stated.items():
        value: Any = settings
        for part in key.split("."):
            value = getattr(value, part)
        if isinstance(value, (int, float, str, bool)):
            assert str(value).lower() == default.lower(), key
            checked += 1
    assert checked >= 12


def test_every_key_of_a_spec_is_described() -> None:
    page = text_of(GUIDE)
    models: list[type[BaseModel]] = [SourceSpec, Location, Delivery, UnitFrom, Feed, ColumnMap, SkipRule]
    models += [CsvOptions, WorkbookOptions, JsonLinesOptions, JsonOptions, DatabaseOptions]
    keys = {key for model in models for key in model.model_fields} - {"name", "digest"}
    missing = [key for key in sorted(keys) if not re.search(rf"`{key}\b|\b{key}:", page)]
    assert missing == []


def test_every_key_of_a_server_is_described() -> None:
    page = text_of(SERVERS)
    keys = {key for part in http_options.PARTS for key in http_options.known_keys(part)}
    assert [key for key in sorted(keys) if not re.search(rf"`{key}\b|\b{key}:", page)] == []
    # The defaults stand in the tables.
    for key, field in http_options.Limits.model_fields.items():
        [listed] = re.findall(rf"^\| (.*`{key}`.*?) \| (.*?) \|", page, re.MULTILINE)
        shown = dict(zip(INLINE.findall(listed[0]), listed[1].split(", "), strict=True))
        assert shown[key] == f"{field.default:g}", key


def test_every_rule_is_described() -> None:
    page = text_of(REFERENCE / "rules.md")
    rules = {rule.id for contract in load_contracts().values() for rule in contract.rules}
    rules |= {*gate.CHECK_NAMES, *audit.CHECK_NAMES}
    for contract in load_contracts().values():
        for field in contract.fields:
            known = field.type in ("unit", "procedure", "instrument")
            rules |= {f".{check.rule.rpartition('.')[2]}" for check in field_checks(contract, field, "", known)}
    for folder in ("assets", "quality", "pipelines"):
        for module in (ROOT / folder).rglob("*.py"):
            rules |= set(RULE_ID.findall(text_of(module)))
    # quality/validation.py puts these behind a prefix.
    rules |= {f"{file}.{kind}" for file in ("spec", "settings") for kind in ("unknown_key", "missing_key", "value")}
    rules -= {name for name in rules if name.endswith((".py", ".csv", ".yml", ".xlsx", ".json"))}
    missing = [rule for rule in sorted(rules) if f"`{rule}`" not in page]
    assert missing == []


def test_the_guide_names_the_counts_that_hide_a_row() -> None:
    hiding = re.findall(
        r"^A row is hidden in `open/` by the number of records in (.*)\.$", text_of(REFERENCE / "marts.md"), re.M
    )
    [section] = re.findall(r"^## Hidden cells\n(.*?)^## ", text_of(ROOT / "docs/guides/read-the-marts.md"), re.M | re.S)
    named = {name for name in INLINE.findall(section) if name.startswith(("n_", "rows_"))}
    assert named == {name for listed in hiding for name in INLINE.findall(listed)}


def test_the_guide_names_every_mart() -> None:
    """The dictionary has a section per mart of the manifest; another test holds it to that."""
    marts = re.findall(r"^## (\w+)$", text_of(REFERENCE / "marts.md"), re.MULTILINE)
    guide = text_of(ROOT / "docs/guides/read-the-marts.md")
    [section] = re.findall(r"^## Marts and their grain\n(.*?)^## ", guide, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert set(marts) - {name for row in rows for name in INLINE.findall(row)} == set()


def test_every_shipped_table_is_named_with_its_rows() -> None:
    shipped = ROOT / "assets" / "reference" / "shipped"
    named: dict[str, int] = {}
    for files, counts in re.findall(
        r"^\| (`\w+\.csv`.*?) \| ([\d,; ]+) \|", text_of(shipped / "README.md"), re.MULTILINE
    ):
        names, numbers = INLINE.findall(files), [int(count.replace(",", "")) for count in counts.split(";")]
        named |= dict(zip(names, numbers * len(names) if len(numbers) == 1 else numbers, strict=True))
    found = {}
    for table in shipped.glob("*.csv"):
        with table.open(encoding="utf-8", newline="") as file:
            found[table.name] = sum(1 for _ in csv.DictReader(file))
    assert named == found


def test_every_method_page_names_columns_that_exist() -> None:
    dictionary = text_of(REFERENCE / "marts.md")
    known = set(INLINE.findall(dictionary))
    for page in (ROOT / "docs" / "methods").glob("*.md"):
        used = {name for name in INLINE.findall(text_of(page)) if re.fullmatch(r"n_[a-z_]+|[a-z_]+_pct", name)}
        assert used - known - {"n_eff"} == set(), page.name


# Vietnamese


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_pages_are_composed_unicode(page: Path) -> None:
    assert unicodedata.is_normalized("NFC", text_of(page))


def test_one_thing_has_one_vietnamese_name() -> None:
    """Rows are "bị giữ lại" (quarantined) and units "gửi dữ liệu" (submit), on every page and screen."""
    others = re.compile(r"cách ly|(nộp|gửi) báo cáo|báo cáo (nộp|phải nộp)", re.IGNORECASE)
    texts = [*PAGES, *(ROOT / "examples").rglob("*.yml")]
    for folder in ("assets", "quality", "pipelines", "dbt_project/models"):
        texts += [path for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yml", ".j2", ".txt")]
    assert [name_of(text) for text in texts if others.search(text_of(text))] == []


# The worked examples of the guide


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A new workspace that holds the files of the guide's examples."""
    monkeypatch.setenv("HOME", str(tmp_path))
    make_workspace(tmp_path / "my_office", "282")
    workspace = Workspace(tmp_path / "my_office")
    for name, content in EXAMPLE.findall(text_of(GUIDE)):
        file = workspace.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return workspace


def test_the_first_example_shows_what_the_guide_says(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    (office.reference / "unit_alias.csv").unlink()
    assert check_sources(office, Path("duong_day_nong")) is False
    shown = capsys.readouterr().out
    said = next(block for language, block in FENCE.findall(text_of(GUIDE)) if "sources check duong_day_nong" in block)
    for line in said.splitlines():
        if ("row(s) read" in line or "problem(s)" in line) and not line.startswith("$"):
            assert line.strip() in shown
    for rule in re.findall(r"^complaint\.\S+", said, re.MULTILINE):
        assert rule in shown
    assert "Chuyển nơi khác" in shown and "10441" in shown


def test_the_first_example_mended_as_the_guide_says(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    spec = office.sources / "duong_day_nong.yml"
    mended = re.search(r"write\s+`(state: \{.*?\}\})`", text_of(GUIDE))
    assert mended is not None
    spec.write_text(re.sub(r"state: \{.*\}\}", mended[1], text_of(spec)), encoding="utf-8")
    check_sources(office, Path("duong_day_nong"))
    assert "6 row(s) read, 4 accepted, 2 quarantined" in capsys.readouterr().out


def test_the_list_of_procedures_reads_as_the_guide_says(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_sources(office, Path("thu_tuc"))
    assert "2 row(s) read, 2 accepted, 0 quarantined" in capsys.readouterr().out


def test_the_guide_lists_the_fields_of_every_record_dataset() -> None:
    page = text_of(GUIDE)
    for name, contract in load_contracts().items():
        if contract.kind == "record":
            [row] = re.findall(rf"^\| `{name}` \| (.*) \|$", page, re.MULTILINE)
            required = [f.name for f in contract.fields if f.required and f.name not in ("record_id", "unit_code")]
            assert set(re.findall(r"\*\*(\w+)\*\*", row)) == set(required)
            fields = {field.name for field in contract.fields} - {"record_id", "unit_code"}
            assert set(re.findall(r"\w+", row)) == fields, name


def test_the_second_example_reads_as_the_guide_says(office: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    check_sources(office, Path("may_tinh_bang"))
    shown = capsys.readouterr().out
    assert "4 row(s) read, 3 accepted, 1 quarantined" in shown
    assert "survey_answer.outside_scale" in shown and "Tạm được" in shown


# Figures worked out on the method page


def test_the_worked_interval_is_what_the_software_computes() -> None:
    page = text_of(ROOT / "docs" / "methods" / "sipas-index.md")
    rows = {
        name: np.array([int(cell) for cell in cells.split("|")[:6]])
        for name, cells in re.findall(r"^\| (satisfied|valid) \S+ \|(.*)\|$", page, re.MULTILINE)
    }
    s, n = rows["satisfied"], rows["valid"]
    sums = [len(n), (n > 0).sum(), n.sum(), s.sum(), (s * s).sum(), (s * n).sum(), (n * n).sum()]
    found = ratio_over_forms(FormSums(*(np.array([int(value)]) for value in sums)))
    moments = FormMoments(*(np.array([float(value)]) for value in [sums[1], *sums[2:]]))
    cap = most_effective_n(np.array([sums[2]]), np.array([float(sums[1])]), moments)
    for figure, value in (
        ("`index_pct` = {:.2f}", 100 * found.proportion[0]),
        ("`se_pct` = {:.2f}", 100 * found.standard_error[0]),
        ("`df` = {:.0f}", found.degrees_of_freedom[0]),
        ("cap 17 / {:.2f}", sums[2] / cap[0]),
        (" = {:.2f}\n- n_eff", cap[0]),
        ("= {:.2f}\n- interval", found.effective_n[0]),
        ("**{:.2f} %", 100 * found.low[0]),
        ("{:.2f} %**", 100 * found.high[0]),
    ):
        assert figure.format(value) in page


def test_the_worked_question_is_what_its_formulas_give() -> None:
    """What the mart makes of the same counts is a unit test of the model."""
    page = text_of(ROOT / "docs" / "methods" / "survey-questions.md")
    rows = {
        name: [float(cell) for cell in cells.split("|")]
        for name, cells in re.findall(r"^\| (answers|score|share) \|(.*)\|$", page, re.MULTILINE)
    }
    answers, score = rows["answers"], rows["score"]
    assert rows["share"] == [round(100 * n / sum(answers), 2) for n in answers]
    scaled = sum(n * points for n, points in zip(answers, score, strict=True)) / sum(answers)
    for figure, value in (
        ("`n_valid` = {:.0f}", sum(answers)),
        ("/ 9996 = **{:.2f}**", scaled),
        ("alone it would be {:.2f}", 100 * answers[2] / sum(answers)),
        ("two upper ones {:.2f}", 100 * (answers[1] + answers[2]) / sum(answers)),
    ):
        assert figure.format(value) in page
    with (ROOT / "assets" / "reference" / "shipped" / "answer_level.csv").open(encoding="utf-8", newline="") as file:
        shipped = [float(row["score"]) for row in csv.DictReader(file) if row["scale_code"] == "interest3"]
    assert shipped == score


def test_the_worked_calibration_is_what_the_software_computes() -> None:
    page = text_of(ROOT / "docs" / "methods" / "calibration.md")
    rows = {
        name: np.array([float(cell) for cell in cells.split("|")])
        for name, cells in re.findall(
            r"^\| (people|forms|weight before|factor|weight after) \|(.*)\|$", page, re.MULTILINE
        )
    }
    margin = Margin(np.array([0, 1]), rows["people"])
    found = calibrate(rows["weight before"], [margin], 1e-6, 1)
    assert found.factors.round(2).tolist() == rows["factor"].tolist()
    assert (rows["weight before"] * found.factors).tolist() == pytest.approx(rows["weight after"])
    each = 20 * found.factors
    assert f"are now {each[0]:.2f} and {each[1]:.2f}" in page
    assert f"`deff_after` = **{kish_design_effect(np.repeat(each, rows['forms'].astype(int))):.2f}**" in page
    share = 100 * (5 * each[0] + each[1]) / rows["people"].sum()
    assert f"(5 · {each[0]:.2f} + 1 · {each[1]:.2f}) / {rows['people'].sum():.0f} = **{share:.2f} %**" in page


def test_the_worked_shortfall_is_what_its_formula_gives() -> None:
    """What the model makes of the same counts is a unit test of it."""
    page = text_of(ROOT / "docs" / "methods" / "improvement-plan.md")
    rows = {
        name: [float(cell) for cell in cells.split("|")]
        for name, cells in re.findall(r"^\| (valid|satisfied|index|gap|contribution) \|(.*)\|$", page, re.MULTILINE)
    }
    valid, satisfied = rows["valid"], rows["satisfied"]
    index = [100 * s / n for s, n in zip(satisfied, valid, strict=True)]
    contribution = [n * (100 - of) / sum(valid) for n, of in zip(valid, index, strict=True)]
    assert rows["index"] == [round(value, 2) for value in index]
    assert rows["gap"] == [round(90 - value, 2) for value in index]
    assert rows["contribution"] == [round(value, 2) for value in contribution]
    overall = 100 * sum(satisfied) / sum(valid)
    assert (
        f"{sum(satisfied):.0f} / {sum(valid):.0f} = **{overall:.2f}**, so {sum(contribution):.2f} are lacking" in page
    )
    assert f"{' + '.join(f'{value:.2f}' for value in contribution)} = {100 - overall:.2f}" in page
    assert contribution.index(max(contribution)) == 1


def test_method_pages_print_the_figures_of_golden_pairs() -> None:
    """A table after `<!-- golden: … -->` has the rows of one side of that pair, in its order, with columns named as there."""
    golden = ROOT / "tests" / "golden"
    checked = 0
    for page in (ROOT / "docs" / "methods").glob("*.md"):
        for name, table in re.findall(r"<!-- golden: (\w+) -->\n((?:\|.*\n)+)", text_of(page)):
            head, _, *rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines()]
            for side in ("input", "expected"):
                with (golden / f"{name}_{side}.csv").open(encoding="utf-8", newline="") as file:
                    pair = list(csv.DictReader(file))
                if set(head) <= set(pair[0]):
                    break
            assert rows == [[row[column] for column in head] for row in pair], name
            checked += 1
    assert checked >= 17


def test_sql_of_the_guides_names_columns_that_exist() -> None:
    """Every SQL block runs on empty marts made from the dictionary."""
    dictionary = text_of(REFERENCE / "marts.md")
    with duckdb.connect() as marts:
        marts.execute("CREATE SCHEMA marts").fetchall()
        for section in re.split(r"^## ", dictionary, flags=re.MULTILINE)[1:]:
            columns = re.findall(r"^\| \*{0,2}`([a-z_]+)`\*{0,2} \| ([a-z ]+) \|", section, re.MULTILINE)
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
            marts.execute(f"CREATE TABLE marts.{section.split()[0]} ({listed})").fetchall()
        blocks = [block for page in PAGES for language, block in FENCE.findall(text_of(page)) if language == "sql"]
        assert blocks
        for block in blocks:
            marts.execute(block).fetchall()
