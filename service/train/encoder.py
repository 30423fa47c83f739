"""An encoder's adapter, and what it gains in the search: by meaning, fused with BM25, and reranked."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ingest.adapter import AdapterManifest, TrainingData
from ingest.embed import BUNDLED, SentenceTransformerEncoder, encoder_adapter
from ingest.train.encoder import EncoderRecipe, train_encoder
from ingest.train.examples import Division, check_division, limited
from ingest.train.lora import Say, check_trainable
from service.rerank import Reranker, build_reranker
from service.settings import RerankerSettings, Settings
from service.train.gain import Gain, paired_gain
from service.train.measure import Case, reciprocal_rank, reciprocal_ranks
from service.train.mining import pooled_cases, with_mined_negatives
from service.train.questions import (
    HELD_OUT_FOLDS,
    SearchedIndex,
    check_enough,
    document_folds,
    own_examples,
    searched_anew,
)


def train_measured_encoder(
    division: Division,
    own: SearchedIndex | None,
    data: Sequence[TrainingData],
    recipe: EncoderRecipe,
    out: Path,
    *,
    repeat: int,
    settings: Settings,
    say: Say = lambda line: None,
) -> AdapterManifest:
    """Train an adapter of the bundled encoder, measure it, and write it with its manifest to `out`.

    It is measured on the examples held out, each searched among the passages of all of them, and on the
    own questions about a quarter of the documents, searched in the whole index. `own` needs its points.
    Raises `ExamplesUnusable` where there is too little to train on or to measure with, and what
    `train_encoder` raises.
    """
    check_trainable(out)
    check_division(division)
    if own is not None:
        check_enough(own.questions)
    base = SentenceTransformerEncoder(BUNDLED)
    training = with_mined_negatives(
        limited(division.training, recipe.limit, seed=recipe.seed), base, wanted=1, seed=recipe.seed
    )
    held_out: frozenset[str] = frozenset()
    if own is not None:
        held_out, *_ = document_folds(own.questions, HELD_OUT_FOLDS, seed=recipe.seed)
        training += own_examples(
            own.questions, held_out, repeat=repeat, negatives=1, seed=recipe.seed
        )
    manifest = train_encoder(training, data, recipe, out, say=say)
    after = SentenceTransformerEncoder(BUNDLED, encoder_adapter(out))
    # Late interaction reads with the encoder that searches.
    rerankers = (build_reranker(settings.reranker, base), build_reranker(settings.reranker, after))
    say(f"Measuring on {len(division.held_out)} queries of documents held out.")
    gains = gains_by_stage(
        pooled_cases(division.held_out, base, settings.retrieval),
        pooled_cases(division.held_out, after, settings.retrieval),
        rerankers,
        settings.reranker,
    )
    metrics = _metrics("", gains) | {"queries held out": float(len(division.held_out))}
    if own is not None:
        asked = [each for each in own.questions if each.case.group in held_out]
        say(f"Encoding {len(own.points)} passages to measure on {len(asked)} own questions.")
        own_gains = gains_by_stage(
            [each.case for each in asked],
            searched_anew(asked, own.points, after, settings.retrieval),
            rerankers,
            settings.reranker,
        )
        metrics |= _metrics("own ", own_gains) | {"own questions held out": float(len(asked))}
    manifest = manifest.model_copy(update={"metrics": metrics})
    manifest.write(out)
    return manifest


def _metrics(prefix: str, gains: Mapping[str, Gain]) -> dict[str, float]:
    return {
        name: value
        for stage, gain in gains.items()
        for name, value in gain.as_metrics(f"{prefix}mrr@10 {stage}").items()
    }


def gains_by_stage(
    before: Sequence[Case],
    after: Sequence[Case],
    rerankers: tuple[Reranker | None, Reranker | None],
    settings: RerankerSettings,
) -> Mapping[str, Gain]:
    """The gain in MRR@10 by stage; the same questions, searched with one encoder and with the other, and
    read again by the reranker that goes with each, where there is one. The intervals are clustered by
    group."""

    def gain(first: Sequence[float], second: Sequence[float]) -> Gain:
        return paired_gain(first, second, [case.group for case in before])

    def dense(cases: Sequence[Case]) -> list[float]:
        return [reciprocal_rank(case.by_meaning, case.right) for case in cases]

    def ranked(cases: Sequence[Case], by: Reranker | None) -> list[float]:
        return reciprocal_ranks(cases, by, settings)

    gains = {
        "dense": gain(dense(before), dense(after)),
        "fused": gain(ranked(before, None), ranked(after, None)),
    }
    reads_before, reads_after = rerankers
    if reads_before is not None and reads_after is not None:
        gains["reranked"] = gain(ranked(before, reads_before), ranked(after, reads_after))
    return gains
