"""Do the citations point where the gold passages are?"""

from collections.abc import Sequence

from eval.metrics.span import Span


def citation_precision(
    cited: Sequence[Span], gold: Sequence[Span], fabricated: int
) -> float | None:
    """Share of citations that touch a gold place. A fabricated number counts as a wrong citation.

    None where nothing was cited.
    """
    total = len(cited) + fabricated
    if not total:
        return None
    return sum(any(span.touches(place) for place in gold) for span in cited) / total


def citation_recall(cited: Sequence[Span], gold: Sequence[Span]) -> float:
    """Share of gold places that a citation touches; needs at least one gold place."""
    return sum(any(span.touches(place) for span in cited) for place in gold) / len(gold)
