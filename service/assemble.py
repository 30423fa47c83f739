"""From the settings to a pipeline that answers."""

from dataclasses import dataclass

from generator.prompt import load_template
from generator.slot import build_generator
from ingest.embed import (
    Encoder,
    EncoderAdapter,
    Encoders,
    SentenceTransformerEncoder,
    encoder_adapter,
)
from ingest.settings import EncoderSettings
from ingest.store import Store, open_store
from service.access import LOCAL_READER
from service.answerability import (
    CalibratedAnswerability,
    Calibration,
    read_calibration,
    shipped_models,
)
from service.conversation import Conversations
from service.late_interaction import TokenEncoder
from service.pipeline import Pipeline
from service.rerank import build_reranker, measured_pace
from service.retrieve import Retriever
from service.select import Selection
from service.settings import Settings
from service.verifiers import build_verifier, min_support


@dataclass(frozen=True, slots=True)
class Assembled:
    """An open store, the encoders of its generations, what judges answerability, and the pipeline over
    them. Close the store when done."""

    store: Store
    encoders: Encoders
    answerability: CalibratedAnswerability
    pipeline: Pipeline


def assemble(
    settings: Settings, *, create: bool = False, encoders: Encoders | None = None
) -> Assembled:
    """Open the index, load the models, and answer once so that the first question does not wait.

    The index is searched with the encoder that built it, whatever the settings want for the next one.
    With `create` an index is begun where there is none. Raises `NoIndex`, `IndexInUse`,
    `CatalogUnreadable`, `EncoderNotFound`, `RerankerNotFound`, `VerifierNotFound`, `AdapterUnusable`
    or `CalibrationUnusable`.
    """
    store = open_store(settings.index, create=create)
    try:
        encoders = encoders or Encoders()
        encoder = encoders.get(*_encoder(store, settings.encoder))
        encoder.encode(["warm-up"])
        indexed = store.token_vectors.get if store.token_vectors else None
        reranker = build_reranker(settings.reranker, _token_encoder(encoder), indexed)
        pace = None
        if reranker is not None and settings.reranker.budget_ms is not None:
            pace = measured_pace(reranker)
        elif reranker is not None:
            reranker.score("warm-up", ["warm-up"])
        name = reranker.name if reranker else None
        own = _calibration(settings, name)
        verifier = build_verifier(settings.verifier)
    except BaseException:
        store.close()
        raise
    answerability = CalibratedAnswerability(shipped_models().fitting(name), encoder, name, own)
    retriever = Retriever(store.generations, store.catalog.documents, encoders, settings.retrieval)
    retriever.decide("warm-up", LOCAL_READER)
    pipeline = Pipeline(
        retriever,
        Selection(reranker, settings.reranker, settings.retrieval, pace),
        answerability,
        load_template(),
        build_generator(settings.generator, encoder),
        verifier,
        settings.answer,
        Conversations(settings.conversation, encoder.count_tokens).standalone,
        min_answerability=answerability.calibration.threshold(settings.answer.wanted_precision),
        min_support=_min_support(settings),
    )
    return Assembled(store, encoders, answerability, pipeline)


def _token_encoder(encoder: Encoder) -> TokenEncoder | None:
    return encoder if isinstance(encoder, SentenceTransformerEncoder) else None


def _min_support(settings: Settings) -> float:
    former = settings.answer.min_support
    return min_support(settings.verifier) if former is None else former


def _calibration(settings: Settings, reranker: str | None) -> Calibration | None:
    path = settings.answer.calibration
    return read_calibration(path, reranker) if path else None


def _encoder(store: Store, settings: EncoderSettings) -> tuple[str, EncoderAdapter | None]:
    """The encoder of the serving generation; where there is none yet, the one it will have."""
    # A wanted adapter is checked at the start, not only when a rebuild comes to it.
    wanted = encoder_adapter(settings.adapter)
    serving = store.catalog.generations.serving()
    if serving is None:
        return settings.model, wanted
    manifest = store.generations.get(serving).index.manifest
    return manifest.encoder, manifest.adapter
