"""From the settings to a pipeline that answers."""

from dataclasses import dataclass

from generator.prompt import load_template
from generator.slot import build_generator
from ingest.embed import SentenceTransformerEncoder
from ingest.store import Store, open_store
from service.overlap import OverlapVerifier
from service.pipeline import Pipeline
from service.retrieve import Retriever, best_cosine
from service.settings import Settings


@dataclass(frozen=True, slots=True)
class Assembled:
    """An open index and the pipeline over it. Close the store when done."""

    store: Store
    pipeline: Pipeline


def assemble(settings: Settings) -> Assembled:
    """Open the index, load the models, and answer once so that the first question does not wait.

    Raises `NoIndex`, `IndexMismatch`, `IndexInUse` or `EncoderNotFound`.
    """
    store = open_store(settings.index.path, settings.encoder, settings.chunking)
    try:
        encoder = SentenceTransformerEncoder(settings.encoder.model)
        encoder.encode(["warm-up"])
    except BaseException:
        store.close()
        raise
    pipeline = Pipeline(
        Retriever(store.index, encoder, settings.retrieval),
        best_cosine,
        load_template(),
        build_generator(settings.generator, encoder),
        OverlapVerifier(),
        settings.answer,
    )
    return Assembled(store, pipeline)
