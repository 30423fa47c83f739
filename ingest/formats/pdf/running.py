"""Lines that are no part of the text: running headers and footers, page numbers, contents pages."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from ingest.formats.pdf.lines import Line
from ingest.formats.pdf.sheets import Sheet

_MARGIN_RATIO = 0.12
_PAGE_NUMBER = re.compile(
    r"(?:page\s+)?(?:\d+|[ivxl]+)(?:\s*(?:of|/)\s*\d+)?|[-\u2013]\s*\d+\s*[-\u2013]", re.I
)
_LEADERS = re.compile(r"(?:\.\s?){4,}\s*(\d+|[ivxl]+)$")
_CONTENTS = re.compile(r"(?:table of )?contents", re.I)
_ENDS_IN_NUMBER = re.compile(r"\s\d{1,4}$")
_FEWEST_ENTRIES = 3


class _RunningKey(NamedTuple):
    """`offset` is how far the number in the text is from the page number."""

    place: int
    text: str
    offset: int


def without_running_lines(sheets: list[Sheet]) -> list[Sheet]:
    """The pages without the lines at their edges that come back on other pages."""
    counts: Counter[_RunningKey] = Counter()
    for sheet in sheets:
        margin_lines = [line for line in sheet.lines if _in_margin(line, sheet)]
        counts.update({key for line in margin_lines for key in _running_keys(line, sheet.number)})
    often = 2 if len(sheets) < 5 else 3
    on_most_pages = max(3, (len(sheets) + 1) // 2)
    running = {
        key for key, count in counts.items() if count >= (often if key.text else on_most_pages)
    }
    return [_without_edges(sheet, running) for sheet in sheets]


def _without_edges(sheet: Sheet, running: set[_RunningKey]) -> Sheet:
    lines = list(sheet.lines)
    while lines and _is_running(lines[0], sheet, running):
        lines.pop(0)
    while lines and _is_running(lines[-1], sheet, running):
        lines.pop()
    return replace(sheet, lines=lines)


def _is_running(line: Line, sheet: Sheet, running: set[_RunningKey]) -> bool:
    repeated = not running.isdisjoint(_running_keys(line, sheet.number))
    return _in_margin(line, sheet) and (repeated or _PAGE_NUMBER.fullmatch(line.text) is not None)


def _in_margin(line: Line, sheet: Sheet) -> bool:
    margin = _MARGIN_RATIO * sheet.height
    return line.bottom < margin or line.top > sheet.height - margin


def _running_keys(line: Line, page: int) -> Iterator[_RunningKey]:
    """What a line has in common with its like on other pages.

    A number in the text counts as the same where it moves with the page number. A key without text
    but for such a number at an end stands for footers that name the chapter beside the page.
    """
    place = round(line.top / 4)
    yield _RunningKey(place, line.text, 0)
    for number in re.finditer(r"\d{1,4}", line.text):
        offset = int(number[0]) - page
        before, after = line.text[: number.start()], line.text[number.end() :]
        yield _RunningKey(place, f"{before}#{after}", offset)
        if not before or not after:
            yield _RunningKey(place, "", offset)


def without_contents(sheets: list[Sheet]) -> list[Sheet]:
    """The pages without the lines of a table of contents: its entries have leaders, or end in rising
    page numbers below a line that says "Contents".
    """
    sheets = [_without_titled_contents(sheet, len(sheets)) for sheet in sheets]
    entries = [m[1] for s in sheets for line in s.lines if (m := _LEADERS.search(line.text))]
    numbers = [int(entry) for entry in entries if entry.isdigit()]
    # A price list may have leaders too, but its figures do not rise with the pages.
    rising = all(first <= second for first, second in pairwise(numbers))
    if len(entries) < _FEWEST_ENTRIES or not rising or max(numbers, default=0) > len(sheets):
        return sheets
    return [replace(sheet, lines=_lines_outside_contents(sheet.lines)) for sheet in sheets]


def _without_titled_contents(sheet: Sheet, pages: int) -> Sheet:
    titles = [i for i, line in enumerate(sheet.lines) if _CONTENTS.fullmatch(line.text.strip())]
    if not titles:
        return sheet
    start = titles[0]
    end, page = start + 1, 0
    for line in sheet.lines[start + 1 :]:
        number = _ENDS_IN_NUMBER.search(line.text)
        if number is None or not page <= int(number[0]) <= pages:
            break
        end, page = end + 1, int(number[0])
    if end - start - 1 < _FEWEST_ENTRIES:
        return sheet
    return replace(sheet, lines=sheet.lines[:start] + sheet.lines[end:])


def _lines_outside_contents(lines: list[Line]) -> list[Line]:
    places = [index for index, line in enumerate(lines) if _LEADERS.search(line.text)]
    if not places:
        return lines
    start, end = places[0], places[-1] + 1
    while start and _ENDS_IN_NUMBER.search(lines[start - 1].text):
        start -= 1
    while start and _CONTENTS.fullmatch(lines[start - 1].text):
        start -= 1
    while end < len(lines) and _ENDS_IN_NUMBER.search(lines[end].text):
        end += 1
    return lines[:start] + lines[end:]
