"""Plain text: headings by underlines, numbers and capitals; paragraphs by empty lines."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise

from ingest.document import Block, ElementKind, one_line
from ingest.formats.content import FileContent
from ingest.formats.contents import without_contents, without_contents_lines
from ingest.formats.numbering import numbering_depth
from ingest.formats.pages import without_page_edges
from ingest.formats.table import table_text
from ingest.formats.unstructured_setup import partition_text_blocks

# Possessive: a long rule that is none in the end would be tried in every division of its marks.
_RULE = re.compile(r"(?:([=*~^\"_#+.-])\1{3,}+[\s|+]*+)++|([=*~^\"-])\2{2}")
_UNDERLINE = re.compile(r"([=*~^\"-])\1{2,}")
_BULLET = re.compile(r"[-*•‣▪●○–]\s+(?=\S)")
_NUMBER = re.compile(
    r"(?:\d{1,3}[.)]|\(\d{1,3}\)|\d{1,2}(?:\.\d{1,2})+[.)]?|\(?[a-z][.)]|\(?[ivx]{1,5}[.)])\s+(?=\S)"
)
_HEADING_NUMBER = re.compile(
    r"(?:\d{1,2}(?:\.\d{1,2})*\.?|[A-Z]\.|[A-Z](?:\.\d{1,2})+\.?)\s+(?=[\"“'(\[]?[^\W_a-z])"
)
_LEADERS = re.compile(r"(.*?[^\s.])\s*\.{4,}\s*([^\s.].*)")
_FIELD = re.compile(r"([A-Z][^:.;?!]{0,40}):\s+(\S.*)")
_NO_HEADING_END = (".", ";", ":", ",", "!", "?")
_LONGEST_HEADING_WORDS = 12
_LONGEST_TITLE_WORDS = 15
_LONGEST_TITLE_CHARS = 200


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its margins; `indent` counts columns."""

    text: str
    indent: int


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Lines between two empty lines. `underline` is the character of the rule below (and above) it,
    `after_rule` says that a rule without a heading stands before it.
    """

    lines: list[_Line]
    underline: str
    after_rule: bool


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str
    underline: str


_Piece = _Heading | list[_Line]


def text_content(text: str) -> FileContent:
    """The text of a file without table of contents, running headers and page numbers."""
    lines = without_contents_lines(without_page_edges(text).splitlines())
    return FileContent(without_contents(text_blocks("\n".join(lines))))


def text_blocks(text: str) -> list[Block]:
    """The blocks of a plain text, hard-wrapped or with a line for each paragraph.

    Lines of dots between a name and a value, and lines of "Name: value", make a table.
    """
    pieces = _pieces(_chunks(text))
    levels = _heading_levels([piece for piece in pieces if isinstance(piece, _Heading)])
    blocks: list[Block] = []
    for is_heading, group in groupby(pieces, key=lambda piece: isinstance(piece, _Heading)):
        if is_heading:
            headings = [piece for piece in group if isinstance(piece, _Heading)]
            blocks += [
                Block(ElementKind.TITLE, heading.text, level=levels[heading])
                for heading in headings
            ]
        else:
            blocks += _content([piece for piece in group if isinstance(piece, list)])
    return blocks


# Chunks


def _chunks(text: str) -> list[_Chunk]:
    chunks: list[_Chunk] = []
    lines: list[_Line] = []
    overline = ""
    for line in [*map(_line, text.splitlines()), _Line("", 0)]:
        if _RULE.fullmatch(line.text):
            underlines = len(lines) == 1 and _is_underline(line.text, lines[0].text)
            if underlines and overline[:1] == line.text[0]:
                chunks.append(_Chunk(lines, 2 * line.text[0], False))
            elif underlines:
                chunks.append(_Chunk(lines, line.text[0], False))
            elif lines:
                chunks.append(_Chunk(lines, "", bool(overline)))
            lines, overline = [], "" if underlines else line.text
        elif line.text:
            lines.append(line)
        elif lines:
            chunks.append(_Chunk(lines, "", bool(overline)))
            lines, overline = [], ""
    return chunks


def _line(raw: str) -> _Line:
    expanded = raw.expandtabs(8)
    return _Line(expanded.strip(), len(expanded) - len(expanded.lstrip()))


def _is_underline(rule: str, text: str) -> bool:
    return (
        _UNDERLINE.fullmatch(rule) is not None
        and _BULLET.match(text) is None
        and 0.7 * len(text) <= len(rule) <= 1.5 * len(text) + 4
    )


# Headings


def _pieces(chunks: list[_Chunk]) -> list[_Piece]:
    """Headings and the lines between them, in order."""
    listed = _numbered_in_a_row(chunks)
    pieces: list[_Piece] = []
    for index, chunk in enumerate(chunks):
        alone = _one_line(chunk)
        if chunk.underline:
            pieces.append(_Heading(alone, chunk.underline))
        elif index == 0 and _is_title(chunk):
            pieces.append(_Heading(alone, "title"))
        elif index not in listed and _is_heading(chunk):
            pieces.append(_Heading(alone, ""))
        elif _heads_its_paragraph(chunk.lines):
            pieces += [_Heading(chunk.lines[0].text, ""), chunk.lines[1:]]
        else:
            pieces.append(chunk.lines)
    return pieces


def _one_line(chunk: _Chunk) -> str:
    return " ".join(line.text for line in chunk.lines)


def _is_title(chunk: _Chunk) -> bool:
    text = _one_line(chunk)
    if len(chunk.lines) > 1 and not _is_capitals(chunk.lines):
        return False
    return (
        len(text.split()) <= _LONGEST_TITLE_WORDS
        and len(text) <= _LONGEST_TITLE_CHARS
        and any(char.isalpha() for char in text)
        and not text.endswith(_NO_HEADING_END)
        and not _FIELD.fullmatch(text)
        and not _BULLET.match(text)
        and not _NUMBER.match(text)
        and numbering_depth(text) is None
    )


def _is_heading(chunk: _Chunk) -> bool:
    if _is_capitals(chunk.lines):
        return True
    if len(chunk.lines) > 1:
        return False
    text = chunk.lines[0].text
    return _is_numbered_heading(text) or (chunk.after_rule and _is_title(chunk))


def _is_numbered_heading(text: str) -> bool:
    """ "2.3 Lost cards", "A.1. Delegations", "Part 2 - Prices"."""
    numbered = _HEADING_NUMBER.match(text) or numbering_depth(text) == 0
    return (
        bool(numbered)
        and len(text.split()) <= _LONGEST_HEADING_WORDS
        and not text.endswith(_NO_HEADING_END)
        and any(char.isalpha() for char in text)
    )


def _is_capitals(lines: list[_Line]) -> bool:
    """At most three lines of capitals, which are no sentence."""
    text = " ".join(line.text for line in lines)
    return (
        len(lines) <= 3
        and text.isupper()
        and sum(char.isalpha() for char in text) >= 4
        and len(text.split()) <= _LONGEST_HEADING_WORDS
        and not text.endswith(_NO_HEADING_END)
        and not any(_BULLET.match(line.text) for line in lines)
        and not any(_NUMBER.match(line.text) for line in lines[1:])
        and not _LEADERS.fullmatch(text)
    )


def _heads_its_paragraph(lines: list[_Line]) -> bool:
    """A numbered heading right above its text, and not the first line of a wrapped list item."""
    if len(lines) < 2 or not _is_numbered_heading(lines[0].text):
        return False
    first, second = lines[0], lines[1]
    return (
        second.indent <= first.indent
        and not second.text[0].islower()
        and not _NUMBER.match(second.text)
        and (first.text.isupper() or _is_broken_on_purpose(first, second, lines))
    )


def _numbered_in_a_row(chunks: list[_Chunk]) -> set[int]:
    """Numbered lines that follow each other at one depth without a text between: a list's items."""
    depths = [
        numbering_depth(chunk.lines[0].text)
        if len(chunk.lines) == 1 and not chunk.underline and not _is_capitals(chunk.lines)
        else None
        for chunk in chunks
    ]
    return {
        place
        for (index, first), (_, second) in pairwise(enumerate(depths))
        if first and first == second
        for place in (index, index + 1)
    }


