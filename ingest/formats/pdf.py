"""PDF files: words with their place and font, put together into headings, paragraphs and tables."""

import logging
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import Any

import pdfplumber
from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect
from pdfminer.pdfexceptions import PDFException
from pdfminer.psexceptions import PSException
from pdfplumber.page import Page
from pdfplumber.table import Table
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException
from pdfplumber.utils.text import extract_words

from ingest.document import Block, ElementKind
from ingest.formats.errors import CorruptDocument, EmptyDocument, EncryptedDocument, NoTextLayer
from ingest.formats.table import table_text

# pdfminer reports every oddity of a file it can read all the same, often once per character.
logging.getLogger("pdfminer").setLevel(logging.ERROR)

# What pdfminer's innards trip over in a damaged file, next to its own exceptions.
_DAMAGE = (
    PdfminerException,
    MalformedPDFException,
    PDFException,
    PSException,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    EOFError,
    struct.error,
    zlib.error,
)

# A gap of 15% of the type size is a space. The default of 3 points glues tightly set words.
_SPACE_RATIO = 0.15
_LARGER = 1.08
_WIDER_GAP = 1.25
_LONGEST_LEADING = 2.0
_MARGIN_RATIO = 0.12

_BULLET = re.compile(r"(?:[•●○▪■◦‣⁃∙·\uf0a7\uf0b7])\s*|[-–—*]\s+")  # noqa: RUF001
_CLAUSE = re.compile(
    r"(?:\d{1,3}[.)]|\d{1,3}(?:\.\d{1,3})+[.)]?|\(?[a-z][.)]|\(?[ivx]{1,5}[.)]|\(\d{1,3}\))\s+\S"
)
_PAGE_NUMBER = re.compile(
    r"(?:page\s+)?(?:\d+|[ivxl]+)(?:\s*(?:of|/)\s*\d+)?|[-\u2013]\s*\d+\s*[-\u2013]", re.I
)
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*(\d+|[ivxl]+)$")
_CONTENTS = re.compile(r"(?:table of )?contents", re.I)
_NUMBERING = re.compile(
    r"(?:(\d{1,2}(?:\.\d{1,2})*)\.?|([A-Z](?:\.\d{1,2})*)\.|([A-Z](?:\.\d{1,2})+))\s+\S"
)
_PART = re.compile(
    r"(?:part|book|volume)\s+(?:\d+|[ivx]+|[a-z]|one|two|three|four|five|six)\b", re.I
)
_CHAPTER = re.compile(r"(?:chapter|appendix|annex|article|schedule)\s+\S+", re.I)
_LABEL_ONLY = re.compile(r"(?:part|chapter|appendix|annex|schedule)(?:\s+[\w-]+)?", re.I)
_FILL_IN = re.compile(r"\s*_{3,}\s*")
_BROKEN_ADDRESS = re.compile(r"(?:^|\s)(?:https?:/)?/\S+/$")
_SENTENCE_END = (".", ":", ";", "!", "?", ".”", ".’", '."', ".)")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    bold: bool
    raised: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of print; lengths in points from the page's top left corner."""

    text: str
    page: int
    left: float
    right: float
    top: float
    bottom: float
    size: float
    bold: bool
    starts_note: bool


