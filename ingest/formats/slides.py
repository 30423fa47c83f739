"""PowerPoint files (PPTX) as blocks; the page of a block is the number of its slide."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

import pptx
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.oxml.ns import qn

from ingest.document import Block, ElementKind, one_line
from ingest.formats.content import FileContent
from ingest.formats.office import core_metadata, open_office
from ingest.formats.table import table_text

# The page's furniture.
_NO_TEXT = (
    PP_PLACEHOLDER.FOOTER,
    PP_PLACEHOLDER.HEADER,
    PP_PLACEHOLDER.DATE,
    PP_PLACEHOLDER.SLIDE_NUMBER,
)
_LISTS = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT)
_MAX_GROUPS = 20


def pptx_content(content: bytes) -> FileContent:
    """The slides of a presentation in order, each under its title, with its notes at its end.

    A title slide's title stands above the others. Hidden slides are left out. unstructured's reader
    takes any short line for a heading and puts the notes before the title, so python-pptx is read
    directly. Raises as `open_office` does.
    """
    with open_office(content, kind="a PowerPoint presentation", suffix=".pptx") as archive:
        metadata = core_metadata(archive)
    slides = pptx.Presentation(io.BytesIO(content)).slides
    blocks = [
        block
        for number, slide in enumerate(slides, start=1)
        if slide._element.get("show") not in ("0", "false")
        for block in _slide_blocks(slide, number)
    ]
    return FileContent(blocks, None, metadata)


def _slide_blocks(slide: Any, number: int) -> Iterator[Block]:
    title = slide.shapes.title
    heading = one_line(title.text_frame.text) if title is not None else ""
    if heading:
        is_cover = title.placeholder_format.type == PP_PLACEHOLDER.CENTER_TITLE
        yield Block(ElementKind.TITLE, heading, number, 1 if is_cover else 2)
    for shape in _in_reading_order(slide.shapes):
        if title is not None and shape.shape_id == title.shape_id:
            continue
        if shape.has_table:
            text = table_text(_rows(shape.table), header=shape.table.first_row or None)
            yield Block(ElementKind.TABLE, text, number)
        elif shape.has_text_frame and not _is_furniture(shape):
            yield from _paragraphs(shape, number)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        for line in slide.notes_slide.notes_text_frame.text.split("\n"):
            yield Block(ElementKind.TEXT, one_line(line), number)


def _in_reading_order(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """From top to bottom and left to right; the shapes of a group stay together."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if not hasattr(shape, "shapes"):
            yield shape
        elif depth < _MAX_GROUPS:
            yield from _in_reading_order(shape.shapes, depth + 1)


def _is_furniture(shape: Any) -> bool:
    return shape.is_placeholder and shape.placeholder_format.type in _NO_TEXT


def _paragraphs(shape: Any, number: int) -> Iterator[Block]:
    listed = shape.is_placeholder and shape.placeholder_format.type in _LISTS
    for paragraph in shape.text_frame.paragraphs:
        kind = ElementKind.LIST_ITEM if _is_item(paragraph, listed) else ElementKind.TEXT
        yield Block(kind, one_line(paragraph.text), number)


def _is_item(paragraph: Any, listed: bool) -> bool:
    """Has a bullet or number: its own, or that of its placeholder for lists unless it says no."""
    properties = paragraph._p.pPr
    if properties is not None and properties.find(qn("a:buNone")) is not None:
        return False
    own = properties is not None and (
        properties.find(qn("a:buChar")) is not None
        or properties.find(qn("a:buAutoNum")) is not None
    )
    return listed or own


def _rows(table: Any) -> list[list[str]]:
    """A cell that spans rows is repeated in each; one that spans columns stands in its first."""
    rows: list[list[str]] = []
    for row in table.rows:
        texts = []
        for place, cell in enumerate(row.cells):
            continues_above = cell._tc.vMerge and rows and place < len(rows[-1])
            texts.append(rows[-1][place] if continues_above else one_line(cell.text))
        rows.append(texts)
    return rows
