"""E-books (EPUB) as blocks: the chapters in reading order."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from urllib.parse import unquote

from lxml import etree

from ingest.formats.archive import open_archive, parse_xml, read_member
from ingest.formats.content import FileContent
from ingest.formats.errors import CorruptDocument, EncryptedDocument
from ingest.formats.markup import html_content
from ingest.formats.properties import from_dublin_core

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_CHAPTER_TYPES = ("application/xhtml+xml", "text/html")
_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]{0,200}encoding=[\"']([\w.-]{1,40})[\"']")
# XHTML closes any element so; for HTML what follows would be inside of it.
_SELF_CLOSED = re.compile(
    r"<(a|b|i|p|em|td|th|li|div|span|title|script|style|strong|iframe|section)\b([^<>]*)/>", re.I
)
_MAX_CHAPTERS = 5_000


def epub_content(content: bytes) -> FileContent:
    """The chapters of a book in the order of its spine, without its table of contents.

    The book's title is that of the document; the chapters' headings name parts. Raises as
    `open_archive` does, and `EncryptedDocument` for a book with copy protection.
    """
    with open_archive(content, kind="an e-book", suffix=".epub") as archive:
        package_name = _package_name(archive)
        package = parse_xml(read_member(archive, package_name))
        names = list(_chapter_names(package, posixpath.dirname(package_name)))
        _refuse_protected(archive, names)
        blocks = [
            block
            for name in names[:_MAX_CHAPTERS]
            for block in html_content(_markup(read_member(archive, name))).blocks
        ]
    metadata = from_dublin_core(package)
    return FileContent(blocks, metadata.title, metadata, heading_is_title=False)


def _package_name(archive: zipfile.ZipFile) -> str:
    container = parse_xml(read_member(archive, _CONTAINER))
    for node in container.iter("{*}rootfile"):
        if path := node.get("full-path"):
            return path
    raise CorruptDocument("is damaged: it names no package of chapters")


def _chapter_names(package: etree._Element, folder: str) -> Iterator[str]:
    items = {node.get("id"): node for node in package.iter("{*}item")}
    for reference in package.iter("{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or item.get("media-type") not in _CHAPTER_TYPES:
            continue
        if "nav" in (item.get("properties") or "").split():
            continue
        path = unquote((item.get("href") or "").split("#", 1)[0])
        yield posixpath.normpath(posixpath.join(folder, path))


def _refuse_protected(archive: zipfile.ZipFile, chapters: list[str]) -> None:
    """Fonts are scrambled in many books; a scrambled chapter cannot be read."""
    if _ENCRYPTION not in archive.namelist():
        return
    scrambled = {
        unquote(node.get("URI") or "")
        for node in parse_xml(read_member(archive, _ENCRYPTION)).iter("{*}CipherReference")
    }
    if scrambled.intersection(chapters):
        raise EncryptedDocument("has a copy protection: ask for a copy without one")


def _markup(chapter: bytes) -> str:
    declared = _DECLARED_ENCODING.match(chapter.lstrip())
    encoding = declared[1].decode("ascii") if declared else "utf-8-sig"
    try:
        text = chapter.decode(encoding)
    except (LookupError, UnicodeDecodeError):
        text = chapter.decode("utf-8-sig", "replace")
    return _SELF_CLOSED.sub(r"<\1\2></\1>", text)
