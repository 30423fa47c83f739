"""Bytes of a file to a document, or the reason why not."""

from email.message import EmailMessage
from io import BytesIO
from typing import Any

import openpyxl
import pptx
import pytest
from docx import Document as NewWordFile
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.document import Document, Element, ElementKind
from ingest.formats.errors import (
    CorruptDocument,
    EmptyDocument,
    EncryptedDocument,
    ParseError,
    UnsupportedFormat,
    WrongExtension,
)
from ingest.metadata import NOTHING_SAID, Metadata
from ingest.parse import MAX_MAIL_DEPTH, SUFFIXES, parse
from tests.ingest.containers import archive, msg, ole
from tests.ingest.files import encrypted_pdf, pdf, png

MIME = "application/vnd.oasis.opendocument.text"
TITLE = Element(ElementKind.TITLE, "Leave", None, ("Leave",), 0, 5)
TEXT = Element(ElementKind.TEXT, "Ring us first.", None, ("Leave",), 7, 21)
LEAVE = Document("Leave", "Leave\n\nRing us first.", (TITLE, TEXT))


def word_file() -> bytes:
    file = NewWordFile()
    file.add_heading("Leave", 1)
    file.add_paragraph("Ring us first.")
    stream = BytesIO()
    file.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("leave.md", b"# Leave\n\nRing us first.\n"),
        ("LEAVE.MARKDOWN", b"Leave\n=====\nRing us first."),
        ("leave.html", b"<h1>Leave</h1><p>Ring us first."),
        ("leave.htm", b"<title>Other</title><main><h1>Leave</h1><p>Ring us first.</p></main>"),
        ("leave.txt", b"Leave\n=====\n\nRing us\nfirst.\n"),
        ("leave.docx", word_file()),
        ("leave.md", b"\xef\xbb\xbf# Leave\r\n\r\nRing us first.\r\n"),
        ("leave.txt", "Leave\n=====\n\nRing us first.".encode("utf-16")),
    ],
)
def test_one_text_comes_out_alike_from_every_format(name: str, content: bytes) -> None:
    assert parse(content, name=name) == LEAVE


def test_a_pdf_knows_its_pages() -> None:
    assert parse(pdf("Ring us before nine.", "Come back on Monday."), name="leave.pdf") == Document(
        "leave",
        "Ring us before nine.\n\nCome back on Monday.",
        (
            Element(ElementKind.TEXT, "Ring us before nine.", 1, (), 0, 20),
            Element(ElementKind.TEXT, "Come back on Monday.", 2, (), 22, 42),
        ),
    )


def slides() -> bytes:
    deck = pptx.Presentation()
    page = deck.slides.add_slide(deck.slide_layouts[5])
    page.shapes.title.text = "Leave"
    page.shapes.add_textbox(0, 10**6, 10**6, 10**6).text_frame.text = "Ring us first."
    return saved(deck)


def workbook(title: str = "Leave") -> bytes:
    file = openpyxl.Workbook()
    sheet = file.worksheets[0]
    sheet.title = "Whom to ring"
    for row in (["Reason", "Ring", "By"], ["Illness", "us", "nine"]):
        sheet.append(row)
    file.properties.title = title
    return saved(file)


def saved(file: Any) -> bytes:
    stream = BytesIO()
    file.save(stream)
    return stream.getvalue()


WORDS = ("Leave", "Ring us first.")
ODT = (
    '<o:document-content xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:body><o:text>'
    "<t:h>Leave</t:h><t:p>Ring us first.</t:p></o:text></o:body></o:document-content>"
)
BOOK = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": '<c><rootfile full-path="b.opf"/></c>',
    "b.opf": '<p><manifest><item id="a" href="a.html" media-type="text/html"/></manifest>'
    '<spine><itemref idref="a"/></spine></p>',
    "a.html": "<h1>Leave</h1><p>Ring us first.</p>",
}


