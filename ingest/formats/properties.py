"""What files say about themselves outside of their text: title, author, keywords, dates."""

import re
from collections.abc import Iterable, Mapping

from lxml import etree

from ingest.document import one_line
from ingest.metadata import NOTHING_SAID, Metadata, MetadataError, from_fields, merged

# What programs put there by themselves.
_NO_TITLE = re.compile(
    r"microsoft (?:word|powerpoint|excel)\b.*"
    r"|(?:untitled|unbenannt|sans titre|sin título|senza titolo)\b.*"
    r"|(?:document|dokument|presentation|präsentation|book|workbook|slide|folie|sheet)\s*\d*"
    r"|(?:word document|powerpoint presentation|title|no title|new document|none|null)"
    r"|.*\.(?:docx?|pptx?|xlsx?|pdf|rtf|odt|txt|html?|indd|qxd|pages|tex|dvi|ps)",
    re.I,
)
_NO_OWNER = re.compile(
    r"(?:microsoft office )?user|\(?anonymous\)?|unknown|author|admin(?:istrator)?|root|none|null"
    r"|owner|default|windows|hp|dell|python-docx|openpyxl|steve canny"  # python-pptx's template
    r"|\(?unspecified\)?",
    re.I,
)

_NAMESPACES = {
    "cp": "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
    "dc": "http://purl.org/dc/elements/1.1/",
    "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
}
_LONGEST_PROPERTY = 2_000


def said(fields: Mapping[str, object]) -> Metadata:
    """The metadata in fields that anyone may have written: one that cannot be meant is passed over."""
    try:
        return from_fields(fields)
    except MetadataError:
        return merged(*(_said_alone(key, value) for key, value in fields.items()))


def _said_alone(key: str, value: object) -> Metadata:
    try:
        return from_fields({key: value})
    except MetadataError:
        return NOTHING_SAID


def from_properties(
    *, title: str | None = None, author: str | None = None, keywords: Iterable[str] = ()
) -> Metadata:
    """The metadata in the properties of a file, without what programs write there by themselves.

    Each of `keywords` may hold several, divided by commas or semicolons.
    """
    tags = [one_line(tag) for words in keywords for tag in re.split(r"[,;]", words)]
    return said(
        {
            "title": _unless(_NO_TITLE, title),
            "owner": _unless(_NO_OWNER, author),
            "tags": [tag for tag in tags if tag],
        }
    )


def _unless(pattern: re.Pattern[str], value: str | None) -> str | None:
    text = one_line(value or "")
    return text if len(text) > 1 and not pattern.fullmatch(text) else None


def from_dublin_core(root: etree._Element) -> Metadata:
    """The metadata in an XML part with Dublin Core names: Office and OpenDocument files, EPUB."""
    return from_properties(
        title=next(iter(_texts(root, "dc:title")), None),
        author=", ".join(_texts(root, "meta:initial-creator|.//dc:creator")),
        keywords=_texts(root, "cp:keywords|.//meta:keyword|.//dc:subject[not(../cp:keywords)]"),
    )


def _texts(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(f".//{path}", namespaces=_NAMESPACES)
    nodes = found if isinstance(found, list) else []
    texts = [
        one_line(node.text or "")[:_LONGEST_PROPERTY]
        for node in nodes
        if isinstance(node, etree._Element)
    ]
    return list(dict.fromkeys(text for text in texts if text))
