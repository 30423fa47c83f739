"""The folder that holds catalog, index and uploads."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from ingest.catalog import Catalog
from ingest.errors import PinciteError
from ingest.generations import EdgeEngine, Engine, Generations
from ingest.index import IndexInUse, NoIndex
from ingest.settings import IndexSettings
from ingest.token_vectors import TokenVectorStore
from ingest.uploads import UploadStore

_CATALOG = "catalog.sqlite"
_VECTORS_OF_TOKENS = "token-vectors.sqlite"


class FolderUnusable(PinciteError):
    """Nothing can be written into the index's folder; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Store:
    """Catalog, index and uploads, open."""

    path: Path
    catalog: Catalog
    generations: Generations
    uploads: UploadStore
    token_vectors: TokenVectorStore | None
    """None where the settings want none kept."""
    lock: FileLock | None
    """Held where only one process at a time can use the index."""

    def close(self) -> None:
        self.generations.close()
        self.catalog.close()
        if self.token_vectors is not None:
            self.token_vectors.close()
        if self.lock is not None:
            self.lock.release()


def open_store(settings: IndexSettings, *, create: bool = False, repair: bool = False) -> Store:
    """Open what lies in the folder `settings.path`; with `create`, make what is not there yet; with
    `repair`, drop generations that cannot be opened, and have their documents indexed again.

    Raises `NoIndex` where nothing is indexed, `IndexInUse` where another process holds the index,
    `CatalogUnreadable` or `FolderUnusable` where it cannot be used.
    """
    path = settings.path
    catalog_place: Path | str = settings.catalog_url or path / _CATALOG
    if not create and isinstance(catalog_place, Path) and not catalog_place.exists():
        raise NoIndex(f"There is no index in {path}. Make one with 'pincite ingest PATH…'.")
    _check_folder(path)
    engine = _engine(settings)
    lock = _locked(path) if engine.exclusive else None
    catalog = generations = token_vectors = None
    try:
        catalog = Catalog(catalog_place)
        if settings.token_vectors:
            token_vectors = TokenVectorStore(path / _VECTORS_OF_TOKENS)
        generations = Generations(catalog, engine, token_vectors)
        generations.finish_drops()
        # Opening every generation now shows damage at the start.
        if repair:
            generations.drop_damaged()
        generations.kept()
        if not (create or repair) and catalog.generations.serving() is None:
            raise NoIndex(f"There is no index in {path}. Make one with 'pincite ingest PATH…'.")
    except BaseException:
        if generations is not None:
            generations.close()
        if catalog is not None:
            catalog.close()
        if token_vectors is not None:
            token_vectors.close()
        if lock is not None:
            lock.release()
        raise
    uploads = UploadStore(path / "uploads")
    return Store(path, catalog, generations, uploads, token_vectors, lock)


def _locked(path: Path) -> FileLock:
    lock = FileLock(path / "lock", timeout=0, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise IndexInUse(
            f"Another process (pincite serve, ingest or worker) uses the index in {path}. Ask it over "
            "HTTP, or stop it first."
        ) from error
    return lock


def _engine(settings: IndexSettings) -> Engine:
    if settings.server_url is None:
        return EdgeEngine(settings.path / "generations")
    from ingest.index.server import ServerEngine

    return ServerEngine(settings)


def _check_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
        handle, probe = tempfile.mkstemp(dir=path)
        os.close(handle)
        os.unlink(probe)
    except OSError as error:
        raise FolderUnusable(
            f"Nothing can be written into {path} ({error.strerror}). Make it writable for this user, "
            "or name another folder with --index."
        ) from error
