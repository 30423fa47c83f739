"""Bytes of a file -> Document."""

import codecs
from collections.abc import Callable
from pathlib import PurePath

from ingest.document import Block, Document, assemble
from ingest.formats.errors import (
    CorruptDocument,
    EmptyDocument,
    ParseError,
    UnsupportedFormat,
    WrongExtension,
)

SUFFIXES = frozenset({".md", ".markdown", ".html", ".htm", ".docx", ".pdf", ".txt"})
"""File name endings that are taken for documents, in lower case."""

_BINARY_SIGNATURES = {
    b"%PDF-": "PDF",
    b"PK\x03\x04": "zip or Office",
    bytes.fromhex("d0cf11e0a1b11ae1"): "old Office",
}


def parse(content: bytes, *, name: str) -> Document:
    """Read one document; `name` is its file name and decides the format together with the content.

    Raises a `ParseError` whose message says what is wrong with the file and what to do about it.
    """
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise UnsupportedFormat(
            f"has the unknown ending '{suffix}': one of {', '.join(sorted(SUFFIXES))} is needed"
        )
    if not content.strip():
        raise EmptyDocument("is empty")
    _check_signature(content, suffix)
    title, blocks = _read(content, suffix)
    document = assemble(blocks, fallback_title=title or PurePath(name).stem)
    if not document.text:
        raise EmptyDocument("has no text")
    return document


def _read(content: bytes, suffix: str) -> tuple[str | None, list[Block]]:
    """Title, if the format has a place for one, and blocks."""
    reader = _READERS[suffix]
    try:
        return reader(content)
    except ParseError:
        raise
    # The parsers raise whatever their format makes them trip over; one file must not stop the rest.
    except Exception as error:
        raise CorruptDocument(f"could not be read ({type(error).__name__}: {error})") from error


def _check_signature(content: bytes, suffix: str) -> None:
    kind = next((kind for mark, kind in _BINARY_SIGNATURES.items() if content.startswith(mark)), "")
    if suffix == ".pdf" and kind != "PDF" and b"%PDF-" not in content[:1024]:
        raise WrongExtension("is named .pdf but is not a PDF: give it the ending of its format")
    if suffix not in (".pdf", ".docx") and kind:
        raise WrongExtension(
            f"is named {suffix} but is a {kind} file: give it the ending of its format"
        )


def _decode(content: bytes) -> str:
    """Text of a UTF-8 file, or a UTF-16 one with a byte order mark.

    Raises `CorruptDocument` with the place of the first byte that is not UTF-8.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CorruptDocument(
            f"is not valid UTF-8 (byte {error.start:,} of {len(content):,}): save it as UTF-8"
        ) from error
    if "\0" in text:
        raise WrongExtension("holds binary data, not text: give it the ending of its format")
    return text


def _read_markdown(content: bytes) -> tuple[str | None, list[Block]]:
    from ingest.formats.markup import markdown_content

    page = markdown_content(_decode(content))
    return page.title, page.blocks


def _read_html(content: bytes) -> tuple[str | None, list[Block]]:
    from ingest.formats.markup import html_content

    page = html_content(_decode(content))
    return page.title, page.blocks


def _read_docx(content: bytes) -> tuple[str | None, list[Block]]:
    from ingest.formats.word import docx_blocks

    return None, docx_blocks(content)


def _read_pdf(content: bytes) -> tuple[str | None, list[Block]]:
    from ingest.formats.pdf import pdf_blocks

    return None, pdf_blocks(content)


def _read_text(content: bytes) -> tuple[str | None, list[Block]]:
    from ingest.formats.text import text_blocks

    return None, text_blocks(_decode(content))


_READERS: dict[str, Callable[[bytes], tuple[str | None, list[Block]]]] = {
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".docx": _read_docx,
    ".pdf": _read_pdf,
    ".txt": _read_text,
}