@pytest.mark.parametrize(
    ("name", "content", "title", "texts"),
    [
        ("a.pptx", slides(), "Leave", WORDS),
        ("a.rtf", rb"{\rtf1\ansi\outlinelevel0 Leave\par\pard Ring us first.\par}", "Leave", WORDS),
        ("a.odt", archive({"mimetype": MIME, "content.xml": ODT}), "Leave", WORDS),
        ("a.epub", archive(BOOK), "a", WORDS),
        ("a.eml", b"Subject: Leave\r\n\r\nRing us first.", "Leave", WORDS),
        ("a.msg", msg({0x37: "Leave", 0x1000: "Ring us first."}, attached={}), "Leave", WORDS),
        ("a.csv", b"Reason,Ring\nIllness,us\n", "a", ("Reason: Illness; Ring: us",)),
        ("a.tsv", b"Reason\tRing\nIll, or so\tus\n", "a", ("Reason: Ill, or so; Ring: us",)),
        (
            "a.xlsx",
            workbook(),
            "Leave",
            ("Whom to ring", "Reason: Illness; Ring: us; By: nine"),
        ),
    ],
)
def test_every_format_has_a_title_and_texts_in_their_places(
    name: str, content: bytes, title: str, texts: tuple[str, ...]
) -> None:
    document = parse(content, name=name)

    assert document.title == title
    assert tuple(element.text for element in document.elements) == texts
    assert document.text == "\n\n".join(texts)
    assert [document.text[e.start : e.end] for e in document.elements] == list(texts)


@pytest.mark.parametrize(
    ("name", "property_title", "title", "metadata"),
    [
        ("a.xlsx", "Whom to ring when", "Whom to ring when", Metadata(title="Whom to ring when")),
        ("Rings 2026.xlsx", "Rings 2026", "Rings 2026", NOTHING_SAID),
        ("a.xlsx", "a.xlsx", "a", NOTHING_SAID),
        ("a.xlsx", "Untitled", "a", NOTHING_SAID),
    ],
)
def test_a_property_is_the_title_where_it_says_more_than_the_file_name(
    name: str, property_title: str, title: str, metadata: Metadata
) -> None:
    document = parse(workbook(property_title), name=name)
    assert (document.title, document.metadata) == (title, metadata)


def test_the_title_in_the_text_wins_over_that_of_the_properties() -> None:
    file = NewWordFile()
    file.add_heading("Sick leave", 1)
    file.core_properties.title = "Absence rules 2019"
    document = parse(saved(file), name="a.docx")
    assert (document.title, document.metadata.title) == ("Sick leave", "Absence rules 2019")


def test_the_language_is_told_of_texts_of_some_length() -> None:
    text = "Everyone who is ill rings their manager before nine in the morning. " * 8
    assert parse(text.encode(), name="a.txt").language == "en"
    assert parse(b"Ring us first.", name="a.txt").language is None


def test_mails_in_mails_are_read_to_a_depth() -> None:
    mail = b"Subject: Innermost\r\n\r\nRing us first.\r\n"
    for number in range(MAX_MAIL_DEPTH + 2):
        outer = EmailMessage()
        outer["Subject"] = f"Mail {number}"
        outer.set_content(f"Text {number}.")
        outer.add_attachment(mail, "application", "octet-stream", filename="inner.eml")
        mail = outer.as_bytes()
    document = parse(mail, name="a.eml")
    texts = [e.text for e in document.elements if e.kind is ElementKind.TEXT]
    assert texts == ["Text 4.", "Text 3.", "Text 2.", "Text 1."]
    assert document.elements[-1].text == "Attachment: inner.eml"