def _heading_levels(headings: list[_Heading]) -> dict[_Heading, int]:
    """Underlines rank by first appearance, numbers by depth below the title; capitals alone stand
    with the highest numbers.
    """
    styles = list(dict.fromkeys(heading.underline for heading in headings if heading.underline))
    has_title = bool(headings and headings[0].underline)
    depths = [depth for heading in headings if (depth := numbering_depth(heading.text)) is not None]
    top = 1 + has_title
    offset = top - min(depths, default=1)
    for heading in headings:
        depth = numbering_depth(heading.text)
        if heading.underline and depth is not None:
            offset = styles.index(heading.underline) + 1 - depth
            break
    levels = {}
    for heading in headings:
        depth = numbering_depth(heading.text)
        if heading.underline:
            levels[heading] = styles.index(heading.underline) + 1
        else:
            levels[heading] = top if depth is None else max(1, depth + offset)
    return levels


# Paragraphs and list items


def _content(chunks: list[list[_Line]]) -> list[Block]:
    blocks: list[Block] = []
    paragraphs: list[str] = []
    for lines in chunks:
        rows = _two_columns(lines)
        if rows:
            blocks += _paragraph_blocks(paragraphs)
            paragraphs = []
            blocks.append(Block(ElementKind.TABLE, table_text(rows, header=None)))
        else:
            paragraphs += _paragraphs(lines)
    return blocks + _paragraph_blocks(paragraphs)


