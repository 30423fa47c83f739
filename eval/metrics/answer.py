"""How near is an answer to the reference?"""

import re
import string
from collections import Counter

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation + "‘’“”–—")


def token_f1(answer: str, reference: str) -> float:
    """Harmonic mean of token precision and recall after lower-casing and removing punctuation and
    articles (SQuAD's F1; Rajpurkar et al. 2016). 0 where either has no token."""
    said, wanted = _tokens(answer), _tokens(reference)
    shared = sum((Counter(said) & Counter(wanted)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(said), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)


def _tokens(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()
