"""How high the right passage stands, by stage: dense, BM25, fused, reranked.

python -m benchmarks.retrieval [--shared ../shared] [--sets NAME…] [--set KEY=VALUE…] [--choose]
    [--over KEY=VALUE…]
"""

import argparse
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from difflib import SequenceMatcher
from hashlib import blake2b
from pathlib import Path
from statistics import fmean

from benchmarks.measure import markdown_table, write_result
from benchmarks.question_sets import SETS, Question, QuestionSet
from benchmarks.searched import Searched, search
from eval.metrics.retrieval import RankingScores, mean_scores, ranking_scores
from ingest.duplicates import normalised_words
from ingest.embed import SentenceTransformerEncoder, encoder_adapter
from service.rerank import Reranker, build_reranker, rerank
from service.retrieve import Retrieved, fuse
from service.select import with_neighbours
from service.settings import Settings, load_settings
from service.train.gain import Gain, paired_gain

DEPTH = 50
RUN_WORDS = 3
"""So many words in a row must be shared to count: single ones are everywhere."""

FOLDS = 5
BM25_WEIGHTS = (0.2, 0.3, 0.4, 0.5, 0.6)
NEIGHBOUR_WEIGHTS = (0.0, 0.1, 0.2, 0.3)
RERANKER_WEIGHTS = (0.0, 0.2, 0.4, 0.6, 0.7, 0.8, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--sets", nargs="+", choices=tuple(SETS), default=tuple(SETS))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting")
    parser.add_argument(
        "--choose",
        action="store_true",
        help="choose the weights on four folds, report on the fifth, instead of taking the settings",
    )
    parser.add_argument(
        "--over",
        action="append",
        metavar="KEY=VALUE",
        help="compare each stage with the same one under these settings; 'none' for the defaults",
    )
    arguments = parser.parse_args()
    flags = dict(each.split("=", 1) for each in arguments.set)
    benches, read, weights = searched_sets(arguments.sets, arguments.shared, flags)
    if arguments.choose:
        stages, chosen = chosen_on_other_folds(benches, read)
    else:
        stages, chosen = {b.name: all_stages(b, weights, read) for b in benches}, [asdict(weights)]
    over = None
    if arguments.over:
        other = dict(each.split("=", 1) for each in arguments.over if each != "none")
        others, read, weights = searched_sets(arguments.sets, arguments.shared, other)
        over = {bench.name: all_stages(bench, weights, read) for bench in others}
    report(benches, stages, flags, chosen, over)


def searched_sets(
    names: Sequence[str], shared: Path, flags: Mapping[str, str]
) -> "tuple[list[Bench], Remembering | None, Weights]":
    """The sets, indexed and searched under these settings."""
    settings = load_settings(environment={}, flags=flags).settings
    adapter = encoder_adapter(settings.encoder.adapter)
    encoder = SentenceTransformerEncoder(settings.encoder.model, adapter)
    reranker = build_reranker(settings.reranker, encoder)
    benches = [
        Bench(name, search(questions, encoder, settings, depth=DEPTH), questions, settings)
        for name in names
        for questions in [SETS[name](shared)]
    ]
    weights = Weights(
        settings.retrieval.bm25_weight,
        settings.retrieval.neighbour_weight,
        settings.reranker.weight,
    )
    return benches, None if reranker is None else Remembering(reranker), weights


# ---- Ranking -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Weights:
    """What is chosen: see the settings of the same names. `reranker` counts where there is one."""

    bm25: float
    neighbour: float
    reranker: float = 0.0


@dataclass(slots=True)
class Remembering:
    """A reranker that reads no passage twice for a question."""

    reranker: Reranker
    scores: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.reranker.name

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        new = [text for text in dict.fromkeys(passages) if (question, text) not in self.scores]
        for text, score in zip(new, self.reranker.score(question, new), strict=True):
            self.scores[question, text] = score
        return [self.scores[question, text] for text in passages]


