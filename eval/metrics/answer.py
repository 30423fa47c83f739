"""How near is an answer to the reference, and does it keep to the form that was asked for?"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingest.sentence import sentences

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation + "‘’“”–—")
_WORD = re.compile(r"\w+")

StatesFact = Callable[[str, str], bool]
"""Whether an answer states a fact: (fact, answer) -> bool."""


@dataclass(frozen=True, slots=True)
class KeyFactRecall:
    """Shares in [0, 1] of the facts that an answer states: of all, and of the vital ones."""

    every: float | None
    vital: float | None


def exact_match(answer: str, reference: str) -> float:
    """1 where both are the same after SQuAD's normalisation, else 0 (Rajpurkar et al. 2016, section
    6.1: lower case, without punctuation, articles and extra space). 0 where either has no token."""
    said = _tokens(answer)
    return float(bool(said) and said == _tokens(reference))


def token_f1(answer: str, reference: str) -> float:
    """Harmonic mean of token precision and recall after SQuAD's normalisation (Rajpurkar et al. 2016,
    section 6.1): P = shared / said, R = shared / wanted. 0 where either has no token."""
    said, wanted = _tokens(answer), _tokens(reference)
    shared = sum((Counter(said) & Counter(wanted)).values())
    if not shared:
        return 0.0
    precision, recall = shared / len(said), shared / len(wanted)
    return 2 * precision * recall / (precision + recall)


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L's F: with L the longest common subsequence of words, P = L / said, R = L / wanted, F =
    2 P R / (P + R) (Lin 2004, section 3, with beta 1 as in rouge-score).

    Words are lower-cased runs of letters and figures of any script, not stemmed. 0 where either has
    none.
    """
    # Takes seconds to import.
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(["rougeL"], tokenizer=_AnyScript())
    return float(scorer.score(reference, answer)["rougeL"].fmeasure)


def key_fact_recall(
    answer: str, facts: Sequence[tuple[str, bool]], states: StatesFact
) -> KeyFactRecall:
    """Nugget recall: |facts stated| / |facts|, over all and over the vital ones; pairs of (fact, vital).

    Voorhees 2003, "Overview of the TREC 2003 Question Answering Track" (recall over vital
    nuggets); in Pradeep et al. 2025, "The Great Nugget Recall", these are A_strict and V_strict: a fact
    stated in part is not stated. None where there is no such fact.
    """
    stated = [(states(fact, answer), vital) for fact, vital in facts]
    return KeyFactRecall(
        every=_share([is_stated for is_stated, _ in stated]),
        vital=_share([is_stated for is_stated, vital in stated if vital]),
    )


def format_adherence(
    answer: str,
    *,
    max_sentences: int | None = None,
    max_words: int | None = None,
    must_match: str | None = None,
    must_not_match: str | None = None,
) -> float | None:
    """1 where the answer keeps every given rule, else 0 (strict instruction following: Zhou et al.
    2023, IFEval). None where no rule is given.

    Words are separated by space; the patterns are searched for anywhere in the answer.
    """
    kept: list[bool] = []
    if max_sentences is not None:
        kept.append(len(sentences(answer)) <= max_sentences)
    if max_words is not None:
        kept.append(len(answer.split()) <= max_words)
    if must_match is not None:
        kept.append(re.search(must_match, answer) is not None)
    if must_not_match is not None:
        kept.append(re.search(must_not_match, answer) is None)
    return float(all(kept)) if kept else None


class _AnyScript:
    """rouge-score's own tokenizer drops every letter that is not a to z."""

    def tokenize(self, text: str) -> list[str]:
        return _WORD.findall(text.lower())


def _tokens(text: str) -> list[str]:
    return _ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split()


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
