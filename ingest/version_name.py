"""Version numbers in the names and titles of documents: "travel-policy-v2", "constitution.1.9"."""

import re
from dataclasses import dataclass
from enum import StrEnum

Numbers = tuple[int, ...]
"""The parts of a version number, most significant first, without zeros at the end: "2.0" is (2,)."""


class Mark(StrEnum):
    """How a name shows its version: the plainer the number, the likelier it numbers something else."""

    NONE = "none"
    EXPLICIT = "explicit"
    CURRENT = "current"
    YEAR = "year"
    DOTTED = "dotted"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class VersionName:
    """A name taken apart; `base` is the rest of it as `words` gives it, `numbers` () without any."""

    base: str
    mark: Mark
    numbers: Numbers = ()


_BEFORE, _AFTER = r"(?:^|(?<=[\s._(\[,-]))", r"(?=$|[\s._)\],-])"
_YEAR = r"(?:19|20)\d\d(?:(?P<dash>[._-])(?:0[1-9]|1[0-2])(?:(?P=dash)(?:0[1-9]|[12]\d|3[01]))?)?"
_NUMBER = r"\d{1,9}(?:\.\d{1,9})*"
_MARKS = (
    (
        Mark.EXPLICIT,
        rf"{_BEFORE}(?:v|ver|version|rev|revision|edition|release)[\s._-]*(?P<number>{_NUMBER}){_AFTER}",
    ),
    (Mark.CURRENT, rf"{_BEFORE}(?:current|latest)[)\]]?$"),
    (Mark.YEAR, rf"{_BEFORE}(?:(?:of|from)\s)?(?P<number>{_YEAR})[)\]]?$"),
    (Mark.YEAR, rf"^(?P<number>{_YEAR}){_AFTER}"),
    (Mark.DOTTED, rf"{_BEFORE}(?P<number>\d{{1,9}}(?:\.\d{{1,9}})+)[)\]]?$"),
    (Mark.PLAIN, rf"{_BEFORE}(?P<number>\d{{1,3}})[)\]]?$"),
)
_PATTERNS = tuple((mark, re.compile(pattern)) for mark, pattern in _MARKS)
_MAY_BE_MARKED = re.compile(r"\d|current|latest")
_WORD = re.compile(r"[^\W_]+")
_LABEL = re.compile(r"v?(\d{1,9}(?:[._-]\d{1,9}){0,5})([a-z]?)")


def version_name(name: str) -> VersionName:
    """A title, or a file name without folder and suffix, with its version number set apart."""
    folded = name.casefold().strip()[:1000]
    if not _MAY_BE_MARKED.search(folded):
        return VersionName(words(folded), Mark.NONE)
    for mark, pattern in _PATTERNS:
        match = pattern.search(folded)
        if match is not None:
            base = words(f"{folded[: match.start()]} {folded[match.end() :]}")
            return VersionName(base, mark, _numbers(match.groupdict().get("number", "")))
    return VersionName(words(folded), Mark.NONE)


def label_numbers(label: str | None) -> Numbers:
    """The number that a version label is; () for "draft" or "2.0 draft", which come in no order."""
    match = _LABEL.fullmatch(label.casefold().strip()[:60]) if label else None
    if match is None:
        return ()
    letter = (ord(match[2]) - ord("a") + 1,) if match[2] else ()
    return _numbers(match[1]) + letter


def words(name: str) -> str:
    """A name for comparing: its words in lower case, one space between them."""
    return " ".join(_WORD.findall(name.casefold()))


def _numbers(written: str) -> Numbers:
    numbers = [int(number) for number in re.findall(r"\d+", written)]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)
