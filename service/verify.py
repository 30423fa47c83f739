"""Is each sentence of a draft supported by the passages it cites, or by another that was shown?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from generator.citation import RAISED_DIGITS
from generator.draft import DraftSentence
from generator.prompt import Passage, without_brackets
from ingest.chunk import Chunk
from ingest.document import one_line
from ingest.errors import PinciteError
from ingest.index import IndexedDocument
from ingest.sentence import sentence_spans
from service.claims import drops_condition
from service.overlap import negates
from service.windows import Span, Window, best_sentence, nearest_windows, shares_words

MIN_SUPPORT = 0.75
"""Score of word overlap from which evidence supports a sentence."""

MIN_QUOTED_WORDS = 5
"""Of a quotation from a passage that was not cited for it: "30 days" stands in many."""


class VerifierNotFound(PinciteError):
    """The configured verifier cannot be loaded; the message says how to get one."""


class VerifierUnavailable(PinciteError):
    """Nothing can be verified at the moment; the message says why."""


class Verdict(StrEnum):
    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    UNCITED = "uncited"
    """It cites nothing, and nothing that was shown supports it."""
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
class Check:
    """How well one passage supports a sentence: `score` in [0, 1] by its best window, whose nearest
    sentence is `quote`. `features` and `findings` are what the verifier rests that on, by name and in
    words, where it says so."""

    number: int
    score: float
    quote: str
    features: Mapping[str, float] = field(default_factory=dict)
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the answer. `score` in [0, 1] is how well its evidence supports it; `citations`
    are those that do, `cited` every number the draft gave. `correction` says what was done where these
    are not the same passages; `checks` has every passage that was judged."""

    text: str
    verdict: Verdict
    score: float
    citations: tuple[Citation, ...]
    cited: tuple[int, ...]
    correction: str | None = None
    checks: tuple[Check, ...] = ()


class Verifier(Protocol):
    """Judges whether evidence supports a claim."""

    @property
    def name(self) -> str: ...

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """For each pair of claim and evidence, from 0 (not supported) to 1.

        Raises `VerifierUnavailable` where it cannot judge now.
        """
        ...


Explained = tuple[float, Mapping[str, float], tuple[str, ...]]
"""Score, features by name, findings in words."""


@runtime_checkable
class ExplainingVerifier(Verifier, Protocol):
    """A verifier that says what its scores rest on."""

    def explain(self, pairs: Sequence[tuple[str, str]]) -> list[Explained]:
        """As `support`, with features and findings."""
        ...


@dataclass(frozen=True, slots=True)
class _Found:
    """Where a passage speaks of a claim, and how well that supports it."""

    passage: Passage
    span: Span
    explained: Explained

    @property
    def score(self) -> float:
        return self.explained[0]

    @property
    def check(self) -> Check:
        score, features, findings = self.explained
        quote = one_line(self.passage.text[slice(*self.span)])
        return Check(self.passage.number, score, quote, features, findings)


def verify(
    sentence: DraftSentence,
    passages: Sequence[Passage],
    verifier: Verifier,
    *,
    min_support: float,
) -> Sentence:
    """Judge one sentence by the passages it cites, and by the others where none of these supports it.

    What a passage says word for word is supported without asking the verifier, unless it negates it in
    front or goes on with a condition. Otherwise the verifier reads the nearest windows of each passage
    that is cited; where none reaches `min_support`, those of the others. The one that supports the
    sentence best becomes its citation, and the correction is recorded. A number that no passage has
    makes the sentence fabricated, whatever else supports it. Raises `VerifierUnavailable`.
    """
    numbers = sentence.numbers
    cited = [passage for number in numbers for passage in passages if passage.number == number]
    others = [passage for passage in passages if passage.number not in numbers]
    judged, supporting = _judge(sentence.text, cited, others, verifier, min_support)
    checks = tuple(found.check for found in judged)
    if len(cited) < len(numbers):
        return Sentence(sentence.text, Verdict.FABRICATED, 0.0, (), numbers, checks=checks)
    if not supporting:
        score = max((found.score for found in judged), default=0.0)
        verdict = Verdict.UNSUPPORTED if numbers else Verdict.UNCITED
        return Sentence(sentence.text, verdict, score, (), numbers, checks=checks)
    return Sentence(
        text=sentence.text,
        verdict=Verdict.SUPPORTED,
        score=max(found.score for found in supporting),
        citations=tuple(_citation(found.passage, *found.span) for found in supporting),
        cited=numbers,
        correction=_correction(numbers, supporting),
        checks=checks,
    )


