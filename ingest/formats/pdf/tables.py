"""Ruled tables: the words in their cells, and tables that run over a page."""

from dataclasses import dataclass, replace

from pdfplumber.page import Page
from pdfplumber.table import Table

from ingest.formats.pdf.lines import Word, words_to_lines

_Row = list[list[Word]]


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table. `header` is True where the first row alone is bold, else None: unknown."""

    page: int
    top: float
    rows: list[list[str]]
    header: bool | None


def split_off_grids(page: Page, words: list[Word]) -> tuple[list[Grid], list[Word]]:
    """The tables of a page, and the words that stand in none of them."""
    grids: list[Grid] = []
    for table in page.find_tables():
        rows = _rows(table, words)
        # A box around a note is ruled too, but has one column.
        if sum(any(column) for column in zip(*rows, strict=True)) < 2:
            continue
        grids.append(_grid(page.page_number, table.bbox[1], rows))
        taken = {id(word) for row in rows for cell in row for word in cell}
        words = [word for word in words if id(word) not in taken]
    return grids, words


def merged_grid(before: Grid, after: Grid) -> Grid | None:
    """The two as one where `after`, on a later page, goes on with the columns of `before`."""
    repeats_header = after.rows[0] == before.rows[0]
    if (
        before.page >= after.page
        or len(before.rows[0]) != len(after.rows[0])
        or (after.header and not repeats_header)
    ):
        return None
    return replace(before, rows=before.rows + after.rows[repeats_header:])


def _rows(table: Table, words: list[Word]) -> list[_Row]:
    """The words of every cell, row by row; a cell that spans rows stands in each of them."""
    lefts = sorted({round(cell[0]) for cell in table.cells})
    rows = []
    for row in table.rows:
        # A row in which no cell of its own has text would only repeat cells that span it.
        if not any(_inside(box, words) for box in row.cells if box):
            continue
        _, top, _, bottom = row.bbox
        boxes = {round(box[0]): box for box in table.cells if box[1] < (top + bottom) / 2 < box[3]}
        rows.append([_inside(boxes[left], words) if left in boxes else [] for left in lefts])
    return rows


def _inside(box: tuple[float, float, float, float], words: list[Word]) -> list[Word]:
    left, top, right, bottom = box
    return [
        word
        for word in words
        if left <= (word.left + word.right) / 2 <= right
        and top <= (word.top + word.bottom) / 2 <= bottom
    ]


def _grid(page: int, top: float, rows: list[_Row]) -> Grid:
    first = [word.bold for cell in rows[0] for word in cell]
    rest = [word.bold for row in rows[1:] for cell in row for word in cell]
    has_names = sum(any(cell) for cell in rows[0]) >= 2
    header = True if has_names and all(first) and not all(rest) else None
    return Grid(page, top, [[_cell_text(cell, page) for cell in row] for row in rows], header)


def _cell_text(words: list[Word], page: int) -> str:
    return " ".join(line.text for line in words_to_lines(words, page))
