"""Do people agree with each other, and does the judge agree with them?

A kappa is 1 - observed / expected disagreement. Where the raters left no room for disagreement by chance
(all gave the same label to everything) it does not exist: None, never NaN.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import TypeVar

_Label = TypeVar("_Label", bound=Hashable)


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """Of a judge with the majority of the people: over how many items, the share on which they agree,
    and Cohen's kappa. Items without a majority are left out."""

    items: int
    share: float | None
    kappa: float | None


def cohens_kappa(first: Sequence[_Label], second: Sequence[_Label]) -> float | None:
    """(p_o - p_e) / (1 - p_e), with p_o the share of items on which two raters agree and p_e the sum
    over labels of the product of their shares (Cohen 1960, equation 1).

    The labels of two raters for the same items in the same order. None without items and where p_e = 1.
    """
    return _kappa(first, second, lambda one, other: float(one != other))


def weighted_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """1 - sum(v o) / sum(v e) with v = (i - j)^2, for marks such as 1 to 5 (Cohen 1968, with
    quadratic weights).

    The marks of two raters for the same items in the same order. None without items and where both gave
    one and the same mark to all.
    """
    return _kappa(first, second, lambda one, other: float((one - other) ** 2))


def fleiss_kappa(items: Sequence[Sequence[Hashable]]) -> float | None:
    """(P - P_e) / (1 - P_e), with P the mean over items of the share of agreeing pairs of ratings and
    P_e the sum of the squared shares of the labels (Fleiss 1971).

    For each item the labels it was given, whoever gave them. Items may have different numbers of
    ratings, those with fewer than two are left out. None without items and where P_e = 1.
    """
    rated = [Counter(labels) for labels in items if len(labels) > 1]
    if not rated:
        return None
    agreement = fmean(
        sum(count * (count - 1) for count in labels.values())
        / (labels.total() * (labels.total() - 1))
        for labels in rated
    )
    overall: Counter[Hashable] = sum(rated, Counter())
    if len(overall) == 1:
        return None
    by_chance = sum((count / overall.total()) ** 2 for count in overall.values())
    return (agreement - by_chance) / (1 - by_chance)


def mean_pairwise_kappa(
    ratings: Mapping[str, Mapping[str, _Label]],
    kappa: Callable[[Sequence[_Label], Sequence[_Label]], float | None],
) -> float | None:
    """The mean of a kappa over all pairs of raters, each over the items that both rated (Light 1971).

    Labels by rater and item. Pairs without a kappa are left out; None where none is left.
    """
    kappas: list[float] = []
    for one, other in combinations(sorted(ratings), 2):
        shared = sorted(ratings[one].keys() & ratings[other].keys())
        value = kappa(
            [ratings[one][item] for item in shared], [ratings[other][item] for item in shared]
        )
        if value is not None:
            kappas.append(value)
    return fmean(kappas) if kappas else None


def judge_agreement(judge: Sequence[bool], people: Sequence[Sequence[bool]]) -> JudgeAgreement:
    """How far a judge's yes and no is that of most people (agreement with the majority: Zheng et al.
    2023, "Judging LLM-as-a-Judge"; kappa: Cohen 1960).

    For each item the judge's answer and the answers of the people who rated it.
    """
    decided = [
        (verdict, 2 * sum(answers) > len(answers))
        for verdict, answers in zip(judge, people, strict=True)
        if 2 * sum(answers) != len(answers)
    ]
    verdicts, majority = [each for each, _ in decided], [each for _, each in decided]
    share = fmean(one == other for one, other in decided) if decided else None
    return JudgeAgreement(len(decided), share, cohens_kappa(verdicts, majority))


def _kappa(
    first: Sequence[_Label],
    second: Sequence[_Label],
    disagreement: Callable[[_Label, _Label], float],
) -> float | None:
    pairs = list(zip(first, second, strict=True))
    if not pairs:
        return None
    ones, others = Counter(first), Counter(second)
    expected = sum(
        ones[one] * others[other] * disagreement(one, other) for one in ones for other in others
    )
    if not expected:
        return None
    observed = sum(disagreement(one, other) for one, other in pairs)
    return 1 - observed * len(pairs) / expected
