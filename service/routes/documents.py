"""`GET /documents` and `GET /documents/{id}`: as JSON for programs, as a page for people."""

from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import FileResponse, JSONResponse, Response

from service.access import may_read
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

    `?version=…` is the writing that a citation refers to, by default the one that is searched; of
    one that is replaced the text is kept only as long as an index holds it. A browser gets the page
    instead; `?start=…&end=…` are the offsets it highlights.
    """
    documents = service.store.catalog.documents
    record = documents.get(document_id)
    document = documents.document(document_id, version) or documents.document(document_id)
    missing = record is None or document is None or not may_read(reader, record)
    if "text/html" in accept:
        # The page fetches the JSON, and shows its error where there is no such document.
        status = 404 if missing else 200
        return FileResponse(WEB / "document.html", status, headers={"Vary": "Accept"})
    if record is None or document is None or missing:
        raise RequestError(
            404, f"There is no document {document_id}; GET /documents lists them.", code="not_found"
        )
    return JSONResponse(document_out(record, document).model_dump(mode="json"), headers={"Vary": "Accept"})