@dataclass(frozen=True, slots=True)
class _Grid:
    """A ruled table. `header` is True where the first row alone is bold, else None: unknown."""

    page: int
    top: float
    rows: list[list[str]]
    header: bool | None


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What is printed on one page, and how tall the page is in points."""

    number: int
    height: float
    lines: list[_Line]
    grids: list[_Grid]
    has_graphics: bool


@dataclass(frozen=True, slots=True)
class _Typography:
    """How the document sets its running text; `leading` is the line pitch over the type size."""

    size: float
    leading: float
    right: float
    vocabulary: frozenset[str]


_Paragraph = list[_Line]


def pdf_blocks(content: bytes) -> list[Block]:
    """The blocks of a PDF in reading order, without running headers, footers and contents pages.

    Raises `EncryptedDocument`, `CorruptDocument`, `EmptyDocument` or `NoTextLayer`.
    """
    sheets = _without_contents(_without_running_lines(_read(content)))
    typography = _typography([line for sheet in sheets for line in sheet.lines])
    flow = _joined_over_pages(list(_flow(sheets, typography)), typography)
    headings = {
        index: text
        for index, item in enumerate(flow)
        if isinstance(item, list) and (text := _heading_text(item, typography))
    }
    flow, headings = _with_labels_joined(flow, headings)
    levels = _heading_levels({i: (text, _style(flow[i])) for i, text in headings.items()})
    return [
        Block(ElementKind.TITLE, headings[index], _page(item), levels[index])
        if index in headings
        else _block(item, typography)
        for index, item in enumerate(flow)
    ]


# Reading


def _read(content: bytes) -> list[_Sheet]:
    try:
        with pdfplumber.open(BytesIO(content)) as pdf:
            sheets = [_sheet(page) for page in pdf.pages]
    except _DAMAGE as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, PDFPasswordIncorrect | PDFEncryptionError):
            raise EncryptedDocument("is encrypted: save a copy without a password") from error
        reason = str(cause) or type(cause).__name__
        raise CorruptDocument(
            f"is not a readable PDF ({reason}): open it in a PDF viewer and save it anew"
        ) from error
    if not any(sheet.lines or sheet.grids or sheet.has_graphics for sheet in sheets):
        raise EmptyDocument("has no text: its pages are blank")
    if not any(sheet.lines or sheet.grids for sheet in sheets):
        raise NoTextLayer(
            f"has no text layer ({len(sheets)} pages of images): "
            "run OCR on it first, e.g. with ocrmypdf"
        )
    return sheets


def _sheet(page: Page) -> _Sheet:
    words = _words(page)
    grids: list[_Grid] = []
    for table in page.find_tables():
        cells = _cells(table, words)
        if sum(any(column) for column in zip(*cells, strict=True)) < 2:
            continue
        grids.append(_grid(page.page_number, table.bbox[1], cells))
        taken = {id(word) for row in cells for cell in row for word in cell}
        words = [word for word in words if id(word) not in taken]
    lines = [_line(row, page.page_number) for row in _rows(words)]
    graphics = bool(page.images or page.curves or page.rects or page.lines)
    height = float(page.height)
    number = page.page_number
    # Frees the characters: a long document would otherwise hold them all until its end.
    page.close()
    return _Sheet(number, height, [line for line in lines if line.text], grids, graphics)


def _words(page: Page) -> list[_Word]:
    # Slanted characters are watermarks, which would be strewn over the lines they cross.
    upright = [c for c in page.chars if abs(c["matrix"][1]) <= 0.01 * abs(c["matrix"][0])]
    found = extract_words(upright, x_tolerance_ratio=_SPACE_RATIO, return_chars=True)
    return [word for entry in found for word in _split_at_note_mark(entry)]


def _split_at_note_mark(entry: dict[str, Any]) -> Iterator[_Word]:
    """The word, and a footnote's number set against its end as a word of its own."""
    chars = entry["chars"]
    tall = max(char["size"] for char in chars)
    end = len(chars)
    while end and chars[end - 1]["text"].isdigit() and chars[end - 1]["size"] < 0.8 * tall:
        end -= 1
    for part, raised in ((chars[:end], False), (chars[end:], True)):
        if part:
            yield _word(part, raised)


def _word(chars: list[dict[str, Any]], raised: bool) -> _Word:
    bold = [bool(re.search("bold|black|heavy|demi", c["fontname"], re.I)) for c in chars]
    return _Word(
        # The bullet of many fonts has no Unicode mapping, and pdfminer spells it so.
        "".join(char["text"] for char in chars).replace("(cid:127)", "•"),
        min(char["x0"] for char in chars),
        max(char["x1"] for char in chars),
        min(char["top"] for char in chars),
        max(char["bottom"] for char in chars),
        Counter(round(char["size"], 1) for char in chars).most_common(1)[0][0],
        sum(bold) * 2 > len(bold),
        raised,
    )


def _rows(words: Iterable[_Word]) -> list[list[_Word]]:
    """The words line by line, each line from left to right."""
    rows: list[list[_Word]] = []
    top, bottom = 0.0, -1.0
    for word in sorted(words, key=lambda word: (word.top + word.bottom) / 2):
        if rows and top < (word.top + word.bottom) / 2 < bottom:
            rows[-1].append(word)
            top, bottom = min(top, word.top), max(bottom, word.bottom)
        else:
            rows.append([word])
            top, bottom = word.top, word.bottom
    return [sorted(row, key=lambda word: word.left) for row in rows]


