"""How a document sets its running text."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from ingest.formats.pdf.lines import Line

_LONGEST_LEADING = 2.0
_SAME_SIZE_POINTS = 0.6


@dataclass(frozen=True, slots=True)
class Typography:
    """The running text's type size and right edge in points, and its line pitch over its size."""

    size: float
    leading: float
    right: float
    vocabulary: frozenset[str]


def same_size(first: float, second: float) -> bool:
    """Type sizes in points that differ by no more than rounding."""
    return abs(first - second) < _SAME_SIZE_POINTS


def measure_typography(lines: list[Line]) -> Typography:
    """The size most characters are set in, and the pitch and right edge of the lines set in it."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    size = sizes.most_common(1)[0][0] if sizes else 0.0
    body = [line for line in lines if same_size(line.size, size)]
    rights = sorted(line.right for line in body)
    return Typography(
        size,
        _leading(body, size),
        rights[len(rights) * 19 // 20] if rights else 0.0,
        frozenset(
            word.lower()
            for line in lines
            for word in re.findall(r"[^\W\d_]+", line.text.rstrip("-"))
        ),
    )


def _leading(body: list[Line], size: float) -> float:
    """The smallest pitch that is common: in a text of one-line paragraphs the gap between two of
    them is the most frequent one.
    """
    pitches = Counter(
        round((second.top - first.top) / size, 1)
        for first, second in pairwise(body)
        if first.page == second.page and size <= second.top - first.top
    )
    common = [pitch for pitch, count in pitches.items() if count * 7 >= pitches.total()]
    return min([*common, _LONGEST_LEADING])
