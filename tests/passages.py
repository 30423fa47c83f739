"""Passages for tests, made from their words alone."""

from generator.prompt import Passage, Prompt, load_template
from ingest.chunk import Chunk
from ingest.index import IndexedDocument


def passage(
    text: str,
    number: int = 1,
    *,
    start: int = 0,
    title: str = "Refund Policy",
    headings: tuple[str, ...] = ("Refund Policy", "Gold tier"),
    page: int | None = None,
) -> Passage:
    """A passage whose text lies at `start` in its document."""
    document = IndexedDocument(f"id-{number}", "version", f"document-{number}.md", title)
    chunk = Chunk(text, start, start + len(text), headings, page, " > ".join(headings))
    return Passage(number, document, chunk)


def prompt(question: str, *texts: str) -> Prompt:
    """The question over passages with these texts, numbered from 1 on."""
    passages = [passage(text, number) for number, text in enumerate(texts, start=1)]
    return load_template().fill(question, passages)
