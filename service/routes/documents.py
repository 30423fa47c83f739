"""`GET /documents` and `GET /documents/{id}`: as JSON for programs, as a page for people."""

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import FileResponse, JSONResponse, Response

from ingest.index import EVERYONE
from service.routes.dependencies import ReaderDep, ServiceDep
from service.routes.errors import RequestError
from service.routes.web import WEB
from service.schema import DocumentList, DocumentOut, document_out, document_summary

router = APIRouter(tags=["documents"])


@router.get("/documents")
def list_documents(service: ServiceDep, reader: ReaderDep) -> DocumentList:
    """Every document with its state; `error` says why one could not be read."""
    if EVERYONE not in reader.groups:
        return DocumentList(documents=[])
    records = service.store.catalog.records()
    return DocumentList(documents=[document_summary(record) for record in records])


@router.get("/documents/{document_id}", response_model=DocumentOut)
def show_document(
    document_id: str,
    service: ServiceDep,
    reader: ReaderDep,
    accept: Annotated[str, Header()] = "application/json",
) -> Response:
    """A document's text and its elements with anchors, which citations give offsets into.

    A browser gets the page instead; `?start=…&end=…` are the offsets it highlights.
    """
    record = service.store.catalog.record(document_id)
    document = service.store.catalog.document(document_id)
    missing = record is None or document is None or EVERYONE not in reader.groups
    if "text/html" in accept:
        # The page fetches the JSON, and shows its error where there is no such document.
        status = 404 if missing else 200
        return FileResponse(WEB / "document.html", status, headers={"Vary": "Accept"})
    if record is None or document is None or missing:
        raise RequestError(
            404, f"There is no document {document_id}; GET /documents lists them.", code="not_found"
        )
    return JSONResponse(document_out(record, document).model_dump(), headers={"Vary": "Accept"})
