"""The folder that holds an index and its catalog."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ingest.catalog import Catalog
from ingest.embed import Encoder
from ingest.index import PARSING_VERSION, Index, IndexMismatch, Manifest, NoIndex
from ingest.index.edge import EdgeIndex, read_manifest
from ingest.settings import ChunkingSettings, EncoderSettings

_CATALOG = "catalog.sqlite"
_INDEX = "index"


@dataclass(frozen=True, slots=True)
class Store:
    """An open index with the catalog of what is in it."""

    catalog: Catalog
    index: Index

    def close(self) -> None:
        self.index.close()
        self.catalog.close()


def open_store(path: Path, encoder: EncoderSettings, chunking: ChunkingSettings) -> Store:
    """Open the index in the folder `path`.

    Raises `NoIndex` where there is none, `IndexMismatch` where other settings built it, `IndexInUse`
    where another process holds it.
    """
    index = EdgeIndex.open(path / _INDEX)
    try:
        index.manifest.check(
            encoder=encoder.model,
            target_tokens=chunking.target_tokens,
            max_tokens=chunking.max_tokens,
            parsing_version=PARSING_VERSION,
        )
    except IndexMismatch:
        index.close()
        raise
    return Store(Catalog(path / _CATALOG), index)


def open_or_create_store(
    path: Path,
    encoder: EncoderSettings,
    chunking: ChunkingSettings,
    load_encoder: Callable[[], Encoder],
) -> Store:
    """Open the index in the folder `path`, or make an empty one where there is none."""
    if read_manifest(path / _INDEX) is not None:
        return open_store(path, encoder, chunking)
    manifest = Manifest(
        encoder.model, load_encoder().dimension, chunking.target_tokens, chunking.max_tokens
    )
    index = EdgeIndex.create(path / _INDEX, manifest)
    catalog = Catalog(path / _CATALOG)
    catalog.clear()
    return Store(catalog, index)


def known_roots(path: Path) -> list[Path]:
    """The folders and files that were indexed into the folder `path`."""
    if not (path / _CATALOG).exists():
        return []
    catalog = Catalog(path / _CATALOG)
    try:
        return [Path(root) for root in catalog.roots()]
    finally:
        catalog.close()


def drop_index(path: Path) -> None:
    """Delete the index in the folder `path`, whole or damaged; the catalog goes with the next one made.

    Raises `IndexInUse` where another process holds it.
    """
    # What cannot be opened is what --rebuild is for.
    with suppress(NoIndex):
        EdgeIndex.open(path / _INDEX).close()
    shutil.rmtree(path / _INDEX, ignore_errors=True)
