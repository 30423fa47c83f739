"""Tables of contents: they repeat the headings, and would be found instead of what is below these."""

import re

import lxml.html

from ingest.document import Block, ElementKind, one_line

_CONTENTS = re.compile(
    r"(?:table of )?contents|(?:on|in) this (?:page|document|policy)"
    r"|inhalt(?:sverzeichnis)?|sommaire|table des matières|índice|indice",
    re.I,
)
_NUMBERING = re.compile(
    r"^(?:\d{1,3}(?:\.\d{1,3})*[.):]?|(?:[ivxl]{1,5}|[a-z])(?:(?:\.\d{1,3})+[.):]?|[.):]))\s+", re.I
)
_TO_PAGE = re.compile(r"(?:\s*\.){3,}\s*\w{1,6}$|\s+\d{1,4}$")
_PAGED_ENTRY = re.compile(
    r"(\S.{0,150}?)(?:(?:\s*\.){3,}\s*|\s*…+\s*|\t\s*|\s{2,})(\d{1,4}|[ivxl]{1,6})"
)
_FEWEST_PAGED = 3
_LONGEST_ENTRY = 300
_FEWEST_ENTRIES = 2
_FEWEST_WITHOUT_HEADING = 5
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


def names_contents(heading: str) -> bool:
    """ "Contents", "Table of contents", "On this page"."""
    return _CONTENTS.fullmatch(heading.strip(" :.")) is not None


def without_contents(blocks: list[Block]) -> list[Block]:
    """The blocks without a list, before the text, of the headings that follow it.

    A list of which each entry is the text of a heading further down is taken for the contents where it
    stands below a line that says so, or where it stands before all headings but the title and names at
    least five, and half of those that follow. Nothing is dropped that a sentence introduces: "You can
    take one of three kinds of leave:" needs the list that comes after it.
    """
    bare = [_bare(block.text) for block in blocks]
    headings = [bare[n] for n, block in enumerate(blocks) if block.kind is ElementKind.TITLE]
    last_place = {name: place for place, name in enumerate(headings)}
    kept: list[Block] = []
    place = end = titles_seen = 0
    after_contents = False
    while place < len(blocks):
        # Inside a run, the end is that of the run: long ones are not gone through again and again.
        if place >= end:
            end = _run_end(blocks, bare, place, last_place, titles_seen)
        names = set(bare[place:end])
        following = set(headings[titles_seen:]) if names and titles_seen <= 1 else set()
        if _is_contents(names, kept, following, after_contents):
            if kept and names_contents(kept[-1].text):
                kept.pop()
            place = end
            after_contents = True
            continue
        titles_seen += blocks[place].kind is ElementKind.TITLE
        # A list of the appendices may follow that of the chapters, under a heading of its own.
        after_contents = after_contents and blocks[place].kind is ElementKind.TITLE
        kept.append(blocks[place])
        place += 1
    return kept


def _run_end(
    blocks: list[Block],
    bare: list[str],
    place: int,
    last_place: dict[str, int],
    titles_seen: int,
) -> int:
    """The place after the last of the blocks from `place` that repeat a heading further down."""
    end = place
    while (
        end < len(blocks)
        and blocks[end].kind in (ElementKind.LIST_ITEM, ElementKind.TEXT)
        and last_place.get(bare[end], -1) >= titles_seen
    ):
        end += 1
    return end


def _is_contents(
    names: set[str], before: list[Block], following: set[str], after_contents: bool
) -> bool:
    """`following` are the headings further down, given while there was none yet but the title."""
    if before and names_contents(before[-1].text):
        return len(names) >= _FEWEST_ENTRIES
    if len(names) < _FEWEST_WITHOUT_HEADING or (before and before[-1].text.endswith(":")):
        return False
    return after_contents or (bool(following) and 2 * len(names & following) >= len(following))


def _bare(text: str) -> str:
    """A heading or an entry without number, page, punctuation and case."""
    if len(text) > _LONGEST_ENTRY:
        return text
    text = _NUMBERING.sub("", _TO_PAGE.sub("", text.strip()), count=1)
    return " ".join(re.findall(r"\w+", text.casefold())) or text


