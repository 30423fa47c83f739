"""Where the sentences of a text begin and end."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

_ABBREVIATIONS = frozenset(
    """
    a.m al approx appx art cf ch cl co corp dept dr e.g ed eq esp est etc ex fig figs hon i.e inc jr
    ltd max mgr min misc mr mrs ms no nos p p.m para pp prof ref rev sec sr st u.k u.s viz vol vs
    jan feb mar apr jun jul aug sep sept oct nov dec
    """.split()
)
_ENUMERATOR = re.compile(r"\(?(?:\d+(?:\.\d+)*|[a-z]|[ivx]+)[.)]", re.IGNORECASE)


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """The (start, end) character offsets of the sentences of `text`, without surrounding space.

    A line break always ends a sentence. "4.2." or "(a)" in front of a sentence belongs to it.
    Boundaries are found by NLTK's Punkt (Kiss and Strunk 2006) with a list of abbreviations.
    """
    spans: list[tuple[int, int]] = []
    position = 0
    for line in text.split("\n"):
        spans.extend((position + start, position + end) for start, end in _line_spans(line))
        position += len(line) + 1
    return spans


def sentences(text: str) -> list[str]:
    """The sentences of `text` in order."""
    return [text[start:end] for start, end in sentence_spans(text)]


@lru_cache(maxsize=1)
def _tokenizer() -> "PunktSentenceTokenizer":
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

    parameters = PunktParameters()
    parameters.abbrev_types = set(_ABBREVIATIONS)
    return PunktSentenceTokenizer(parameters)


def _line_spans(line: str) -> list[tuple[int, int]]:
    indent = len(line) - len(line.lstrip())
    body = line.strip()
    merged: list[tuple[int, int]] = []
    for body_start, body_end in _tokenizer().span_tokenize(body):
        start, end = body_start + indent, body_end + indent
        if merged and _ENUMERATOR.fullmatch(line, *merged[-1]):
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((start, end))
    return merged
