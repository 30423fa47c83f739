"""What is known of sources, documents, generations and jobs: one database beside the index."""

from pathlib import Path

from ingest.catalog.documents import Documents
from ingest.catalog.generations import GenerationTable
from ingest.catalog.jobs import Jobs
from ingest.catalog.schema import open_engine, sqlite_url
from ingest.catalog.sources import Sources


class Catalog:
    """The catalog at a database address, or in a SQLite file.

    Raises `CatalogUnreadable` where it is damaged or of another version of Pincite.
    """

    def __init__(self, where: Path | str) -> None:
        url = sqlite_url(where) if isinstance(where, Path) else where
        self._engine = open_engine(url)
        self.documents = Documents(self._engine)
        self.sources = Sources(self._engine)
        self.generations = GenerationTable(self._engine)
        self.jobs = Jobs(self._engine)

    def close(self) -> None:
        self._engine.dispose()
