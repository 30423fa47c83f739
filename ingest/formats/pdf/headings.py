"""Which paragraphs are headings, and at which level."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.document import Block, ElementKind
from ingest.formats.numbering import numbering_depth
from ingest.formats.pdf.lines import Line
from ingest.formats.pdf.paragraphs import SENTENCE_END, Paragraph, is_bullet, joined_text
from ingest.formats.pdf.tables import Grid
from ingest.formats.pdf.typography import Typography

_LARGER = 1.08

# Type size and weight: the larger a style, the higher its headings stand.
_Style = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class _Heading:
    text: str
    page: int
    style: _Style
    depth: int | None


def heading_blocks(flow: list[Paragraph | Grid], typography: Typography) -> dict[int, Block]:
    """The headings with their levels, by their place in the flow."""
    headings = {
        place: _Heading(text, item[0].page, _style(item[0]), numbering_depth(text))
        for place, item in enumerate(flow)
        if isinstance(item, list) and (text := _heading_text(item, typography))
    }
    levels = _levels(list(headings.values()))
    return {
        place: Block(ElementKind.TITLE, heading.text, heading.page, level)
        for (place, heading), level in zip(headings.items(), levels, strict=True)
    }


def _heading_text(paragraph: Paragraph, typography: Typography) -> str | None:
    """The paragraph's text if it is set as a heading."""
    text = joined_text(paragraph, typography)
    first, words = paragraph[0], text.split()
    if is_bullet(first) or sum(char.isalpha() for char in text) < 2:
        return None
    if first.size >= _LARGER * typography.size:
        return text if len(paragraph) <= 3 and len(words) <= 25 else None
    sentence = text.endswith((*SENTENCE_END, ","))
    if first.bold and first.size >= 0.95 * typography.size and not sentence:
        return text if len(paragraph) <= 2 and len(words) <= 15 else None
    return None


def _style(line: Line) -> _Style:
    return round(line.size * 2) / 2, line.bold


def _levels(headings: list[_Heading]) -> list[int]:
    """Levels by numbering where it agrees with the type sizes, by size and weight otherwise."""
    styles = sorted({heading.style for heading in headings}, reverse=True)
    depths = _trusted_depths(styles, headings)
    if not depths:
        return [styles.index(heading.style) + 1 for heading in headings]
    largest_numbered = next(style for style in styles if style in depths)
    has_title = styles[0] != largest_numbered
    offset = 1 + has_title - min(depths[largest_numbered])
    by_style = _levels_by_style(styles, depths, offset)
    return [
        by_style[heading.style]
        if heading.depth is None or heading.style not in depths
        else heading.depth + offset
        for heading in headings
    ]


def _trusted_depths(styles: list[_Style], headings: Iterable[_Heading]) -> dict[_Style, list[int]]:
    """The depths of numbering by style, without styles that are numbered as if they stood above
    larger type, as the items of a list are that begin in bold.
    """
    trusted: dict[_Style, list[int]] = {}
    deepest = 0
    for style in styles:
        depths = [h.depth for h in headings if h.style == style and h.depth is not None]
        if depths and min(depths) >= deepest:
            trusted[style] = depths
            deepest = max(depths)
    return trusted


def _levels_by_style(
    styles: list[_Style], depths: dict[_Style, list[int]], offset: int
) -> dict[_Style, int]:
    """The level of headings without a number, by their style: that of the numbered ones in the same
    style, else one below the numbered ones in larger type.
    """
    levels: dict[_Style, int] = {}
    above = 0
    for style in styles:
        if style in depths:
            levels[style] = Counter(depths[style]).most_common(1)[0][0] + offset
            above = max(depths[style]) + offset
        else:
            levels[style] = above + 1 if above else min(len(levels) + 1, 2)
    return levels
