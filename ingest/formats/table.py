"""Tables as text in which every line stands on its own."""

from itertools import zip_longest

from ingest.document import one_line

_LONGEST_COLUMN_NAME = 60


def table_text(rows: list[list[str]], header: bool | None) -> str:
    """One line per row, each naming its columns: "Tier: Gold; Window: 30 days".

    `header` says whether the first row names the columns; None has it guessed. Without names a row
    of a two-column table reads "left: right", and any other row has its cells joined with "; ".
    Rows and cells without text are left out; rows may differ in length.
    """
    cleaned = [[one_line(cell) for cell in row] for row in rows]
    filled = [row for row in cleaned if any(row)]
    if not filled:
        return ""
    if header is True or (header is None and _names_columns(filled)):
        return _text_under_names(filled[0], filled[1:])
    if header is None and max(len(row) for row in filled) == 2:
        return "\n".join(": ".join(_named_pair(row)) for row in filled)
    return "\n".join(_joined(row) for row in filled)


def _names_columns(rows: list[list[str]]) -> bool:
    first = rows[0]
    return (
        len(rows) >= 2
        and len(first) >= 3
        and all(first)
        and len(set(first)) == len(first)
        and all(len(cell) < _LONGEST_COLUMN_NAME for cell in first)
    )


def _text_under_names(names: list[str], rows: list[list[str]]) -> str:
    if not rows:
        return _joined(names)
    return "\n".join(
        _joined([_named(name, cell) for name, cell in zip_longest(names, row, fillvalue="")])
        for row in rows
    )


def _named(name: str, cell: str) -> str:
    name = _without_colon(name)
    return f"{name}: {cell}" if name and cell else cell


def _named_pair(row: list[str]) -> list[str]:
    cells = [cell for cell in row if cell]
    return [_without_colon(cells[0]), cells[1]] if len(cells) == 2 else cells


def _without_colon(name: str) -> str:
    return name.rstrip(": ")


def _joined(cells: list[str]) -> str:
    return "; ".join(cell for cell in cells if cell)
