"""A draft's text -> sentences with the numbers they cite, also while it is being written."""

import re
from dataclasses import dataclass

from generator.citation import (
    CANONICAL,
    FOOTNOTE,
    RAISED_DIGITS,
    canonical,
    cited_numbers,
    only_citations,
    unfinished_citation,
    weak_citations,
    without_citations,
)
from ingest.sentence import sentence_spans

_LEADING_CITATIONS = re.compile(rf"\s*(?:{CANONICAL}[\s.,;]*)+")
_ROUND_ALONE = re.compile(r"\(\d{1,2}(?:\s?,\s?\d{1,2})*\)[.!?]?")
_MAYBE_ROUND_ALONE = re.compile(r"[\d\s(),.!?]*")
_ENDS_BEFORE_RAISED = re.compile(rf"[.!?][\"”’)]?[{RAISED_DIGITS}]{{1,4}}\s+(?=\S)")
_WHOLE_WORD = re.compile(r"\S+\s")
_SPACE_BEFORE_MARK = re.compile(r"\s+([.,;:!?])")
_ENDS = re.compile(r"[.!?]")

_LONG_CHARS = 2000
_GROWTH = 1.25
"""A line without an end so far that is longer is read again only when it has grown by this factor."""


@dataclass(frozen=True, slots=True)
class DraftSentence:
    """One sentence without its citation marks, and the numbers it cites in order of appearance."""

    text: str
    numbers: tuple[int, ...]


def draft_sentences(text: str) -> list[DraftSentence]:
    """The sentences of a draft. A citation behind the full stop belongs to the sentence before it, and
    a line that defines a footnote says nothing."""
    return [
        sentence
        for line in text.split("\n")
        if not FOOTNOTE.match(line)
        for sentence in _line_sentences(canonical(line))
    ]


class DraftReader:
    """Splits a draft as it arrives: `feed` returns the sentences that can no longer change."""

    def __init__(self) -> None:
        self._raw = ""
        self._line = _Line()

    def feed(self, delta: str) -> list[DraftSentence]:
        *finished, rest = (self._raw + delta).split("\n")
        ready: list[DraftSentence] = []
        for text in finished:
            self._line.add(text)
            ready.extend(self._line.finish())
            self._line = _Line()
        settled = unfinished_citation(rest)
        self._line.add(rest[:settled])
        self._raw = rest[settled:]
        ready.extend(self._line.settled())
        return ready

    def finish(self) -> list[DraftSentence]:
        self._line.add(self._raw)
        return self._line.finish()


class _Line:
    """A line of a draft, as far as it is there and not yet given out, its citations in one form."""

    def __init__(self) -> None:
        self._text = ""
        self._given = 0
        self._read_chars = 0
        self._is_footnote = False

    def add(self, text: str) -> None:
        """More of it, without half a citation at its end."""
        if not self._given and not self._text.strip() and FOOTNOTE.match(text):
            self._is_footnote = True
        if not self._is_footnote:
            self._text += canonical(text)

    def settled(self) -> list[DraftSentence]:
        """All but its last sentence, once that has begun."""
        if len(self._text) > max(_LONG_CHARS, self._read_chars * _GROWTH) or (
            len(self._text) <= _LONG_CHARS and _ENDS.search(self._text)
        ):
            self._read_chars = len(self._text)
            return self._read()
        return []

    def finish(self) -> list[DraftSentence]:
        return _line_sentences(self._text)[self._given :]

    def _read(self) -> list[DraftSentence]:
        spans = _spans(self._text)
        begins = spans[-1][0] if spans else 0
        if len(spans) < 2 or not _has_begun(self._text[begins:]):
            return []
        sentences = _line_sentences(self._text)[:-1]
        ready = sentences[self._given :]
        leading = _LEADING_CITATIONS.match(self._text, begins)
        begins = leading.end() if leading else begins
        if self._text[begins - 1].isspace():
            self._text, self._given, self._read_chars = self._text[begins:], 0, 0
        else:
            # What stands without a space behind another word may read otherwise alone.
            self._given = max(self._given, len(sentences))
        return ready


def _has_begun(last: str) -> bool:
    """Whether words follow the last sentence's start, so that its start will not move any more."""
    body = _LEADING_CITATIONS.sub("", last, count=1)
    return len(_WHOLE_WORD.findall(body)) > 1 and not _MAYBE_ROUND_ALONE.fullmatch(body)


def _line_sentences(line: str) -> list[DraftSentence]:
    found: list[str] = []
    for start, end in _spans(line):
        part = line[start:end]
        leading = _LEADING_CITATIONS.match(part)
        if leading and found:
            found[-1] += f" {only_citations(leading[0])}"
            part = part[leading.end() :]
        if found and _ROUND_ALONE.fullmatch(part):
            found[-1] += f" {part.rstrip('.!?')}"
        elif part.strip():
            found.append(part)
    sentences = [_sentence(part) for part in found]
    return [sentence for sentence in sentences if sentence.text or sentence.numbers]


def _spans(line: str) -> list[tuple[int, int]]:
    """The sentences of a line; raised digits behind a full stop belong to the sentence before."""
    return [span for start, end in sentence_spans(line) for span in _divided(line, start, end)]


def _divided(line: str, start: int, end: int) -> list[tuple[int, int]]:
    spans = []
    for match in _ENDS_BEFORE_RAISED.finditer(line, start, end):
        if match.end() < end and not line[match.end()].islower():
            spans.append((start, match.start() + len(match[0].rstrip())))
            start = match.end()
    return [*spans, (start, end)]


def _sentence(part: str) -> DraftSentence:
    numbers = cited_numbers(part)
    text = without_citations(part)
    if not numbers:
        text, numbers = weak_citations(text)
    text = _SPACE_BEFORE_MARK.sub(r"\1", " ".join(text.split()))
    return DraftSentence(text, tuple(dict.fromkeys(numbers)))
