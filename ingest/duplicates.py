"""The same text in two files: one policy as HTML, PDF and text, whole or split into chapters."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

Sketch = frozenset[int]

SHINGLE_WORDS = 8
SAMPLED_BITS = 3
"""One shingle in 2**3 is kept, so that a page of 500 words still has some sixty."""

MIN_JACCARD = 0.85
"""One manual as PDF and as text has 0.89, since page heads and the breaks of tables differ."""

_HYPHENATED = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]\s*\n\s*(?=[^\W\d_])")
# Only where a line begins anew: in "no more than\n30. Then" a line was broken before a number.
_LIST_MARKER = re.compile(
    r"(?:\A|(?<=[.;:!?,]\n)|(?<=\n\n))[ \t]*\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)][ \t]+",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_MEANT = re.compile(r"\d+(?:[.,]\d+)*|[^\W_]|[%‰$€£¥§<>≤≥±]")
"""What a passage means by: letters, numbers with their points, and signs that make 5 another 5."""
_BREAK = re.compile(r"[.!?:;\n]")


def sketch(text: str) -> Sketch:
    """64-bit hashes of the text's 8-word shingles that are 0 modulo 2**SAMPLED_BITS.

    Broder, On the resemblance and containment of documents (1997), section 4, MOD_m; known since as
    FracMinHash (Irber et al., 2022). Unlike MinHash's fixed number of minima, it shows how far a
    chapter is contained in a book.
    """
    words = normalised_words(text)
    last = max(len(words) - SHINGLE_WORDS + 1, 1 if words else 0)
    hashes = (_hash(" ".join(words[start : start + SHINGLE_WORDS])) for start in range(last))
    return frozenset(each for each in hashes if each % 2**SAMPLED_BITS == 0)


def jaccard(first: Sketch, second: Sketch) -> float:
    """How much of both together is in both; 0 where either is empty."""
    common = len(first & second)
    return common / (len(first) + len(second) - common) if common else 0.0


def containment(part: Sketch, whole: Sketch) -> float:
    """How much of `part` is in `whole`, from 0 to 1; 0 where `part` is empty."""
    return len(part & whole) / len(part) if part else 0.0


def normalised_words(text: str) -> list[str]:
    """Words and numbers in lower case, without hyphenation, ligatures and punctuation."""
    return _WORD.findall(_normalised(text))


@dataclass(frozen=True, slots=True)
class Sketched:
    """A document to compare. Of the same text, the one with the lowest `priority` stands for all.

    `edition` is its version label or first day, where known: however alike, documents of two editions
    are two documents. Successive versions are often more alike (0.98) than a PDF and its HTML (0.88).
    """

    id: str
    sketch: Sketch
    priority: int = 0
    edition: str | None = None


def same_text(documents: Sequence[Sketched]) -> dict[str, str]:
    """For each document's id the id of the one that stands for its text; mostly its own.

    Every document is compared with those that stand for a text, so no chain of small differences leads
    from one text to another. The order of `documents` makes no difference.
    """
    shared_by = Counter(each for document in documents for each in document.sketch)
    standing: dict[int, list[Sketched]] = defaultdict(list)
    stands_for: dict[str, str] = {}
    for document in sorted(documents, key=lambda each: (each.priority, each.id)):
        rarest = _rarest(document.sketch, shared_by)
        candidates = {each.id: each for hash in rarest for each in standing.get(hash, ())}
        same = [each for each in candidates.values() if _is_same(document, each)]
        best = min(
            same, key=lambda each: (-jaccard(document.sketch, each.sketch), each.id), default=None
        )
        stands_for[document.id] = best.id if best else document.id
        if best is None:
            for hash in rarest:
                standing[hash].append(document)
    return stands_for


def _rarest(sketch: Sketch, shared_by: Counter[int]) -> list[int]:
    """So many of the rarest hashes that two sketches with `MIN_JACCARD` have one of them in common.

    The prefix filter of Chaudhuri, Ganti and Kaushik, A primitive operator for similarity joins (2006).
    """
    count = len(sketch) - math.ceil(MIN_JACCARD * len(sketch)) + 1
    return sorted(sketch, key=lambda each: (shared_by[each], each))[:count]


def _is_same(first: Sketched, second: Sketched) -> bool:
    if first.edition and second.edition and first.edition != second.edition:
        return False
    return jaccard(first.sketch, second.sketch) >= MIN_JACCARD


def group_same(passages: Sequence[str]) -> list[int]:
    """For each passage the index of the first one with the same words, see `same_words`."""
    letters = [_letters(passage) for passage in passages]
    firsts: list[int] = []
    groups: list[int] = []
    for index, each in enumerate(letters):
        first = next((first for first in firsts if _are_same(letters[first], each)), index)
        if first == index:
            firsts.append(index)
        groups.append(first)
    return groups


def same_words(first: str, second: str) -> bool:
    """Whether one passage is the other in another format, or sentences of it.

    Case, punctuation, list markers, ligatures, and where lines and words are broken make no difference.
    Anything else does: "30 days" and "14 days" are not the same, nor are "may" and "may not".
    """
    return _are_same(_letters(first), _letters(second))


@dataclass(frozen=True, slots=True)
class _Letters:
    """A passage without spaces, and the offsets in it at which a sentence or line begins or ends."""

    text: str
    breaks: frozenset[int]


def _letters(passage: str) -> _Letters:
    text = _normalised(_LIST_MARKER.sub("\n", passage))
    breaks = {0}
    length = end = 0
    words = []
    for match in _MEANT.finditer(text):
        if _BREAK.search(text, end, match.start()):
            breaks.add(length)
        words.append(match[0])
        length += len(match[0])
        end = match.end()
    return _Letters("".join(words), frozenset({*breaks, length}))


def _are_same(first: _Letters, second: _Letters) -> bool:
    part, whole = sorted((first, second), key=lambda each: len(each.text))
    start = whole.text.find(part.text) if part.text else -1
    while start >= 0:
        # A rule that goes on where the other ends ("30 days" + "unless on probation") is another rule.
        if {start, start + len(part.text)} <= whole.breaks:
            return True
        start = whole.text.find(part.text, start + 1)
    return first.text == second.text


def _normalised(text: str) -> str:
    return unicodedata.normalize("NFKC", _HYPHENATED.sub("", text)).casefold()


def _hash(shingle: str) -> int:
    return int.from_bytes(blake2b(shingle.encode("utf-8", "replace"), digest_size=8).digest())
