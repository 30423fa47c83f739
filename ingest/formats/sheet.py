"""Rows of a worksheet as blocks: where its tables are, and which row names their columns."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from ingest.document import Block, ElementKind, one_line
from ingest.formats.table import table_text

_LONGEST_COLUMN_NAME = 80
_YEAR = re.compile(r"(?:19|20)\d\d")
_VALUE = re.compile(
    r"[-+(]?\s*[$€£¥]?\s*\d[\d.,' ]*\s*[%)]?\s*(?:[$€£¥]|EUR|USD|GBP)?"  # 1,200.50 €; 15 %
    r"|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?"
    r"|\d{1,2}:\d{2}(?::\d{2})?|true|false|yes|no|n/a|-",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Row:
    """The texts of a row's cells. `spanning` has the columns of cells that go on to the right."""

    cells: list[str]
    spanning: frozenset[int] = frozenset()


def sheet_blocks(rows: Iterable[Row], *, often_headed: bool = False) -> list[Block]:
    """Tables, and the lines between them; empty rows divide them.

    A row alone on its line above a table is text; the first row of a table that holds names only is its
    header; a table without one that goes on under the columns of the last takes its header over.
    `often_headed`: two columns are taken for a table with a header too, not for names and values.
    """
    blocks: list[Block] = []
    names: list[str] | None = None
    for filled, group in groupby(rows, key=lambda row: any(cell.strip() for cell in row.cells)):
        if filled:
            found, names = _region_blocks([_cleaned(row) for row in group], names, often_headed)
            blocks += found
    return blocks


def _cleaned(row: Row) -> Row:
    return Row([one_line(cell) for cell in row.cells], row.spanning)


def _region_blocks(
    rows: list[Row], names_before: list[str] | None, often_headed: bool
) -> tuple[list[Block], list[str] | None]:
    """The blocks of rows without an empty one between, and the names of their columns."""
    start = 0
    if any(_filled(row) > 1 for row in rows):
        while _filled(rows[start]) == 1:
            start += 1
    lines = [Block(ElementKind.TEXT, cell) for row in rows[:start] for cell in row.cells if cell]
    table = rows[start:]
    names, depth = _header(table, often_headed)
    if names is None and _fits(table, names_before):
        names = names_before
    body = [row.cells for row in table[depth:]]
    if max(map(_filled, table)) == 1 and names is None:
        return lines + [Block(ElementKind.TEXT, c) for r in body for c in r if c], names_before
    if names is None:
        return [*lines, Block(ElementKind.TABLE, table_text(body, header=_unnamed(body)))], None
    return [*lines, Block(ElementKind.TABLE, table_text([names, *body], header=True))], names


def _filled(row: Row) -> int:
    return sum(1 for cell in row.cells if cell)


def _header(rows: list[Row], often_headed: bool) -> tuple[list[str] | None, int]:
    """The names of the columns, and how many rows hold them: two where the first groups the second."""
    first = rows[0]
    if len(rows) >= 3 and first.spanning and not any(map(_VALUE.fullmatch, rows[1].cells)):
        both = Row(_joined_names(first, rows[1]))
        if _names_columns(both, rows[2:], often_headed):
            return both.cells, 2
    if len(rows) >= 2 and _names_columns(first, rows[1:], often_headed):
        return first.cells, 1
    return None, 0


def _names_columns(row: Row, body: list[Row], often_headed: bool) -> bool:
    """Short names, all different, as many as there are columns (but for one), and no values but years.

    Two columns of words may be pairs of a name and what it stands for from the first row on.
    """
    names = [cell for cell in row.cells if cell]
    words = [name for name in names if not _YEAR.fullmatch(name)]
    widest = max(map(_filled, body), default=0)
    return (
        len(names) >= 2
        and len(names) + 1 >= widest
        and len(set(names)) == len(names)
        and all(len(name) <= _LONGEST_COLUMN_NAME for name in names)
        and bool(words)
        and not words[0].endswith(":")
        and not any(map(_VALUE.fullmatch, words))
        and (len(names) >= 3 or often_headed or _is_above_values(body))
    )


def _is_above_values(body: list[Row]) -> bool:
    return len(body) >= 2 and all(_VALUE.fullmatch(row.cells[-1]) for row in body)


def _joined_names(groups: Row, names: Row) -> list[str]:
    """ "2026" over "Fee" and "Limit" makes "2026 Fee" and "2026 Limit"."""
    width = max(len(groups.cells), len(names.cells))
    above = groups.cells + [""] * (width - len(groups.cells))
    below = names.cells + [""] * (width - len(names.cells))
    for place in range(1, width):
        if place - 1 in groups.spanning:
            above[place] = above[place - 1]
    return [
        " ".join(dict.fromkeys(part for part in pair if part))
        for pair in zip(above, below, strict=True)
    ]


def _fits(rows: list[Row], names: list[str] | None) -> bool:
    return names is not None and all(
        not cell or (place < len(names) and names[place])
        for row in rows
        for place, cell in enumerate(row.cells)
    )


def _unnamed(rows: list[list[str]]) -> bool | None:
    """Pairs of name and value are left to the table's own guess."""
    return None if max(map(len, rows)) == 2 else False
