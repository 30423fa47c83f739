"""What Word, PowerPoint and Excel files have in common."""

import zipfile

from ingest.formats.archive import open_archive, parse_xml, read_member, refuse_declared_entities
from ingest.formats.errors import EncryptedDocument
from ingest.formats.properties import from_dublin_core
from ingest.metadata import NOTHING_SAID, Metadata

_OLE_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
_CORE_PROPERTIES = "docProps/core.xml"


def open_office(content: bytes, *, kind: str, suffix: str) -> zipfile.ZipFile:
    """The archive that an Office file is, found harmless: none of its parts declares entities.

    `kind` ("a Word document") and `suffix` (".docx") are for the messages. Raises what `open_archive`
    does, and `EncryptedDocument` for a file that a password protects or that is of before 2007.
    """
    if content.startswith(_OLE_SIGNATURE):
        raise EncryptedDocument(
            f"is encrypted or in the old {suffix[:-1]} format: save it as {suffix} without a password"
        )
    archive = open_archive(content, kind=kind, suffix=suffix)
    refuse_declared_entities(archive)
    return archive


def core_metadata(archive: zipfile.ZipFile) -> Metadata:
    """Title, author and keywords of an Office file. Its revision counts saves, and is no version."""
    if _CORE_PROPERTIES not in archive.namelist():
        return NOTHING_SAID
    return from_dublin_core(parse_xml(read_member(archive, _CORE_PROPERTIES)))
