"""Scanned PDFs, read by tesseract where it is installed."""

from io import BytesIO

import pypdfium2
import pytest
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from ingest.document import Block, ElementKind
from ingest.formats.errors import EmptyDocument, NoTextLayer
from ingest.formats.pdf import pdf_content, scans
from tests.ingest.files import pdf_of_pictures

needs_tesseract = pytest.mark.skipif(
    scans.find_tesseract() is None, reason="tesseract is not installed"
)
SENTENCES = (
    "Everyone who is ill rings their manager before nine in the",
    "morning, and says how long they expect to be away.",
)


def printed(canvas: Canvas) -> None:
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawString(72, 760, "Leave policy")
    canvas.setFont("Helvetica", 12)
    for place, line in enumerate(SENTENCES):
        canvas.drawString(72, 720 - 17 * place, line)


def scanned() -> bytes:
    """A page of print as a picture, and one that has its text."""
    print_file, scan_file = BytesIO(), BytesIO()
    canvas = Canvas(print_file, pagesize=A4)
    printed(canvas)
    canvas.save()
    picture = pypdfium2.PdfDocument(print_file.getvalue())[0].render(scale=200 / 72).to_pil()
    canvas = Canvas(scan_file, pagesize=A4)
    canvas.drawImage(ImageReader(picture), 0, 0, *A4)
    canvas.showPage()
    canvas.setFont("Helvetica", 12)
    canvas.drawString(72, 720, "Come back on Monday.")
    canvas.save()
    return scan_file.getvalue()


@needs_tesseract
def test_pages_of_pictures_are_read_and_the_others_stay_as_they_are() -> None:
    found = pdf_content(scanned())

    assert found.blocks == [
        Block(ElementKind.TITLE, "Leave policy", 1, 1),
        Block(ElementKind.TEXT, " ".join(SENTENCES), 1),
        Block(ElementKind.TEXT, "Come back on Monday.", 2),
    ]
    assert found.warning is None


@needs_tesseract
def test_pictures_without_words_are_an_empty_document() -> None:
    with pytest.raises(EmptyDocument, match=r"^has no text: its pages are blank or pictures"):
        pdf_content(pdf_of_pictures())


@needs_tesseract
def test_more_pages_than_can_be_waited_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scans, "MAX_PAGES", 0)
    with pytest.raises(NoTextLayer, match=r"^has 1 pages of images, of which 0 are read: divide"):
        pdf_content(pdf_of_pictures())


def test_without_tesseract_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        NoTextLayer, match=r"^has no text layer \(1 pages of images\): install tesseract \(Debian"
    ):
        pdf_content(pdf_of_pictures())


def test_without_tesseract_pages_with_text_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = pdf_content(scanned())

    assert found.blocks == [Block(ElementKind.TEXT, "Come back on Monday.", 2)]
    assert found.warning is not None
    assert found.warning.startswith(
        "was read in part: page 1 holds pictures without text. To have them read, install tesseract"
    )
