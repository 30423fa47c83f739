"""What format the bytes of a file are, whatever its name says."""

import io
import re
import struct
import zipfile

_HEAD_BYTES = 4096
_OLE_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")

ENCRYPTED = "encrypted"
"""An Office file that a password protects: which kind it is cannot be told."""

OTHER_ZIP, OTHER_OLE = "zip", "ole"

_OLE_ENTRIES = {
    "encryptedpackage": ENCRYPTED,
    "__properties_version1.0": ".msg",
    "worddocument": ".doc",
    "workbook": ".xls",
    "book": ".xls",
    "powerpoint document": ".ppt",
}
_ZIP_FOLDERS = {"word/": ".docx", "ppt/": ".pptx", "xl/": ".xlsx"}
_MIME_TYPES = {
    b"application/epub+zip": ".epub",
    b"application/vnd.oasis.opendocument.text": ".odt",
    b"application/vnd.oasis.opendocument.spreadsheet": ".ods",
    b"application/vnd.oasis.opendocument.presentation": ".odp",
}
# Each comment ends at its first mark: were it free to go on, many would take exponential time.
_HTML = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*)*<(?:!doctype\s+html|html)\b", re.I | re.S
)
_HEADER = re.compile(rb"[!-9;-~]+:[ \t]*[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|\Z)")
_MAIL_HEADERS = re.compile(
    rb"^(?:received|return-path|message-id|mime-version|delivered-to|x-[\w-]+|content-type|from|to"
    rb"|date|subject):",
    re.I | re.M,
)
_ONLY_IN_MAIL = re.compile(
    rb"^(?:received|return-path|message-id|mime-version|delivered-to|dkim-signature):", re.I | re.M
)


def sniff(content: bytes) -> str | None:
    """The ending that a file of this content should have (".pdf", ".docx", ".msg", ".doc", …).

    `ENCRYPTED`, `OTHER_ZIP` or `OTHER_OLE` where the container alone is known; None for text without
    marks of its own (Markdown, CSV, plain text) and for everything unknown. Memos begin with From, To
    and Subject too, so a text is only taken for mail where a mail program has left its marks.
    """
    head = content[:_HEAD_BYTES]
    if head.startswith(_OLE_SIGNATURE):
        return _sniff_ole(content)
    if head.startswith(_ZIP_SIGNATURES):
        return _sniff_zip(content)
    # Readers look for the mark of a PDF in its first kilobyte.
    if head.startswith(b"%PDF-") or (b"%PDF-" in head[:1024] and b"\0" in content[:65536]):
        return ".pdf"
    text = head.removeprefix(b"\xef\xbb\xbf")
    if text.lstrip().startswith(b"{\\rtf"):
        return ".rtf"
    if _HTML.match(text):
        return ".html"
    if is_mail(content) and _ONLY_IN_MAIL.search(text):
        return ".eml"
    return None


def is_mail(content: bytes) -> bool:
    """The content begins with header fields, and one of them is a mail's."""
    head = content[:_HEAD_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if head.startswith(b"From ") and b"\n" in head:
        head = head.split(b"\n", 1)[1]
    first = _HEADER.match(head)
    return first is not None and _MAIL_HEADERS.search(head) is not None


def _sniff_zip(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            mime_type = _mime_type(archive) if "mimetype" in names else b""
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return OTHER_ZIP
    if mime_type in _MIME_TYPES:
        return _MIME_TYPES[mime_type]
    if "[Content_Types].xml" in names:
        for folder, suffix in _ZIP_FOLDERS.items():
            if any(name.startswith(folder) for name in names):
                return suffix
    return ".epub" if "META-INF/container.xml" in names else OTHER_ZIP


def _mime_type(archive: zipfile.ZipFile) -> bytes:
    try:
        with archive.open("mimetype") as member:
            return member.read(100).strip()
    # A damaged, encrypted or oddly packed member: the reader of the format says which.
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError):
        return b""


def _sniff_ole(content: bytes) -> str:
    import olefile

    try:
        with olefile.OleFileIO(io.BytesIO(content)) as container:
            entries = {path[0].lower() for path in container.listdir() if len(path) == 1}
    # What olefile trips over in a damaged file.
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
        struct.error,
    ):
        return OTHER_OLE
    return next((kind for name, kind in _OLE_ENTRIES.items() if name in entries), OTHER_OLE)
