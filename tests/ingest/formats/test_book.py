"""E-books: chapters in the order of the spine."""

import pytest

from ingest.document import Block, ElementKind
from ingest.formats.book import epub_content
from ingest.formats.errors import CorruptDocument, EncryptedDocument
from ingest.metadata import Metadata
from tests.ingest.containers import archive

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">
<metadata><dc:title>Staff handbook</dc:title><dc:creator>Legal</dc:creator>
<dc:subject>conduct</dc:subject></metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="two" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="one" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="style" href="book.css" media-type="text/css"/>
</manifest>
<spine><itemref idref="nav"/><itemref idref="one"/><itemref idref="two"/><itemref idref="gone"/></spine>
</package>"""
PAGE = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" '
    '"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"><html xmlns="http://www.w3.org/1999/xhtml">'
    "<head><title/></head><body>{}</body></html>"
)


def book(**changes: str) -> bytes:
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": PACKAGE,
        "OEBPS/nav.xhtml": PAGE.format("<nav><ol><li>Gifts</li></ol></nav><p>Go to</p>"),
        "OEBPS/text/one.xhtml": PAGE.format('<h1 id="a">Gifts</h1><p>Decline&nbsp;<b/>cash.</p>'),
        "OEBPS/text/two b.xhtml": PAGE.format("<h1>Leave</h1><p>Ring us.</p>"),
    }
    renamed = {name.replace("__", "/").replace("_", "."): text for name, text in changes.items()}
    return archive(members | renamed, stored=("mimetype",))


def test_chapters_come_in_the_order_of_the_spine_under_the_books_title() -> None:
    found = epub_content(book())

    assert found.blocks == [
        Block(ElementKind.TITLE, "Gifts", level=1),
        Block(ElementKind.TEXT, "Decline cash."),
        Block(ElementKind.TITLE, "Leave", level=1),
        Block(ElementKind.TEXT, "Ring us."),
    ]
    assert (found.title, found.heading_is_title) == ("Staff handbook", False)
    assert found.metadata == Metadata(title="Staff handbook", owner="Legal", tags=("conduct",))


def test_a_chapter_is_read_in_the_encoding_it_declares() -> None:
    page = '<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>Caf\xe9.</p></body></html>'
    members: dict[str, bytes | str] = {
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": PACKAGE.replace('<itemref idref="two"/>', ""),
        "OEBPS/text/one.xhtml": page.encode("latin-1"),
    }
    assert epub_content(archive(members)).blocks == [Block(ElementKind.TEXT, "Café.")]


def test_scrambled_fonts_are_none_of_our_business_but_scrambled_chapters_are() -> None:
    entry = '<encryption><CipherReference URI="{}"/></encryption>'
    fonts = book(**{"META-INF__encryption_xml": entry.format("OEBPS/font.otf")})
    assert epub_content(fonts).blocks[0].text == "Gifts"
    chapter = book(**{"META-INF__encryption_xml": entry.format("OEBPS/text/two%20b.xhtml")})
    with pytest.raises(EncryptedDocument, match=r"^has a copy protection"):
        epub_content(chapter)


def test_a_damaged_book_is_refused() -> None:
    with pytest.raises(CorruptDocument, match=r"its part 'META-INF/container\.xml' is missing"):
        epub_content(archive({"mimetype": "application/epub+zip"}))
    with pytest.raises(CorruptDocument, match=r"^is damaged: it names no package"):
        epub_content(archive({"META-INF/container.xml": "<x/>"}))
    laughs = '<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>'
    with pytest.raises(CorruptDocument, match=r"^declares entities of its own"):
        epub_content(archive({"META-INF/container.xml": laughs}))
