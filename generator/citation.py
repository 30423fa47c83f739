"""The forms in which a draft cites passages, and how a document's own are kept apart from them."""

import re
from collections.abc import Iterator

# Longer numbers are no passage's, and Python refuses to read them beyond 4,300 digits.
_NUMBER = r"\d{1,9}"
_WORD = r"(?:passages?|sources?|documents?|docs?|references?|refs?|citations?|chunks?)\.?\s{0,3}"
_ITEM = rf"(?:{_WORD})?[\^#]?{_NUMBER}"
_ITEMS = rf"\s{{0,3}}{_ITEM}(?:\s{{0,3}}(?:[,;&–-]|and)\s{{0,3}}{_ITEM})*\s{{0,3}}"
_ADDRESS = r"\((?:https?:|www\.|[#/.])[^\s()\[\]]{0,1000}\)"

_CITATION = re.compile(
    rf"(?P<square>\[{{1,2}}(?P<inside>{_ITEMS})\]{{1,2}})(?:{_ADDRESS})?"
    rf"|(?P<lens>【(?P<within>{_ITEMS})(?::\d{{1,9}})?(?:†[^【】\n]{{0,200}})?】)",
    re.IGNORECASE,
)
"""[1], [1, 2], [1-3], [[1]], [^1], [Passage 1], [1](https://…), 【1】, 【1†source】."""

_UNFINISHED = re.compile(
    r"(?:\[{1,2}[^\[\]]{0,1000}(?:\]{1,2}(?:\([^\s()\[\]]{0,1000})?)?|【[^【】]{0,1000})\Z"
)
"""What may become one of them, or one with an address, when more text comes."""

_RANGE = re.compile(rf"{_NUMBER}(?:[^\d,;&a-z]{{0,3}}[–-][^\d]{{0,16}}?{_NUMBER})?", re.IGNORECASE)

MAX_CITATION_CHARS = 1000
"""Of a bracket; a longer one is text."""

MAX_CITED_RANGE = 100
"""A range like [1-9999] is read as its two ends beyond this many numbers."""

CANONICAL = r"\[((?:\d{1,9}(?:-\d{1,9})?)(?:,\d{1,9}(?:-\d{1,9})?)*)\]"
"""The one form that `canonical` leaves: [1], [1,3-5]."""

_CANONICAL = re.compile(CANONICAL)

FOOTNOTE = re.compile(r"\s*\[\^[^\[\]\s]{1,50}\]:")
"""How a line begins that only says what a footnote is."""

RAISED_DIGITS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_RAISED = re.compile(
    rf"(?<![{RAISED_DIGITS}\d])[{RAISED_DIGITS}]{{1,2}}(?:[,⁻˒][{RAISED_DIGITS}]{{1,2}})*(?!\w)"
)
_RAISED_VALUES = str.maketrans(RAISED_DIGITS, "0123456789")
_UNITS = frozenset("km cm mm dm nm µm ft in yd mi".split())
_WORD_OR_MARK_BEFORE = re.compile(r"(?:([^\W\d_]{2,})|[.,;:!?%\"”’)])\Z")

_ROUND_AT_END = re.compile(
    r"(?<=\s)\((\d{1,2}(?:\s?,\s?\d{1,2})*)\)(?=[.!?]{0,3}[\"”’')]{0,3}\s*\Z)"
)
_REFERENCE = re.compile(
    r"\b(?:annex|appendix|article|chapter|clause|figure|item|note|page|paragraph|part|point|regulation|"
    r"rule|schedule|section|step|stage|table|no|number)s?\.?\s*\Z",
    re.IGNORECASE,
)


def canonical(text: str) -> str:
    """The text with every citation in square or lenticular brackets as [1] or [1,3-5]."""
    return _CITATION.sub(_canonical_mark, text)


def unfinished_citation(text: str) -> int:
    """Where at the text's end something begins that more text may make a citation; else its length."""
    begins = max(len(text) - 2 * MAX_CITATION_CHARS - 100, 0)
    match = _UNFINISHED.search(text, begins)
    return match.start() if match else len(text)


def cited_numbers(text: str) -> list[int]:
    """The numbers that a text in the canonical form cites, in order."""
    numbers: list[int] = []
    for group in _CANONICAL.findall(text):
        for part in group.split(","):
            ends = [int(end) for end in part.split("-")]
            first, last = ends[0], ends[-1]
            if 0 <= last - first < MAX_CITED_RANGE:
                numbers.extend(range(first, last + 1))
            else:
                numbers.extend((first, last))
    return numbers


def only_citations(text: str) -> str:
    """The citations of a text in the canonical form, without what stands between them."""
    return "".join(f"[{group}]" for group in _CANONICAL.findall(text))


def without_citations(text: str) -> str:
    """A text in the canonical form without what it cites."""
    return _CANONICAL.sub(" ", text)


def weak_citations(text: str) -> tuple[str, list[int]]:
    """Of a sentence that cites in no other way: it without its raised digits or "(1)" at its end, and
    their numbers.

    Both stand in policies with other meanings (footnotes, m², enumerations, years), so that they
    count only where nothing else does, with two digits at most, and not after "clause" and its like.
    """
    raised = list(_raised(text))
    if raised:
        return _cut(text, raised), [
            int(number) for mark in raised for number in _raised_numbers(mark[0])
        ]
    match = _ROUND_AT_END.search(text)
    if match is None or _REFERENCE.search(text[max(match.start() - 20, 0) : match.start()]):
        return text, []
    return _cut(text, [match]), [int(number) for number in match[1].split(",")]


def disarmed(text: str) -> str:
    """A document's text in which nothing reads as a citation in brackets: they become round ones.

    Every character keeps its offset.
    """
    return _CITATION.sub(_round_mark, text)


def _canonical_mark(match: re.Match[str]) -> str:
    mark = match["square"] or match["lens"]
    if len(mark) > MAX_CITATION_CHARS:
        return match[0]
    ranges = _RANGE.findall(match["inside"] or match["within"])
    return "[" + ",".join("-".join(re.findall(r"\d+", each)) for each in ranges) + "]"


def _round_mark(match: re.Match[str]) -> str:
    mark = match["square"] or match["lens"]
    return mark.translate(_ROUND_BRACKETS) + match[0][len(mark) :]


_ROUND_BRACKETS = str.maketrans("[]【】", "()()")


def _raised(text: str) -> Iterator[re.Match[str]]:
    for match in _RAISED.finditer(text):
        before = _WORD_OR_MARK_BEFORE.search(text[max(match.start() - 12, 0) : match.start()])
        if before and (before[1] or "").lower() not in _UNITS:
            yield match


def _raised_numbers(mark: str) -> list[str]:
    return re.findall(r"\d+", mark.replace("⁻", ",").translate(_RAISED_VALUES))


def _cut(text: str, marks: list[re.Match[str]]) -> str:
    kept, position = [], 0
    for mark in marks:
        kept.append(text[position : mark.start()])
        position = mark.end()
    return "".join([*kept, text[position:]])
