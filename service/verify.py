"""Is each sentence of a draft supported by the passages it cites?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

from generator.draft import DraftSentence
from generator.prompt import Passage
from ingest.chunk import Chunk
from ingest.document import one_line
from ingest.index import IndexedDocument
from ingest.sentence import sentence_spans
from service.overlap import negates


class Verdict(StrEnum):
    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    UNCITED = "uncited"
    FABRICATED = "fabricated"
    """It cites a number that no passage had."""


@dataclass(frozen=True, slots=True)
class Citation:
    """The place that supports a sentence: character offsets [start, end) into the document's text."""

    number: int
    document: IndexedDocument
    same_text: tuple[IndexedDocument, ...]
    heading_path: tuple[str, ...]
    page: int | None
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer. `score` in [0, 1] is how well its evidence supports it; `citations`
    are those that do, `cited` every number the draft gave."""

    text: str
    verdict: Verdict
    score: float
    citations: tuple[Citation, ...]
    cited: tuple[int, ...]


class Verifier(Protocol):
    """Judges whether evidence supports a claim."""

    @property
    def name(self) -> str: ...

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each pair of claim and evidence, from 0 (not supported) to 1."""
        ...


def verify(
    sentence: DraftSentence,
    passages: Sequence[Passage],
    verifier: Verifier,
    *,
    min_support: float,
) -> Sentence:
    """Judge one sentence by the passages it cites.

    What a cited passage says word for word is supported without asking the verifier, unless it negates
    it in front. Otherwise each cited passage's best window of one or two sentences is, and is cited
    where its score reaches `min_support`.
    """
    shown = {passage.number: passage for passage in passages}
    cited = [shown[number] for number in sentence.numbers if number in shown]
    if len(cited) < len(sentence.numbers):
        return Sentence(sentence.text, Verdict.FABRICATED, 0.0, (), sentence.numbers)
    if not cited:
        return Sentence(sentence.text, Verdict.UNCITED, 0.0, (), ())
    quoted = [(passage, locate(sentence.text, passage.text)) for passage in cited]
    exact = tuple(
        _citation(passage, *span)
        for passage, span in quoted
        if span and not _negated(passage.text, *span)
    )
    if exact:
        return Sentence(sentence.text, Verdict.SUPPORTED, 1.0, exact, sentence.numbers)
    judged = [(passage, *_best_window(sentence.text, passage, verifier)) for passage in cited]
    best = max(score for _, score, _ in judged)
    citations = tuple(
        _citation(passage, *span) for passage, score, span in judged if score >= min_support
    )
    verdict = Verdict.SUPPORTED if citations else Verdict.UNSUPPORTED
    return Sentence(sentence.text, verdict, best, citations, sentence.numbers)


def _negated(text: str, start: int, end: int) -> bool:
    """Whether the sentence in which text[start:end] begins negates in front of it."""
    begins = max((first for first, _ in sentence_spans(text) if first <= start), default=start)
    return negates(text[begins:start]) and not negates(text[start:end])


def locate(quote: str, text: str) -> tuple[int, int] | None:
    """Where `text` says `quote`: offsets [start, end), or None.

    White space, letter case and the shape of quotation marks and dashes do not matter, nor does
    punctuation at the quote's end; words do not match inside longer words, nor "2" in "2,500".
    """
    words = quote.rstrip(" .;:,!").split()
    if not words:
        return None
    pattern = r"\s+".join(_same_characters(word) for word in words)
    match = re.search(rf"{_NO_WORD_BEFORE}{pattern}{_NO_WORD_AFTER}[.!]?", text, re.IGNORECASE)
    return match.span() if match else None


# The same joints inside a word as in service/overlap.py.
_NO_WORD_BEFORE = r"(?<![^\W_])(?<![^\W_]['’.,:/‐‑-])"
_NO_WORD_AFTER = r"(?![^\W_]|['’.,:/‐‑-][^\W_])"

_CHARACTER_CLASSES = {
    character: f"[{re.escape(group)}]"
    for group in ("'‘’ʼ", '"“”„«»', "-‐‑–—−")
    for character in group
}


def _same_characters(word: str) -> str:
    return "".join(_CHARACTER_CLASSES.get(c) or re.escape(c) for c in word)


def _best_window(claim: str, passage: Passage, verifier: Verifier) -> tuple[float, tuple[int, int]]:
    """The best score over windows of one and two sentences, shorter windows first, and its span."""
    by_part = [_sentences(passage, part) for part in passage.parts]
    windows = [span for spans in by_part for span in spans]
    windows += [(first[0], second[1]) for spans in by_part for first, second in pairwise(spans)]
    scores = verifier.support(
        [(claim, one_line(passage.text[start:end])) for start, end in windows]
    )
    best = max(range(len(windows)), key=lambda index: scores[index])
    return scores[best], windows[best]


def _sentences(passage: Passage, part: Chunk) -> list[tuple[int, int]]:
    """The sentences of a part, as offsets into the passage's text."""
    offset = part.start - passage.chunk.start
    text = passage.text[offset : offset + len(part.text)]
    return [(offset + start, offset + end) for start, end in sentence_spans(text)]


def _citation(passage: Passage, start: int, end: int) -> Citation:
    chunk = passage.chunk
    # What begins between two parts, in a heading, is about the second.
    part = next(each for each in passage.parts if chunk.start + start < each.end)
    return Citation(
        number=passage.number,
        document=passage.document,
        same_text=passage.same_text,
        heading_path=part.heading_path,
        page=part.page,
        start=chunk.start + start,
        end=chunk.start + end,
        quote=chunk.text[start:end],
    )
