"""Rich text files (RTF) as blocks."""

import re
from itertools import groupby

from striprtf.striprtf import rtf_to_text

from ingest.document import Block, ElementKind, one_line
from ingest.formats.content import FileContent
from ingest.formats.contents import without_contents, without_contents_lines
from ingest.formats.errors import CorruptDocument
from ingest.formats.properties import from_properties
from ingest.formats.table import table_text
from ingest.formats.text import text_blocks
from ingest.metadata import Metadata

_OUTLINE_LEVEL = re.compile(r"\\outlinelevel([0-8])(?!\d) ?")
_LONGEST_HEADING_CHARS = 300
_INFO = re.compile(r"\{\\(title|author|keywords) ([^{}]{1,2000})\}")
_INFO_WITHIN_CHARS = 100_000

# Of the private use area, which no text uses, as RTF writes it: 16 bits with a sign.
_FIRST_MARK = 0xF1A0
_MARKS = "".join(chr(_FIRST_MARK + level) for level in range(9))


def rtf_content(content: bytes) -> FileContent:
    """The paragraphs and tables of an RTF file; headings by outline level, or as in plain text where
    it has none.

    Raises `CorruptDocument` for what is no RTF.
    """
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        raise CorruptDocument("is not a rich text file: save it as .rtf again")
    # Characters beyond ASCII are escaped in RTF; striprtf decodes them.
    markup = content.decode("latin-1")
    marked = _OUTLINE_LEVEL.sub(lambda level: rf"\u{_mark(int(level[1]))} ?", markup)
    lines = without_contents_lines(rtf_to_text(marked, errors="replace").split("\n"))
    has_marks = any(line.lstrip()[:1] in _MARKS for line in lines if line.strip())
    blocks: list[Block] = []
    for kind, group in groupby(lines, key=_kind):
        if kind is ElementKind.TITLE:
            blocks += [_heading(line) for line in group]
        elif kind is ElementKind.TABLE:
            rows = [line.strip().removesuffix("|").split("|") for line in group]
            blocks.append(Block(ElementKind.TABLE, table_text(rows, header=None)))
        else:
            blocks += _paragraphs(list(group), headings=not has_marks)
    return FileContent(without_contents(blocks), None, _metadata(markup[:_INFO_WITHIN_CHARS]))


def _mark(level: int) -> int:
    return _FIRST_MARK + level - 0x10000


def _kind(line: str) -> ElementKind:
    text = line.strip()
    if text[:1] and text[0] in _MARKS and len(text) <= _LONGEST_HEADING_CHARS:
        return ElementKind.TITLE
    # striprtf ends every cell so.
    return ElementKind.TABLE if text.endswith("|") else ElementKind.TEXT


def _heading(line: str) -> Block:
    text = line.strip()
    return Block(ElementKind.TITLE, one_line(_unmarked(text)), level=_MARKS.index(text[0]) + 1)


def _paragraphs(lines: list[str], *, headings: bool) -> list[Block]:
    """Every line is a paragraph."""
    blocks = text_blocks(_unmarked("\n\n".join(lines)))
    if headings:
        return blocks
    return [
        Block(ElementKind.TEXT, block.text) if block.kind is ElementKind.TITLE else block
        for block in blocks
    ]


def _unmarked(text: str) -> str:
    return text.translate(dict.fromkeys(map(ord, _MARKS)))


def _metadata(markup: str) -> Metadata:
    said = {
        name: rtf_to_text(rf"{{\rtf1\ansi {value}}}", errors="replace")
        for name, value in _INFO.findall(markup)
    }
    return from_properties(
        title=said.get("title"), author=said.get("author"), keywords=[said.get("keywords", "")]
    )
