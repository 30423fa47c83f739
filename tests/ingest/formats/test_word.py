"""Word files: headings by style, list items and tables."""

import zipfile
from io import BytesIO

import pytest
from docx import Document as NewWordFile
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from ingest.document import Block, ElementKind
from ingest.formats.errors import CorruptDocument, EncryptedDocument
from ingest.formats.word import docx_content
from ingest.metadata import NOTHING_SAID, Metadata
from tests.ingest.containers import archive


def docx_blocks(content: bytes) -> list[Block]:
    return docx_content(content).blocks


def test_headings_list_items_and_tables_come_in_reading_order() -> None:
    file = NewWordFile()
    file.add_heading("Code of Conduct", 1)
    file.add_heading("Gifts", 2)
    file.add_paragraph("Decline gifts that could look like a bribe.")
    file.add_paragraph("Cash is never accepted", style="List Bullet")
    file.add_paragraph("Ask your manager first", style="List Number")
    rows = [("Value", "What to do"), ("under 25 pounds", "keep it"), ("more", "hand it in")]
    table = file.add_table(rows=0, cols=2)
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    file.add_paragraph("Report what you were offered.")

    assert docx_blocks(_content(file)) == [
        Block(ElementKind.TITLE, "Code of Conduct", level=1),
        Block(ElementKind.TITLE, "Gifts", level=2),
        Block(ElementKind.TEXT, "Decline gifts that could look like a bribe."),
        Block(ElementKind.LIST_ITEM, "Cash is never accepted"),
        Block(ElementKind.LIST_ITEM, "1. Ask your manager first"),
        Block(
            ElementKind.TABLE,
            "Value: under 25 pounds; What to do: keep it\nValue: more; What to do: hand it in",
        ),
        Block(ElementKind.TEXT, "Report what you were offered."),
    ]


def test_headers_and_footers_are_left_out() -> None:
    file = NewWordFile()
    file.sections[0].header.paragraphs[0].text = "Internal"
    file.sections[0].footer.paragraphs[0].text = "Page 1 of 9"
    file.add_paragraph("Decline gifts that could look like a bribe.")

    assert [block.text for block in docx_blocks(_content(file))] == [
        "Decline gifts that could look like a bribe."
    ]


def test_a_file_without_text_has_no_blocks() -> None:
    assert docx_blocks(_content(NewWordFile())) == []


def test_a_password_protected_or_old_file_is_refused() -> None:
    with pytest.raises(EncryptedDocument, match=r"^is encrypted or in the old \.doc format: save"):
        docx_blocks(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512))


@pytest.mark.parametrize("content", [b"just words", b"PK\x03\x04 cut short"])
def test_what_is_no_zip_archive_is_refused(content: bytes) -> None:
    with pytest.raises(CorruptDocument, match=r"^is not a Word document"):
        docx_blocks(content)


def _content(file: "NewWordFile") -> bytes:
    stream = BytesIO()
    file.save(stream)
    return stream.getvalue()


def test_tables_of_contents_are_left_out_by_style_and_by_gallery() -> None:
    file = NewWordFile()
    file.add_heading("Code of Conduct", 1)
    style = file.styles.add_style("Verzeichnis1", WD_STYLE_TYPE.PARAGRAPH)
    style.element.find(qn("w:name")).set(qn("w:val"), "toc 1")
    file.add_paragraph("Gifts\t3", style=style)
    _add_control(file, "Offers\t4", gallery="Table of Contents")
    file.add_heading("Gifts", 2)
    file.add_paragraph("Decline them.")

    assert [block.text for block in docx_blocks(_content(file))] == [
        "Code of Conduct",
        "Gifts",
        "Decline them.",
    ]


def test_what_stands_in_content_controls_is_read() -> None:
    file = NewWordFile()
    file.add_paragraph("Owner:")
    _add_control(file, "Legal department.", gallery=None)

    assert [block.text for block in docx_blocks(_content(file))] == ["Owner:", "Legal department."]


def test_title_author_and_keywords_are_metadata() -> None:
    file = NewWordFile()
    file.add_paragraph("Decline gifts.")
    assert docx_content(_content(file)).metadata == NOTHING_SAID
    file.core_properties.title = "Gift policy"
    file.core_properties.author = "Legal"
    file.core_properties.keywords = "gifts, bribes"
    file.core_properties.revision = 7
    assert docx_content(_content(file)).metadata == Metadata(
        title="Gift policy", owner="Legal", tags=("gifts", "bribes")
    )


def test_a_part_with_entities_is_refused() -> None:
    with zipfile.ZipFile(BytesIO(_content(NewWordFile()))) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    text = parts["word/document.xml"].split(b"?>", 1)[1]
    parts["word/document.xml"] = b'<!DOCTYPE x [<!ENTITY a "ha">]>' + text
    with pytest.raises(CorruptDocument, match=r"in its part 'word/document\.xml'"):
        docx_content(archive(parts))


def _add_control(file: "NewWordFile", text: str, *, gallery: str | None) -> None:
    """A paragraph in a content control, as Word wraps fields of forms and tables of contents."""
    paragraph = file.add_paragraph(text)._p
    control = OxmlElement("w:sdt")
    if gallery:
        properties, part, name = map(OxmlElement, ("w:sdtPr", "w:docPartObj", "w:docPartGallery"))
        name.set(qn("w:val"), gallery)
        part.append(name)
        properties.append(part)
        control.append(properties)
    held = OxmlElement("w:sdtContent")
    paragraph.addprevious(control)
    held.append(paragraph)
    control.append(held)
