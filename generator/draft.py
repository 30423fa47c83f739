"""A draft's text -> sentences with the numbers they cite, also while it is being written."""

import re
from dataclasses import dataclass

from ingest.sentence import sentence_spans

# Longer numbers are no passage's, and Python refuses to read them beyond 4,300 digits.
_CITATION = re.compile(r"\[\s*(\d{1,9}(?:\s*[,–-]\s*\d{1,9})*)\s*\]")
_LEADING_CITATIONS = re.compile(rf"\s*(?:{_CITATION.pattern}[\s.,;]*)+")
_UNFINISHED_CITATION = re.compile(r"\s*\[[\d\s,–-]*")
_WHOLE_WORD = re.compile(r"\S+\s")
_SPACE_BEFORE_MARK = re.compile(r"\s+([.,;:!?])")

MAX_CITED_RANGE = 100
"""A range like [1-9999] is read as its two ends beyond this many numbers."""


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """One sentence without its citation marks, and the numbers it cites in order of appearance."""

    text: str
    numbers: tuple[int, ...]


def draft_sentences(text: str) -> list[DraftSentence]:
    """The sentences of a draft. A citation behind the full stop belongs to the sentence before it."""
    return [sentence for line in text.split("\n") for sentence in _line_sentences(line)]


class DraftReader:
    """Splits a draft as it arrives: `feed` returns the sentences that can no longer change."""

    def __init__(self) -> None:
        self._line = ""
        self._emitted = 0

    def feed(self, delta: str) -> list[DraftSentence]:
        *finished, rest = (self._line + delta).split("\n")
        ready: list[DraftSentence] = []
        for line in finished:
            ready.extend(_line_sentences(line)[self._emitted :])
            self._emitted = 0
        self._line = rest
        settled = _line_sentences(rest)[:-1] if _last_sentence_has_begun(rest) else []
        ready.extend(settled[self._emitted :])
        self._emitted = max(self._emitted, len(settled))
        return ready

    def finish(self) -> list[DraftSentence]:
        return _line_sentences(self._line)[self._emitted :]


def _last_sentence_has_begun(line: str) -> bool:
    """Whether words follow the last sentence's start, so that its start will not move any more."""
    spans = sentence_spans(line)
    if len(spans) < 2:
        return False
    body = _LEADING_CITATIONS.sub("", line[spans[-1][0] :], count=1)
    return len(_WHOLE_WORD.findall(body)) > 1 and not _UNFINISHED_CITATION.fullmatch(body)


def _line_sentences(line: str) -> list[DraftSentence]:
    found: list[tuple[str, list[int]]] = []
    for start, end in sentence_spans(line):
        part = line[start:end]
        leading = _LEADING_CITATIONS.match(part)
        if leading and found:
            found[-1][1].extend(_numbers(leading[0]))
            part = part[leading.end() :]
        if part.strip():
            found.append((part, _numbers(part)))
    sentences = [DraftSentence(_without_citations(part), _unique(nums)) for part, nums in found]
    return [sentence for sentence in sentences if sentence.text or sentence.numbers]


def _without_citations(text: str) -> str:
    return _SPACE_BEFORE_MARK.sub(r"\1", " ".join(_CITATION.sub(" ", text).split()))


def _numbers(text: str) -> list[int]:
    numbers: list[int] = []
    for group in _CITATION.findall(text):
        for part in group.split(","):
            ends = [int(end) for end in re.split(r"[–-]", part)]
            first, last = ends[0], ends[-1]
            if 0 <= last - first < MAX_CITED_RANGE:
                numbers.extend(range(first, last + 1))
            else:
                numbers.extend((first, last))
    return numbers


def _unique(numbers: list[int]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(numbers))
