"""What `ingest.admin` does, asked of the service that holds the index."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from ingest.admin import DocumentDetail, IndexInfo
from ingest.catalog.documents import Deletion, DocumentRecord, DocumentState
from ingest.catalog.jobs import Job, TaskOutcome
from ingest.catalog.sources import SourceRecord
from ingest.errors import PinciteError, WrongUse
from ingest.messages import (
    ERRORS,
    MAX_PAGE,
    AddReaders,
    AddSources,
    DeleteDocuments,
    DeletionPage,
    DocumentPage,
    JobAnswer,
    JobDetail,
    JobList,
    Rebuild,
    Reindex,
    Rollback,
    SourceList,
    SourceRemoved,
    Sync,
)
from ingest.metadata import NOTHING_SAID, Metadata
from ingest.receiving import opened

Answer = TypeVar("Answer")
Body = TypeVar("Body", bound=BaseModel)

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")
ANSWERS_WITHIN_S = 300.0
"""An upload of many files, or a hosted model's answer, takes its time."""
COMES_BACK_WITHIN_S = 10.0
_FILE = "service.json"


class ServiceUnreachable(PinciteError):
    """The service does not answer (any more)."""


class ServiceFailed(PinciteError):
    """The service answers that it failed; its log says why."""


@dataclass(frozen=True, slots=True)
class _Announcement:
    """`instance` is another for every start: a file that was left behind names a service that is gone,
    and another may listen there by now."""

    url: str
    pid: int
    instance: str


@contextmanager
def announced(index_path: Path, url: str, instance: str) -> Iterator[None]:
    """Have `find_service` find this process's service, for as long as the block runs."""
    place = index_path / _FILE
    # A temporary file is its owner's alone, and moving it leaves no moment with half of it.
    handle, scratch = tempfile.mkstemp(dir=index_path, prefix=".service-")
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(_Announcement(url, os.getpid(), instance)), file)
    os.replace(scratch, place)
    try:
        yield
    finally:
        said = _announcement(index_path)
        if said is not None and said.instance == instance:
            place.unlink(missing_ok=True)


def find_service(index_path: Path) -> str | None:
    """The address of the service that holds this index, if one does and answers."""
    said = _announcement(index_path)
    if said is None or urlsplit(said.url).hostname not in LOOPBACK_NAMES:
        return None
    try:
        response = httpx.get(f"{said.url}/healthz", timeout=5.0, trust_env=False)
        is_this_one = response.json().get("instance") == said.instance
    except (httpx.HTTPError, ValueError, AttributeError):
        return None
    return said.url if is_this_one else None


