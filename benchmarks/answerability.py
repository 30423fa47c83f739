"""How well the score tells questions that the documents answer from those that they do not.

python -m benchmarks.answerability [--shared ../shared] [--reranker late-interaction] [--fit]

`--reranker` measures the model for passages that this one has read; `--fit` writes the model that was
measured into service/answerability.json.
"""

import argparse
import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from benchmarks.measure import markdown_table, write_result
from benchmarks.question_sets import examples, or_sharc
from benchmarks.searched import EVERYTHING, Chunks, indexed
from eval.dataset import load_suite
from ingest.chunk import Chunk
from ingest.embed import BUNDLED, Encoder, SentenceTransformerEncoder
from ingest.index import EVERYONE, Hit, Index, IndexedDocument, Manifest
from ingest.index.edge import EdgeIndex
from ingest.train.examples import divide, read_examples, read_groups, without_groups
from service.answerability import (
    SHIPPED,
    Calibration,
    Model,
    Models,
    shipped_models,
)
from service.features import FeatureReader, relevance_features
from service.pipeline import considered
from service.rerank import Reranker, build_reranker
from service.retrieve import Retrieved, fuse
from service.select import Selection
from service.settings import Settings
from service.train.answerability import fit, fitted_model

SETTINGS = Settings()
DEPTH = SETTINGS.retrieval.candidates
FOLDS = 5
RESAMPLES = 1_000
SEED = 1
PER_RULE = 2
PER_SOURCE = 40
POOL_PASSAGES = 600
WANTED = (0.8, 0.9, 0.95)
ALONE = Chunks({"pool": ()})
"""Passages of a pool stand beside no others."""

MEASURED = ("examples", "or_sharc", "or_sharc, other half")


@dataclass(frozen=True, slots=True)
class Row:
    """A question asked of an index. Those of one `cluster` are not independent."""

    set: str
    cluster: str
    question: str
    is_answerable: bool
    found: Sequence[Retrieved]
    chunks: Chunks


@dataclass(frozen=True, slots=True)
class Data:
    """Features and truth of all rows. `importance` gives every corpus the same weight."""

    rows: Sequence[Row]
    features: Sequence[Mapping[str, float]]
    folds: NDArray[np.int64]
    corpora: NDArray[np.str_]
    reranker: str | None

    def fitted(
        self, chosen: NDArray[np.bool_]
    ) -> tuple[Callable[[Mapping[str, float]], float], Calibration]:
        """A model's logit and calibration, both from the chosen rows alone."""
        logits, truth, importance = self.cross_fitted(chosen)
        model = fitted_model(
            [self.features[i] for i in places(chosen)], truth, logits, self.reranker, importance
        )
        return model.logit, model.calibration

    def cross_fitted(
        self, chosen: NDArray[np.bool_]
    ) -> tuple[list[float], list[bool], NDArray[np.float64]]:
        """For each of the chosen rows the logit of a model fitted on the other folds of them."""
        logits = np.zeros(len(self.rows))
        for fold in np.unique(self.folds[chosen]):
            inner = chosen & (self.folds != fold)
            model = self.model(inner)
            for place in places(chosen & (self.folds == fold)):
                logits[place] = model(self.features[place])
        truth = [self.rows[i].is_answerable for i in places(chosen)]
        return list(logits[chosen]), truth, self.importance(chosen)

    def model(self, chosen: NDArray[np.bool_]) -> Callable[[Mapping[str, float]], float]:
        rows = places(chosen)
        truth = [self.rows[i].is_answerable for i in rows]
        contributions, bias = fit([self.features[i] for i in rows], truth, self.importance(chosen))
        nothing = Calibration(
            reranker=None, questions=1, answerable=0, slope=1, intercept=0, curve=()
        )
        return Model(contributions=contributions, bias=bias, calibration=nothing).logit

    def importance(self, chosen: NDArray[np.bool_]) -> NDArray[np.float64]:
        corpora = self.corpora[chosen]
        names, counts = np.unique(corpora, return_counts=True)
        size = dict(zip(names, counts, strict=True))
        return np.array([1 / size[each] for each in corpora])


