"""Text files that were laid out for print: the lines at the edges of their pages are no text."""

import re
from collections import Counter
from itertools import pairwise

_EDGE_LINES = 2
_FEWEST_PAGES = 3


def without_page_edges(text: str) -> str:
    """A text of pages divided by form feeds, without running headers, footers and page numbers.

    A line at a page's edge is one where it comes back, but for its numbers, on most pages. A sentence
    that runs over a page is put together again.
    """
    pages = [page.split("\n") for page in text.replace("\r\n", "\n").split("\f")]
    if len(pages) < _FEWEST_PAGES:
        return text.replace("\f", "\n\n")
    counts: Counter[str] = Counter()
    for page in pages:
        counts.update({_key(page[place]) for place in _edges(page)})
    running = {
        key for key, count in counts.items() if 2 * count > len(pages) and count >= _FEWEST_PAGES
    }
    stripped = [_without_running(page, running) for page in pages]
    joined = stripped[0]
    for before, after in pairwise(stripped):
        joined += [] if _runs_on(before, after) else [""]
        joined += after
    return "\n".join(joined)


def _edges(page: list[str]) -> list[int]:
    """The places of the first and last lines that hold something."""
    filled = [place for place, line in enumerate(page) if line.strip()]
    return sorted({*filled[:_EDGE_LINES], *filled[-_EDGE_LINES:]})


def _key(line: str) -> str:
    """What a line has in common with its like on other pages: numbers and spacing differ."""
    return re.sub(r"\d+|\b[ivxl]+\b", "#", " ".join(line.split()))


def _without_running(page: list[str], running: set[str]) -> list[str]:
    lines = list(page)
    for end in (0, -1):
        for _ in range(_EDGE_LINES):
            while lines and not lines[end].strip():
                lines.pop(end)
            if not (lines and _key(lines[end]) in running):
                break
            lines.pop(end)
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _runs_on(before: list[str], after: list[str]) -> bool:
    return (
        bool(before and after and not before[-1].rstrip().endswith((".", ":", ";", "!", "?")))
        and after[0].strip()[:1].islower()
    )
