"""Questions from tables: what stands in a column for the row of a name."""

import re
from collections.abc import Collection, Iterator

from eval.dataset import GoldPassage
from eval.drafting.draft import Draft, Source, in_lower_case, leans_on_context
from ingest.document import Element, ElementKind

_NAME = re.compile(r"(?:^|; )(?P<name>[^;:]{1,60}): ")
_NO_NOUN = re.compile(
    r"^(or|and|then|may|must|can|could|should|will|is|are|has|have|do|does|to|for|with|in|on|at|by|of|"
    r"what|when|where|which|how|why|whom|if|not|no|each|every|any|all)\b",
    re.IGNORECASE,
)
_ENDS_OPEN = re.compile(r"\b(of|for|with|to|by|in|on|at|from|and|or|the|a|an|you)$", re.IGNORECASE)
_WHO = re.compile(r"^who (?!(?:you|we|they|it)\b)", re.IGNORECASE)
_IS_CASE = re.compile(
    r"^(?:[A-Z][\w’'-]*(?: (?:and|or|of|the))? )+[A-Z0-9][\w’'-]*$|where$|ed$|^\S+[^siu]s$"
)
"""A column that is one of several cases, like "Band A" or "Elsewhere", or may be a verb, like "Arrives":
not surely a property."""
_EMPTY = frozenset({"", "-", "–", "—", "none", "n/a", "na", "yes", "no", "x", "✓"})
_MAX_LABEL_WORDS = 8
_MIN_ROWS = 2

Row = dict[str, str]


def cell_drafts(source: Source) -> Iterator[Draft]:
    """One question for each cell, where column and row have names that fit into one."""
    tables = [each for each in source.document.elements if each.kind is ElementKind.TABLE]
    labels = {
        next(iter(cells.values())).casefold()
        for table in tables
        for _, cells in table_rows(table.text)
    }
    for table in tables:
        yield from _of_table(source, table, labels)


def table_rows(text: str) -> list[tuple[str, Row]]:
    """Each line of a table's text with its cells by column; none where they name different ones."""
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < _MIN_ROWS:
        return []
    named = [[found["name"] for found in _NAME.finditer(line)] for line in lines]
    columns = [name for name in named[0] if all(name in names for names in named)]
    if len(columns) < 2 or len(set(columns)) < len(columns):
        return []
    return [(line, _cells(line, columns)) for line in lines]


def _cells(line: str, columns: list[str]) -> Row:
    starts = []
    position = 0
    for column in columns:
        start = line.find(f"{column}: ", position)
        starts.append(start)
        position = start + len(column)
    ends = [*starts[1:], len(line)]
    return {
        column: line[start + len(column) + 2 : end].strip().removesuffix(";").strip()
        for column, start, end in zip(columns, starts, ends, strict=True)
    }


def _of_table(source: Source, table: Element, labels: Collection[str]) -> Iterator[Draft]:
    heading = table.heading_path[-1] if table.heading_path else ""
    for line, cells in table_rows(table.text):
        (first, label), *others = cells.items()
        if not _is_label(label):
            continue
        row = _row(first, label)
        for column, value in others:
            if column.casefold() in labels or _IS_CASE.search(column):
                question: str | None = f"What is listed under “{column}” for {row}?"
            else:
                question = _question(column, first, label, source)
            if question is None or value.casefold() in _EMPTY:
                continue
            gold = (GoldPassage(document=source.name, heading=heading, quote=line),)
            answer = f"{column}: {value}"
            yield Draft("table", source.name, question, gold, answer, value, label)


def _row(first: str, label: str) -> str:
    says_what = len(first.split()) > 1 or first.casefold() in label.casefold()
    return f"“{label}”" if says_what else f"the {first.lower()} “{label}”"


def _is_label(label: str) -> bool:
    """Whether it names something, in words."""
    return 1 <= len(label.split()) <= _MAX_LABEL_WORDS and any(map(str.isalpha, label))


def _question(column: str, first: str, label: str, source: Source) -> str | None:
    if _WHO.match(column):
        return f"{column[:1].upper()}{column[1:]} where the {first.lower()} is “{label}”?"
    is_noun = not (_NO_NOUN.match(column) or _ENDS_OPEN.search(column) or leans_on_context(column))
    if not is_noun or len(column.split()) > 5 or not column[:1].isalpha():
        return None
    verb = "are" if re.match(r"\S+[^siu]s (?:for|of|per) ", column) else "is"
    return f"What {verb} the {in_lower_case(column, source.document)} for {_row(first, label)}?"
