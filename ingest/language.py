"""Which language a text is written in."""

from functools import cache
from typing import Protocol

_SAMPLE_CHARS = 5_000
_FEWEST_WORDS = 40
_FEWEST_LETTERS_UNSPACED = 120
"""For Chinese, Japanese and Thai, which put no spaces between words."""

_LEAST_CONFIDENCE = 0.2
"""Lists of codes and numbers come out below 0.1, running text above 0.3."""


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


def language_of(text: str) -> str | None:
    """The ISO 639-1 code of the language most of the text's beginning is in.

    None for fewer than 40 words and where there is no saying. Takes about 2 ms a document; the model
    is loaded at the first call of a process, which takes about 1.5 s.
    """
    sample = text[:_SAMPLE_CHARS]
    letters = sum(char.isalpha() for char in sample)
    words = sum(any(char.isalpha() for char in word) for word in sample.split())
    if words < _FEWEST_WORDS and not _is_unspaced(letters, words):
        return None
    code, confidence = _identifier().classify(sample)
    # Some labels of the model have three letters: languages without a code in ISO 639-1.
    return code if confidence >= _LEAST_CONFIDENCE and len(code) == 2 else None


def _is_unspaced(letters: int, words: int) -> bool:
    return letters >= _FEWEST_LETTERS_UNSPACED and letters > 12 * words


@cache
def _identifier() -> _Identifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    # A model of our own, since the module's is shared, and gives no probabilities.
    identifier: _Identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return identifier
