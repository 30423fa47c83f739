"""Are the sentences of an answer supported, as a judge sees it?

Scores are a judge's, in [0, 1]; a sentence is supported where its score reaches the judge's threshold.
All raise `NotFinite` where a score is none.
"""

from collections.abc import Sequence

from eval.metrics.finite import check_finite


def support_rate(scores: Sequence[float | None], threshold: float) -> float | None:
    """Share of sentences that are supported by what they cite: |score >= threshold| / |sentences|
    (Rashkin et al. 2023, "Measuring Attribution in Natural Language Generation Models": the share
    attributable to identified sources).

    One score a sentence, None where it cites nothing that was shown: not supported. None without a
    sentence.
    """
    return _share_reaching(scores, threshold)


def support_anywhere(scores: Sequence[Sequence[float]], threshold: float) -> float | None:
    """Share of sentences that some shown passage supports, cited or not: |max score >= threshold| /
    |sentences| (the faithfulness of Es et al. 2024, "RAGAS", section 3, by passage).

    For each sentence its score against every shown passage. None without a sentence.
    """
    check_finite(score for each in scores for score in each)
    return _share_reaching([max(each, default=None) for each in scores], threshold)


def contradiction_rate(scores: Sequence[float | None], threshold: float) -> float | None:
    """Share of sentences that what they cite contradicts: |score >= threshold| / |sentences| (the
    class contradiction of Bowman et al. 2015, SNLI, as a share; the rate is ours).

    One score of contradiction a sentence, None where it cites nothing that was shown: not
    contradicted. None without a sentence.
    """
    return _share_reaching(scores, threshold)


def corrected_share(observed: float, sensitivity: float, specificity: float) -> float | None:
    """The share of truly supported sentences behind the share that an imperfect judge saw.

    (observed + specificity - 1) / (sensitivity + specificity - 1), cut to [0, 1] (Rogan and Gladen
    1978, "Estimating prevalence from the results of a screening test"). All in [0, 1].
    None for a judge no better than chance, whose sensitivity + specificity is at most 1.
    """
    check_finite((observed, sensitivity, specificity))
    informedness = sensitivity + specificity - 1
    if informedness <= 0:
        return None
    return min(1.0, max(0.0, (observed + specificity - 1) / informedness))


def _share_reaching(scores: Sequence[float | None], threshold: float) -> float | None:
    if not scores:
        return None
    check_finite(score for score in scores if score is not None)
    return sum(score is not None and score >= threshold for score in scores) / len(scores)
