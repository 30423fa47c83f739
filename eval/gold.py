"""Where the gold passages of a sample lie in the documents that are indexed."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath

from eval.dataset import GoldPassage
from eval.metrics.span import Span
from ingest.catalog import Catalog
from ingest.document import Document
from service.gold import places

FindDocument = Callable[[str], tuple[str, Document] | None]
"""From a document's name to its id and its indexed text; None where it is not indexed."""


def find_document_in(catalog: Catalog) -> FindDocument:
    """Looks documents up by name; each is read once."""
    ids = {record.name: record.id for record in catalog.documents.find()}
    read: dict[str, tuple[str, Document] | None] = {}

    def find(name: str) -> tuple[str, Document] | None:
        if name not in read:
            document = catalog.documents.document(ids[name]) if name in ids else None
            read[name] = (ids[name], document) if document else None
        return read[name]

    return find


def locate_gold(
    gold: Sequence[GoldPassage], find_document: FindDocument
) -> tuple[list[Span], str | None]:
    """The places of the gold passages; and the first that is not in the index, if any."""
    spans: list[Span] = []
    for passage in gold:
        found = find_document(passage.document)
        if found is None:
            return [], f"{passage.document} is not indexed"
        document_id, document = found
        found_at = places(document, passage.quote, passage.heading)
        if not found_at:
            return [], f"{passage.document} does not say: {passage.quote}"
        start, end = found_at[0]
        spans.append(Span(document_id, start, end))
    return spans, None


def document_types(gold: Sequence[GoldPassage]) -> tuple[str, ...]:
    """The kinds of file that the gold passages are in, by their suffix, like "pdf"."""
    suffixes = (PurePosixPath(each.document).suffix.lower().lstrip(".") for each in gold)
    return tuple(sorted({suffix or "without suffix" for suffix in suffixes}))
