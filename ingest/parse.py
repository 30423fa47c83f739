"""Bytes of a file -> Document."""

import codecs
from collections.abc import Callable
from dataclasses import replace
from pathlib import PurePath

from ingest.document import Block, Document, assemble, one_line, without_controls
from ingest.formats.content import FileContent
from ingest.formats.errors import (
    CorruptDocument,
    EmptyDocument,
    EncryptedDocument,
    ParseError,
    UnsupportedFormat,
    WrongExtension,
)
from ingest.formats.sniff import ENCRYPTED, OTHER_OLE, OTHER_ZIP, is_mail, sniff
from ingest.language import language_of

SUFFIXES = frozenset(
    ".md .markdown .html .htm .txt .rtf .csv .tsv .docx .pptx .xlsx .odt .epub .pdf .eml .msg".split()
)
"""File name endings that are taken for documents, in lower case."""

MAX_MAIL_DEPTH = 3
"""A mail in a mail in a mail. What is attached deeper is named and not read."""

_OLD_OFFICE = {".doc": ".docx", ".dot": ".docx", ".xls": ".xlsx", ".ppt": ".pptx"}
_OFFICE = (".docx", ".pptx", ".xlsx")
_KINDS = {ENCRYPTED: "an encrypted Office", OTHER_ZIP: "a zip", OTHER_OLE: "an old Office"}


def parse(content: bytes, *, name: str) -> Document:
    """Read one document; `name` is its file name and decides the format together with the content.

    Raises a `ParseError` whose message says what is wrong with the file and what to do about it.
    """
    path = PurePath(name)
    found = _content(content, path.suffix.lower(), depth=0)
    # A title that is the file's name says nothing that the name does not.
    title = None if found.metadata.title in (path.stem, path.name) else found.metadata.title
    fallback = without_controls(found.title or "").strip() or title or without_controls(path.stem)
    document = assemble(found.blocks, fallback_title=fallback)
    if not document.text:
        raise EmptyDocument("has no text")
    return replace(
        document,
        title=document.title if found.heading_is_title else fallback,
        metadata=replace(found.metadata, title=title),
        language=language_of(document.text),
        warning=found.warning,
    )


def check_format(content: bytes, *, name: str) -> None:
    """Raise a `ParseError` for what cannot be read whatever is in it: an ending that is not known, no
    content, content of another format than the name says."""
    _check_format(content, PurePath(name).suffix.lower())


def _check_format(content: bytes, suffix: str) -> None:
    if suffix in _OLD_OFFICE:
        raise UnsupportedFormat(f"is in the old {suffix} format: save it as {_OLD_OFFICE[suffix]}")
    if suffix not in SUFFIXES:
        raise UnsupportedFormat(
            f"has the unknown ending '{suffix}': one of {', '.join(sorted(SUFFIXES))} is needed"
        )
    if not content.strip():
        raise EmptyDocument("is empty")
    _check_signature(content, suffix)


def _content(content: bytes, suffix: str, *, depth: int) -> FileContent:
    """What a file holds; `depth` counts the mails that it is attached to."""
    _check_format(content, suffix)
    try:
        if suffix in _MAIL_READERS:
            return _MAIL_READERS[suffix](content, _attachment_reader(depth + 1))
        return _READERS[suffix](content)
    except ParseError:
        raise
    # The parsers raise whatever their format makes them trip over; one file must not stop the rest.
    except Exception as error:
        reason = one_line(f"{type(error).__name__}: {error}")[:200]
        raise CorruptDocument(f"could not be read ({reason})") from error


def _attachment_reader(depth: int) -> Callable[[bytes, str], list[Block]]:
    def read(content: bytes, name: str) -> list[Block]:
        if depth > MAX_MAIL_DEPTH:
            raise UnsupportedFormat("is attached too deep")
        return _content(content, PurePath(name).suffix.lower(), depth=depth).blocks

    return read


