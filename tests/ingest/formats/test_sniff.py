"""What the bytes are, whatever the name says."""

from collections.abc import Callable
from io import BytesIO

import docx
import openpyxl
import pptx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentText

from ingest.formats.sniff import ENCRYPTED, OTHER_OLE, OTHER_ZIP, is_mail, sniff
from tests.ingest.containers import archive, msg, ole
from tests.ingest.files import pdf, png


def saved(file: object, save: str = "save") -> bytes:
    stream = BytesIO()
    write: Callable[[BytesIO], object] = getattr(file, save)
    write(stream)
    return stream.getvalue()


EPUB = archive({"mimetype": "application/epub+zip", "META-INF/container.xml": "<x/>"})
MAIL = b"Received: by x\r\nFrom: a@x.org\r\nSubject: Leave\r\n\r\nRing us."


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (pdf("x"), ".pdf"),
        (b"\n\njunk " + b"%PDF-1.4 \0", ".pdf"),
        (saved(docx.Document()), ".docx"),
        (saved(pptx.Presentation()), ".pptx"),
        (saved(openpyxl.Workbook()), ".xlsx"),
        (saved(OpenDocumentText(), "write"), ".odt"),
        (EPUB, ".epub"),
        (archive({"notes.txt": "x"}), OTHER_ZIP),
        (b"PK\x03\x04 cut short", OTHER_ZIP),
        (msg({0x37: "Leave"}, attached={}), ".msg"),
        (ole({"EncryptedPackage": b"x", "EncryptionInfo": b"x"}), ENCRYPTED),
        (ole({"WordDocument": b"x"}), ".doc"),
        (ole({"Workbook": b"x"}), ".xls"),
        (ole({"PowerPoint Document": b"x"}), ".ppt"),
        (ole({"other": b"x"}), OTHER_OLE),
        (bytes.fromhex("d0cf11e0a1b11ae1"), OTHER_OLE),
        (b"{\\rtf1 Leave}", ".rtf"),
        (b"<!DOCTYPE html>\n<p>Leave", ".html"),
        (b"\xef\xbb\xbf <!-- saved --> <HTML lang=en>", ".html"),
        (b'<?xml version="1.0"?><html xmlns="x">', ".html"),
        (MAIL, ".eml"),
        (b"# Leave\n\n<html> is a tag, %PDF- is a mark.", None),
        (b"From: HR\nTo: All staff\nSubject: Leave\n\nRing us.", None),
        (b"Tier,Window\nGold,30", None),
        (png(), None),
        (b"", None),
    ],
)
def test_the_format_is_told_from_the_bytes(content: bytes, found: str | None) -> None:
    assert sniff(content) == found


@pytest.mark.parametrize(
    ("content", "mail"),
    [
        (MAIL, True),
        (b"From: HR\nTo: All staff\n\nRing us.", True),
        (b"From a@x.org Mon Jan  1\nSubject: Leave\n\nRing us.", True),
        (b"Leave\n\nSubject: none", False),
        (b"", False),
    ],
)
def test_a_mail_begins_with_headers(content: bytes, mail: bool) -> None:
    assert is_mail(content) is mail


MARKS = [b"", b"PK\x03\x04", bytes.fromhex("d0cf11e0a1b11ae1"), b"%PDF-", b"{\\rtf", b"From: x\n"]


@given(st.sampled_from(MARKS), st.binary(max_size=600))
def test_any_bytes_can_be_looked_at(mark: bytes, rest: bytes) -> None:
    assert sniff(mark + rest) is None or sniff(mark + rest) != ""