class Bench:
    """One set, searched; its rankings are scored as passages with their neighbours."""

    def __init__(
        self, name: str, searched: Searched, questions: QuestionSet, settings: Settings
    ) -> None:
        self.name = name
        self.questions = questions.questions
        self._searched = searched
        self._settings = settings
        self._answered: dict[tuple[str, str, int, int], frozenset[int]] = {}

    def ranking(
        self, number: int, stage: str, weights: Weights, reranker: Reranker | None = None
    ) -> list[Retrieved]:
        """The passages of one question by a stage, best first, cut at `DEPTH`."""
        dense, sparse = self._searched.hits[number]
        if stage == "dense":
            found = fuse(dense, [], bm25_weight=0)
        elif stage == "BM25":
            found = fuse([], sparse, bm25_weight=1)
        else:
            found = fuse(
                dense, sparse, bm25_weight=weights.bm25, neighbour_weight=weights.neighbour
            )
        if stage == "reranked" and reranker is not None:
            read = self._settings.reranker.model_copy(update={"weight": weights.reranker})
            found = rerank(self.questions[number].text, found, reranker, read)
        return with_neighbours(
            found[:DEPTH],
            self._searched.chunks,
            max_tokens=self._settings.retrieval.passage_tokens,
            top_k=DEPTH,
        )

    def scores(
        self, numbers: Iterable[int], stage: str, weights: Weights, reranker: Reranker | None = None
    ) -> list[RankingScores]:
        """Of the questions with these numbers."""
        numbers = list(numbers)
        rankings = [
            [
                self._answers(self.questions[number], passage)
                for passage in self.ranking(number, stage, weights, reranker)
            ]
            for number in numbers
        ]
        return ranking_scores(rankings, [len(self.questions[number].gold) for number in numbers])

    def _answers(self, question: Question, passage: Retrieved) -> frozenset[int]:
        """The numbers of the gold texts of which the passage holds at least half."""
        chunk = passage.chunk
        key = question.id, passage.document.id, chunk.start, chunk.end
        if key not in self._answered:
            words = normalised_words(chunk.text)
            self._answered[key] = frozenset(
                number
                for number, gold in enumerate(question.gold)
                if 2 * shared(gold, words) >= len(gold)
            )
        return self._answered[key]


def shared(gold: Sequence[str], words: Sequence[str]) -> int:
    """How many of the gold text's words stand in the other in the same order."""
    if not set(gold) & set(words):
        return 0
    matcher = SequenceMatcher(None, gold, words, autojunk=False)
    shortest = min(RUN_WORDS, len(gold))
    return sum(size for _, _, size in matcher.get_matching_blocks() if size >= shortest)


Stages = dict[str, list[RankingScores]]
"""Each question's scores, by stage."""


def all_stages(
    bench: Bench, weights: Weights, reranker: Reranker | None, numbers: Iterable[int] | None = None
) -> Stages:
    asked = list(range(len(bench.questions)) if numbers is None else numbers)
    names = ["dense", "BM25", "fused", *(["reranked"] if reranker is not None else [])]
    return {stage: bench.scores(asked, stage, weights, reranker) for stage in names}


# ---- Five folds ----------------------------------------------------------------------------------


def chosen_on_other_folds(
    benches: Sequence[Bench], reranker: Reranker | None
) -> tuple[dict[str, Stages], list[dict[str, float]]]:
    """Each question ranked with the weights that were best for the other four folds of all sets."""
    folds = {bench.name: [fold(q.cluster) for q in bench.questions] for bench in benches}
    first = _mrr_by_weights(
        benches, "fused", map(Weights, *zip(*_first_stage(), strict=True)), None
    )
    stages: dict[str, Stages] = {bench.name: {} for bench in benches}
    by_number: dict[str, dict[int, dict[str, RankingScores]]] = {b.name: {} for b in benches}
    chosen = []
    for held_out in range(FOLDS):
        weights = _best(first, folds, held_out)
        if reranker is not None:
            tried = [replace(weights, reranker=weight) for weight in RERANKER_WEIGHTS]
            weights = _best(_mrr_by_weights(benches, "reranked", tried, reranker), folds, held_out)
        chosen.append(asdict(weights))
        for bench in benches:
            numbers = [n for n, each in enumerate(folds[bench.name]) if each == held_out]
            got = all_stages(bench, weights, reranker, numbers)
            for place, number in enumerate(numbers):
                by_number[bench.name][number] = {name: got[name][place] for name in got}
    for bench in benches:
        ordered = [by_number[bench.name][number] for number in range(len(bench.questions))]
        stages[bench.name] = {name: [each[name] for each in ordered] for name in ordered[0]}
    return stages, chosen


def fold(cluster: str) -> int:
    """The fold that a document's or a rule's questions are in."""
    return int.from_bytes(blake2b(cluster.encode(), digest_size=4).digest()) % FOLDS


def _first_stage() -> list[tuple[float, float]]:
    return list(itertools.product(BM25_WEIGHTS, NEIGHBOUR_WEIGHTS))


