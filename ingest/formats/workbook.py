"""Excel files (XLSX) as blocks: a heading for each sheet, and rows that name their columns."""

import io
import re
import warnings
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
from lxml import etree
from openpyxl.utils.cell import range_boundaries

from ingest.document import Block, ElementKind
from ingest.formats.content import FileContent
from ingest.formats.delimited import MAX_CELLS
from ingest.formats.errors import DocumentTooLarge
from ingest.formats.office import core_metadata, open_office
from ingest.formats.sheet import Row, sheet_blocks

MAX_ROWS = 1_048_576
"""What Excel itself can hold. A file may name a row far beyond, and every row before it is walked."""

_MAX_MERGED_RANGES = 50_000
_MAX_MERGED_IN_ROW = 100
_MAX_SPANNED = 50
_MAX_WALKED_CELLS = 20_000_000
_UNNAMED_SHEET = re.compile(r"(?:sheet|tabelle|feuil|hoja|foglio|blad|planilha|arkusz)\s?1?", re.I)
_MERGED = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}mergeCell"
_FORMAT_NOTES = re.compile(r'\[[^$\]][^\]]*\]|\\.|_.|\*.|"')
_CURRENCY = re.compile(r"\[\$([^\]-]+)[^\]]*\]|([$€£¥])|\b(EUR|USD|GBP|CHF)\b")

# First column, first row, last column, last row; from 1.
_Range = tuple[int, int, int, int]


def xlsx_content(content: bytes) -> FileContent:
    """The visible sheets of a workbook, with the values that its formulas had when it was saved.

    Raises as `open_office` does, and `DocumentTooLarge` beyond `MAX_CELLS` cells that hold something.
    """
    with open_office(content, kind="an Excel workbook", suffix=".xlsx") as archive:
        metadata = core_metadata(archive)
    with warnings.catch_warnings():
        # It warns of what it does not keep when saving: validations, pictures, styles.
        warnings.simplefilter("ignore")
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        try:
            sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
            read = [(sheet.title, sheet_blocks(_rows(sheet))) for sheet in sheets]
        finally:
            workbook.close()
    filled = [(title, blocks) for title, blocks in read if blocks]
    unnamed = len(filled) == 1 and _UNNAMED_SHEET.fullmatch(filled[0][0])
    blocks = []
    for title, found in filled:
        heading = [] if unnamed else [Block(ElementKind.TITLE, title, level=1)]
        blocks += heading + found
    return FileContent(blocks, None, metadata, heading_is_title=False)


def _rows(sheet: Any) -> list[Row]:
    ranges = sorted(set(_merged_ranges(sheet)), key=lambda each: each[1], reverse=True)
    current: list[_Range] = []
    # What a sheet says about its size may be wrong, and then rows are missing.
    sheet.reset_dimensions()
    rows: list[Row] = []
    filled = walked = 0
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        texts = [_text(cell) for cell in cells]
        filled += sum(map(bool, texts))
        walked += len(texts)
        if number > MAX_ROWS or filled > MAX_CELLS or walked > _MAX_WALKED_CELLS:
            raise DocumentTooLarge(
                f"has more than {MAX_CELLS:,} cells or {MAX_ROWS:,} rows on its sheet "
                f"'{sheet.title[:40]}': keep the rows that people ask about"
            )
        while ranges and ranges[-1][1] <= number:
            current.append(ranges.pop())
        if any(texts):
            current = [each for each in current if each[3] >= number][-_MAX_MERGED_IN_ROW:]
            rows.append(_row(texts, number, current, rows))
        # Two empty rows divide no more than one does.
        elif rows and rows[-1].cells:
            rows.append(Row([]))
    return rows


def _row(texts: list[str], number: int, ranges: list[_Range], above: list[Row]) -> Row:
    """The row, of whose cells `ranges` are merged. One that spans rows is repeated in each; one that
    spans columns stands in the first.
    """
    spanning: set[int] = set()
    for left, top, right, _ in ranges:
        spanning.update(range(left - 1, min(right, left + _MAX_SPANNED) - 1))
        place = left - 1
        if number > top and above and place < len(above[-1].cells):
            texts += [""] * (left - len(texts))
            texts[place] = texts[place] or above[-1].cells[place]
    return Row(texts, frozenset(spanning))


def _merged_ranges(sheet: Any) -> list[_Range]:
    # Reading without loading the workbook leaves merged cells out, and has no name for the part.
    with sheet.parent._archive.open(sheet._worksheet_path) as part:
        found = [_boundaries(node) for _, node in _merged_nodes(part)]
    return [each for each in found if each is not None][:_MAX_MERGED_RANGES]


def _merged_nodes(part: Any) -> Iterator[tuple[str, etree._Element]]:
    for event, node in etree.iterparse(part, resolve_entities=False, no_network=True):
        if node.tag == _MERGED:
            yield event, node
        node.clear()
        while (before := node.getprevious()) is not None:
            before.getparent().remove(before)


def _boundaries(node: etree._Element) -> _Range | None:
    try:
        left, top, right, bottom = range_boundaries(node.get("ref") or "")
        return (int(left), int(top), min(int(right), int(left) + 1_000), int(bottom))
    except (ValueError, TypeError):
        return None


def _text(cell: Any) -> str:
    """A cell as Excel shows it, nearly: dates as 2026-03-01, errors as nothing."""
    value = cell.value
    if value is None or getattr(cell, "data_type", "") == "e":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        shown = value.isoformat(" ", timespec="minutes")
        return shown.removesuffix(" 00:00")
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    if isinstance(value, int | float):
        return _number(value, cell.number_format or "General")
    return str(value) if isinstance(value, str | date | timedelta) else ""


def _number(value: float, number_format: str) -> str:
    """ "15%", "1,200.50", "€30": a rule says another thing without them."""
    shown = _FORMAT_NOTES.sub("", number_format.split(";", 1)[0])
    if "%" in shown:
        return f"{round(value * 100, 6):g}%"
    currency = _CURRENCY.search(shown)
    pattern = re.search(r"0(?:\.(0+))?", shown)
    if pattern is None or "E+" in shown or "/" in shown:
        return f"{value:.15g}"
    decimals = len(pattern[1] or "")
    number = f"{value:,.{decimals}f}" if "," in shown else f"{value:.{decimals}f}"
    if currency is None:
        return number
    symbol = next(group for group in currency.groups() if group)
    before = currency.start() < shown.find("0")
    return f"{symbol}{number}" if before and len(symbol) == 1 else f"{number} {symbol}"
