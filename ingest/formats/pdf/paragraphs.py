"""Lines into paragraphs and list items, also where they run over a page."""

import re
from collections.abc import Iterator

from ingest.document import Block, ElementKind
from ingest.formats.pdf.lines import Line
from ingest.formats.pdf.sheets import Sheet
from ingest.formats.pdf.tables import Grid, merged_grid
from ingest.formats.pdf.typography import Typography, same_size

SENTENCE_END = (".", ":", ";", "!", "?", ".”", ".’", '."', ".)")

_WIDER_GAP = 1.25
_BULLET = re.compile(r"(?:[•●○▪■◦‣⁃∙·\uf0a7\uf0b7])\s*|[-–—*]\s+")
_CLAUSE = re.compile(
    r"(?:\d{1,3}[.)]|\d{1,3}(?:\.\d{1,3})+[.)]?|\(?[a-z][.)]|\(?[ivx]{1,5}[.)]|\(\d{1,3}\))\s+\S"
)
_BROKEN_ADDRESS = re.compile(r"(?:^|\s)(?:https?:/)?/\S+/$")

Paragraph = list[Line]


def paragraphs_and_grids(sheets: list[Sheet], typography: Typography) -> list[Paragraph | Grid]:
    """Paragraphs and tables in reading order, the parts of one on several pages joined."""
    flow: list[Paragraph | Grid] = []
    for item in _page_by_page(sheets, typography):
        place = len(flow) - 1
        # Footnotes stand between the two halves of a paragraph that runs over a page.
        while place >= 0 and _is_footnote(flow[place], typography):
            place -= 1
        merged = _merged(flow[place], item) if place >= 0 else None
        if merged:
            flow[place] = merged
        else:
            flow.append(item)
    return flow


def paragraph_block(paragraph: Paragraph, typography: Typography) -> Block:
    """A list item without its bullet but with its number, or a text."""
    text = joined_text(paragraph, typography)
    bullet = _BULLET.match(text)
    is_item = bullet or _CLAUSE.match(text)
    return Block(
        ElementKind.LIST_ITEM if is_item else ElementKind.TEXT,
        text[bullet.end() :].strip() if bullet else text,
        paragraph[0].page,
    )


def joined_text(paragraph: Paragraph, typography: Typography) -> str:
    """The lines as one; a hyphen at a line's end goes where the document knows the whole word."""
    text = paragraph[0].text
    for line in paragraph[1:]:
        head = re.search(r"([^\W\d_]+)[-\u00ad]$", text)
        tail = re.match(r"[^\W\d_]+", line.text)
        if _BROKEN_ADDRESS.search(text):
            text += line.text
        elif head is None or tail is None:
            text += " " + line.text
        elif text.endswith("\u00ad") or (head[1] + tail[0]).lower() in typography.vocabulary:
            text = text[:-1] + line.text
        else:
            text += line.text
    return text


def is_bullet(line: Line) -> bool:
    """The line starts with a bullet or a dash."""
    return _BULLET.match(line.text) is not None


def _page_by_page(sheets: list[Sheet], typography: Typography) -> Iterator[Paragraph | Grid]:
    """Paragraphs and tables of each page from top to bottom."""
    for sheet in sheets:
        paragraph: Paragraph = []
        items: list[Line | Grid] = [*sheet.lines, *sheet.grids]
        for item in sorted(items, key=lambda item: item.top):
            if paragraph and (
                isinstance(item, Grid) or _starts_paragraph(paragraph, item, typography)
            ):
                yield paragraph
                paragraph = []
            if isinstance(item, Grid):
                yield item
            else:
                paragraph.append(item)
        if paragraph:
            yield paragraph


def _starts_paragraph(paragraph: Paragraph, line: Line, typography: Typography) -> bool:
    previous = paragraph[-1]
    pitch = (line.top - previous.top) / max(line.size, previous.size)
    gap = pitch > typography.leading * _WIDER_GAP
    if gap or line.starts_note or not same_size(line.size, previous.size):
        return True
    ended = previous.text.endswith(SENTENCE_END)
    broken = _is_broken_on_purpose(previous, line, typography)
    if broken and line.bold != previous.bold:
        return True
    # A wrapped sentence may go on with "1.5 metres" or "- but" at the start of a line.
    free = ended or broken or previous.text.endswith((",", " and", " or"))
    if is_bullet(line) and (free or not line.text.startswith(("-", "–"))):
        return True
    if free and _CLAUSE.match(line.text):
        return True
    return broken and ended and _is_indented_anew(paragraph, line)


def _is_broken_on_purpose(previous: Line, line: Line, typography: Typography) -> bool:
    """The next line's first word would have fitted at the end of the previous one."""
    first_word = line.text.split(maxsplit=1)[0]
    return previous.right + (len(first_word) + 3) * 0.5 * line.size < typography.right


def _is_indented_anew(paragraph: Paragraph, line: Line) -> bool:
    first, previous = paragraph[0], paragraph[-1]
    return (
        line.left > previous.left + 0.5 * line.size
        or (len(paragraph) > 1 and line.left < previous.left - line.size)
        or line.left < first.left - 0.5 * line.size
    )


def _is_footnote(item: Paragraph | Grid, typography: Typography) -> bool:
    return isinstance(item, list) and item[0].size < 0.9 * typography.size


def _merged(before: Paragraph | Grid, after: Paragraph | Grid) -> Paragraph | Grid | None:
    """The two as one where they are parts of one paragraph or table on two pages."""
    if isinstance(before, Grid) and isinstance(after, Grid):
        return merged_grid(before, after)
    if isinstance(before, list) and isinstance(after, list) and _continues(before[-1], after[0]):
        return before + after
    return None


def _continues(last: Line, first: Line) -> bool:
    return (
        last.page + 1 == first.page
        and same_size(last.size, first.size)
        and not last.text.endswith(SENTENCE_END)
        and first.text[0].islower()
        and not _CLAUSE.match(first.text)
    )
