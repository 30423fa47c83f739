"""Zip archives that office files are, opened with care: they may be made to burst."""

import io
import zipfile
import zlib
from typing import Any, NoReturn

from lxml import etree

from ingest.document import one_line
from ingest.formats.errors import CorruptDocument, DocumentTooLarge, EncryptedDocument

MAX_MEMBERS = 10_000
"""A deck of a thousand slides with pictures and notes has about 5,000."""

MAX_UNPACKED_BYTES = 400 * 2**20
"""Pictures hardly shrink in an archive, so this is four times the largest file that is commonly sent."""

MAX_MARKUP_BYTES = 100 * 2**20
"""Members unpacked that are no pictures, sound or fonts. As a tree, XML takes five to ten times as
much memory; the text of a book is 1 to 5 MiB."""

MAX_RATIO = 200
"""Unpacked over packed size. Office XML shrinks to a tenth, the dullest sheets to a fiftieth;
deflate ends at a thousandth, and archives are made to burst with that."""

_RATIO_COUNTS_FROM_BYTES = 10 * 2**20
_PICTURES = tuple(
    ".png .jpg .jpeg .gif .bmp .tif .tiff .emf .wmf .wdp .svg .webp .mp3 .m4a .wav .mp4 .m4v .mov "
    ".avi .wmv .bin .odttf .ttf .otf .woff .woff2 .fntdata".split()
)
_PIECE_BYTES = 16 * 1024


def open_archive(content: bytes, *, kind: str, suffix: str) -> zipfile.ZipFile:
    """The archive of a file, after its directory has been found harmless; nothing is unpacked here.

    `kind` ("a Word document") and `suffix` (".docx") are for the messages. Members lie about their
    sizes in vain: zipfile reads no more of each than its directory says. Raises `CorruptDocument` for
    what is no archive, `EncryptedDocument` for a password, `DocumentTooLarge` beyond the limits here.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise CorruptDocument(
            f"is not {kind} (not a zip archive): save it as {suffix} again"
        ) from error
    members = archive.infolist()
    if any(member.flag_bits & 0x1 for member in members):
        raise EncryptedDocument("is protected by a password: save a copy without one")
    if len(members) > MAX_MEMBERS:
        _refuse(f"{len(members):,} parts, of which {MAX_MEMBERS:,} are read")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED_BYTES:
        _refuse(f"{_mib(unpacked)} MiB unpacked, of which {_mib(MAX_UNPACKED_BYTES)} are read")
    if unpacked > _RATIO_COUNTS_FROM_BYTES and unpacked > MAX_RATIO * len(content):
        _refuse(
            f"{_mib(unpacked)} MiB unpacked, {unpacked // len(content):,} times its size: this is "
            "how archives are that are made to do harm"
        )
    markup = sum(member.file_size for member in members if not _is_picture(member.filename))
    if markup > MAX_MARKUP_BYTES:
        _refuse(f"{_mib(markup)} MiB of markup, of which {_mib(MAX_MARKUP_BYTES)} are read")
    return archive


def _refuse(what: str) -> NoReturn:
    raise DocumentTooLarge(f"holds {what}: divide it, or save its text alone")


def _mib(size_bytes: int) -> str:
    return f"{size_bytes / 2**20:,.0f}"


def _is_picture(name: str) -> bool:
    return name.lower().endswith(_PICTURES)


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member of the archive, unpacked. Raises `CorruptDocument` where it is damaged or missing."""
    try:
        return archive.read(name)
    except KeyError as error:
        raise CorruptDocument(f"is cut short: its part '{name[:80]}' is missing") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise CorruptDocument(f"is damaged: its part '{name[:80]}' cannot be unpacked") from error


def parse_xml(markup: bytes) -> etree._Element:
    """The tree of an XML part: no entity is expanded, nothing is fetched, and depth is limited.

    Raises `CorruptDocument` for what is no XML, or declares entities of its own.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(markup, parser=parser)
    except etree.XMLSyntaxError as error:
        reason = one_line(str(error))[:200]
        raise CorruptDocument(f"is damaged: one of its parts is not XML ({reason})") from error
    # lxml's stubs know the type without its methods.
    declared: Any = root.getroottree().docinfo.internalDTD
    if declared is not None and declared.entities():
        raise CorruptDocument("declares entities of its own, which can do harm: save it again")
    return root


def refuse_declared_entities(archive: zipfile.ZipFile) -> None:
    """Raise `CorruptDocument` where an XML part declares a document type, as no program that writes
    office files does: entities that multiply or fetch files are declared there.
    """
    # Of every member, since the content types, not the names, say which parts are XML.
    for member in archive.infolist():
        if _has_doctype(archive, member):
            raise CorruptDocument(
                f"declares a document type in its part '{member.filename[:80]}', which can do harm: "
                "open it in its program and save it again"
            )


class _RootReached(Exception):
    """The part's own markup begins, and no document type can follow."""


class _Prolog:
    """Watches a parser up to the root, and sees a document type in any encoding the parser reads."""

    def __init__(self) -> None:
        self.has_doctype = False

    def doctype(self, *_: object) -> None:
        self.has_doctype = True
        raise _RootReached

    def start(self, *_: object) -> None:
        raise _RootReached

    def end(self, *_: object) -> None:
        pass

    def data(self, *_: object) -> None:
        pass

    def comment(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass


def _has_doctype(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bool:
    prolog = _Prolog()
    parser = etree.XMLParser(target=prolog, resolve_entities=False, no_network=True)
    try:
        with archive.open(member) as part:
            while piece := part.read(_PIECE_BYTES):
                parser.feed(piece)
    except (_RootReached, etree.XMLSyntaxError):
        pass
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise CorruptDocument(
            f"is damaged: its part '{member.filename[:80]}' cannot be unpacked"
        ) from error
    return prolog.has_doctype
