"""Characters into words, and words into lines of print."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pdfplumber.page import Page
from pdfplumber.utils.text import extract_words

# A gap of 15% of the type size is a space. The default of 3 points glues tightly set words.
_SPACE_RATIO = 0.15
_RAISED_RATIO = 0.8
_FILL_IN = re.compile(r"\s*_{3,}\s*")
_BOLD_FONT = re.compile(r"bold|black|heavy|demi", re.I)


@dataclass(frozen=True, slots=True)
class Word:
    """A word; lengths in points from the page's top left corner. `raised`: a number set in small
    type against the end of the word before it.
    """

    text: str
    left: float
    right: float
    top: float
    bottom: float
    size: float
    bold: bool
    raised: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line of print; lengths in points from the page's top left corner."""

    text: str
    page: int
    left: float
    right: float
    top: float
    bottom: float
    size: float
    bold: bool
    starts_note: bool


def read_words(page: Page) -> list[Word]:
    """The upright words of a page."""
    # Slanted characters are watermarks, which would be strewn over the lines they cross.
    upright = [c for c in page.chars if abs(c["matrix"][1]) <= 0.01 * abs(c["matrix"][0])]
    found = extract_words(upright, x_tolerance_ratio=_SPACE_RATIO, return_chars=True)
    return [word for entry in found for word in _split_at_note_mark(entry["chars"])]


def words_to_lines(words: Iterable[Word], page: int) -> list[Line]:
    """The words put together line by line, from the top."""
    return [_line(row, page) for row in _rows(words)]


def _split_at_note_mark(chars: list[dict[str, Any]]) -> Iterator[Word]:
    """The word, and a footnote's number set against its end as a word of its own."""
    small = _RAISED_RATIO * max(char["size"] for char in chars)
    end = len(chars)
    while end and chars[end - 1]["text"].isdigit() and chars[end - 1]["size"] < small:
        end -= 1
    for part, raised in ((chars[:end], False), (chars[end:], True)):
        if part:
            yield _word(part, raised)


def _word(chars: list[dict[str, Any]], raised: bool) -> Word:
    bold = sum(bool(_BOLD_FONT.search(char["fontname"])) for char in chars)
    return Word(
        # The bullet of many fonts has no Unicode mapping, and pdfminer spells it so.
        "".join(char["text"] for char in chars).replace("(cid:127)", "•"),
        min(char["x0"] for char in chars),
        max(char["x1"] for char in chars),
        min(char["top"] for char in chars),
        max(char["bottom"] for char in chars),
        Counter(round(char["size"], 1) for char in chars).most_common(1)[0][0],
        bold * 2 > len(chars),
        raised,
    )


def _rows(words: Iterable[Word]) -> list[list[Word]]:
    """The words line by line, each line from left to right."""
    rows: list[list[Word]] = []
    top, bottom = 0.0, -1.0
    for word in sorted(words, key=lambda word: word.top + word.bottom):
        if top < (word.top + word.bottom) / 2 < bottom:
            rows[-1].append(word)
            top, bottom = min(top, word.top), max(bottom, word.bottom)
        else:
            rows.append([word])
            top, bottom = word.top, word.bottom
    return [sorted(row, key=lambda word: word.left) for row in rows]


def _line(words: list[Word], page: int) -> Line:
    sizes: Counter[float] = Counter()
    for word in words:
        sizes[word.size] += len(word.text)
    size = sizes.most_common(1)[0][0]
    main = [word for word in words if word.size >= _RAISED_RATIO * size]
    lettered = [word for word in main if any(char.isalpha() for char in word.text)] or main
    return Line(
        _line_text(words, size),
        page,
        words[0].left,
        words[-1].right,
        min(word.top for word in main),
        max(word.bottom for word in main),
        size,
        all(word.bold for word in lettered),
        _is_small_number(words[0], size),
    )


def _line_text(words: list[Word], size: float) -> str:
    kept: list[str] = []
    for word in words:
        if kept and _is_small_number(word, size) and _takes_note_mark(kept[-1]):
            continue
        if kept and word.raised:
            kept[-1] += word.text
        else:
            kept.append(word.text)
    return _FILL_IN.sub(" ", " ".join(kept)).strip()


def _is_small_number(word: Word, size: float) -> bool:
    return word.text.isdigit() and word.size < _RAISED_RATIO * size


def _takes_note_mark(word: str) -> bool:
    """A raised number after a word or a stop marks a footnote; after "m" or "10" it is a power."""
    return bool(re.search(r"[^\W\d_]{3}$|[^\W\d_][.,;:!?)”’]+$", word))
