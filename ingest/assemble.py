"""From the settings to a store with a worker."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from ingest.embed import Encoders
from ingest.planner import Planner
from ingest.probe import SentenceProbe
from ingest.sandbox import ParserProcess
from ingest.settings import Sections
from ingest.sources import OpenSources
from ingest.store import Store
from ingest.worker import Worker


@contextmanager
def worker_for(store: Store, encoders: Encoders, settings: Sections) -> Iterator[Worker]:
    """A worker that has cleared up after the one before; its parser's process ends with the block."""
    limits = settings.ingest
    sources = OpenSources(store.catalog, store.uploads, limits)
    probe = SentenceProbe(store.catalog, encoders)
    planner = Planner(store, sources, encoders, settings.encoder, settings.chunking, probe)
    parser = ParserProcess(max_s=limits.max_parse_s, max_memory_mb=limits.max_parse_memory_mb)
    with closing(parser):
        worker = Worker(store, sources, planner, encoders, parser, limits)
        worker.start()
        yield worker
