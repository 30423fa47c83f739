"""Document and Element: what parsing a file yields."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from ingest.metadata import NOTHING_SAID, Metadata


class ElementKind(StrEnum):
    TITLE = "title"
    TEXT = "text"
    LIST_ITEM = "list_item"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a file as a parser found it, before it has a place in the document's text.

    `level` is the depth of a title, 1 for the document's own; None for everything else.
    A table's text has one line per row, and every line names its columns.
    """

    kind: ElementKind
    text: str
    page: int | None = None
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """A block in its place: `document.text[start:end] == text` (character offsets).

    `heading_path` runs from the document's title to the nearest heading above the element;
    a title's own text is the last entry of its path.
    """

    kind: ElementKind
    text: str
    page: int | None
    heading_path: tuple[str, ...]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its text, and the elements that lie in it in reading order.

    `metadata` is what the file says about itself, `language` the ISO 639-1 code of its text where it
    could be told. `warning` says, in words that continue its name, what of it was not read.
    """

    title: str
    text: str
    elements: tuple[Element, ...]
    metadata: Metadata = NOTHING_SAID
    language: str | None = None
    warning: str | None = None


def assemble(blocks: Iterable[Block], *, fallback_title: str) -> Document:
    """Lay blocks out as one text, and give each its offsets and heading path.

    List items stand on consecutive lines, everything else is set off by an empty line. The title is
    the first title block of the lowest level found, or `fallback_title` where there is none.
    """
    kept = [replace(block, text=without_controls(block.text)) for block in blocks]
    kept = [block for block in kept if block.text.strip()]
    pieces: list[str] = []
    length = 0
    elements: list[Element] = []
    open_headings: list[tuple[int, str]] = []
    previous: Block | None = None
    for block in kept:
        in_list = previous is not None and previous.kind is block.kind is ElementKind.LIST_ITEM
        if previous is not None:
            separator = "\n" if in_list else "\n\n"
            pieces.append(separator)
            length += len(separator)
        if block.kind is ElementKind.TITLE:
            level = block.level or 1
            open_headings = [heading for heading in open_headings if heading[0] < level]
            open_headings.append((level, one_line(block.text)))
        start = length
        pieces.append(block.text)
        length += len(block.text)
        path = tuple(heading for _, heading in open_headings)
        elements.append(Element(block.kind, block.text, block.page, path, start, length))
        previous = block
    return Document(_title(kept, fallback_title), "".join(pieces), tuple(elements))


# Everything that is no character of a text: a terminal or a page must not obey a document.
_CONTROL = dict.fromkeys(
    code
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000))
    if code not in (9, 10)
)


def without_controls(text: str) -> str:
    """The text without control characters and lone surrogates; line breaks and tabs stay."""
    return text.translate(_CONTROL)


def one_line(text: str) -> str:
    """The text with every run of white space made one space."""
    return " ".join(text.split())


def _title(blocks: list[Block], fallback: str) -> str:
    titles = [block for block in blocks if block.kind is ElementKind.TITLE]
    if not titles:
        return fallback
    top_level = min(block.level or 1 for block in titles)
    return next(one_line(block.text) for block in titles if (block.level or 1) == top_level)