# In lines of text, where entries lead to pages


def without_contents_lines(lines: list[str]) -> list[str]:
    """The lines of a text without those of a table of contents: names that lead to rising page numbers.

    Without a line that says "Contents" above them the names have to come back as lines of their own:
    a price list has leaders too.
    """
    names = {_bare(line) for line in lines if not _entry(line)}
    kept: list[str] = []
    place = 0
    while place < len(lines):
        end = _entries_end(lines, place)
        entries = [entry for line in lines[place:end] if (entry := _entry(line))]
        heading = _last_filled(kept) if entries else None
        titled = heading is not None and names_contents(kept[heading])
        repeated = sum(_bare(entry[1]) in names for entry in entries)
        if len(entries) >= _FEWEST_PAGED and (titled or 2 * repeated >= len(entries)):
            if heading is not None and titled:
                del kept[heading:]
            place = end
        else:
            kept += lines[place : max(end, place + 1)]
            place = max(end, place + 1)
    return kept


def _entries_end(lines: list[str], place: int) -> int:
    """The place after the last of the entries from `place`, whose page numbers do not fall."""
    end, page = place, 0
    if not _entry(lines[place]):
        return end
    for index in range(place, len(lines)):
        entry = _entry(lines[index])
        if entry and not (entry[2].isdigit() and int(entry[2]) < page):
            page = int(entry[2]) if entry[2].isdigit() else page
            end = index + 1
        elif lines[index].strip():
            break
    return end


def _entry(line: str) -> re.Match[str] | None:
    return _PAGED_ENTRY.fullmatch(line.strip()) if len(line) <= _LONGEST_ENTRY else None


def _last_filled(lines: list[str]) -> int | None:
    return next((index for index in reversed(range(len(lines))) if lines[index].strip()), None)


# In markup, where entries are links


def drop_linked_contents(tree: lxml.html.HtmlElement) -> None:
    """Drop the lists of a page that hold nothing but links to headings of the page itself, unless a
    sentence introduces them.
    """
    headings = list(tree.iter(*_HEADINGS))
    names = {_bare(node.text_content()) for node in headings}
    targets = {name for node in headings for name in _anchors(node)}
    for outermost in tree.xpath(
        "//*[(self::ul or self::ol) and not(ancestor::ul or ancestor::ol)]"
    ):
        before = outermost.getprevious()
        line = _line_before(outermost, before)
        if _links_to_headings(outermost, names, targets) and (
            names_contents(line) or not line.endswith(":")
        ):
            if before is not None and names_contents(before.text_content()):
                before.drop_tree()
            outermost.drop_tree()


def _line_before(node: lxml.html.HtmlElement, before: lxml.html.HtmlElement | None) -> str:
    """The text right before a list, in an element of its own or without one."""
    if before is None:
        parent = node.getparent()
        return one_line(parent.text or "") if parent is not None else ""
    return one_line(before.tail or "") or one_line(before.text_content())


def _anchors(heading: lxml.html.HtmlElement) -> set[str]:
    """The names by which links reach a heading: its own, those in it, and that of its section."""
    nodes = [heading, *heading.iterdescendants("a", "span")]
    parent, before = heading.getparent(), heading.getprevious()
    if parent is not None and before is None and parent.tag in ("section", "div", "article"):
        nodes.append(parent)
    if before is not None and before.tag in ("a", "span"):
        nodes.append(before)
    return {name for node in nodes for name in (node.get("id"), node.get("name")) if name}


def _links_to_headings(
    outermost: lxml.html.HtmlElement, names: set[str], targets: set[str]
) -> bool:
    links = outermost.findall(".//a")
    if len(links) < _FEWEST_ENTRIES:
        return False
    linked = "".join("".join(link.itertext()) for link in links)
    if len("".join(linked.split())) < len("".join(outermost.text_content().split())):
        return False
    reached = [
        (link.get("href") or "")[1:] in targets or _bare(link.text_content()) in names
        for link in links
        if (link.get("href") or "").startswith("#")
    ]
    # One entry in four may have been reworded, or lead to a figure.
    return len(reached) == len(links) and 4 * sum(reached) >= 3 * len(links)
