"""`GET /documents` and `GET /documents/{id}`: as JSON for programs, as a page for people."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import FileResponse, JSONResponse, Response

from ingest.catalog.documents import DocumentRecord
from service.access import Reader, may_read
from service.assemble import Assembled
from service.routes.dependencies import ReaderDep, ServiceDep
from service.routes.errors import RequestError
from service.routes.web import WEB
from service.schema import DocumentList, DocumentOut, document_out, document_summary

router = APIRouter(tags=["documents"])


@router.get("/documents")
def list_documents(service: ServiceDep, reader: ReaderDep) -> DocumentList:
    """Every document with its state; `error` says why one could not be read."""
    records = service.store.catalog.documents.find()
    return DocumentList(
        documents=[document_summary(record) for record in records if may_read(reader, record)]
    )


@router.get("/documents/{document_id}", response_model=DocumentOut)
def show_document(
    document_id: str,
    service: ServiceDep,
    reader: ReaderDep,
    version: str | None = None,
    accept: Annotated[str, Header()] = "application/json",
) -> Response:
    """A document's text and its elements with anchors, which citations give offsets into.

    `?version=…` is the writing that a citation refers to, by default the one that is searched. Of one
    that is replaced the text is kept only as long as an index holds it: then this is the one that is
    searched, as its `version` says. A browser gets the page instead; `?start=…&end=…` are the offsets
    it highlights.
    """
    documents = service.store.catalog.documents
    record = documents.get(document_id)
    current = _searched_version(service, document_id)
    asked = documents.document(document_id, version) if version else None
    shown = version if version and asked else current
    document = asked or (documents.document(document_id, current) if current else None)
    missing = record is None or document is None or not may_read(reader, record)
    if "text/html" in accept:
        # The page fetches the JSON, and shows its error where there is no such document.
        status = 404 if missing else 200
        return FileResponse(WEB / "document.html", status, headers={"Vary": "Accept"})
    if record is None or document is None or current is None or shown is None or missing:
        raise RequestError(
            404, f"There is no document {document_id}; GET /documents lists them.", code="not_found"
        )
    out = document_out(
        _without_hidden(record, service, reader), document, version=shown, current_version=current
    )
    return JSONResponse(out.model_dump(mode="json"), headers={"Vary": "Accept"})


def _searched_version(service: Assembled, document_id: str) -> str | None:
    """The version of the document that counts in the serving generation; None where there is none."""
    catalog = service.store.catalog
    serving = catalog.generations.serving()
    if serving is None:
        return None
    return catalog.documents.current_versions(serving, [document_id]).get(document_id)


def _without_hidden(record: DocumentRecord, service: Assembled, reader: Reader) -> DocumentRecord:
    """The record, without naming a document that this reader may not see."""
    successor = service.store.catalog.documents.get(record.superseded_by or "")
    if successor is not None and may_read(reader, successor):
        return record
    return replace(record, superseded_by=None)
