"""Files that people have in their folders, good and bad."""

import struct
import zlib
from io import BytesIO

from pypdf import PdfReader, PdfWriter
from reportlab.pdfgen.canvas import Canvas


def pdf(*pages: str) -> bytes:
    """A PDF with a line of text on each page."""
    stream = BytesIO()
    canvas = Canvas(stream, invariant=True)
    for text in pages:
        canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def encrypted_pdf() -> bytes:
    writer = PdfWriter()
    writer.append(PdfReader(BytesIO(pdf("Ring us before nine."))))
    writer.encrypt("secret", algorithm="AES-256")
    stream = BytesIO()
    writer.write(stream)
    return stream.getvalue()


def pdf_of_pictures() -> bytes:
    """A scan: one page with a picture and no text."""
    stream = BytesIO()
    canvas = Canvas(stream, invariant=True)
    canvas.drawInlineImage(_picture(), 72, 400, 200, 200)
    canvas.showPage()
    canvas.save()
    return stream.getvalue()


def png() -> bytes:
    """A white picture of 8 x 8 pixels."""
    rows = b"".join(b"\0" + b"\xff" * 24 for _ in range(8))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in (
            (b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows)),
            (b"IEND", b""),
        )
    )


def _picture() -> object:
    from PIL import Image

    return Image.open(BytesIO(png()))