def _two_columns(lines: list[_Line]) -> list[list[str]]:
    """Rows of "name ..... value" or "Name: value", if every one of several lines is one."""
    for pattern in (_LEADERS, _FIELD):
        rows = [row for line in lines if (row := pattern.fullmatch(line.text))]
        if 2 <= len(rows) == len(lines):
            return [[row[1], row[2]] for row in rows]
    return []


def _paragraph_blocks(paragraphs: list[str]) -> list[Block]:
    # unstructured guesses titles too, from a line's length and capitals. They are known here.
    # It divides at line breaks with a pattern that takes time by the square of a gap's length.
    return [
        Block(ElementKind.TEXT, block.text) if block.kind is ElementKind.TITLE else block
        for block in partition_text_blocks("\n".join(map(one_line, paragraphs)))
    ]


def _paragraphs(lines: list[_Line]) -> Iterator[str]:
    paragraph: list[_Line] = []
    for line in lines:
        if paragraph and _starts_paragraph(paragraph, line, lines):
            yield " ".join(part.text for part in paragraph)
            paragraph = []
        paragraph.append(line)
    if paragraph:
        yield " ".join(part.text for part in paragraph)


def _starts_paragraph(paragraph: list[_Line], line: _Line, lines: list[_Line]) -> bool:
    first, previous = paragraph[0], paragraph[-1]
    in_item = _BULLET.match(first.text) or _NUMBER.match(first.text)
    if in_item and line.indent < first.indent:
        return True
    if not (_BULLET.match(line.text) or _NUMBER.match(line.text)):
        return False
    if line.indent == first.indent and _is_next_item(first.text, line.text):
        return True
    # A wrapped sentence may go on with "1.5 metres" or "- but" at the start of a line.
    return (
        previous.text.endswith((*_NO_HEADING_END, " and", " or"))
        or line.indent != previous.indent
        or _is_broken_on_purpose(previous, line, lines)
    )


def _is_next_item(item: str, text: str) -> bool:
    if _BULLET.match(item):
        return text[0] == item[0]
    number, following = re.match(r"\d+", item), re.match(r"\d+", text)
    return bool(number and following and int(following[0]) == int(number[0]) + 1)


def _is_broken_on_purpose(first: _Line, second: _Line, lines: list[_Line]) -> bool:
    """The second line's first word would have fitted at the end of the first line."""
    width = max(line.indent + len(line.text) for line in lines)
    word = second.text.split(maxsplit=1)[0]
    return first.indent + len(first.text) + 1 + len(word) < width