def _check_signature(content: bytes, suffix: str) -> None:
    """Raise where the content is of another format than the ending says."""
    found = sniff(content)
    if suffix == ".pdf" and b"%PDF-" not in content[:1024]:
        raise WrongExtension("is named .pdf but is not a PDF: give it the ending of its format")
    if suffix == ".eml" and found is None and not is_mail(content):
        raise WrongExtension("is named .eml but is not a mail: give it the ending of its format")
    if found == ENCRYPTED and suffix in _OFFICE:
        raise EncryptedDocument("is protected by a password: save a copy without one")
    if found is None or found in _fitting(suffix):
        return
    kind = _KINDS.get(found) or f"{'an' if found[1] in 'ehmorx' else 'a'} {found[1:].upper()}"
    raise WrongExtension(f"is named {suffix} but is {kind} file: give it the ending of its format")


def _fitting(suffix: str) -> tuple[str, ...]:
    """What the content of a file with this ending may be found to be."""
    if suffix in (".htm", ".md", ".markdown"):
        # A page of HTML is Markdown too.
        return (".html",)
    if suffix in (".txt", ".csv", ".tsv"):
        # Memos and sent mails are kept as text.
        return (".eml",)
    # A damaged container cannot be told further: its reader says what is wrong.
    return (suffix, OTHER_OLE if suffix == ".msg" else OTHER_ZIP, *_older(suffix))


def _older(suffix: str) -> tuple[str, ...]:
    return (OTHER_OLE, ".doc", ".xls", ".ppt") if suffix in _OFFICE else ()


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


def _read_markdown(content: bytes) -> FileContent:
    from ingest.formats.markup import markdown_content

    return markdown_content(_decode(content))


def _read_html(content: bytes) -> FileContent:
    from ingest.formats.markup import html_content

    return html_content(_decode(content))


def _read_text(content: bytes) -> FileContent:
    from ingest.formats.text import text_content

    return text_content(_decode(content))


def _read_rtf(content: bytes) -> FileContent:
    from ingest.formats.rich_text import rtf_content

    return rtf_content(content)


def _read_csv(content: bytes) -> FileContent:
    from ingest.formats.delimited import delimited_content

    return delimited_content(_decode(content))


def _read_tsv(content: bytes) -> FileContent:
    from ingest.formats.delimited import delimited_content

    return delimited_content(_decode(content), delimiter="\t")


def _read_docx(content: bytes) -> FileContent:
    from ingest.formats.word import docx_content

    return docx_content(content)


def _read_pptx(content: bytes) -> FileContent:
    from ingest.formats.slides import pptx_content

    return pptx_content(content)


def _read_xlsx(content: bytes) -> FileContent:
    from ingest.formats.workbook import xlsx_content

    return xlsx_content(content)


def _read_odt(content: bytes) -> FileContent:
    from ingest.formats.opendocument import odt_content

    return odt_content(content)


def _read_epub(content: bytes) -> FileContent:
    from ingest.formats.book import epub_content

    return epub_content(content)


def _read_pdf(content: bytes) -> FileContent:
    from ingest.formats.pdf import pdf_content

    return pdf_content(content)


_ReadAttachment = Callable[[bytes, str], list[Block]]


def _read_eml(content: bytes, read_attachment: _ReadAttachment) -> FileContent:
    from ingest.formats.mail import eml_content

    return eml_content(content, read_attachment)


def _read_msg(content: bytes, read_attachment: _ReadAttachment) -> FileContent:
    from ingest.formats.mail import msg_content

    return msg_content(content, read_attachment)


_READERS: dict[str, Callable[[bytes], FileContent]] = {
    ".md": _read_markdown,
    ".markdown": _read_markdown,
    ".html": _read_html,
    ".htm": _read_html,
    ".txt": _read_text,
    ".rtf": _read_rtf,
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".docx": _read_docx,
    ".pptx": _read_pptx,
    ".xlsx": _read_xlsx,
    ".odt": _read_odt,
    ".epub": _read_epub,
    ".pdf": _read_pdf,
}
_MAIL_READERS: dict[str, Callable[[bytes, _ReadAttachment], FileContent]] = {
    ".eml": _read_eml,
    ".msg": _read_msg,
}
