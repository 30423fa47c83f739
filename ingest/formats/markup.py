"""HTML and Markdown files as blocks."""

import re
from collections.abc import Mapping

import lxml.html
import yaml
from markdown_it import MarkdownIt

from ingest.document import one_line
from ingest.formats.content import FileContent
from ingest.formats.contents import drop_linked_contents, without_contents
from ingest.formats.errors import CorruptDocument
from ingest.formats.properties import said
from ingest.formats.unstructured_setup import partition_html_blocks
from ingest.metadata import NOTHING_SAID, Metadata

MAX_NESTING = 200
"""Depth of HTML tags. libxml2 stops at 256; a deeper document is refused, not cut in silence."""

_NOT_CONTENT = (
    "script|style|template|noscript|nav|footer|iframe|svg|form"
    "|*[@hidden]|*[@role='navigation' or @role='search' or @role='contentinfo']"
    "|*[contains(concat(' ', normalize-space(@class), ' '), ' headerlink ')]"
)
_MAIN = "//*[(self::main or @role='main') and not(ancestor::main or ancestor::*[@role='main'])]"
_READ_AS_DIVISION = ("main", "details", "summary", "figure", "figcaption")
"""unstructured reads the first <main> alone, and passes over the others with all they hold."""

# A tag ends before the next one begins: else each of many open ones is looked through to the end.
_TEMPLATE_COMMENT = re.compile(
    r"\{%-?\s*comment\s*-?%\}(?:(?!\{%-?\s*comment\s).)*?\{%-?\s*endcomment\s*-?%\}", re.DOTALL
)
_TEMPLATE_TAG = re.compile(r"\{%(?:(?!\{%).)*?%\}|\{\{(?:(?!\{\{).)*?\}\}")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


_META_FIELDS = {
    "author": "owner",
    "keywords": "tags",
    "dcterms.creator": "owner",
    "dc.creator": "owner",
    "dcterms.subject": "tags",
    "dc.subject": "tags",
    "dcterms.title": "title",
    "dc.title": "title",
    "dcterms.valid": "effective_from",
    "dcterms.replaces": "supersedes",
}
"""What `<meta name=…>` says, by name. Access groups are none of it: a saved page names what it likes."""


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases: merged into one another, a few lines become billions of entries."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("an alias")
        return super().compose_node(parent, index)


_PERIOD = re.compile(r"(start|end)\s*=\s*([\d-]+)")
_MAX_FRONT_MATTER_CHARS = 64 * 1024


def html_content(html: str) -> FileContent:
    """The main content of an HTML page: navigation, footers, scripts, hidden parts and lists of links
    to the page's own headings are left out.

    Raises `CorruptDocument` where tags are nested deeper than `MAX_NESTING`.
    """
    if not html.strip():
        return FileContent([])
    tree = parse_html(html)
    title = tree.findtext(".//title")
    metadata = _meta_metadata(tree)
    for node in tree.xpath("|".join(f"//{name}" for name in _NOT_CONTENT.split("|"))):
        node.drop_tree()
    drop_linked_contents(tree)
    _set_captions_before_tables(tree)
    _repeat_spanning_cells(tree)
    main = tree.xpath(_MAIN) or tree.xpath("//body") or [tree]
    for node in list(tree.iter(*_READ_AS_DIVISION)):
        node.tag = "div"
    markup = "".join(lxml.html.tostring(node, encoding="unicode") for node in main)
    blocks = partition_html_blocks(f"<html><body>{markup}</body></html>")
    return FileContent(without_contents(blocks), one_line(title) if title else None, metadata)


def markdown_content(text: str) -> FileContent:
    """A CommonMark page with tables; its front matter is metadata, template tags are left out.

    markdown-it-py renders it for unstructured's HTML partitioner, since unstructured's own Markdown
    reader takes a list directly under its introducing line for running text.
    """
    text = text.replace("\r\n", "\n")
    front_matter = _FRONT_MATTER.match(text)
    body = text[front_matter.end() :] if front_matter else text
    body = _TEMPLATE_TAG.sub("", _TEMPLATE_COMMENT.sub("", body))
    # Beyond its own limit of 20, markdown-it leaves text out; beyond this one, `_parse` refuses.
    markdown = MarkdownIt("commonmark", {"maxNesting": MAX_NESTING + 20})
    rendered = markdown.enable(["table", "strikethrough"]).render(body)
    content = html_content(rendered)
    fields = _front_matter_fields(front_matter[1]) if front_matter else {}
    title = fields.get("title")
    return FileContent(
        content.blocks,
        (one_line(title) if isinstance(title, str) else None) or content.title,
        said(fields),
    )


def parse_html(html: str) -> lxml.html.HtmlElement:
    """The tree of a page without comments. Raises `CorruptDocument` beyond `MAX_NESTING`."""
    parser = lxml.html.HTMLParser(
        remove_comments=True, remove_pis=True, huge_tree=True, encoding="utf-8"
    )
    tree = lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    depth = 0
    level = [tree]
    while level:
        depth += 1
        if depth > MAX_NESTING:
            raise CorruptDocument(
                f"has tags nested more than {MAX_NESTING} deep: save it again from its editor"
            )
        level = [child for node in level for child in node]
    return tree


def _repeat_spanning_cells(tree: lxml.html.HtmlElement) -> None:
    """A cell that spans rows is repeated in each, so that every row can be read alone."""
    for cell in tree.xpath("//td[@rowspan]|//th[@rowspan]"):
        row = cell.getparent()
        column = row.index(cell)
        span = int(cell.get("rowspan")) if cell.get("rowspan").isdecimal() else 1
        followers = list(row.itersiblings("tr"))[: max(span - 1, 0)]
        for follower in followers:
            markup = lxml.html.tostring(cell, encoding="unicode", with_tail=False)
            copy = lxml.html.fragment_fromstring(markup)
            copy.attrib.pop("rowspan", None)
            follower.insert(min(column, len(follower)), copy)
        del cell.attrib["rowspan"]


def _set_captions_before_tables(tree: lxml.html.HtmlElement) -> None:
    """unstructured passes over a table's caption; as a paragraph before the table it is kept."""
    for caption in tree.xpath("//table/caption"):
        table = caption.getparent()
        caption.tail = None
        caption.tag = "p"
        table.addprevious(caption)


def _front_matter_fields(front_matter: str) -> Mapping[str, object]:
    if len(front_matter) > _MAX_FRONT_MATTER_CHARS:
        return {}
    try:
        fields = yaml.load(front_matter, Loader=_PlainLoader)  # noqa: S506
    # Beside its own errors, PyYAML lets through what its numbers and dates trip over (2026-13-45).
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}


def _meta_metadata(tree: lxml.html.HtmlElement) -> Metadata:
    fields: dict[str, object] = {}
    for node in tree.iter("meta"):
        field = _META_FIELDS.get((node.get("name") or "").strip().lower())
        value = one_line(node.get("content") or "")
        period = dict(_PERIOD.findall(value)) if field == "effective_from" else {}
        if period:
            fields["effective_from"] = period.get("start")
            fields["effective_until"] = period.get("end")
        elif field and value:
            fields.setdefault(field, value)
    return said(fields) if fields else NOTHING_SAID
