"""Word files (DOCX) as blocks."""

import io
import zipfile

from ingest.document import Block
from ingest.formats.errors import CorruptDocument, EncryptedDocument
from ingest.formats.unstructured_setup import partition_docx_blocks

_OLE_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")


def docx_blocks(content: bytes) -> list[Block]:
    """The blocks of a Word document; headings by style.

    Raises `EncryptedDocument` for a password-protected file, `CorruptDocument` for one that is no DOCX.
    """
    if content.startswith(_OLE_SIGNATURE):
        raise EncryptedDocument(
            "is encrypted or in the old .doc format: save it as .docx without a password"
        )
    stream = io.BytesIO(content)
    if not zipfile.is_zipfile(stream):
        raise CorruptDocument("is not a Word document (not a zip archive): save it as .docx again")
    stream.seek(0)
    return partition_docx_blocks(stream)
