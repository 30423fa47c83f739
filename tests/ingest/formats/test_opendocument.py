"""OpenDocument texts: headings, lists, tables, notes, and what is no text."""

from io import BytesIO
from typing import Any

import pytest
from odf import dc, draw, meta, style, table, text
from odf.opendocument import OpenDocumentText

from ingest.document import Block, ElementKind
from ingest.formats.errors import CorruptDocument, EncryptedDocument
from ingest.formats.opendocument import odt_content
from ingest.metadata import Metadata
from tests.ingest.containers import archive

NAMESPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "text", "table")
)


def content(*parts: Any, file: Any = None) -> bytes:
    file = file or OpenDocumentText()
    for part in parts:
        file.text.addElement(part)
    stream = BytesIO()
    file.write(stream)
    return stream.getvalue()


def blocks_of(body: str) -> list[Block]:
    xml = (
        f"<office:document-content {NAMESPACES}><office:body><office:text>{body}</office:text>"
        "</office:body></office:document-content>"
    )
    return odt_content(archive({"content.xml": xml})).blocks


def heading(words: str, level: int) -> Block:
    return Block(ElementKind.TITLE, words, level=level)


def paragraph(words: str) -> Block:
    return Block(ElementKind.TEXT, words)


def cell_of(words: str, **attributes: object) -> Any:
    cell = table.TableCell(**attributes)
    cell.addElement(text.P(text=words))
    return cell


def row_of(*cells: Any) -> Any:
    row = table.TableRow()
    for cell in cells:
        row.addElement(cell)
    return row


def test_headings_paragraphs_and_nested_lists() -> None:
    outer, inner = text.List(), text.List()
    for words, holder in (("Rail fares", outer), ("Second class", inner)):
        entry = text.ListItem()
        entry.addElement(text.P(text=words))
        holder.addElement(entry)
    outer.childNodes[0].addElement(inner)
    line = text.P(text="Ask")
    line.addElement(text.S(c=2))
    line.addElement(text.Span(text="first."))

    found = odt_content(
        content(
            text.H(outlinelevel=1, text="Travel"), line, text.H(outlinelevel=2, text="2"), outer
        )
    )

    assert found.blocks == [
        heading("Travel", 1),
        paragraph("Ask first."),
        heading("2", 2),
        Block(ElementKind.LIST_ITEM, "Rail fares"),
        Block(ElementKind.LIST_ITEM, "Second class"),
    ]


def test_a_title_stands_above_the_headings() -> None:
    file = OpenDocumentText()
    file.automaticstyles.addElement(
        style.Style(name="P7", family="paragraph", parentstylename="Title")
    )
    parts = (
        text.P(stylename="P7", text="Travel rules"),
        text.H(outlinelevel=1, text="Scope"),
        text.P(text="All staff."),
    )
    assert odt_content(content(*parts, file=file)).blocks == [
        heading("Travel rules", 1),
        heading("Scope", 2),
        paragraph("All staff."),
    ]


def test_tables_name_their_columns_and_repeat_what_spans_rows() -> None:
    fares = table.Table(name="Fares")
    header = table.TableHeaderRows()
    header.addElement(row_of(cell_of("Tier"), cell_of("Fare")))
    fares.addElement(header)
    fares.addElement(row_of(cell_of("Gold", numberrowsspanned=2), cell_of("rail")))
    fares.addElement(row_of(table.CoveredTableCell(), cell_of("taxi")))
    assert odt_content(content(fares)).blocks == [
        Block(ElementKind.TABLE, "Tier: Gold; Fare: rail\nTier: Gold; Fare: taxi")
    ]


def test_notes_and_text_boxes_follow_the_paragraph_they_belong_to() -> None:
    line = text.P(text="Ask first")
    note = text.Note(id="n1", noteclass="footnote")
    note.addElement(text.NoteCitation(text="1"))
    body = text.NoteBody()
    body.addElement(text.P(text="By mail."))
    note.addElement(body)
    line.addElement(note)
    line.addText(".")
    frame, box = draw.Frame(), draw.TextBox()
    box.addElement(text.P(text="New in 2026"))
    frame.addElement(box)
    line.addElement(frame)
    assert odt_content(content(line)).blocks == [
        paragraph("Ask first."),
        paragraph("By mail."),
        paragraph("New in 2026"),
    ]


def test_indexes_comments_and_deleted_text_are_left_out() -> None:
    assert blocks_of(
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>Old.</text:p>"
        "</text:deletion></text:changed-region></text:tracked-changes>"
        "<text:table-of-content><text:index-body><text:p>Scope 3</text:p></text:index-body>"
        "</text:table-of-content>"
        "<text:section><text:p>Ask<office:annotation><text:p>Why?</text:p></office:annotation>"
        " first.</text:p></text:section>"
    ) == [paragraph("Ask first.")]


def test_cells_repeated_to_the_edge_of_a_sheet_are_not() -> None:
    cell = (
        '<table:table-cell table:number-columns-repeated="{}"><text:p>x</text:p></table:table-cell>'
    )
    found = blocks_of(
        f"<table:table><table:table-row>{cell.format(999999) * 3}</table:table-row></table:table>"
    )
    assert found[0].text.count("x") == 1_000


def test_title_author_and_keywords_are_metadata() -> None:
    file = OpenDocumentText()
    file.meta.addElement(dc.Title(text="Travel rules"))
    file.meta.addElement(meta.InitialCreator(text="Ann Smith"))
    file.meta.addElement(meta.Keyword(text="travel"))
    file.meta.addElement(meta.Keyword(text="fares"))
    found = odt_content(content(text.P(text="Ask first."), file=file))
    assert found.metadata == Metadata(
        title="Travel rules", owner="Ann Smith", tags=("travel", "fares")
    )


def test_what_is_encrypted_or_no_text_document_is_refused() -> None:
    with pytest.raises(EncryptedDocument, match=r"^is protected by a password"):
        odt_content(archive({"META-INF/manifest.xml": "<x><manifest:encryption-data/></x>"}))
    with pytest.raises(CorruptDocument, match=r"^is cut short: its part 'content\.xml' is missing"):
        odt_content(archive({"x": "x"}))
    with pytest.raises(CorruptDocument, match=r"^is not an OpenDocument text: save it as \.odt"):
        odt_content(archive({"content.xml": "<x/>"}))