def _line(words: list[_Word], page: int) -> _Line:
    sizes: Counter[float] = Counter()
    for word in words:
        sizes[word.size] += len(word.text)
    size = sizes.most_common(1)[0][0]
    main = [word for word in words if word.size >= 0.8 * size] or words
    lettered = [word for word in main if any(char.isalpha() for char in word.text)] or main
    return _Line(
        _line_text(words, size),
        page,
        words[0].left,
        words[-1].right,
        min(word.top for word in main),
        max(word.bottom for word in main),
        size,
        all(word.bold for word in lettered),
        _is_raised_number(words[0], size),
    )


def _line_text(words: list[_Word], size: float) -> str:
    kept: list[str] = []
    for word in words:
        if kept and _is_raised_number(word, size) and _takes_note_mark(kept[-1]):
            continue
        if kept and word.raised:
            kept[-1] += word.text
        else:
            kept.append(word.text)
    return _FILL_IN.sub(" ", " ".join(kept)).strip()


def _is_raised_number(word: _Word, size: float) -> bool:
    return word.text.isdigit() and word.size < 0.8 * size


def _takes_note_mark(word: str) -> bool:
    """A raised number after a word or a stop marks a footnote; after "m" or "10" it is a power."""
    return bool(re.search(r"[^\W\d_]{3}$|[^\W\d_][.,;:!?)”’]+$", word))  # noqa: RUF001


# Tables


def _cells(table: Table, words: list[_Word]) -> list[list[list[_Word]]]:
    """The words of every cell, row by row; a cell that spans rows stands in each of them."""
    lefts = sorted({round(cell[0]) for cell in table.cells})
    grid = []
    for row in table.rows:
        # A row in which no cell of its own has text would only repeat cells that span it.
        if not any(_inside(box, words) for box in row.cells if box):
            continue
        _, row_top, _, row_bottom = row.bbox
        middle = (row_top + row_bottom) / 2
        boxes = {round(box[0]): box for box in table.cells if box[1] < middle < box[3]}
        grid.append([_inside(boxes[left], words) if left in boxes else [] for left in lefts])
    return grid


def _inside(box: tuple[float, float, float, float], words: list[_Word]) -> list[_Word]:
    left, top, right, bottom = box
    return [
        word
        for word in words
        if left <= (word.left + word.right) / 2 <= right
        and top <= (word.top + word.bottom) / 2 <= bottom
    ]


def _grid(page: int, top: float, cells: list[list[list[_Word]]]) -> _Grid:
    first = [word for cell in cells[0] for word in cell]
    rest = [word for row in cells[1:] for cell in row for word in cell]
    names = sum(any(cell) for cell in cells[0])
    bold_first = names >= 2 and all(word.bold for word in first)
    header = True if bold_first and not all(word.bold for word in rest) else None
    texts = [[" ".join(_line(row, page).text for row in _rows(cell)) for cell in r] for r in cells]
    return _Grid(page, top, texts, header)


# Running headers, footers and contents