def _judge(
    claim: str,
    cited: Sequence[Passage],
    others: Sequence[Passage],
    verifier: Verifier,
    min_support: float,
) -> tuple[list[_Found], list[_Found]]:
    """Everything that was judged, and what of it supports the claim."""
    if not any(character.isalnum() for character in claim):
        return [], []
    if quoted := _quotations(claim, cited):
        return quoted, quoted
    if len(claim.split()) >= MIN_QUOTED_WORDS and (quoted := _quotations(claim, others)):
        return quoted[:1], quoted[:1]
    judged = _read(claim, cited, verifier)
    if supporting := [found for found in judged if found.score >= min_support]:
        return judged, supporting
    elsewhere = [passage for passage in others if shares_words(claim, passage.text)]
    read = _read(claim, elsewhere, verifier)
    best = max(read, key=lambda found: found.score, default=None)
    return judged + read, [best] if best is not None and best.score >= min_support else []


def _quotations(claim: str, passages: Sequence[Passage]) -> list[_Found]:
    """The passages that say the claim word for word, and nothing around it that changes it."""
    return [
        _Found(passage, span, (1.0, {"quoted": 1.0}, ()))
        for passage in passages
        if (span := locate(claim, passage.text))
        and not _negated(passage.text, *span)
        and not drops_condition(*span, passage.text)
    ]


def _read(claim: str, passages: Sequence[Passage], verifier: Verifier) -> list[_Found]:
    """The best window of each passage; the verifier is asked once."""
    windows = [
        (passage, window) for passage in passages for window in nearest_windows(claim, passage)
    ]
    pairs = [(claim, _in_context(passage, window)) for passage, window in windows]
    best: dict[int, tuple[Passage, Window, Explained]] = {}
    for (passage, window), explained in zip(windows, _explain(verifier, pairs), strict=True):
        if passage.number not in best or explained[0] > best[passage.number][2][0]:
            best[passage.number] = (passage, window, explained)
    return [
        _Found(passage, best_sentence(claim, window, passage.text), explained)
        for passage, window, explained in best.values()
    ]


def _in_context(passage: Passage, window: Window) -> str:
    """The window under its nearest heading, which often names whom a rule is for."""
    text = one_line(passage.text[window.start : window.end])
    path = _part_at(passage, window.start).heading_path
    return f"{without_brackets(one_line(path[-1]))}: {text}" if path else text


def _explain(verifier: Verifier, pairs: Sequence[tuple[str, str]]) -> list[Explained]:
    if not pairs:
        return []
    try:
        if isinstance(verifier, ExplainingVerifier):
            explained = verifier.explain(pairs)
        else:
            explained = [(score, {}, ()) for score in verifier.support(pairs)]
    except VerifierUnavailable:
        raise
    except PinciteError as error:
        # One that loads its model when it is first asked may find it missing or damaged.
        raise VerifierUnavailable(str(error)) from error
    # A comparison with NaN is false.
    if len(explained) != len(pairs) or not all(0 <= score <= 1 for score, _, _ in explained):
        raise VerifierUnavailable(
            f"The verifier '{verifier.name}' did not give one score from 0 to 1 for each pair; choose "
            "another in [verifier] model."
        )
    return explained


def _correction(numbers: Sequence[int], supporting: Sequence[_Found]) -> str | None:
    if any(found.passage.number in numbers for found in supporting):
        return None
    cited = "".join(f"[{number}]" for number in numbers) or "nothing"
    right = "".join(f"[{found.passage.number}]" for found in supporting)
    return f"cited {cited}, supported by {right}"


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
    if not words or sum(map(len, words)) > len(text):
        return None
    pattern = r"\s+".join(_same_characters(word) for word in words)
    match = re.search(rf"{_NO_WORD_BEFORE}{pattern}{_NO_WORD_AFTER}[.!]?", text, re.IGNORECASE)
    return match.span() if match else None


# The same joints inside a word as in service/overlap.py.
_NO_WORD_BEFORE = r"(?<![^\W_])(?<![^\W_]['’.,:/‐‑-])"
# Raised digits behind a full stop are a footnote's.
_NO_WORD_AFTER = rf"(?![^\W_]|['’.,:/‐‑-][^\W_{RAISED_DIGITS}])"

_CHARACTER_CLASSES = {
    character: f"[{re.escape(group)}]"
    for group in ("'‘’ʼ", '"“”„«»', "-‐‑–—−")
    for character in group
}


def _same_characters(word: str) -> str:
    return "".join(_CHARACTER_CLASSES.get(c) or re.escape(c) for c in word)


def _citation(passage: Passage, start: int, end: int) -> Citation:
    chunk = passage.chunk
    part = _part_at(passage, start)
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


def _part_at(passage: Passage, start: int) -> Chunk:
    """The part in which an offset into the passage's text lies. What begins between two parts, in a
    heading, is about the second."""
    return next(each for each in passage.parts if passage.chunk.start + start < each.end)
