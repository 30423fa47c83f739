"""Does the same question get the same answer, asked in other words or once more?

Each is a mean over all pairs of answers to one question: 2 / (n (n - 1)) times the sum of the pairs'
agreements (the mean pairwise agreement of Fleiss 1971, for other agreements than identity).
"""

from collections.abc import Callable, Collection, Hashable, Sequence
from itertools import combinations
from statistics import fmean
from typing import TypeVar

from eval.metrics.answer import token_f1

_Answer = TypeVar("_Answer")


def answer_agreement(answers: Sequence[str]) -> float | None:
    """Mean pairwise token F1 (Rajpurkar et al. 2016, section 6.1), 1 for equal texts. None for fewer
    than two answers."""
    return _mean_over_pairs(
        answers, lambda one, other: 1.0 if one == other else token_f1(one, other)
    )


def citation_agreement(cited: Sequence[Collection[Hashable]]) -> float | None:
    """Mean pairwise Jaccard index |A and B| / |A or B| of the places that the answers cite (Jaccard
    1912).

    Two answers that cite nothing agree on nothing: such a pair is left out. None where no pair is left.
    """
    return _mean_over_pairs([frozenset(places) for places in cited], _jaccard)


def refusal_agreement(refused: Sequence[bool]) -> float | None:
    """Share of pairs that were both refused or both answered. None for fewer than two answers."""
    return _mean_over_pairs(refused, lambda one, other: float(one == other))


def _jaccard(one: frozenset[Hashable], other: frozenset[Hashable]) -> float | None:
    return len(one & other) / len(one | other) if one or other else None


def _mean_over_pairs(
    answers: Sequence[_Answer], agreement: Callable[[_Answer, _Answer], float | None]
) -> float | None:
    scores = [agreement(one, other) for one, other in combinations(answers, 2)]
    scored = [score for score in scores if score is not None]
    return fmean(scored) if scored else None