def _without_running_lines(sheets: list[_Sheet]) -> list[_Sheet]:
    counts = Counter(
        key
        for sheet in sheets
        for key in {
            key
            for line in sheet.lines
            if _in_margin(line, sheet)
            for key in _running_keys(line, sheet.number)
        }
    )
    often = max(2, min(3, (len(sheets) + 1) // 2))
    mostly = max(3, (len(sheets) + 1) // 2)
    running = {key for key, count in counts.items() if count >= (often if key[0] else mostly)}
    return [_kept(sheet, running) for sheet in sheets]


def _kept(sheet: _Sheet, running: set[tuple[str, int]]) -> _Sheet:
    lines = list(sheet.lines)
    while lines and _is_running(lines[0], sheet, running):
        lines.pop(0)
    while lines and _is_running(lines[-1], sheet, running):
        lines.pop()
    return _Sheet(sheet.number, sheet.height, lines, sheet.grids, sheet.has_graphics)


def _is_running(line: _Line, sheet: _Sheet, running: set[tuple[str, int]]) -> bool:
    repeated = not running.isdisjoint(_running_keys(line, sheet.number))
    return _in_margin(line, sheet) and (repeated or _PAGE_NUMBER.fullmatch(line.text) is not None)


def _in_margin(line: _Line, sheet: _Sheet) -> bool:
    margin = _MARGIN_RATIO * sheet.height
    return line.bottom < margin or line.top > sheet.height - margin


def _running_keys(line: _Line, page: int) -> set[tuple[str, int]]:
    """What a line has in common with its like on other pages: its place and its text.

    A number in the text counts as the same where it moves with the page number. A key without text
    but for such a number at an end stands for footers that name the chapter beside the page.
    """
    # "CHAPTER" above each chapter's name is part of a heading.
    if _LABEL_ONLY.fullmatch(line.text):
        return set()
    place = round(line.top / 4)
    keys = {(line.text, place)}
    for number in re.finditer(r"\d{1,4}", line.text):
        moving = f"#{int(number[0]) - page}"
        keys.add((line.text[: number.start()] + moving + line.text[number.end() :], place))
        if number.start() == 0 or number.end() == len(line.text):
            keys.add(("", place * 100_000 + int(number[0]) - page))
    return keys


def _without_contents(sheets: list[_Sheet]) -> list[_Sheet]:
    entries = [m[1] for s in sheets for line in s.lines if (m := _LEADERS.search(line.text))]
    numbers = [int(entry) for entry in entries if entry.isdigit()]
    # A price list may have leaders too, but its figures do not rise with the pages.
    rising = all(first <= second for first, second in pairwise(numbers))
    if len(entries) < 3 or not rising or max(numbers, default=0) > len(sheets):
        return sheets
    return [
        _Sheet(s.number, s.height, _lines_outside_contents(s.lines), s.grids, s.has_graphics)
        for s in sheets
    ]


def _lines_outside_contents(lines: list[_Line]) -> list[_Line]:
    places = [index for index, line in enumerate(lines) if _LEADERS.search(line.text)]
    if not places:
        return lines
    start, end = places[0], places[-1] + 1
    while start and re.search(r"\s\d+$", lines[start - 1].text):
        start -= 1
    while start and _CONTENTS.fullmatch(lines[start - 1].text):
        start -= 1
    while end < len(lines) and re.search(r"\s\d+$", lines[end].text):
        end += 1
    return lines[:start] + lines[end:]


# Lines into paragraphs


def _typography(lines: list[_Line]) -> _Typography:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    size = sizes.most_common(1)[0][0] if sizes else 0.0
    body = [line for line in lines if abs(line.size - size) < 0.6]
    pitches = Counter(
        round((second.top - first.top) / size, 1)
        for first, second in pairwise(body)
        if first.page == second.page and size <= second.top - first.top
    )
    # The smallest pitch that is common: in a text of one-line paragraphs the gap between two of
    # them is the most frequent one.
    common = [pitch for pitch, count in pitches.items() if count * 7 >= pitches.total()]
    rights = sorted(line.right for line in body)
    vocabulary = {
        word.lower() for line in lines for word in re.findall(r"[^\W\d_]+", line.text.rstrip("-"))
    }
    return _Typography(
        size,
        min([*common, _LONGEST_LEADING]),
        rights[len(rights) * 19 // 20] if rights else 0.0,
        frozenset(vocabulary),
    )


def _flow(sheets: list[_Sheet], typography: _Typography) -> Iterator[_Paragraph | _Grid]:
    """Paragraphs and tables, page by page from top to bottom."""
    for sheet in sheets:
        paragraph: _Paragraph = []
        items: list[_Line | _Grid] = [*sheet.lines, *sheet.grids]
        for item in sorted(items, key=lambda item: item.top):
            starts = isinstance(item, _Grid) or _starts_paragraph(paragraph, item, typography)
            if paragraph and starts:
                yield paragraph
                paragraph = []
            if isinstance(item, _Grid):
                yield item
            else:
                paragraph = [*paragraph, item]
        if paragraph:
            yield paragraph


def _starts_paragraph(paragraph: _Paragraph, line: _Line, typography: _Typography) -> bool:
    if not paragraph:
        return True
    previous = paragraph[-1]
    pitch = (line.top - previous.top) / max(line.size, previous.size)
    gap = pitch > typography.leading * _WIDER_GAP
    if abs(line.size - previous.size) > 0.6 or gap or line.starts_note:
        return True
    ended = previous.text.endswith(_SENTENCE_END)
    broken = _is_broken_on_purpose(previous, line, typography)
    if line.bold != previous.bold and broken:
        return True
    # A wrapped sentence may go on with "1.5 metres" or "- but" at the start of a line.
    free = ended or broken or previous.text.endswith((",", " and", " or"))
    if _is_bullet(line) and (free or not line.text.startswith(("-", "–"))):  # noqa: RUF001
        return True
    if free and _CLAUSE.match(line.text):
        return True
    indented = line.left > previous.left + 0.5 * line.size
    outdented = len(paragraph) > 1 and line.left < previous.left - line.size
    left_of_all = line.left < paragraph[0].left - 0.5 * line.size
    return broken and ended and (indented or outdented or left_of_all)


def _is_broken_on_purpose(previous: _Line, line: _Line, typography: _Typography) -> bool:
    """The next line's first word would have fitted at the end of the previous one."""
    first_word = line.text.split(maxsplit=1)[0]
    return previous.right + (len(first_word) + 3) * 0.5 * line.size < typography.right


def _is_bullet(line: _Line) -> bool:
    return _BULLET.match(line.text) is not None


def _joined_over_pages(
    flow: list[_Paragraph | _Grid], typography: _Typography
) -> list[_Paragraph | _Grid]:
    joined: list[_Paragraph | _Grid] = []
    for item in flow:
        place = len(joined) - 1
        # Footnotes stand between the two halves of a paragraph that runs over a page.
        while place >= 0 and _is_footnote(joined[place], typography):
            place -= 1
        before = joined[place] if place >= 0 else None
        if isinstance(before, _Grid) and isinstance(item, _Grid) and _continues_grid(before, item):
            rows = item.rows[1:] if item.rows[0] == before.rows[0] else item.rows
            joined[place] = _Grid(before.page, before.top, before.rows + rows, before.header)
        elif isinstance(before, list) and isinstance(item, list) and _continues(before, item):
            joined[place] = before + item
        else:
            joined.append(item)
    return joined


def _is_footnote(item: _Paragraph | _Grid, typography: _Typography) -> bool:
    return isinstance(item, list) and item[0].size < 0.9 * typography.size


def _continues_grid(before: _Grid, grid: _Grid) -> bool:
    repeats = grid.header is None or grid.rows[0] == before.rows[0]
    return before.page < grid.page and repeats and len(before.rows[0]) == len(grid.rows[0])


def _continues(before: _Paragraph, after: _Paragraph) -> bool:
    return (
        before[-1].page + 1 == after[0].page
        and abs(before[-1].size - after[0].size) < 0.6
        and not before[-1].text.endswith(_SENTENCE_END)
        and after[0].text[0].islower()
        and not _CLAUSE.match(after[0].text)
    )


def _joined_text(lines: list[_Line], vocabulary: frozenset[str]) -> str:
    text = lines[0].text
    for line in lines[1:]:
        head = re.search(r"([^\W\d_]+)[-\u00ad]$", text)
        tail = re.match(r"[^\W\d_]+", line.text)
        if _BROKEN_ADDRESS.search(text):
            text += line.text
        elif head is None or tail is None:
            text += " " + line.text
        elif text.endswith("\u00ad") or (head[1] + tail[0]).lower() in vocabulary:
            text = text[:-1] + line.text
        else:
            text += line.text
    return text


# Headings


def _heading_text(paragraph: _Paragraph, typography: _Typography) -> str | None:
    """The paragraph's text if it is set as a heading."""
    text = _joined_text(paragraph, typography.vocabulary)
    first, words = paragraph[0], text.split()
    if _is_bullet(first) or sum(char.isalpha() for char in text) < 2:
        return None
    if first.size >= _LARGER * typography.size:
        return text if len(paragraph) <= 3 and len(words) <= 25 else None
    sentence = text.endswith((*_SENTENCE_END, ","))
    if first.bold and first.size >= 0.95 * typography.size and not sentence:
        return text if len(paragraph) <= 2 and len(words) <= 15 else None
    return None


def _with_labels_joined(
    flow: list[_Paragraph | _Grid], headings: dict[int, str]
) -> tuple[list[_Paragraph | _Grid], dict[int, str]]:
    """ "CHAPTER", "TWO" and "THE ARCHIVE" below each other made one heading."""
    joined: list[_Paragraph | _Grid] = []
    texts: dict[int, str] = {}
    for index, item in enumerate(flow):
        last = texts.get(len(joined) - 1)
        text = headings.get(index)
        follows = (
            last is not None and _LABEL_ONLY.fullmatch(last) and _page(joined[-1]) == _page(item)
        )
        if text and last and follows and not _NUMBERING.match(text):
            largest = max(_lines(joined[-1]) + _lines(item), key=lambda line: line.size)
            joined[-1] = [largest]
            texts[len(joined) - 1] = f"{last} {text}"
            continue
        if text:
            texts[len(joined)] = text
        joined.append(item)
    return joined, texts


def numbering_depth(heading: str) -> int | None:
    """How deep a heading's own number is: 0 for "Part 2", 1 for "3 Scope", 2 for "3.1" or "A.1"."""
    if _PART.match(heading):
        return 0
    if _CHAPTER.match(heading):
        return 1
    number = _NUMBERING.match(heading)
    if number is None:
        return None
    return (number[1] or number[2] or number[3]).count(".") + 1


_Style = tuple[float, bool]


def _style(item: _Paragraph | _Grid) -> _Style:
    line = _lines(item)[0]
    return round(line.size * 2) / 2, line.bold


def _heading_levels(headings: dict[int, tuple[str, _Style]]) -> dict[int, int]:
    """Levels by numbering where it agrees with the type sizes, by size and weight otherwise."""
    styles = sorted({style for _, style in headings.values()}, reverse=True)
    depths = _trusted_depths(styles, headings.values())
    numbered = [style for style in styles if depths[style]]
    if not numbered:
        return {index: styles.index(style) + 1 for index, (_, style) in headings.items()}
    has_title = styles[0] != numbered[0]
    offset = 1 + has_title - min(depths[numbered[0]])
    by_style = _levels_by_style(styles, depths, offset)
    return {
        index: depth + offset
        if depths[style] and (depth := numbering_depth(text)) is not None
        else by_style[style]
        for index, (text, style) in headings.items()
    }


def _trusted_depths(
    styles: list[_Style], headings: Iterable[tuple[str, _Style]]
) -> dict[_Style, list[int]]:
    """The depths of numbering by style; none where smaller type is numbered as if it stood above
    larger type, as the items of a list are that begin in bold.
    """
    found: dict[_Style, list[int]] = {style: [] for style in styles}
    for text, style in headings:
        depth = numbering_depth(text)
        if depth is not None:
            found[style].append(depth)
    deepest = 0
    for style in styles:
        if found[style] and min(found[style]) < deepest:
            found[style] = []
        deepest = max([deepest, *found[style]])
    return found


def _levels_by_style(
    styles: list[_Style], depths: dict[_Style, list[int]], offset: int
) -> dict[_Style, int]:
    """The level of headings without a number, by their style: that of the numbered ones in the same
    style, else one below the numbered ones in larger type.
    """
    levels: dict[_Style, int] = {}
    above = 0
    for style in styles:
        if depths[style]:
            levels[style] = Counter(depths[style]).most_common(1)[0][0] + offset
            above = max(above, max(depths[style]) + offset)
        else:
            levels[style] = above + 1 if above else min(len(levels) + 1, 2)
    return levels


# Blocks


def _lines(item: _Paragraph | _Grid) -> _Paragraph:
    return item if isinstance(item, list) else []


def _page(item: _Paragraph | _Grid) -> int:
    return item[0].page if isinstance(item, list) else item.page


def _block(item: _Paragraph | _Grid, typography: _Typography) -> Block:
    if isinstance(item, _Grid):
        return Block(ElementKind.TABLE, table_text(item.rows, item.header), item.page)
    text = _joined_text(item, typography.vocabulary)
    bullet = _BULLET.match(text)
    if bullet:
        return Block(ElementKind.LIST_ITEM, text[bullet.end() :].strip(), item[0].page)
    kind = ElementKind.LIST_ITEM if _CLAUSE.match(text) else ElementKind.TEXT
    return Block(kind, text, item[0].page)
