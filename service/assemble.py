"""From the settings to a pipeline that answers."""

from dataclasses import dataclass

from generator.prompt import load_template
from generator.slot import build_generator
from ingest.embed import Encoders
from ingest.store import Store, open_store
from service.access import LOCAL_READER
from service.overlap import OverlapVerifier
from service.pipeline import Pipeline
from service.rerank import Selection, build_reranker
from service.retrieve import Retriever, best_cosine
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Assembled:
    """An open store, the encoders of its generations, and the pipeline over them. Close the store when
    done."""

    store: Store
    encoders: Encoders
    pipeline: Pipeline


def assemble(
    settings: Settings, *, create: bool = False, encoders: Encoders | None = None
) -> Assembled:
    """Open the index, load the models, and answer once so that the first question does not wait.

    The index is searched with the encoder that built it, whatever the settings want for the next one.
    With `create` an index is begun where there is none. Raises `NoIndex`, `IndexInUse`,
    `CatalogUnreadable`, `EncoderNotFound`, `RerankerNotFound` or `AdapterUnusable`.
    """
    store = open_store(settings.index, create=create)
    try:
        encoders = encoders or Encoders()
        encoder = encoders.get(_model(store, settings))
        encoder.encode(["warm-up"])
        reranker = build_reranker(settings.reranker)
        if reranker is not None:
            reranker.score("warm-up", ["warm-up"])
    except BaseException:
        store.close()
        raise
    retriever = Retriever(store.generations, store.catalog.documents, encoders, settings.retrieval)
    retriever.decide("warm-up", LOCAL_READER)
    pipeline = Pipeline(
        retriever,
        Selection(reranker, settings.reranker, settings.retrieval.top_k),
        best_cosine,
        load_template(),
        build_generator(settings.generator, encoder),
        OverlapVerifier(),
        settings.answer,
    )
    return Assembled(store, encoders, pipeline)


def _model(store: Store, settings: Settings) -> str:
    """The encoder of the serving generation; where there is none yet, the one it will have."""
    serving = store.catalog.generations.serving()
    if serving is None:
        return settings.encoder.model
    return store.generations.get(serving).index.manifest.encoder
