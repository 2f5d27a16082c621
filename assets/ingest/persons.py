"""Persons in source rows: the SQL of their tokens, rows of people who are to be forgotten, and what stands where it should not.

How personal data is found in text stands in quality/personal.py; what forgetting does to files, in assets/privacy/.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from assets.ingest.spec import SourceSpec
from assets.keys import Keyring
from quality.contract import Bilingual, Contract, FieldContract
from quality.personal import POSSIBLE, find, identifiers, mask

SEPARATOR = "chr(31)"
PERSONAL_TEXT = Bilingual(
    vi="Cột này có số điện thoại, số giấy tờ, thư điện tử hoặc họ tên; phần đó được che, đề nghị đơn vị không ghi vào đây",
    en="The column holds phone numbers, ID numbers, e-mail or names; they were masked: ask the sender not to write them here",
)
PERSONAL_EXTRA = Bilingual(
    vi="Cột extra có dữ liệu cá nhân; bỏ cột khỏi extra, hoặc khai báo vào trường person_… để được băm",
    en="An extra column holds personal data; take it out of extra, or map it to a person_… field, which is hashed",
)
NO_TOKEN = Bilingual(
    vi="Không đọc được số điện thoại, số giấy tờ hoặc thư điện tử trong ô; người này không tìm lại được bằng ô đó",
    en="No phone number, ID number or address can be read in the cell; the person cannot be found by it",
)


def token(field: FieldContract, given: str) -> str:
    """Return the SQL of the token of an identifier: `normal_phone` and its like of quality/personal.py, kept in step by a test."""
    first = f"regexp_extract({given}, '^[^,;/|]*')"
    digits = f"regexp_replace({first}, '[^0-9]', '', 'g')"
    if field.type == "phone":
        national = (
            f"CASE WHEN starts_with({digits}, '0084') THEN '0' || substr({digits}, 5) "
            f"WHEN starts_with({digits}, '84') AND length({digits}) IN (11, 12) THEN '0' || substr({digits}, 3) "
            f"WHEN length({digits}) = 9 AND NOT starts_with({digits}, '0') THEN '0' || {digits} ELSE {digits} END"
        )
        normal = f"regexp_extract({national}, '^0[0-9]{{9,10}}$')"
    elif field.type == "id_number":
        whole = f"CASE WHEN length({digits}) IN (10, 11) THEN lpad({digits}, 12, '0') ELSE {digits} END"
        normal = f"regexp_extract({whole}, '^([0-9]{{9}}|[0-9]{{12}})$')"
    else:
        bare = f"lower(regexp_replace({first}, '[ \t\r\n\u00a0]', '', 'g'))"
        normal = f"CASE WHEN contains({bare}, '@') THEN {bare} END"
    return f"person_hash('{field.type}' || {SEPARATOR} || nullif({normal}, ''))"


def tokens_in(text: str, keys: Keyring) -> set[str]:
    """Return the token of every number and address in a text, however it is read."""
    normal = unicodedata.normalize("NFC", text)
    return {keys.token(kind, value) for kind, value in identifiers(normal)}


def drop_forgotten(
    connection: duckdb.DuckDBPyConnection, refused_text: str, refusing: str, forgotten: frozenset[str], keys: Keyring
) -> list[tuple[int, int]]:
    """Delete from ``shaped`` the rows of people who are to be forgotten; return delivery number and rows of each input.

    A row is one of them by its tokens or record keys (``_forgotten``), by the cells of a refused row (the SQL
    `refused_text`, where `refusing` holds), which would be kept, or by its extra columns.
    """
    texts = connection.execute(
        f"SELECT shaped._seq, shaped._sheet, shaped._line, concat_ws(' ', shaped.extra, CASE WHEN {refusing} THEN {refused_text} END) "
        "FROM shaped INNER JOIN chunk ON chunk._seq = shaped._seq AND chunk._line = shaped._line "
        f"AND chunk._sheet IS NOT DISTINCT FROM shaped._sheet WHERE NOT _forgotten AND (shaped.extra IS NOT NULL OR {refusing})"
    ).fetchall()
    for seq, sheet, line, text in texts:
        if not forgotten.isdisjoint(tokens_in(text, keys)):
            connection.execute(
                "UPDATE shaped SET _forgotten = TRUE WHERE _seq = ? AND _sheet IS NOT DISTINCT FROM ? AND _line = ?",
                [seq, sheet, line],
            ).fetchall()
    counts = connection.execute("SELECT _seq, count(*) FROM shaped WHERE _forgotten GROUP BY ALL").fetchall()
    if counts:
        connection.execute("DELETE FROM shaped WHERE _forgotten").fetchall()
    return counts


def watched_columns(spec: SourceSpec, contract: Contract) -> dict[str, tuple[str, bool, bool]]:
    """Return the headings in which personal data does not belong: rule, whether it is masked, whether names count.

    Those of text that reaches the warehouse are masked; extra columns stay in the private zone as they are.
    """
    feed = spec.record_feed
    assert feed is not None
    watched = {heading: (f"{contract.dataset}.extra.personal", False, True) for heading in feed.extra}
    for name, column in feed.columns.items():
        field = contract.field(name)
        if field.type in ("text", "procedure") and field.personal == "none" and column.column is not None:
            watched[column.column] = (f"{contract.dataset}.{name}.personal", True, not field.names_places)
    return watched


def mask_personal(
    chunk: pa.Table, clean_prefix: str, watched: Mapping[str, tuple[str, bool, bool]]
) -> tuple[pa.Table, list[tuple[int, str, str]]]:
    """Return the chunk with its watched clean cells masked, and (delivery number, rule, heading) of every row with a hit."""
    hits: list[tuple[int, str, str]] = []
    for heading, (rule, masked, names) in watched.items():
        at = chunk.column_names.index(clean_prefix + heading)
        cells = chunk.column(at)
        personal = {text: mask(text, names) for text in _possible(cells) if _is_personal(text, names)}
        if not personal:
            continue
        found = pc.is_in(cells, value_set=pa.array(list(personal), pa.string()))
        hits += [(seq, rule, heading) for seq in chunk["_seq"].filter(found).to_pylist()]
        if masked:
            kept = [personal.get(text, text) if text is not None else None for text in cells.to_pylist()]
            chunk = chunk.set_column(at, chunk.field(at), pa.chunked_array([pa.array(kept, pa.string())]))
    return chunk, hits


def _possible(cells: pa.ChunkedArray) -> Iterable[str]:
    """The different texts among the cells that may hold something; most columns have few."""
    distinct = pc.drop_null(pc.unique(cells))
    texts: list[str] = pc.filter(distinct, pc.match_substring_regex(distinct, POSSIBLE)).to_pylist()
    return texts


@lru_cache(maxsize=10_000)  # the same few in chunk after chunk
def _is_personal(text: str, names: bool) -> bool:
    return any(names or one.kind != "name" for one in find(text))
