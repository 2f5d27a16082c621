"""A whole list from a server as one JSON Lines file: page after page, continued after a failure, checked before it counts."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import sqlite3
from pathlib import Path

from assets.ingest.extract import Extract
from assets.ingest.http.attempts import persistently
from assets.ingest.http.credentials import secret_text, user_and_password
from assets.ingest.http.fault import HttpFault, Moved
from assets.ingest.http.json_pages import JsonPages
from assets.ingest.http.kobo import Kobo
from assets.ingest.http.odk import Odk
from assets.ingest.http.options import (
    HttpOptions,
    JsonOptions,
    KoboOptions,
    LimeSurveyOptions,
    OdkOptions,
    address_fault,
    plain_text_fault,
)
from assets.ingest.http.partial import Partial
from assets.ingest.http.service import Position, Service
from assets.ingest.http.wire import Wire
from assets.ingest.spec import SourceSpec
from assets.workspace import Workspace
from quality.contract import Bilingual
from quality.problem import Problem


def extract_list(spec: SourceSpec, workspace: Workspace, *, first_page_only: bool = False) -> Extract | Problem:
    """Copy a server's list into the workspace's private zone as JSON Lines; a fault comes back as a problem."""
    options = spec.location.http
    assert options is not None
    file = workspace.landing / ".extract" / f"{spec.name}.jsonl"
    found = collect(spec.name, options, workspace, file, first_page_only)
    return found if isinstance(found, Problem) else Extract(f"{options.service}@{spec.name}", file, found)


def collect(
    source: str, options: HttpOptions, workspace: Workspace, file: Path, first_page_only: bool = False
) -> str | Problem:
    """Read the list of a source into `file`, one row a line, and return a hash of the rows.

    On a fault a problem comes back, and `file` is not written; what was read stays beside it, and the next call goes on
    from there. The hash depends on the rows alone, not on their order nor on how they came in pages.
    """
    where = Bilingual(vi=options.service, en=options.service)
    try:
        wire = _wire(options, workspace)
        where = _where(options.service, wire.shown(wire.address))
        service = _service(options, wire, workspace)
        where = _where(options.service, wire.shown(service.address))
    except HttpFault as fault:
        return fault.problem(source, where)
    identity = hashlib.sha256(service.identity.encode()).hexdigest()
    partial: Partial | None = None
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = Partial(file.with_suffix(".partial"), identity, service.start(), _now())
        _read(service, options, partial, first_page_only)
        if not partial.records:
            partial.discard()
            raise HttpFault("http.empty", "máy chủ chưa có bản ghi nào", "the server has no record yet")
        digest = partial.write(file)
        partial.discard()
        return digest
    except HttpFault as fault:
        # A list that does not fit together was discarded.
        kept = partial.pages if partial is not None and partial.is_open else 0
        at_end = partial is None or not partial.is_open or partial.position is None
        page = 0 if at_end else kept + 1
        return fault.problem(source, _where(options.service, wire.shown(service.address), page), kept)
    except (sqlite3.Error, OSError):
        return HttpFault(
            "http.disk",
            "không ghi được vào landing/.extract; kiểm tra chỗ trống và quyền ghi",
            "landing/.extract cannot be written; look at the disk's space and the folder's permissions",
        ).problem(source, where)
    finally:
        service.close()
        wire.close()
        if partial is not None:
            partial.close()


def reach(options: HttpOptions, workspace: Workspace) -> Bilingual | None:
    """Return why a server cannot be asked: no address, no secret, or nothing that answers there; None when it can."""
    try:
        _service(options, _wire(options, workspace), workspace)
        # Another session, for that one may send the secret already.
        with _wire(options, workspace) as wire:
            wire.head(wire.address)
    except HttpFault as fault:
        # Whatever it answers without a login, it is there.
        unheard = ("http.address", "http.secret", "http.unreachable", "http.tls", "http.slow", "http.cut")
        return fault.text if fault.rule in unheard else None
    return None


def _read(service: Service, options: HttpOptions, partial: Partial, first_page_only: bool) -> None:
    """Read to the end. A list that does not fit together is read anew once: most often it changed meanwhile."""
    logged_in = was_anew = False
    while True:
        try:
            while (position := partial.position) is not None:
                if not logged_in:
                    persistently(service.log_in, options.limits)
                    logged_in = True
                _take(service, options, partial, position)
                if first_page_only:
                    return
            partial.check_complete()
            return
        except HttpFault as fault:
            stale = partial.resumed and fault.rule in ("http.not_found", "http.refused", "http.shape", "http.loop")
            if not isinstance(fault, Moved) and not stale:
                if fault.rule == "http.loop":
                    partial.discard()
                raise
            if not partial.resumed:
                if was_anew:
                    partial.discard()
                    raise
                was_anew = True
            partial.restart(service.start(), _now())


def _take(service: Service, options: HttpOptions, partial: Partial, position: Position) -> None:
    page = persistently(lambda: service.page(position), options.limits)
    ids = [service.record_id(record) for record in page.records]
    partial.add(page, ids, [service.rows(record) for record in page.records])


def _wire(options: HttpOptions, workspace: Workspace) -> Wire:
    url = options.url or os.environ.get(str(options.url_env), "")
    if not url:
        raise HttpFault(
            "http.address",
            f"biến môi trường {options.url_env} chưa được đặt",
            f"set the environment variable {options.url_env}",
        )
    fault = address_fault(url) or plain_text_fault(url, options.allow_http)
    if fault is not None:
        raise HttpFault("http.address", fault.vi, fault.en)
    ca_file = None
    if options.ca_file is not None:
        ca_file = workspace.root / Path(options.ca_file).expanduser()
        if not ca_file.is_file():
            raise HttpFault(
                "http.tls",
                f"không có tệp chứng thư {options.ca_file}; sửa ca_file",
                f"there is no certificate file {options.ca_file}; correct ca_file",
            )
    # Whoever hides the address in a variable may have a secret in it.
    return Wire(url, options.limits, ca_file, hides_path=options.url is None)


def _service(options: HttpOptions, wire: Wire, workspace: Workspace) -> Service:
    match options:
        case OdkOptions():
            return Odk(options, wire, *user_and_password(options.auth, workspace))
        case KoboOptions():
            assert options.auth.token is not None
            return Kobo(options, wire, secret_text(options.auth.token, workspace))
        case LimeSurveyOptions():
            # Imported here: the client takes a tenth of a second that other sources need not wait for.
            from assets.ingest.http.limesurvey import LimeSurvey

            return LimeSurvey(options, wire, *user_and_password(options.auth, workspace))
        case JsonOptions(auth=auth):
            if auth is not None and auth.token is not None:
                header = auth.header or "Authorization"
                scheme = "" if auth.header else "Bearer "
                wire.with_token(header, scheme + secret_text(auth.token, workspace))
            elif auth is not None:
                wire.with_password(*user_and_password(auth, workspace))
            return JsonPages(options, wire)


def _where(service: str, address: str, page: int = 0) -> Bilingual:
    if not page:
        return Bilingual(vi=f"{service} ({address})", en=f"{service} ({address})")
    return Bilingual(vi=f"{service} ({address}), trang {page}", en=f"{service} ({address}), page {page}")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
