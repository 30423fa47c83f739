"""OpenDocument texts (ODT) as blocks."""

from collections.abc import Iterator

from lxml import etree

from ingest.document import Block, ElementKind, one_line
from ingest.formats.archive import open_archive, parse_xml, read_member
from ingest.formats.content import FileContent
from ingest.formats.contents import without_contents
from ingest.formats.errors import CorruptDocument, EncryptedDocument
from ingest.formats.properties import from_dublin_core
from ingest.formats.table import table_text
from ingest.metadata import NOTHING_SAID

_SCHEMA = "urn:oasis:names:tc:opendocument:xmlns:"
_TEXT, _TABLE, _OFFICE, _STYLE, _DRAW = (
    f"{{{_SCHEMA}{name}:1.0}}" for name in ("text", "table", "office", "style", "drawing")
)

_CONTENTS = frozenset(
    _TEXT + name
    for name in (
        "table-of-content illustration-index table-index object-index user-index alphabetical-index "
        "tracked-changes sequence-decls"
    ).split()
)
_LINES = frozenset({_TEXT + "p", _TEXT + "h"})
_NO_TEXT = frozenset({_OFFICE + "annotation", _TEXT + "note", _TEXT + "ruby-text"})
_MANIFEST = "META-INF/manifest.xml"
_MAX_COLUMNS = 1_000
_SPACES = {_TEXT + "s": " ", _TEXT + "tab": " ", _TEXT + "line-break": " "}


def odt_content(content: bytes) -> FileContent:
    """The text of an OpenDocument file: headings by outline level, list items, tables, and notes after
    the paragraph that they belong to. Deleted text, comments and indexes are left out.

    Raises as `open_archive` does, and `EncryptedDocument` for a file that a password protects.
    """
    with open_archive(content, kind="an OpenDocument text", suffix=".odt") as archive:
        names = archive.namelist()
        if _MANIFEST in names and b"encryption-data" in read_member(archive, _MANIFEST):
            raise EncryptedDocument("is protected by a password: save a copy without one")
        root = parse_xml(read_member(archive, "content.xml"))
        properties = parse_xml(read_member(archive, "meta.xml")) if "meta.xml" in names else None
    text = root.find(f"{_OFFICE}body/{_OFFICE}text")
    if text is None:
        raise CorruptDocument("is not an OpenDocument text: save it as .odt again")
    blocks = list(_blocks(text, _title_styles(root), in_list=False))
    if any(block.level == 0 for block in blocks):
        blocks = [_lowered(block) for block in blocks]
    metadata = NOTHING_SAID if properties is None else from_dublin_core(properties)
    return FileContent(without_contents(blocks), None, metadata)


def _lowered(block: Block) -> Block:
    """One level further down, where a title stands above the headings."""
    return block if block.level is None else Block(block.kind, block.text, None, block.level + 1)


def _title_styles(root: etree._Element) -> set[str]:
    """The names of the style "Title" and of those made from it."""
    return {"Title"} | {
        style.get(_STYLE + "name", "")
        for style in root.iter(_STYLE + "style")
        if style.get(_STYLE + "parent-style-name") == "Title"
    }


def _blocks(parent: etree._Element, title_styles: set[str], *, in_list: bool) -> Iterator[Block]:
    for node in parent.iterchildren(etree.Element):
        if node.tag in _CONTENTS:
            continue
        if node.tag in _LINES:
            yield from _line_blocks(node, title_styles, in_list)
        elif node.tag == _TABLE + "table":
            rows = _rows(node)
            has_header = node.find(f"{_TABLE}table-header-rows") is not None
            yield Block(ElementKind.TABLE, table_text(rows, header=True if has_header else None))
        elif node.tag not in _NO_TEXT:
            is_list = node.tag == _TEXT + "list"
            yield from _blocks(node, title_styles, in_list=in_list or is_list)


def _line_blocks(line: etree._Element, title_styles: set[str], in_list: bool) -> Iterator[Block]:
    text = _line_text(line)
    if line.tag == _TEXT + "h":
        yield Block(ElementKind.TITLE, text, level=_outline_level(line))
    elif line.get(_TEXT + "style-name") in title_styles and text:
        yield Block(ElementKind.TITLE, text, level=0)
    else:
        yield Block(ElementKind.LIST_ITEM if in_list else ElementKind.TEXT, text)
    # Text boxes and notes are anchored in the middle of a line.
    for box in line.iter(_DRAW + "text-box", _TEXT + "note-body"):
        # One in another is read with that one.
        if next(box.iterancestors(*_LINES), None) is line:
            yield from _blocks(box, set(), in_list=False)


def _outline_level(heading: etree._Element) -> int:
    level = heading.get(_TEXT + "outline-level", "1")
    return max(1, int(level)) if level.isdecimal() and len(level) < 3 else 1


def _line_text(line: etree._Element) -> str:
    return one_line("".join(_pieces(line)))


def _pieces(node: etree._Element) -> Iterator[str]:
    yield node.text or ""
    for child in node:
        if child.tag in _SPACES:
            yield _SPACES[child.tag]
        # What is anchored here is no part of the line; neither are comments of the XML.
        elif isinstance(child.tag, str) and child.tag not in _NO_TEXT and not _is_box(child):
            yield from _pieces(child)
        yield child.tail or ""


def _is_box(node: etree._Element) -> bool:
    return node.tag.startswith(_DRAW)


def _rows(table: etree._Element) -> list[list[str]]:
    """The cells' texts. A cell that spans rows is repeated in each of them."""
    rows: list[list[str]] = []
    spans: dict[int, tuple[int, str]] = {}
    for row in table.iter(_TABLE + "table-row"):
        if _table_of(row) is not table:
            continue
        cells: list[str] = []
        for cell in row.iterchildren(_TABLE + "table-cell", _TABLE + "covered-table-cell"):
            place = len(cells)
            left, above = spans.get(place, (0, ""))
            text = one_line(" ".join(_line_text(line) for line in cell.iter(*_LINES)))
            if left and cell.tag == _TABLE + "covered-table-cell":
                spans[place] = (left - 1, above)
                text = above
            elif (rows_spanned := _count(cell, "number-rows-spanned")) > 1:
                spans[place] = (rows_spanned - 1, text)
            repeated = min(_count(cell, "number-columns-repeated"), _MAX_COLUMNS - len(cells))
            cells += [text] * max(repeated, 0)
        rows.append(cells)
    return rows


def _table_of(row: etree._Element) -> etree._Element | None:
    return next(row.iterancestors(_TABLE + "table"), None)


def _count(cell: etree._Element, name: str) -> int:
    value = cell.get(_TABLE + name, "1")
    return int(value) if value.isdecimal() and len(value) < 7 else 1