def _announcement(index_path: Path) -> _Announcement | None:
    try:
        return TypeAdapter(_Announcement).validate_json((index_path / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


class RemoteAdmin:
    """The methods of `Admin` over HTTP, with its values and its errors.

    `asked_by` is passed over: the service notes whom it takes the caller for. Raises
    `ServiceUnreachable` where it does not answer. Use it as a context manager, or `close` it.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        # Proxies are for other machines.
        self._client = httpx.Client(base_url=address, timeout=ANSWERS_WITHIN_S, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    # Sources

    def sources(self) -> list[SourceRecord]:
        return self._get("/admin/sources", SourceList).sources

    def add_folders(
        self, paths: Sequence[Path], *, asked_by: str = "", allow_empty: bool = False
    ) -> str:
        # The service may run in another folder.
        places = [str(path.expanduser().absolute()) for path in paths]
        body = _request(AddSources, paths=places, allow_empty=allow_empty)
        return self._post("/admin/sources", body, JobAnswer).job.id

    def add_readers(
        self, names: Sequence[str], *, asked_by: str = "", allow_empty: bool = False
    ) -> str:
        body = _request(AddReaders, names=list(names), allow_empty=allow_empty)
        return self._post("/admin/readers", body, JobAnswer).job.id

    def sync(
        self,
        source_ids: Collection[str] | None = None,
        *,
        asked_by: str = "",
        only: Sequence[str] = (),
    ) -> str:
        chosen = None if source_ids is None else list(source_ids)
        return self._post(
            "/admin/sync", _request(Sync, sources=chosen, only=list(only)), JobAnswer
        ).job.id

    def remove_source(self, source_id: str, *, asked_by: str = "") -> int:
        return self._delete(f"/admin/sources/{source_id}", SourceRemoved).documents

    # Documents

    def documents(
        self,
        *,
        source_id: str | None = None,
        state: DocumentState | None = None,
        text: str | None = None,
        failing: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[list[DocumentRecord], int]:
        page = self._get(
            "/admin/documents",
            DocumentPage,
            source=source_id,
            state=state,
            text=text,
            failing=failing,
            offset=offset,
            limit=limit,
        )
        return page.documents, page.total

    def document(self, document_id: str) -> DocumentDetail:
        return self._get(f"/admin/documents/{document_id}", DocumentDetail)

    def upload_files(
        self, files: Sequence[Path], metadata: Metadata = NOTHING_SAID, *, asked_by: str = ""
    ) -> str:
        said = TypeAdapter(Metadata).dump_json(metadata).decode()
        with opened(files) as contents:
            parts = [
                ("files", (file.name, content, "application/octet-stream"))
                for file, content in zip(files, contents, strict=True)
            ]
            return self._send(
                JobAnswer, "POST", "/admin/documents", files=parts, data={"metadata": said}
            ).job.id

    def delete(self, ids: Sequence[str], *, asked_by: str = "") -> str:
        body = _request(DeleteDocuments, ids=list(ids))
        return self._post("/admin/documents/delete", body, JobAnswer).job.id

    def deletions(self) -> list[Deletion]:
        found: list[Deletion] = []
        while True:
            page = self._get("/admin/deletions", DeletionPage, offset=len(found), limit=MAX_PAGE)
            found += page.deletions
            if not page.deletions or len(found) >= page.total:
                return found

    def reindex(
        self,
        *,
        asked_by: str = "",
        ids: Sequence[str] | None = None,
        source_id: str | None = None,
    ) -> str:
        if ids is not None:
            body = _request(Reindex, documents=list(ids))
        elif source_id is not None:
            body = _request(Reindex, source=source_id)
        else:
            body = _request(Reindex, all=True)
        return self._post("/admin/reindex", body, JobAnswer).job.id

    # Jobs

    def jobs(self, *, limit: int = 100, open_only: bool = False) -> list[Job]:
        return self._get("/admin/jobs", JobList, limit=limit, open_only=open_only).jobs

    def job(self, job_id: str) -> Job:
        return self._get(f"/admin/jobs/{job_id}", JobDetail, limit=0).job

    def outcomes(
        self, job_id: str, *, state: str | None = None, offset: int = 0, limit: int | None = None
    ) -> list[TaskOutcome]:
        found: list[TaskOutcome] = []
        while True:
            wanted = MAX_PAGE if limit is None else min(MAX_PAGE, limit - len(found))
            page = self._get(
                f"/admin/jobs/{job_id}",
                JobDetail,
                state=state,
                offset=offset + len(found),
                limit=wanted,
            ).outcomes
            found += page
            if len(page) < wanted or (limit is not None and len(found) >= limit):
                return found

    def cancel(self, job_id: str) -> Job:
        return self._post(f"/admin/jobs/{job_id}/cancel", None, JobAnswer).job

    def wait(self, job_id: str, on_progress: Callable[[Job], None] = lambda job: None) -> Job:
        """The job once it is over. Raises `ServiceUnreachable` where the service stops before that."""
        lost_at: float | None = None
        while True:
            try:
                for job in self._events(job_id):
                    lost_at = None
                    on_progress(job)
                    if not job.is_open:
                        return job
            except httpx.TransportError:
                pass
            lost_at = lost_at or time.monotonic()
            if time.monotonic() - lost_at > COMES_BACK_WITHIN_S:
                raise ServiceUnreachable(
                    f"The service at {self._address} stopped before job {job_id} was over. It goes on "
                    "when 'pincite serve' or 'pincite ingest' starts again; see 'pincite jobs list'."
                )
            time.sleep(0.5)

    def _events(self, job_id: str) -> Iterator[Job]:
        path = f"/admin/jobs/{job_id}/events"
        adapter = TypeAdapter(Job)
        with self._client.stream("GET", path, timeout=60.0) as response:
            if response.is_error:
                response.read()
            _check(response)
            for line in response.iter_lines():
                if line.startswith("data:"):
                    yield adapter.validate_json(line.removeprefix("data:"))

    # Generations

    def index(self) -> IndexInfo:
        return self._get("/admin/index", IndexInfo)

    def rebuild(
        self,
        *,
        asked_by: str = "",
        encoder: str | None = None,
        target_tokens: int | None = None,
        max_tokens: int | None = None,
        force: bool = False,
    ) -> str:
        body = Rebuild(
            encoder=encoder, target_tokens=target_tokens, max_tokens=max_tokens, force=force
        )
        return self._post("/admin/index/rebuild", body, JobAnswer).job.id

    def use(self, generation: str | None = None, *, asked_by: str = "") -> str:
        body = _request(Rollback, generation=generation)
        return self._post("/admin/index/rollback", body, JobAnswer).job.id

    def drop(self, generation: str) -> None:
        self._send(dict[str, Any], "DELETE", f"/admin/index/{generation}")

    # Questions

    def ask(
        self,
        question: str,
        as_of: date | None = None,
        within: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, Any]:
        """The answer as `POST /ask` gives it; `within` is its field of that name."""
        body = {
            "question": question,
            "as_of": as_of.isoformat() if as_of else None,
            "within": within,
        }
        return self._send(dict[str, Any], "POST", "/ask", json=body)

    def _get(self, path: str, answer: type[Answer], **parameters: Any) -> Answer:
        given = {name: value for name, value in parameters.items() if value is not None}
        return self._send(answer, "GET", path, params=given)

    def _post(self, path: str, body: BaseModel | None, answer: type[Answer]) -> Answer:
        return self._send(answer, "POST", path, json=body.model_dump(mode="json") if body else None)

    def _delete(self, path: str, answer: type[Answer]) -> Answer:
        return self._send(answer, "DELETE", path)

    def _send(self, answer: type[Answer], method: str, path: str, **request: Any) -> Answer:
        try:
            response = self._client.request(method, path, **request)
        except httpx.TransportError as error:
            raise ServiceUnreachable(
                f"The service at {self._address} does not answer ({error}). Start it with 'pincite "
                "serve'."
            ) from error
        _check(response)
        return TypeAdapter(answer).validate_json(response.content)


def _request(kind: type[Body], **fields: Any) -> Body:
    """Raises `WrongUse` for what the service would refuse."""
    try:
        return kind(**fields)
    except ValidationError as error:
        faults = [
            f"{fault['loc'][0] if fault['loc'] else ''}: {fault['msg']}" for fault in error.errors()
        ]
        raise WrongUse("; ".join(faults)) from error


def _check(response: httpx.Response) -> None:
    """Raise the error that the service answers with, of the type that it had there."""
    if response.is_success:
        return
    try:
        error: Mapping[str, Any] = response.json()["error"]
        message, code = str(error["message"]), error["code"]
    except (ValueError, LookupError, TypeError):
        message, code = f"The service answered {response.status_code}.", None
    raise ERRORS.get(code or "", ServiceFailed)(message)
