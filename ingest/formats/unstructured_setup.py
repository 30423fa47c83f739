"""The one place that imports `unstructured` and sets it up.

unstructured runs a trained spaCy pipeline over every paragraph to tell narrative text from other text,
and a language detector over every file. Pincite needs neither: titles come from markup, styles and
numbering. A rule-based sentencizer in the pipeline's place parses 348 Markdown pages in 3.8 s instead
of 28.9 s, and nothing is downloaded at first use.
"""

import logging
import os
from collections.abc import Iterable
from typing import IO

os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("UNSTRUCTURED_DISABLE_NOTICE", "1")

import lxml.html
import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]  # compiled
from unstructured.documents import elements as found
from unstructured.nlp import tokenize
from unstructured.partition.docx import partition_docx
from unstructured.partition.html import partition_html
from unstructured.partition.text import partition_text

from ingest.document import Block, ElementKind, one_line
from ingest.formats.table import table_text


def _sentence_pipeline() -> Language:
    pipeline = spacy.blank("en")
    # Words are not looked at. The full rules take time by the square of a word's length.
    pipeline.tokenizer = Tokenizer(pipeline.vocab)
    pipeline.add_pipe("sentencizer")
    # A longer text is only classified by its beginning; unstructured cuts it for us.
    pipeline.max_length = 100_000
    return pipeline


tokenize._load_spacy_model = _sentence_pipeline
# It warns of long texts, which are only classified by their beginning, in the midst of the progress.
logging.getLogger("unstructured").setLevel(logging.ERROR)

_NO_LANGUAGE_DETECTION = [""]
_NOT_CONTENT = (found.Header, found.Footer, found.PageBreak, found.Image, found.PageNumber)


def partition_html_blocks(html: str) -> list[Block]:
    """The blocks of an HTML page, by its tags."""
    return blocks_from_elements(partition_html(text=html, languages=_NO_LANGUAGE_DETECTION))


def partition_docx_blocks(stream: IO[bytes]) -> list[Block]:
    """The blocks of a Word document, by its styles. Its tables name their columns in the first row."""
    elements = partition_docx(file=stream, languages=_NO_LANGUAGE_DETECTION)
    return blocks_from_elements(elements, first_row_names_columns=True)


def partition_text_blocks(paragraphs: str) -> list[Block]:
    """List items and texts among paragraphs that stand on one line each."""
    return blocks_from_elements(
        partition_text(text=paragraphs, paragraph_grouper=False, languages=_NO_LANGUAGE_DETECTION)
    )


def blocks_from_elements(
    elements: Iterable[found.Element], *, first_row_names_columns: bool = False
) -> list[Block]:
    """unstructured's elements as blocks; page furniture and pictures are left out."""
    return [
        _block(element, first_row_names_columns)
        for element in elements
        if not isinstance(element, _NOT_CONTENT)
    ]


def _block(element: found.Element, first_row_names_columns: bool) -> Block:
    page = element.metadata.page_number
    text = element.text.strip()
    if isinstance(element, found.Title):
        return Block(ElementKind.TITLE, text, page, (element.metadata.category_depth or 0) + 1)
    if isinstance(element, found.Table):
        html = element.metadata.text_as_html
        table = _table_text(html, first_row_names_columns) if html else text
        return Block(ElementKind.TABLE, table, page)
    if isinstance(element, found.ListItem):
        return Block(ElementKind.LIST_ITEM, text, page)
    return Block(ElementKind.TEXT, text, page)


def _table_text(html: str, first_row_names_columns: bool) -> str:
    rows = lxml.html.fragment_fromstring(html).xpath(".//tr")
    cells = [[one_line(cell.text_content()) for cell in row.xpath("./th|./td")] for row in rows]
    all_header_cells = bool(rows) and len(rows[0].xpath("./th")) == len(cells[0])
    return table_text(cells, header=True if first_row_names_columns or all_header_cells else None)
