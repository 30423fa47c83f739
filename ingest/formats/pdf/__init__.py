"""PDF files: words with their place and font, put together into headings, paragraphs and tables."""

from ingest.document import Block, ElementKind
from ingest.formats.pdf.headings import heading_blocks
from ingest.formats.pdf.paragraphs import Paragraph, paragraph_block, paragraphs_and_grids
from ingest.formats.pdf.running import without_contents, without_running_lines
from ingest.formats.pdf.sheets import read_sheets
from ingest.formats.pdf.tables import Grid
from ingest.formats.pdf.typography import Typography, measure_typography
from ingest.formats.table import table_text

__all__ = ["pdf_blocks"]


def pdf_blocks(content: bytes) -> list[Block]:
    """The blocks of a PDF in reading order, without running headers, footers and contents pages.

    Raises `EncryptedDocument`, `CorruptDocument`, `EmptyDocument` or `NoTextLayer`.
    """
    sheets = without_contents(without_running_lines(read_sheets(content)))
    typography = measure_typography([line for sheet in sheets for line in sheet.lines])
    flow = paragraphs_and_grids(sheets, typography)
    headings = heading_blocks(flow, typography)
    return [headings.get(place) or _block(item, typography) for place, item in enumerate(flow)]


def _block(item: Paragraph | Grid, typography: Typography) -> Block:
    if isinstance(item, Grid):
        return Block(ElementKind.TABLE, table_text(item.rows, item.header), item.page)
    return paragraph_block(item, typography)
