"""CSV and TSV files as blocks."""

import csv
import io

from ingest.formats.content import FileContent
from ingest.formats.errors import CorruptDocument, DocumentTooLarge
from ingest.formats.sheet import Row, sheet_blocks

MAX_CELLS = 250_000
"""A policy's table has hundreds. Beyond this it is data, whose rows nobody asks about one by one;
an Excel file of this size takes about 15 s."""

_SAMPLE_CHARS = 16 * 1024
_DELIMITERS = ",;\t|"


def delimited_content(text: str, *, delimiter: str | None = None) -> FileContent:
    """The rows of a table in text, each with the names of its columns.

    Without `delimiter` it is told from the text: comma, semicolon, tab or bar. Raises `CorruptDocument`
    for a quotation without an end, `DocumentTooLarge` beyond `MAX_CELLS`.
    """
    # Excel says so for itself in a first line of its own.
    if text[:4].lower() == "sep=" and len(text.split("\n", 1)[0].strip()) == 5:
        first, text = text.split("\n", 1)
        delimiter = first[4]
    rows: list[Row] = []
    cells = 0
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter or _delimiter(text))
    try:
        for fields in reader:
            cells += len(fields)
            if cells > MAX_CELLS:
                raise DocumentTooLarge(
                    f"has more than {MAX_CELLS:,} cells: keep the rows that people ask about"
                )
            rows.append(Row(fields))
    except csv.Error as error:
        raise CorruptDocument(
            f"is not a readable table (row {reader.line_num:,}: {error}): save it as CSV again"
        ) from error
    return FileContent(sheet_blocks(rows, often_headed=True))


def _delimiter(text: str) -> str:
    """The mark that divides most of the first lines into equally many cells."""
    lines = [line for line in text[:_SAMPLE_CHARS].splitlines() if line.strip()][:50]
    counts = {mark: [len(row) for row in _rows(lines, mark)] for mark in _DELIMITERS}
    return max(_DELIMITERS, key=lambda mark: _agreement(counts[mark]))


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return []


def _agreement(widths: list[int]) -> tuple[int, int]:
    """How many rows have the commonest width of more than one cell, and that width."""
    divided = [width for width in widths if width > 1]
    common = max(divided, key=divided.count, default=0)
    return divided.count(common), common
