"""Do the citations point where the gold passages are, and at the words they quote?"""

from collections.abc import Collection, Sequence

from eval.metrics.finite import check_finite
from eval.metrics.span import Span


def citation_precision(
    cited: Sequence[Span], gold: Sequence[Span], fabricated: int
) -> float | None:
    """Share of citations that touch a gold place. A fabricated number counts as a wrong citation.

    |cited that touch gold| / (|cited| + fabricated); van Rijsbergen 1979, chapter 7, over citations.
    None where nothing was cited.
    """
    total = len(cited) + fabricated
    if not total:
        return None
    return sum(any(span.touches(place) for place in gold) for span in cited) / total


def citation_recall(cited: Sequence[Span], gold: Sequence[Span]) -> float:
    """Share of gold places that a citation touches; needs at least one gold place.

    |gold touched by a citation| / |gold|; van Rijsbergen 1979, chapter 7, over gold places.
    """
    return sum(any(span.touches(place) for span in cited) for place in gold) / len(gold)


def citation_f1(precision: float | None, recall: float | None) -> float | None:
    """2 P R / (P + R) (van Rijsbergen 1979, chapter 7: the F measure with equal weights).

    None where there is no recall, since there was nothing to find. An answer without a citation has
    no precision and still scores 0 here: it found nothing of what there was. Raises `NotFinite`.
    """
    check_finite(share for share in (precision, recall) if share is not None)
    if recall is None:
        return None
    if not precision or not recall:
        return 0.0
    return 2 * precision * recall / (precision + recall)


def quote_exactness(quotes: Sequence[tuple[str, str | None]]) -> float | None:
    """Share of quotes that stand word for word in their source; pairs of (quote, text of the source,
    None where there is none).

    Case, punctuation and letters have to be the same, runs of white space are equal to one space. The
    definition is ours, after the verified quotes of Menick et al. 2022 (GopherCite). None where
    nothing was quoted.
    """
    return _share([_stands_in(quote, source) for quote, source in quotes])


def locator_rate(quotes: Sequence[tuple[str, str | None]]) -> float | None:
    """Share of citations whose offsets show the quote and nothing else; pairs of (quote, the document's
    text[start:end], None where the document is not there).

    White space counts as in `quote_exactness`; the definition is ours. None where nothing was quoted.
    """
    return _share(
        [
            shown is not None and bool(quote.strip()) and quote.split() == shown.split()
            for quote, shown in quotes
        ]
    )


def fabricated_share(cited: Sequence[int], shown: Collection[int]) -> float | None:
    """Share of the cited numbers that no shown passage has, each mention counted (ours).

    None where nothing was cited.
    """
    return _share([number not in shown for number in cited])


def uncited_share(cited_by_sentence: Sequence[Collection[int]]) -> float | None:
    """Share of sentences that cite nothing (ours: the complement of the citation rate). None where there
    is no sentence."""
    return _share([not cited for cited in cited_by_sentence])


def _stands_in(quote: str, source: str | None) -> bool:
    wanted = " ".join(quote.split())
    return source is not None and bool(wanted) and wanted in " ".join(source.split())


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None
