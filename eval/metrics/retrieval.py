"""How well passages were found (Manning, Raghavan and Schütze 2008, chapter 8)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from statistics import fmean

import ir_measures
from ir_measures import AP, RR, Qrel, ScoredDoc, Success, nDCG

from eval.metrics.span import Span


@dataclass(frozen=True, slots=True)
class RankingScores:
    """Of one question or as means of several: whether something that answers is among the first 1, 5,
    10 and 50; the reciprocal rank of the first; nDCG and average precision, all three cut at 10."""

    hit_1: float
    hit_5: float
    hit_10: float
    hit_50: float
    mrr: float
    ndcg: float
    ap: float


_MEASURES = (Success @ 1, Success @ 5, Success @ 10, Success @ 50, RR @ 10, nDCG @ 10, AP @ 10)


def recall_at(k: int, retrieved: Sequence[Span], gold: Sequence[Span]) -> float:
    """Share of gold places that one of the first k passages covers; needs at least one gold place."""
    found = sum(any(span.covers(place) for span in retrieved[:k]) for place in gold)
    return found / len(gold)


def reciprocal_rank(retrieved: Sequence[Span], gold: Sequence[Span]) -> float:
    """1 / rank of the first passage that covers a gold place, 0 where none does."""
    for rank, span in enumerate(retrieved, start=1):
        if any(span.covers(place) for place in gold):
            return 1 / rank
    return 0.0


def ranking_scores(
    rankings: Sequence[Sequence[frozenset[int]]], gold: Sequence[int]
) -> list[RankingScores]:
    """The scores of each question, by trec_eval's definitions.

    A ranking says of each passage, best first, which of the question's `gold` places it answers,
    numbered from 0. A passage counts as relevant where it answers one that none before it did.
    """
    qrels: list[Qrel] = []
    run: list[ScoredDoc] = []
    for number, (ranking, places) in enumerate(zip(rankings, gold, strict=True)):
        open_places = set(range(places))
        for rank, answered in enumerate(ranking):
            run.append(ScoredDoc(str(number), f"rank {rank}", -float(rank)))
            if answered & open_places:
                qrels.append(Qrel(str(number), f"rank {rank}", 1))
                open_places -= answered
        qrels += [Qrel(str(number), f"place {place}", 1) for place in open_places]
    values: list[dict[str, float]] = [{} for _ in rankings]
    for metric in ir_measures.iter_calc(_MEASURES, qrels, run):
        values[int(metric.query_id)][str(metric.measure)] = metric.value
    return [RankingScores(*(each.get(str(m), 0.0) for m in _MEASURES)) for each in values]


def mean_scores(scores: Sequence[RankingScores]) -> RankingScores:
    """The means over questions."""
    return RankingScores(
        *(fmean(getattr(each, field.name) for each in scores) for field in fields(RankingScores))
    )
