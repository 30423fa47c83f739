"""The numbers that headings carry."""

import re

_PART = re.compile(
    r"(?:part|book|volume)\s+(?:\d+|[ivx]+|[a-z]|one|two|three|four|five|six)\b", re.I
)
_CHAPTER = re.compile(r"(?:chapter|appendix|annex|article|schedule)\s+\S", re.I)
_NUMBER = re.compile(r"(\d{1,2}(?:\.\d{1,2})*|[A-Z](?=\.)(?:\.\d{1,2})*)\.?\s+\S")


def numbering_depth(heading: str) -> int | None:
    """How deep a heading's own number is: 0 for "Part 2", 1 for "3 Scope", 2 for "3.1" or "A.1"."""
    if _PART.match(heading):
        return 0
    if _CHAPTER.match(heading):
        return 1
    number = _NUMBER.match(heading)
    return number[1].count(".") + 1 if number else None