_Mrr = dict[Weights, dict[str, list[float]]]


def _mrr_by_weights(
    benches: Sequence[Bench], stage: str, tried: Iterable[Weights], reranker: Reranker | None
) -> _Mrr:
    return {
        weights: {
            bench.name: [
                each.mrr
                for each in bench.scores(range(len(bench.questions)), stage, weights, reranker)
            ]
            for bench in benches
        }
        for weights in tried
    }


def _best(mrr: _Mrr, folds: Mapping[str, Sequence[int]], held_out: int) -> Weights:
    """The weights with the best mean over sets of MRR@10 outside of the fold."""

    def worth(weights: Weights) -> float:
        return fmean(
            fmean(
                value for value, each in zip(values, folds[name], strict=True) if each != held_out
            )
            for name, values in mrr[weights].items()
        )

    return max(mrr, key=worth)


# ---- The report ----------------------------------------------------------------------------------


def report(
    benches: Sequence[Bench],
    stages: Mapping[str, Stages],
    flags: Mapping[str, str],
    chosen: Sequence[Mapping[str, float]],
    over: Mapping[str, Stages] | None = None,
) -> None:
    rows = [
        row
        for bench in benches
        for row in table_rows(bench, stages[bench.name], over[bench.name] if over else None)
    ]
    rows += pooled_rows(benches, stages, over)
    kept = {
        bench.name: {
            stage: {
                question.id: " ".join(f"{value:.4g}" for value in astuple(each))
                for question, each in zip(bench.questions, scores, strict=True)
            }
            for stage, scores in stages[bench.name].items()
        }
        for bench in benches
    }
    header = ["set", "stage", "hit@1", "hit@5", "hit@10", "hit@50", "MRR@10", "nDCG@10", "MAP@10"]
    names = [each.name for each in fields(RankingScores)]
    result = {"settings": flags, "weights": chosen, "rows": rows, "scores": names}
    print(
        markdown_table(
            [*header, "MRR@10 over the other settings" if over else "over the stage before"], rows
        )
    )
    print(f"\nWeights: {chosen}")
    print(f"Written to {write_result('retrieval', result | {'questions': kept})}.")


def table_rows(
    bench: Bench, by_stage: Stages, over: Stages | None = None
) -> Iterator[list[object]]:
    """A row for each stage. `fused` is compared with the better of its parts, the others with the one
    before; or each with itself in `over`. Intervals are drawn over clusters."""
    clusters = [question.cluster for question in bench.questions]
    for stage, scores in by_stage.items():
        before = _compared(stage, by_stage, over)
        gain = "" if before is None else _said(_gain(before, scores, clusters))
        means = (f"{value:.3f}" for value in asdict(mean_scores(scores)).values())
        yield [bench.name, stage, *means, gain]


def pooled_rows(
    benches: Sequence[Bench],
    stages: Mapping[str, Stages],
    over: Mapping[str, Stages] | None = None,
) -> Iterator[list[object]]:
    """The gains over all questions of all sets; a document or a rule counts as one draw."""
    for stage in ("fused", "reranked"):
        if any(stage not in stages[bench.name] for bench in benches):
            continue
        before: list[RankingScores] = []
        after: list[RankingScores] = []
        clusters: list[str] = []
        for bench in benches:
            by_stage = stages[bench.name]
            before += _compared(stage, by_stage, over[bench.name] if over else None) or []
            after += by_stage[stage]
            clusters += [f"{bench.name} {question.cluster}" for question in bench.questions]
        means = (f"{value:.3f}" for value in asdict(mean_scores(after)).values())
        yield ["pooled", stage, *means, _said(_gain(before, after, clusters))]


def _compared(stage: str, by_stage: Stages, over: Stages | None) -> list[RankingScores] | None:
    """What a stage is to be better than."""
    if over is not None:
        return over.get(stage)
    if stage == "reranked":
        return by_stage["fused"]
    if stage == "fused":
        return max((by_stage[part] for part in ("dense", "BM25")), key=_mean_mrr)
    return None


def _mean_mrr(scores: Sequence[RankingScores]) -> float:
    return mean_scores(scores).mrr


def _gain(
    before: Sequence[RankingScores], after: Sequence[RankingScores], clusters: Sequence[str]
) -> Gain:
    return paired_gain([each.mrr for each in before], [each.mrr for each in after], clusters)


def _said(gain: Gain) -> str:
    return f"{gain.after - gain.before:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"


if __name__ == "__main__":
    main()
