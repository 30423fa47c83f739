"""Documents made to do harm."""

import zipfile
import zlib
from io import BytesIO

MIB = 2**20


def archive(**members: bytes) -> bytes:
    """A zip archive; "__" in a member's name stands for "/", and "_xml" ends it."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return stream.getvalue()


_TYPES = b"""<?xml version="1.0"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/word/document.xml" ContentType=
"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>"""
_RELATIONS = b"""<?xml version="1.0"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="r1" Target="word/document.xml" Type=
"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>
</Relationships>"""
_WORD = (
    b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
)


def docx(paragraphs: bytes, prolog: bytes = b"", **others: bytes) -> bytes:
    """A Word document of `<w:p>` elements, with other members beside it."""
    document = prolog + _WORD + paragraphs + b"</w:body></w:document>"
    return archive(
        **{
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": _RELATIONS,
            "word/document.xml": document,
        },
        **others,
    )


def word_paragraph(text: bytes) -> bytes:
    return b"<w:p><w:r><w:t>" + text + b"</w:t></w:r></w:p>"


def entity_bomb(root: bytes, levels: int = 9) -> bytes:
    """A document type whose entity `&bomb;` is ten to the ninth words."""
    entities = b'<!ENTITY e0 "lol ">'
    for level in range(1, levels + 1):
        entities += b'<!ENTITY e%d "%s">' % (level, b"&e%d;" % (level - 1) * 10)
    return b"<!DOCTYPE %s [%s<!ENTITY bomb '&e%d;'>]>" % (root, entities, levels)


def pdf_of_objects(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of numbered objects, from 1; the first is the catalog. `trailer` adds entries to it."""
    body = bytearray(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(body)
    body += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    body += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    body += b"trailer << /Size %d /Root 1 0 R %s >>\n" % (len(objects) + 1, trailer)
    return bytes(body) + b"startxref\n%d\n%%%%EOF\n" % start


def stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries, content)


FONT = b"<< /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> %s >>"


def pdf_page(
    contents: bytes,
    *more: bytes,
    box: bytes = b"0 0 612 792",
    resources: bytes = b"",
    page: bytes = b"",
) -> bytes:
    """A PDF of one page: object 3 is the page, 4 its content, and `more` are 5 and on."""
    return pdf_of_objects(
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Resources %s /Contents 4 0 R %s >>"
        % (box, FONT % resources, page),
        contents,
        *more,
    )


def line_of_text(text: bytes = b"Ring us before nine.") -> bytes:
    return stream(b"BT /F 12 Tf 72 700 Td (%s) Tj ET" % text)


def deflated_zeros(size_bytes: int, layers: int = 1) -> bytes:
    """A deflated stream of zeros, deflated again `layers` times."""
    press = zlib.compressobj(9)
    zeros = bytes(MIB)
    pieces = [press.compress(zeros) for _ in range(size_bytes // MIB)]
    packed = b"".join(pieces) + press.flush()
    for _ in range(layers - 1):
        packed = zlib.compress(packed, 9)
    return packed
