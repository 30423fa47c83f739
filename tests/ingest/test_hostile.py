"""Documents made to do harm: each is read, or refused with the reason, within small limits."""

import zlib
from collections.abc import Callable, Iterator

import pytest

from ingest.document import Document
from ingest.formats.errors import (
    CorruptDocument,
    DocumentTooLarge,
    EmptyDocument,
    ParseError,
    ParsingTookTooLong,
    ParsingTookTooMuchMemory,
    WrongExtension,
)
from ingest.sandbox import ParserProcess
from tests.ingest.hostile import (
    MIB,
    archive,
    deflated_zeros,
    docx,
    entity_bomb,
    line_of_text,
    pdf_of_objects,
    pdf_page,
    stream,
    word_paragraph,
)

pytestmark = pytest.mark.slow

LIMIT_S = 3.0
CALM = b"# Leave\n\nRing us first.\n"
DEFLATED = b"/Filter /FlateDecode"
FORM = (
    b"/Type /XObject /Subtype /Form /BBox [0 0 612 792] /Resources << /XObject << /X %d 0 R >> >>"
)
TOO_MUCH = (ParsingTookTooLong, ParsingTookTooMuchMemory)


@pytest.fixture(scope="module")
def parser() -> Iterator[ParserProcess]:
    with ParserProcess(max_s=LIMIT_S, max_memory_mb=512) as started:
        yield started


def outcome(parser: ParserProcess, name: str, content: bytes) -> Document | ParseError:
    """What comes of it; the next document is read in any case."""
    try:
        found: Document | ParseError = parser.parse(content, name=name)
    except ParseError as error:
        found = error
    assert parser.parse(CALM, name="leave.md").title == "Leave"
    return found


def nested_archive() -> bytes:
    """A terabyte of zeros, one archive in another."""
    inner = archive(zeros=bytes(10 * MIB))
    for _ in range(5):
        inner = archive(**{f"{number}.zip": inner for number in range(10)})
    return inner


def with_previous_xref_itself() -> bytes:
    content = pdf_page(line_of_text())
    return content.replace(b"/Root", b"/Prev %d /Root" % content.index(b"xref\n0"))


def doubling_forms(count: int) -> bytes:
    """Each form draws the next one twice."""
    forms = [stream(b"/X Do /X Do", FORM % (6 + number)) for number in range(count)]
    return pdf_page(
        stream(b"/X Do"), *forms, stream(b"", FORM % 5), resources=b"/XObject << /X 5 0 R >>"
    )


def doubling_pages(count: int) -> bytes:
    """Each node of the page tree has the next one as two of its pages."""
    nodes = [
        b"<< /Type /Pages /Kids [%d 0 R %d 0 R] /Count 2 >>" % (number + 1, number + 1)
        for number in range(2, count + 2)
    ]
    return pdf_of_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>", *nodes, b"<< /Type /Page /MediaBox [0 0 9 9] >>"
    )


def endless_character_map() -> bytes:
    """A font in which two billion codes have a character."""
    characters = (
        b"1 begincodespacerange <00000000> <ffffffff> endcodespacerange "
        b"1 beginbfrange <00000000> <7fffffff> <0041> endbfrange"
    )
    content = pdf_page(line_of_text(), stream(characters))
    return content.replace(b"/Helvetica", b"/Helvetica /ToUnicode 5 0 R")


Refusal = tuple[type[ParseError], ...] | type[ParseError]


