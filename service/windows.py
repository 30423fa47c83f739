"""The windows in which a passage is read as evidence for a claim, and which are worth it."""

from dataclasses import dataclass
from functools import lru_cache

from generator.prompt import Passage
from ingest.sentence import sentence_spans
from service.words import content_words, words_of

Span = tuple[int, int]

MAX_WORDS = 90
"""Of a window of several sentences."""

WINDOWS_PER_PASSAGE = 1
"""A model that reads a second one takes as long again, and seldom finds there what the first has not."""
_STEM_CHARS = 5


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Neighbouring sentences of one part of a passage: offsets [start, end) into the passage's text."""

    sentences: tuple[Span, ...]

    @property
    def start(self) -> int:
        return self.sentences[0][0]

    @property
    def end(self) -> int:
        return self.sentences[-1][1]

    def contains(self, other: "Window") -> bool:
        return self.start <= other.start and other.end <= self.end


def nearest_windows(claim: str, passage: Passage) -> list[Window]:
    """The windows that say most of the claim's words, shorter ones first where they say as many.

    A window that adds nothing to one inside it is left out in favour of another place.
    """
    said = _said_by_window(_stems(claim), passage)
    ranked = sorted(said, key=lambda window: (-said[window], window.end - window.start, window))
    chosen: list[Window] = []
    for window in ranked:
        if len(chosen) < WINDOWS_PER_PASSAGE and not any(window.contains(each) for each in chosen):
            chosen.append(window)
    return chosen


def best_sentence(claim: str, window: Window, text: str) -> Span:
    """The sentence of the window that says most of the claim's words; the first of equals."""
    wanted = _stems(claim)
    return max(window.sentences, key=lambda span: len(_said(wanted, text[slice(*span)])))


def shares_words(claim: str, text: str) -> bool:
    return bool(_said(_stems(claim), text))


def _said_by_window(wanted: frozenset[str], passage: Passage) -> dict[Window, int]:
    """How many of the wanted words each run of sentences of a part says: of one or two, and of as many
    as have `MAX_WORDS`."""
    found: dict[Window, int] = {}
    for part in passage.parts:
        offset = part.start - passage.chunk.start
        spans = [
            (offset + start, offset + end)
            for start, end in _sentences(passage.text[offset : offset + len(part.text)])
        ]
        texts = [passage.text[start:end] for start, end in spans]
        said = [_said(wanted, text) for text in texts]
        for first in range(len(spans)):
            together: set[str] = set()
            words = 0
            for last in range(first, len(spans)):
                words += len(texts[last].split())
                if words > MAX_WORDS and last > first + 1:
                    break
                together |= said[last]
                found[Window(tuple(spans[first : last + 1]))] = len(together)
    return found


@lru_cache(maxsize=512)
def _sentences(text: str) -> tuple[Span, ...]:
    # Every sentence of a draft asks for those of the same passages.
    return tuple(sentence_spans(text))


@lru_cache(maxsize=512)
def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM_CHARS] for word in content_words(text) or words_of(text))


def _said(wanted: frozenset[str], text: str) -> frozenset[str]:
    return wanted & {word[:_STEM_CHARS] for word in words_of(text)}
