"""Pages that are pictures, read by the program tesseract where it is installed."""

import io
import math
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from statistics import median

import lxml.html
import pypdfium2

from ingest.formats.errors import CorruptDocument, NoTextLayer
from ingest.formats.pdf.lines import Line

MAX_PAGES = 500
PAGE_TIMEOUT_S = 60.0
_DOTS_PER_INCH = 300
"""What tesseract's models are trained for."""

_MAX_PIXELS = 25_000_000
"""A sheet of A3 at 300 dots an inch has 17 million; a drawing of two metres is read more coarsely."""

_MAX_LANGUAGES = 4
_LEAST_CONFIDENCE = 40
"""In percent. Print comes out above 80; what is made of a picture's lines and shades below 30."""

_SAME_SIZE = 0.15
"""Lines in one type size are measured up to this share apart, from the heights of their letters."""

_BOX = re.compile(r"bbox (\d+) (\d+) (\d+) (\d+)")
_SIZE = re.compile(r"x_size ([\d.]+)")
_CONFIDENCE = re.compile(r"x_wconf (\d+)")
HOW_TO_INSTALL = (
    "install tesseract (Debian: apt install tesseract-ocr; macOS: brew install tesseract)"
)


def find_tesseract() -> str | None:
    """Where the program is, if it is installed."""
    return shutil.which("tesseract")


def read_scans(content: bytes, pages: list[int], *, program: str) -> dict[int, list[Line]]:
    """The lines on the pages of these numbers, from 1; a page on which none is found has an empty list.

    Takes 1 to 3 s a page and core. Pages are read in English and in up to three more languages that
    tesseract has models for. Raises `NoTextLayer` for more than `MAX_PAGES` and where the program fails.
    """
    if len(pages) > MAX_PAGES:
        raise NoTextLayer(
            f"has {len(pages):,} pages of images, of which {MAX_PAGES} are read: divide it, or run "
            "OCR on it first, e.g. with ocrmypdf"
        )
    languages = _languages(program)
    workers = min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(workers) as pool:
        # PDFium is not thread-safe: pages are drawn here, a few at a time, and read at once.
        found: dict[int, list[Line]] = {}
        for start in range(0, len(pages), workers):
            numbers = pages[start : start + workers]
            pictures = _pictures(content, numbers)
            tasks = [
                pool.submit(_read_page, picture, number, scale, program, languages)
                for number, (picture, scale) in zip(numbers, pictures, strict=True)
            ]
            found |= {number: task.result() for number, task in zip(numbers, tasks, strict=True)}
    return found


def _languages(program: str) -> str:
    listed = subprocess.run(  # noqa: S603, as below
        [program, "--list-langs"],
        capture_output=True,
        text=True,
        timeout=PAGE_TIMEOUT_S,
        check=False,
    ).stdout.splitlines()[1:]
    models = sorted({name.strip() for name in listed} - {"osd", ""}, key=lambda name: name != "eng")
    if not models:
        raise NoTextLayer(
            "has no text layer, and tesseract has no language model: install one "
            "(Debian: apt install tesseract-ocr-eng)"
        )
    return "+".join(models[:_MAX_LANGUAGES])


def _pictures(content: bytes, numbers: Iterable[int]) -> list[tuple[bytes, float]]:
    """The pages as grey pictures in PNM format, each with its points per pixel."""
    try:
        with pypdfium2.PdfDocument(content) as pdf:
            return [_picture(pdf[number - 1]) for number in numbers]
    except pypdfium2.PdfiumError as error:
        raise CorruptDocument(
            f"has pages that cannot be drawn ({error}): open it in a PDF viewer and save it anew"
        ) from error


def _picture(page: pypdfium2.PdfPage) -> tuple[bytes, float]:
    width, height = page.get_size()
    coarsest = math.sqrt(_MAX_PIXELS / max(width * height, 1.0))
    scale = min(_DOTS_PER_INCH / 72, coarsest)
    stream = io.BytesIO()
    page.render(scale=scale, grayscale=True).to_pil().save(stream, "PPM")
    return stream.getvalue(), 1 / scale


def _read_page(
    picture: bytes, number: int, points_per_pixel: float, program: str, languages: str
) -> list[Line]:
    dots_per_inch = round(72 / points_per_pixel)
    try:
        # A list of arguments, none of them from the document, which is read from the standard input.
        done = subprocess.run(  # noqa: S603
            [program, "stdin", "stdout", "-l", languages, "--dpi", str(dots_per_inch), "hocr"],
            input=picture,
            capture_output=True,
            timeout=PAGE_TIMEOUT_S,
            env=os.environ | {"OMP_THREAD_LIMIT": "1"},
            check=False,
        )
    # Text takes seconds: this is a picture of a thousand specks.
    except subprocess.TimeoutExpired:
        return []
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().split("\n")[-1][:200]
        raise NoTextLayer(f"has no text layer, and tesseract could not read it ({reason})")
    return _lines(done.stdout, number, points_per_pixel)


def _lines(hocr: bytes, number: int, points_per_pixel: float) -> list[Line]:
    if not hocr.strip():
        return []
    lines = [
        line
        for node in lxml.html.document_fromstring(hocr).iter("span")
        if _SIZE.search(node.get("title") or "")
        and (line := _line(node, number, points_per_pixel)) is not None
    ]
    return _with_common_size(lines)


def _line(node: lxml.html.HtmlElement, number: int, points_per_pixel: float) -> Line | None:
    """The words of a line of print, without those that are none."""
    words = [
        word
        for word in node.iterchildren("span")
        if word.text_content().strip() and _number(_CONFIDENCE, word) >= _LEAST_CONFIDENCE
    ]
    box = _BOX.search(node.get("title") or "")
    if not words or box is None:
        return None
    left, top, right, bottom = (int(edge) * points_per_pixel for edge in box.groups())
    text = " ".join(word.text_content().strip() for word in words)
    size = _number(_SIZE, node) * points_per_pixel
    return Line(text, number, left, right, top, bottom, size, False, False)


def _number(pattern: re.Pattern[str], node: lxml.html.HtmlElement) -> float:
    found = pattern.search(node.get("title") or "")
    return float(found[1]) if found else 0.0


def _with_common_size(lines: list[Line]) -> list[Line]:
    """Sizes close to that of most lines are measured inexactly, and are that."""
    if not lines:
        return []
    common = median(line.size for line in lines for _ in line.text)
    return [
        replace(line, size=common) if abs(line.size - common) <= _SAME_SIZE * common else line
        for line in lines
    ]