@pytest.mark.parametrize(
    ("name", "content", "title"),
    [
        ("sick-leave.md", b"---\ntitle: Sick leave\n---\nRing us.", "Sick leave"),
        ("sick-leave.html", b"<title>Sick leave</title><p>Ring us.", "Sick leave"),
        ("sick-leave.md", b"Ring us.", "sick-leave"),
        ("v1.2 final.txt", b"Ring us.", "v1.2 final"),
    ],
)
def test_without_headings_the_title_is_the_pages_own_or_the_file_name(
    name: str, content: bytes, title: str
) -> None:
    assert parse(content, name=name).title == title


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("a.md", b"", EmptyDocument, "is empty"),
        ("a.pdf", b"", EmptyDocument, "is empty"),
        ("a.txt", b" \n\t", EmptyDocument, "is empty"),
        ("a.md", b"---\ntitle: x\n---\n", EmptyDocument, "has no text"),
        ("a.html", b"<script>x</script>", EmptyDocument, "has no text"),
        ("a.odp", b"x", UnsupportedFormat, r"has the unknown ending '\.odp': one of \.csv, \.docx"),
        ("a.doc", b"x", UnsupportedFormat, r"is in the old \.doc format: save it as \.docx"),
        ("a.XLS", b"x", UnsupportedFormat, r"is in the old \.xls format: save it as \.xlsx"),
        ("README", b"x", UnsupportedFormat, "has the unknown ending ''"),
        ("a.txt", pdf("x"), WrongExtension, r"is named \.txt but is a PDF file: give it the end"),
        ("a.pdf", b"text", WrongExtension, r"is named \.pdf but is not a PDF: give it the ending"),
        ("a.pdf", word_file(), WrongExtension, r"is named \.pdf but is not a PDF"),
        ("a.md", word_file(), WrongExtension, r"is named \.md but is a DOCX file: give it the e"),
        ("a.docx", pdf("x"), WrongExtension, r"is named \.docx but is a PDF file: give it the end"),
        ("a.docx", b"words", CorruptDocument, "is not a Word document .not a zip archive.: save"),
        ("a.xlsx", word_file(), WrongExtension, r"is named \.xlsx but is a DOCX file: give it"),
        ("a.txt", b"<!doctype html><p>x", WrongExtension, r"is named \.txt but is an HTML file"),
        ("a.md", b"{\\rtf1 x}", WrongExtension, r"is named \.md but is an RTF file"),
        ("a.eml", b"just words", WrongExtension, r"is named \.eml but is not a mail: give it"),
        ("a.docx", ole({"EncryptedPackage": b"x"}), EncryptedDocument, "is protected by a passwo"),
        ("a.pptx", ole({"WordDocument": b"x"}), EncryptedDocument, "is encrypted or in the old"),
        ("a.docx", ole({"__properties_version1.0": b"x"}), WrongExtension, ".* is an MSG file"),
        ("a.docx", b"PK\x03\x04", CorruptDocument, "is not a Word document"),
        ("a.md", png(), CorruptDocument, r"is not valid UTF-8 \(byte 0 of [\d,]+\): save it as"),
        ("a.txt", b"caf\xe9 bar", CorruptDocument, r"is not valid UTF-8 \(byte 3 of 8\): save"),
        ("a.txt", b"a\0b", WrongExtension, "holds binary data, not text"),
        ("a.pdf", b"%PDF-1.7 cut", CorruptDocument, "is not a readable PDF"),
        ("a.pdf", pdf("x")[:300], CorruptDocument, "is not a readable PDF"),
        ("a.pdf", encrypted_pdf(), EncryptedDocument, "is encrypted: save a copy without a passwo"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            EncryptedDocument,
            "is encrypted or in the",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason_on_one_line(
    name: str, content: bytes, error: type[ParseError], message: str
) -> None:
    with pytest.raises(error, match=f"^{message}") as raised:
        parse(content, name=name)
    assert "\n" not in str(raised.value)


def test_a_title_has_no_control_characters() -> None:
    page = b"<title>Sick\x17 leave\x1b</title><p>Ring us first.</p>"
    assert parse(page, name="a.html").title == "Sick leave"
    assert parse(b"<title>\x17</title><p>Ring us first.</p>", name="leave.html").title == "leave"


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(SUFFIXES)), st.text(max_size=200))
def test_any_text_is_a_document_or_refused(suffix: str, text: str) -> None:
    try:
        document = parse(text.encode("utf-8", "replace"), name=f"a{suffix}")
    except ParseError:
        return
    assert [document.text[e.start : e.end] for e in document.elements] == [
        e.text for e in document.elements
    ]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(SUFFIXES)),
    st.sampled_from([b"", b"%PDF-1.4\n", b"PK\x03\x04"]),
    st.binary(max_size=200),
)
def test_any_bytes_are_a_document_or_refused(suffix: str, start: bytes, rest: bytes) -> None:
    try:
        document = parse(start + rest, name=f"a{suffix}")
    except ParseError:
        return
    assert document.text.strip()
