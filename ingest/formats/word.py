"""Word files (DOCX) as blocks."""

import io
import re

import docx
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from ingest.document import Block
from ingest.formats.content import FileContent
from ingest.formats.contents import without_contents
from ingest.formats.office import core_metadata, open_office
from ingest.formats.unstructured_setup import partition_docx_blocks

_CONTENTS_STYLE = re.compile(r"toc (?:\d|heading)|table of (?:figures|authorities)", re.I)
_CONTENTS_GALLERY = "Table of Contents"


def docx_content(content: bytes) -> FileContent:
    """The text of a Word document, headings by style, and its properties.

    Raises `EncryptedDocument` for a password-protected file, `CorruptDocument` for one that is no DOCX,
    `DocumentTooLarge` for one that would burst.
    """
    with open_office(content, kind="a Word document", suffix=".docx") as archive:
        metadata = core_metadata(archive)
    return FileContent(without_contents(docx_blocks(content)), None, metadata)


def docx_blocks(content: bytes) -> list[Block]:
    """The blocks of a Word document without its tables of contents."""
    return partition_docx_blocks(io.BytesIO(_simplified(content)))


def _simplified(content: bytes) -> bytes:
    """The file without tables of contents, and with what stands in content controls (the fields of
    a form or a template) set free: unstructured passes over the blocks in them.
    """
    file = docx.Document(io.BytesIO(content))
    body = file.element.body
    contents_styles = {
        style.style_id for style in file.styles if _CONTENTS_STYLE.fullmatch(style.name or "")
    }
    entries = [
        style.getparent().getparent()
        for style in body.iter(qn("w:pStyle"))
        if style.get(qn("w:val")) in contents_styles
    ]
    controls = [node for node in body.iter(qn("w:sdt")) if node.getparent().tag != qn("w:p")]
    if not entries and not controls:
        return content
    for entry in entries:
        entry.getparent().remove(entry)
    for control in controls:
        _set_free(control)
    stream = io.BytesIO()
    file.save(stream)
    return stream.getvalue()


def _set_free(control: BaseOxmlElement) -> None:
    properties, held = control.find(qn("w:sdtPr")), control.find(qn("w:sdtContent"))
    gallery = (
        properties.find(f"{qn('w:docPartObj')}/{qn('w:docPartGallery')}")
        if properties is not None
        else None
    )
    is_contents = gallery is not None and gallery.get(qn("w:val")) == _CONTENTS_GALLERY
    if held is not None and not is_contents:
        for node in list(held):
            control.addprevious(node)
    control.getparent().remove(control)
