"""What a parser finds in a file."""

from dataclasses import dataclass

from ingest.document import Block
from ingest.metadata import NOTHING_SAID, Metadata


@dataclass(frozen=True, slots=True)
class FileContent:
    """The blocks of a file, what it says about itself, and the title its format has a place for.

    `title` stands in where no heading is a title. `heading_is_title` is False where headings only name
    parts, as the sheets of a workbook or the chapters of a book. `warning` says what of it was not read.
    """

    blocks: list[Block]
    title: str | None = None
    metadata: Metadata = NOTHING_SAID
    heading_is_title: bool = True
    warning: str | None = None
