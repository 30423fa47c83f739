"""HTML and Markdown files as blocks."""

import re
from dataclasses import dataclass

import lxml.html
import yaml
from markdown_it import MarkdownIt

from ingest.document import Block, one_line
from ingest.formats.errors import CorruptDocument
from ingest.formats.unstructured_setup import partition_html_blocks

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

_TEMPLATE_COMMENT = re.compile(r"\{%-?\s*comment\s*-?%\}.*?\{%-?\s*endcomment\s*-?%\}", re.DOTALL)
_TEMPLATE_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MarkupContent:
    """What a page holds: its blocks, and the title its head or front matter gives, if any."""

    title: str | None
    blocks: list[Block]


def html_content(html: str) -> MarkupContent:
    """The main content of an HTML page: navigation, footers, scripts and hidden parts are left out.

    Raises `CorruptDocument` where tags are nested deeper than `MAX_NESTING`.
    """
    if not html.strip():
        return MarkupContent(None, [])
    tree = _parse(html)
    title = tree.findtext(".//title")
    for node in tree.xpath("|".join(f"//{name}" for name in _NOT_CONTENT.split("|"))):
        node.drop_tree()
    _repeat_spanning_cells(tree)
    main = tree.xpath(_MAIN) or tree.xpath("//body") or [tree]
    for node in list(tree.iter(*_READ_AS_DIVISION)):
        node.tag = "div"
    markup = "".join(lxml.html.tostring(node, encoding="unicode") for node in main)
    blocks = partition_html_blocks(f"<html><body>{markup}</body></html>")
    return MarkupContent(one_line(title) if title else None, blocks)


def markdown_content(text: str) -> MarkupContent:
    """A CommonMark page with tables; front matter is read for the title, template tags left out.

    markdown-it-py renders it for unstructured's HTML partitioner, since unstructured's own Markdown
    reader takes a list directly under its introducing line for running text.
    """
    text = text.replace("\r\n", "\n")
    front_matter = _FRONT_MATTER.match(text)
    body = text[front_matter.end() :] if front_matter else text
    body = _TEMPLATE_TAG.sub("", _TEMPLATE_COMMENT.sub("", body))
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(body)
    content = html_content(rendered)
    title = _front_matter_title(front_matter[1]) if front_matter else None
    return MarkupContent(title or content.title, content.blocks)


def _parse(html: str) -> lxml.html.HtmlElement:
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


def _front_matter_title(front_matter: str) -> str | None:
    try:
        fields = yaml.safe_load(front_matter)
    except yaml.YAMLError:
        return None
    title = fields.get("title") if isinstance(fields, dict) else None
    return one_line(title) if isinstance(title, str) else None