@dataclass(frozen=True, slots=True)
class Scored:
    """Probabilities, and for each wanted precision whether the question is answered."""

    probabilities: NDArray[np.float64]
    answered: Mapping[float, NDArray[np.bool_]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--reranker", default="none", help="as in the settings; its model")
    parser.add_argument("--fit", action="store_true", help="write service/answerability.json")
    arguments = parser.parse_args()
    encoder = SentenceTransformerEncoder(BUNDLED)
    settings = SETTINGS.reranker.model_copy(
        update={"model": arguments.reranker, "cached_passages": 20_000}
    )
    reranker = build_reranker(settings, encoder)
    rows = [*example_rows(encoder), *sharc_rows(arguments.shared, encoder)]
    rows += pool_rows(arguments.shared, encoder)
    report(read(rows, encoder, reranker), is_to_ship=arguments.fit)


def report(data: Data, *, is_to_ship: bool) -> None:
    """Print the tables, keep the result, and ship the model that is fitted on everything."""
    sets = np.array([row.set for row in data.rows])
    alone = list(features_alone(data, sets))
    measured = [
        [protocol, name, *measures(data, sets == name, scored)]
        for protocol, scored in (
            ("five-fold", five_fold(data, sets, with_pools=False)),
            ("five-fold, pools too", five_fold(data, sets, with_pools=True)),
            ("other corpora", from_other_corpora(data, sets)),
        )
        for name in MEASURED
    ]
    wanted = [f"{kind} at {share}" for share in WANTED for kind in ("precision", "answered")]
    header = [
        "fitted on",
        "set",
        "questions",
        "answerable",
        "AUROC",
        "95 %",
        "Brier",
        "ECE",
        *wanted,
    ]
    print(markdown_table(header, measured), "\n")
    print(markdown_table(["feature alone, AUROC", *MEASURED], alone))
    name = "answerability_reranked" if data.reranker else "answerability"
    result = {"reranker": data.reranker, "header": header, "rows": measured, "features": alone}
    print(f"\nWritten to {write_result(name, result)}.")
    if is_to_ship:
        ship(data, sets)


def ship(data: Data, sets: NDArray[np.str_]) -> None:
    """Fit on the development sets, and write the model beside the other one."""
    chosen = np.isin(sets, MEASURED)
    logits, truth, importance = data.cross_fitted(chosen)
    features = [data.features[i] for i in places(chosen)]
    model = fitted_model(features, truth, logits, data.reranker, importance)
    if data.reranker:
        models = shipped_models().model_copy(update={"with_reranker": model})
    else:
        kept = shipped_models().with_reranker if Path(str(SHIPPED)).exists() else None
        models = Models(without_reranker=model, with_reranker=kept)
    Path(str(SHIPPED)).write_text(models.model_dump_json(indent=1) + "\n", "utf-8")
    print(f"Shipped in {SHIPPED}.")


# ---- Rows ------------------------------------------------------------------------------------------


def example_rows(encoder: Encoder) -> Iterator[Row]:
    """The example policies. An unanswerable question belongs to the document found first for it."""
    samples = load_suite(Path("examples/questions.jsonl")).samples
    with indexed(examples(Path()).documents, encoder, SETTINGS) as (index, chunks):
        for sample in samples:
            found = search(index, encoder, sample.question)
            cluster = sample.gold[0].document if sample.gold else found[0].document.id
            is_answerable = not sample.unanswerable
            yield Row("examples", cluster, sample.question, is_answerable, found, chunks)


def sharc_rows(shared: Path, encoder: Encoder) -> Iterator[Row]:
    """OR-ShARC's development questions, up to two of each rule, asked of all rules but half of those
    that they are about; then of all but the other half."""
    everything = or_sharc(shared)
    chance = random.Random(SEED)  # noqa: S311 - no secret
    by_rule = defaultdict(list)
    for question in everything.questions:
        by_rule[question.cluster].append(question)
    rules = sorted(by_rule)
    asked = [
        question
        for rule in rules
        for question in chance.sample(by_rule[rule], min(PER_RULE, len(by_rule[rule])))
    ]
    chance.shuffle(rules)
    half = set(rules[: len(rules) // 2])
    for name, removed in zip(MEASURED[1:], (half, set(rules) - half), strict=True):
        documents = [each for each in everything.documents if Path(each[0]).stem not in removed]
        with indexed(documents, encoder, SETTINGS) as (index, chunks):
            for question in asked:
                is_answerable = question.cluster not in removed
                found = search(index, encoder, question.text)
                yield Row(name, question.cluster, question.text, is_answerable, found, chunks)


def pool_rows(shared: Path, encoder: Encoder) -> Iterator[Row]:
    """Questions that the reranker is not trained on, each asked of the passages of its source with and
    without those that answer it."""
    known = read_examples(shared / "data" / "reranker_train.jsonl.gz")
    known = without_groups(known, read_groups(Path("benchmarks/held_back_groups.txt")))
    answers: dict[str, set[str]] = defaultdict(set)
    for each in known:
        answers[each.query] |= set(each.positives)
    held_out = divide(known, held_out_share=0.05, seed=1).held_out
    for source in sorted({each.source for each in held_out}):
        chance = random.Random(f"{SEED} {source}")  # noqa: S311 - no secret
        of_source = [each for each in held_out if each.source == source]
        asked = chance.sample(of_source, min(PER_SOURCE, len(of_source)))
        passages = [text for e in (*asked, *of_source) for text in (*e.positives, *e.negatives)]
        with pool(list(dict.fromkeys(passages))[:POOL_PASSAGES], encoder) as index:
            for example in asked:
                right = answers[example.query]
                for removed in (set(), right):
                    found = search(
                        index, encoder, example.query, without=removed, neighbour_weight=0
                    )
                    cluster = f"{source} {example.group}"
                    yield Row("pools", cluster, example.query, not removed, found, ALONE)


@contextmanager
def pool(passages: Sequence[str], encoder: Encoder) -> Iterator[Index]:
    """An index of passages of one source, in a folder that goes with the block."""
    sizes = encoder.max_tokens, encoder.max_tokens
    with tempfile.TemporaryDirectory() as folder:
        index = EdgeIndex.create(Path(folder), Manifest(encoder.name, encoder.dimension, *sizes))
        chunks = [Chunk(text, 0, len(text), (), None, "") for text in passages]
        document = IndexedDocument("pool", "1", "pool", "pool", (EVERYONE,))
        index.write(document, chunks, encoder.encode(passages))
        try:
            yield index
        finally:
            index.close()


def search(
    index: Index,
    encoder: Encoder,
    question: str,
    *,
    without: Collection[str] = (),
    neighbour_weight: float = SETTINGS.retrieval.neighbour_weight,
) -> list[Retrieved]:
    """What the service's search finds, passages of these texts left out."""

    def kept(hits: Sequence[Hit]) -> list[Hit]:
        return [hit for hit in hits if hit.chunk.text not in without][:DEPTH]

    depth = DEPTH + len(without)
    vector = encoder.encode([question])[0]
    return fuse(
        kept(index.search_dense(vector, top_k=depth, scope=EVERYTHING)),
        kept(index.search_sparse(question, top_k=depth, scope=EVERYTHING)),
        bm25_weight=SETTINGS.retrieval.bm25_weight,
        neighbour_weight=neighbour_weight,
    )


def read(rows: Sequence[Row], encoder: Encoder, reranker: Reranker | None) -> Data:
    """The features of all rows, in the order in which the service would show the passages."""
    rows = [row for row in rows if row.found]
    reader = FeatureReader(encoder)
    features = []
    selection = Selection(reranker, SETTINGS.reranker, SETTINGS.retrieval)
    for row in rows:
        found = considered(selection.select(row.question, row.found, row.chunks), row.found)
        all_features = reader.read(row.question, found)
        left_out = () if reranker else relevance_features(found)
        features.append(
            {name: value for name, value in all_features.items() if name not in left_out}
        )
    return Data(
        rows,
        features,
        np.array([fold(row.cluster) for row in rows]),
        np.array([row.set.split(",")[0] for row in rows]),
        reranker.name if reranker else None,
    )


def fold(cluster: str) -> int:
    """The same for a document or rule whatever else is measured."""
    return random.Random(f"{SEED} {cluster}").randrange(FOLDS)  # noqa: S311 - no secret


# ---- Protocols -------------------------------------------------------------------------------------


def five_fold(data: Data, sets: NDArray[np.str_], *, with_pools: bool) -> Scored:
    """Each row scored by what was fitted and calibrated on the other four folds."""
    known = np.isin(sets, MEASURED) | with_pools
    return scored(data, [(known & (data.folds != n), data.folds == n) for n in range(FOLDS)])


def from_other_corpora(data: Data, sets: NDArray[np.str_]) -> Scored:
    """Each row scored by what was fitted and calibrated on the other corpora alone."""
    return scored(data, [(data.corpora != n, data.corpora == n) for n in np.unique(data.corpora)])


def scored(data: Data, splits: Sequence[tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> Scored:
    probabilities = np.zeros(len(data.rows))
    answered = {wanted: np.zeros(len(data.rows), bool) for wanted in WANTED}
    for known, unseen in splits:
        logit, calibration = data.fitted(known)
        rows = places(unseen)
        probabilities[rows] = [calibration.probability(logit(data.features[row])) for row in rows]
        for wanted in WANTED:
            answered[wanted][rows] = probabilities[rows] >= calibration.threshold(wanted)
    return Scored(probabilities, answered)


def measures(data: Data, chosen: NDArray[np.bool_], scores: Scored) -> Iterator[object]:
    truth = np.array([row.is_answerable for row in data.rows])[chosen]
    probabilities = scores.probabilities[chosen]
    low, high = auroc_interval(truth, probabilities, [data.rows[i].cluster for i in places(chosen)])
    yield from (len(truth), float(truth.mean()), float(roc_auc_score(truth, probabilities)))
    yield f"{low:.3f} to {high:.3f}"
    yield float(brier_score_loss(truth, probabilities))
    yield calibration_error(truth, probabilities)
    for wanted in WANTED:
        answered = scores.answered[wanted][chosen]
        yield float(truth[answered].mean()) if answered.any() else "none"
        yield float(answered.mean())


def auroc_interval(
    truth: NDArray[np.bool_], scores: NDArray[np.float64], clusters: Sequence[str]
) -> tuple[float, float]:
    """Percentile bootstrap over clusters (Efron and Tibshirani 1993, chapter 13)."""
    members: dict[str, list[int]] = defaultdict(list)
    for place, cluster in enumerate(clusters):
        members[cluster].append(place)
    by_cluster = list(members.values())
    generator = np.random.default_rng(SEED)
    drawn_scores = []
    for _ in range(RESAMPLES):
        drawn = generator.integers(len(by_cluster), size=len(by_cluster))
        some = np.concatenate([by_cluster[number] for number in drawn])
        if 0 < truth[some].sum() < len(some):
            drawn_scores.append(roc_auc_score(truth[some], scores[some]))
    low, high = np.percentile(drawn_scores, [2.5, 97.5])
    return float(low), float(high)


def calibration_error(truth: NDArray[np.bool_], probabilities: NDArray[np.float64]) -> float:
    """Mean distance of probability and share of answerable ones over ten bins of equal size."""
    order = np.array_split(np.argsort(probabilities, kind="stable"), 10)
    distances = [abs(truth[some].mean() - probabilities[some].mean()) for some in order]
    return float(np.average(distances, weights=[len(some) for some in order]))


def features_alone(data: Data, sets: NDArray[np.str_]) -> Iterator[list[object]]:
    """Each feature's AUROC; below .5 less of it is better."""
    for name in sorted(data.features[0]):
        row: list[object] = [name]
        for each in MEASURED:
            chosen = places(sets == each)
            truth = [data.rows[place].is_answerable for place in chosen]
            row.append(float(roc_auc_score(truth, [data.features[i][name] for i in chosen])))
        yield row


def places(chosen: NDArray[np.bool_]) -> list[int]:
    return [int(place) for place in np.flatnonzero(chosen)]


if __name__ == "__main__":
    main()
