"""PDF files: words with their place and font, put together into headings, paragraphs and tables."""

from ingest.document import Block, ElementKind
from ingest.formats.content import FileContent
from ingest.formats.pdf.headings import heading_blocks
from ingest.formats.pdf.paragraphs import Paragraph, paragraph_block, paragraphs_and_grids
from ingest.formats.pdf.running import without_contents, without_running_lines
from ingest.formats.pdf.scans import HOW_TO_INSTALL
from ingest.formats.pdf.sheets import Sheet, read_sheets
from ingest.formats.pdf.tables import Grid
from ingest.formats.pdf.typography import Typography, measure_typography
from ingest.formats.properties import from_properties
from ingest.formats.table import table_text

__all__ = ["pdf_content"]


def pdf_content(content: bytes) -> FileContent:
    """The text of a PDF in reading order, without running headers, footers and contents pages, and
    its properties.

    Raises `EncryptedDocument`, `CorruptDocument`, `EmptyDocument` or `NoTextLayer`.
    """
    sheets = read_sheets(content)
    texts = {name: value for name, value in sheets.properties.items() if isinstance(value, str)}
    metadata = from_properties(
        title=texts.get("Title"),
        author=texts.get("Author"),
        keywords=[texts.get("Keywords", "")],
    )
    return FileContent(_blocks(sheets.pages), None, metadata, warning=_unread(sheets.unread))


def _unread(pages: list[int]) -> str | None:
    if not pages:
        return None
    named = ", ".join(map(str, pages[:10])) + (", …" if len(pages) > 10 else "")
    what = f"page {named} holds" if len(pages) == 1 else f"{len(pages)} pages ({named}) hold"
    return (
        f"was read in part: {what} pictures without text. To have them read, {HOW_TO_INSTALL}, and "
        "then 'pincite reindex' it"
    )


def _blocks(read: list[Sheet]) -> list[Block]:
    sheets = without_contents(without_running_lines(read))
    typography = measure_typography([line for sheet in sheets for line in sheet.lines])
    flow = paragraphs_and_grids(sheets, typography)
    headings = heading_blocks(flow, typography)
    return [headings.get(place) or _block(item, typography) for place, item in enumerate(flow)]


def _block(item: Paragraph | Grid, typography: Typography) -> Block:
    if isinstance(item, Grid):
        return Block(ElementKind.TABLE, table_text(item.rows, item.header), item.page)
    return paragraph_block(item, typography)
