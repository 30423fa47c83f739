"""The generations of the index that are open in this process, and which of them answers."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, RLock
from typing import Protocol

from ingest.catalog import Catalog
from ingest.catalog.generations import GenerationState
from ingest.errors import WrongUse
from ingest.index import Index, IndexDamaged, Manifest, NoIndex
from ingest.index.edge import EdgeIndex
from ingest.token_vectors import TokenVectorStore

CLOSE_WITHIN_S = 30.0
"""How long a dropped generation waits for the searches that still read it."""


class Engine(Protocol):
    """Where generations are kept: one index each, by name."""

    def create(self, name: str, manifest: Manifest) -> Index: ...

    def open(self, name: str) -> Index:
        """Raises `NoIndex`, `IndexInUse` or `IndexUnreachable`."""
        ...

    def drop(self, name: str) -> None:
        """Delete a generation that is closed, whole or damaged."""
        ...

    def serve(self, name: str) -> None:
        """Tell others, such as the readers of an alias, which generation answers."""
        ...

    @property
    def exclusive(self) -> bool:
        """Whether only one process at a time can hold the index."""
        ...


class EdgeEngine:
    """A folder for each generation, read and written by this process alone."""

    exclusive = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self, name: str, manifest: Manifest) -> Index:
        return EdgeIndex.create(self._folder / name, manifest)

    def open(self, name: str) -> Index:
        return EdgeIndex.open(self._folder / name)

    def drop(self, name: str) -> None:
        shutil.rmtree(self._folder / name, ignore_errors=True)

    def serve(self, name: str) -> None:
        """The catalog's word is enough: nobody else reads the folder."""


@dataclass(frozen=True, slots=True)
class Generation:
    name: str
    index: Index


class Generations:
    """Opens generations as they are needed, and keeps a dropped one open while it is being read."""

    def __init__(
        self, catalog: Catalog, engine: Engine, token_vectors: TokenVectorStore | None = None
    ) -> None:
        self._catalog = catalog
        self._engine = engine
        self._token_vectors = token_vectors
        self._open: dict[str, Generation] = {}
        self._readers: dict[str, int] = {}
        self._changed = Condition()
        self.writing = RLock()
        """Held from writing a document's points to their commit, and while points are removed or a
        generation is: neither must come between the two steps of the other."""

    @contextmanager
    def serving(self) -> Iterator[Generation]:
        """The generation that answers, open for as long as it is read. Raises `NoIndex` without one."""
        with self._changed:
            name = self._catalog.generations.serving()
            if name is None:
                raise NoIndex("There is no index yet. Make one with 'pincite ingest PATH…'.")
            generation = self._opened(name)
            self._readers[name] = self._readers.get(name, 0) + 1
        try:
            yield generation
        finally:
            with self._changed:
                self._readers[name] -= 1
                self._changed.notify_all()

    def get(self, name: str) -> Generation:
        with self._changed:
            return self._opened(name)

    def written(self) -> list[Generation]:
        """The generations that every change goes to: the serving one, and one that is being built."""
        live = (GenerationState.SERVING, GenerationState.BUILDING)
        return [
            self.get(each.name) for each in self._catalog.generations.all() if each.state in live
        ]

    def kept(self) -> list[Generation]:
        """All generations; a deletion goes to every one."""
        return [self.get(each.name) for each in self._catalog.generations.all()]

    def create(self, manifest: Manifest) -> Generation:
        """A new, empty generation. The first one serves at once, others are being built."""
        generation = self._create(manifest, only_first=False)
        if generation is None:
            raise LookupError("no generation was made")
        return generation

    def ensure_first(self, manifest: Manifest) -> None:
        """Make a generation that serves, unless there is one."""
        self._create(manifest, only_first=True)

    def _create(self, manifest: Manifest, *, only_first: bool) -> Generation | None:
        made: list[Index] = []

        def make(name: str) -> None:
            # What lies there was left by a process that was killed before it noted it.
            self._engine.drop(name)
            made.append(self._engine.create(name, manifest))

        with self._changed:
            added = self._catalog.generations.add(manifest, make, only_first=only_first)
            if added is None:
                return None
            name, state = added
            self._open[name] = Generation(name, made[0])
            if state is GenerationState.SERVING:
                self._engine.serve(name)
            return self._open[name]

    def switch(self, name: str) -> None:
        """Make this the generation that answers, for every question asked from now on."""
        self._catalog.generations.serve(name)
        self._engine.serve(name)

    def drop(self, name: str) -> None:
        """Delete a generation that does not answer. Raises `WrongUse` for the one that does."""
        if name == self._catalog.generations.serving():
            raise WrongUse(
                f"{name} is the generation that answers. Put another to service first, with "
                "'pincite index rollback' or 'pincite index rebuild'."
            )
        if name not in [each.name for each in self._catalog.generations.all()]:
            raise WrongUse(f"There is no generation {name}; 'pincite index show' lists them.")
        with self.writing, self._changed:
            # Those that began when it still answered look into the catalog for what it holds.
            self._changed.wait_for(lambda: not self._readers.get(name), CLOSE_WITHIN_S)
            self._catalog.generations.drop(name)
            generation = self._open.pop(name, None)
            if generation is not None:
                generation.index.close()
            self.finish_drops()

    def finish_drops(self) -> None:
        """Delete what is dropped, also by a process that was killed over it."""
        for name in self._catalog.generations.dropped():
            self._engine.drop(name)
            if self._token_vectors is not None:
                self._token_vectors.remove_generation(name)
            self._catalog.generations.remove(name)

    def drop_damaged(self) -> None:
        """Drop generations that cannot be opened. Where that is the one that serves, nothing is
        indexed from then on, and every document waits to be."""
        serving = self._catalog.generations.serving()
        for record in self._catalog.generations.all():
            try:
                self.get(record.name)
            except NoIndex:
                self._catalog.generations.drop(record.name)
                self.finish_drops()
                if record.name == serving:
                    self._catalog.documents.index_all_again()

    def close(self) -> None:
        with self._changed:
            for generation in self._open.values():
                generation.index.close()
            self._open.clear()

    def _opened(self, name: str) -> Generation:
        if name not in self._open:
            index = self._engine.open(name)
            self._check_complete(name, index)
            self._open[name] = Generation(name, index)
        return self._open[name]

    def _check_complete(self, name: str, index: Index) -> None:
        """The engine takes a truncated list of its points for a shorter one."""
        expected = self._catalog.documents.passages(name)
        if self._engine.exclusive and (found := index.count()) < expected:
            index.close()
            raise IndexDamaged(
                f"The index generation {name} has lost passages: {found} of {expected} are left. Build "
                "it anew with 'pincite ingest --rebuild'."
            )