@pytest.mark.parametrize(
    ("name", "make", "refusal"),
    [
        ("bomb.docx", lambda: docx(b" " * 300 * MIB), DocumentTooLarge),
        ("nested.docx", nested_archive, CorruptDocument),
        (
            "entities.docx",
            lambda: docx(word_paragraph(b"&bomb;"), entity_bomb(b"w:document")),
            CorruptDocument,
        ),
        (
            "external.docx",
            lambda: docx(
                word_paragraph(b"&x;"),
                b'<!DOCTYPE w:document [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            ),
            CorruptDocument,
        ),
        (
            "deep.docx",
            lambda: docx(b"<w:tbl><w:tr><w:tc>" * 5000 + b"</w:tc></w:tr></w:tbl>" * 5000),
            CorruptDocument,
        ),
        ("paragraphs.docx", lambda: docx(word_paragraph(b"Ring us.") * 200_000), TOO_MUCH),
        ("nested.html", lambda: b"<div>" * 100_000 + b"Ring us.", CorruptDocument),
        ("quoted.md", lambda: b">" * 100_000 + b"Ring us.", CorruptDocument),
        ("links.md", lambda: b"[" * 100_000, TOO_MUCH),
        ("loop.pdf", with_previous_xref_itself, CorruptDocument),
        ("tree.pdf", lambda: doubling_pages(40), EmptyDocument),
        ("forms.pdf", lambda: doubling_forms(30), TOO_MUCH),
        (
            "pages.pdf",
            lambda: pdf_of_objects(
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [%s] /Count 1 >>" % (b"3 0 R " * 1_000_000),
                b"<< /Type /Page /MediaBox [0 0 9 9] >>",
            ),
            TOO_MUCH,
        ),
        (
            "zeros.pdf",
            lambda: pdf_page(stream(deflated_zeros(1024 * MIB), DEFLATED)),
            ParsingTookTooMuchMemory,
        ),
        (
            "twice.pdf",
            lambda: pdf_page(
                stream(deflated_zeros(1024 * MIB, layers=2), b"/Filter [/FlateDecode /FlateDecode]")
            ),
            ParsingTookTooMuchMemory,
        ),
        (
            "cut.pdf",
            lambda: pdf_page(stream(deflated_zeros(64 * MIB)[:500], DEFLATED)),
            EmptyDocument,
        ),
        (
            "characters.pdf",
            lambda: pdf_page(
                stream(zlib.compress(b"BT /F 12 Tf " + b"(Ring) Tj " * 5_000_000), DEFLATED)
            ),
            TOO_MUCH,
        ),
        ("map.pdf", endless_character_map, TOO_MUCH),
        (
            "length.pdf",
            lambda: pdf_page(b"<< /Length 99999999999999999999 >>\nstream\nx\nendstream"),
            CorruptDocument,
        ),
        ("box.pdf", lambda: pdf_page(line_of_text(), box=b"0 0 1e30 1e30"), CorruptDocument),
        ("null.txt", lambda: b"Ring\0us.", WrongExtension),
        ("surrogate.txt", lambda: b"Ring \xed\xa0\x80 us.", CorruptDocument),
        ("surrogate16.txt", lambda: b"\xff\xfea\x00\x00\xd8b\x00", CorruptDocument),
        ("columns.csv", lambda: b"a," * 1_000_000, DocumentTooLarge),
    ],
)
def test_it_is_refused(
    parser: ParserProcess, name: str, make: Callable[[], bytes], refusal: Refusal
) -> None:
    found = outcome(parser, name, make())
    assert isinstance(found, refusal), repr(found)[:500]


@pytest.mark.parametrize(
    ("name", "make", "text"),
    [
        (
            "entities.html",
            lambda: entity_bomb(b"html") + b"<html><p>Ring &bomb; us.</p>",
            "Ring &bomb; us.",
        ),
        (
            "svg.html",
            lambda: entity_bomb(b"svg") + b"<p>Ring us.</p><svg><text>&bomb;</text></svg>",
            "Ring us.",
        ),
        (
            "external.html",
            lambda: b'<!DOCTYPE html [<!ENTITY x SYSTEM "file:///etc/passwd">]><p>Ring &x; us.</p>',
            "Ring &x; us.",
        ),
        (
            "spans.html",
            lambda: b"<table><tr><td colspan=9999999999 rowspan=9999999999>Ring us.</table>",
            "Ring us.",
        ),
        (
            "aliases.md",
            lambda: (
                b"---\na0: &a0 [x, x]\n"
                + b"".join(
                    b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 10))
                    for n in range(1, 10)
                )
                + b"title: *a9\n---\nRing us."
            ),
            "Ring us.",
        ),
        ("yaml.md", lambda: b"---\ntitle: " + b"[" * 20_000 + b"\n---\nRing us.", "Ring us."),
        ("tags.md", lambda: b"{% " * 50_000 + b"\n\nRing us.", "Ring us."),
        ("comments.md", lambda: b"{% comment %}" * 50_000 + b"\n\nRing us.", "Ring us."),
        ("rule.txt", lambda: b"Leave\n" + b'"' * 5000 + b"|x\n\nRing us.", "Ring us."),
        ("notes.md", lambda: b"<!---->" * 500 + b"\n\nRing us.", "Ring us."),
        ("spaces.txt", lambda: b"Ring" + b" " * MIB + b"us.", "Ring us."),
        (
            "controls.txt",
            lambda: "Ring \u202eus\u202c \x1b[31mfirst.".encode(),
            "Ring \u202eus\u202c [31mfirst.",
        ),
        ("references.html", lambda: b"<p>Ring&#xD800; &#0;us.</p>", "Ring\ufffd \ufffdus."),
        (
            "objects.pdf",
            lambda: pdf_page(line_of_text(), *[b"null"] * 200_000),
            "Ring us before nine.",
        ),
        (
            "itself.pdf",
            lambda: pdf_page(
                stream(b"BT /F 12 Tf 72 700 Td (Ring us.) Tj ET /X Do"),
                stream(b"/X Do /X Do", FORM % 5),
                resources=b"/XObject << /X 5 0 R >>",
            ),
            "Ring us.",
        ),
        (
            "arrays.pdf",
            lambda: pdf_page(line_of_text(), page=b"/Foo " + b"[" * 50_000 + b"]" * 50_000),
            "Ring us before nine.",
        ),
        (
            "box.pdf",
            lambda: pdf_page(line_of_text(), box=b"0 0 99999999999999999999 1"),
            "Ring us before nine.",
        ),
    ],
)
def test_it_is_read_without_the_harm(
    parser: ParserProcess, name: str, make: Callable[[], bytes], text: str
) -> None:
    found = outcome(parser, name, make())
    assert isinstance(found, Document), repr(found)
    assert found.text.endswith(text)
    assert "root:" not in found.text


@pytest.mark.parametrize("name", ["word.txt", "word.md", "word.html"])
def test_megabytes_without_a_space_are_one_word(parser: ParserProcess, name: str) -> None:
    found = outcome(parser, name, b"a" * 2 * MIB)
    assert isinstance(found, Document), repr(found)
    assert found.text == "a" * 2 * MIB


def test_an_angle_bracket_repeated_is_read_in_time_that_grows_with_its_length(
    parser: ParserProcess,
) -> None:
    found = outcome(parser, "brackets.html", b"<p>Ring us.</p>" + b"<" * 300_000)
    assert isinstance(found, Document), repr(found)
    assert found.text.startswith("Ring us.")
