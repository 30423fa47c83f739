"""Opening a PDF and reading what is printed on each of its pages."""

import logging
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO

import pdfplumber
from pdfminer.pdfdocument import PDFEncryptionError
from pdfminer.psexceptions import PSException
from pdfplumber.page import Page
from pdfplumber.utils.exceptions import MalformedPDFException, PdfminerException

from ingest.document import one_line
from ingest.formats.errors import CorruptDocument, EmptyDocument, EncryptedDocument, NoTextLayer
from ingest.formats.pdf.lines import Line, read_words, words_to_lines
from ingest.formats.pdf.scans import HOW_TO_INSTALL, find_tesseract, read_scans
from ingest.formats.pdf.tables import Grid, split_off_grids

# pdfminer reports every oddity of a file it can read all the same, often once per character.
logging.getLogger("pdfminer").setLevel(logging.ERROR)

# What pdfminer's innards trip over in a damaged file, next to its own exceptions.
_DAMAGE = (
    PdfminerException,
    MalformedPDFException,
    PSException,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    RecursionError,
    EOFError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed on one page, and how tall the page is in points."""

    number: int
    height: float
    lines: list[Line]
    grids: list[Grid]
    has_graphics: bool


@dataclass(frozen=True, slots=True)
class Sheets:
    """All pages of a file in order, and its properties. `unread` are the numbers of those that hold
    pictures alone, where tesseract is missing."""

    pages: list[Sheet]
    properties: Mapping[str, object]
    unread: list[int]


def read_sheets(content: bytes) -> Sheets:
    """What a file has on its pages. Those that are pictures are read by tesseract where it is installed.

    Raises `EncryptedDocument`, `CorruptDocument`, `EmptyDocument` or `NoTextLayer`.
    """
    try:
        with pdfplumber.open(BytesIO(content)) as pdf:
            sheets = [_sheet(page) for page in pdf.pages]
            properties = dict(pdf.metadata)
    except _DAMAGE as error:
        cause = error.args[0] if error.args else error
        if isinstance(cause, PDFEncryptionError):
            raise EncryptedDocument("is encrypted: save a copy without a password") from error
        reason = one_line(str(cause))[:200] or type(cause).__name__
        raise CorruptDocument(
            f"is not a readable PDF ({reason}): open it in a PDF viewer and save it anew"
        ) from error
    program = find_tesseract()
    scanned = [sheet.number for sheet in sheets if sheet.has_graphics and not _has_text(sheet)]
    if scanned and program is not None:
        found = read_scans(content, scanned, program=program)
        sheets = [replace(sheet, lines=found.get(sheet.number, sheet.lines)) for sheet in sheets]
    if any(map(_has_text, sheets)):
        return Sheets(sheets, properties, scanned if program is None else [])
    if scanned and program is None:
        raise NoTextLayer(
            f"has no text layer ({len(sheets)} pages of images): {HOW_TO_INSTALL}, or run OCR on it "
            "first, e.g. with ocrmypdf"
        )
    raise EmptyDocument("has no text: its pages are blank or pictures without words")


def _has_text(sheet: Sheet) -> bool:
    return bool(sheet.lines or sheet.grids)


def _sheet(page: Page) -> Sheet:
    grids, words = split_off_grids(page, read_words(page))
    sheet = Sheet(
        page.page_number,
        float(page.height),
        [line for line in words_to_lines(words, page.page_number) if line.text],
        grids,
        bool(page.images or page.curves or page.rects or page.lines),
    )
    # Frees the characters: a long document would otherwise hold them all until its end.
    page.close()
    return sheet
