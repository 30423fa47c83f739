"""`/admin/documents`: upload, look up, delete and read anew."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, File, Form, Query, UploadFile

from ingest.admin import DocumentDetail
from ingest.catalog.documents import DocumentState
from ingest.messages import (
    MAX_PAGE,
    DeleteDocuments,
    DeletionPage,
    DocumentPage,
    JobAnswer,
    Reindex,
)
from ingest.metadata import MetadataError
from ingest.receiving import Incoming, metadata_by_name
from service.routes.dependencies import AdminDep, ReaderDep, SettingsDep
from service.routes.errors import RequestError

router = APIRouter()

Offset = Annotated[int, Query(ge=0)]
Limit = Annotated[int, Query(ge=0, le=MAX_PAGE)]


@router.post("/documents", status_code=202)
def upload_documents(
    admin: AdminDep,
    reader: ReaderDep,
    settings: SettingsDep,
    files: Annotated[list[UploadFile], File(description="The documents")],
    metadata: Annotated[
        str | None,
        Form(
            description="JSON: fields for all files (title, owner, version, effective_from, "
            "effective_until, supersedes, tags, groups), or an object of them by file name",
            examples=['{"owner": "HR", "effective_from": "2026-03-01", "groups": ["hr"]}'],
        ),
    ] = None,
) -> JobAnswer:
    """Index these files. One of a known name becomes a new version of it.

    All are taken or none: an error names the file, and nothing was changed.
    """
    if len(files) > settings.max_upload_files:
        raise RequestError(
            413,
            f"These are {len(files)} files; at most {settings.max_upload_files} are taken at a time.",
            param="files",
            code="too_large",
        )
    names = [file.filename or "" for file in files]
    said = metadata_by_name(_json_object(metadata), names)
    incoming = [
        Incoming(name, file.file, said[name]) for name, file in zip(names, files, strict=True)
    ]
    return JobAnswer(admin.job(admin.receive(incoming, asked_by=reader.name)))


@router.get("/documents")
def list_documents(
    admin: AdminDep,
    source: Annotated[str | None, Query(description="Id of a source")] = None,
    state: DocumentState | None = None,
    text: Annotated[
        str | None, Query(max_length=500, description="Part of a name or title")
    ] = None,
    failing: Annotated[bool, Query(description="Only those with an error")] = False,
    offset: Offset = 0,
    limit: Limit = 100,
) -> DocumentPage:
    """Documents by name, with what is known of each."""
    found, total = admin.documents(
        source_id=source, state=state, text=text, failing=failing, offset=offset, limit=limit
    )
    return DocumentPage(found, total)


@router.get("/documents/{document_id}")
def show_document(document_id: str, admin: AdminDep) -> DocumentDetail:
    """A document with its versions, its chunks, and the kinds of its elements."""
    return admin.document(document_id)


@router.delete("/documents/{document_id}")
def delete_document(document_id: str, admin: AdminDep, reader: ReaderDep) -> JobAnswer:
    """Delete a document. No search finds it once this is answered."""
    return JobAnswer(admin.job(admin.delete([document_id], asked_by=reader.name)))


@router.post("/documents/delete")
def delete_documents(body: DeleteDocuments, admin: AdminDep, reader: ReaderDep) -> JobAnswer:
    """Delete documents, all or, where one is not there, none. No search finds them once this is
    answered."""
    return JobAnswer(admin.job(admin.delete(body.ids, asked_by=reader.name)))


@router.post("/reindex", status_code=202)
def reindex(body: Reindex, admin: AdminDep, reader: ReaderDep) -> JobAnswer:
    """Read documents anew, changed or not."""
    job = admin.reindex(ids=body.documents, source_id=body.source, asked_by=reader.name)
    return JobAnswer(admin.job(job))


@router.get("/deletions")
def list_deletions(admin: AdminDep, offset: Offset = 0, limit: Limit = 100) -> DeletionPage:
    """What was deleted, when and by whom, the latest first."""
    deletions = admin.deletions()
    return DeletionPage(deletions[offset : offset + limit], len(deletions))


def _json_object(text: str | None) -> dict[str, Any]:
    if text is None or not text.strip():
        return {}
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MetadataError(f"metadata is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise MetadataError("metadata is not a JSON object of fields, or of fields by file name")
    return value
