"""Moves an index between the folder and a Qdrant server."""

from collections.abc import Callable

from ingest.generations import EdgeEngine, Engine
from ingest.index.copy import copy_index
from ingest.index.server import ServerEngine
from ingest.settings import IndexSettings
from ingest.store import open_store


def copy_generations(
    settings: IndexSettings,
    server_url: str,
    *,
    to_server: bool,
    on_progress: Callable[[int], None] = lambda count: None,
) -> int:
    """Copy every generation to the server, or from it; the number of chunks.

    The catalog names the generations of both sides. Can be repeated after an interruption.
    """
    folder = settings.model_copy(update={"server_url": None})
    server = settings.model_copy(update={"server_url": server_url})
    store = open_store(folder if to_server else server)
    try:
        target: Engine = (
            ServerEngine(server) if to_server else EdgeEngine(settings.path / "generations")
        )
        copied = 0
        for record in store.catalog.generations.all():
            source = store.generations.get(record.name).index
            target.drop(record.name)
            index = target.create(record.name, record.manifest)
            try:
                copied += copy_index(source, index, on_progress=_after(copied, on_progress))
                index.optimize()
            finally:
                index.close()
        serving = store.catalog.generations.serving()
        if serving is not None:
            target.serve(serving)
        return copied
    finally:
        store.close()


def _after(done: int, on_progress: Callable[[int], None]) -> Callable[[int, int], None]:
    return lambda count, _total: on_progress(done + count)
