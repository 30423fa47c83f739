"""From registered sources to what they hold."""

from pathlib import Path

from ingest.catalog import Catalog
from ingest.catalog.documents import DocumentRecord
from ingest.catalog.sources import SourceKind, SourceRecord
from ingest.llamaindex.source import MissingReader, ReaderSource, location_of
from ingest.settings import IngestSettings
from ingest.source import Content, FolderSource, Source, file_signature
from ingest.uploads import SCHEME, UploadSource, UploadStore


class OpenSources:
    """Opens the registered sources. What readers have loaded is kept from one opening to the next."""

    def __init__(self, catalog: Catalog, uploads: UploadStore, settings: IngestSettings) -> None:
        self._catalog = catalog
        self._uploads = uploads
        self._settings = settings
        self._readers = {
            location_of(name): ReaderSource(name, reader, max_file_mb=settings.max_file_mb)
            for name, reader in settings.readers.items()
        }

    def open(self, record: SourceRecord) -> Source:
        if record.kind is SourceKind.UPLOADS:
            return UploadSource(self._uploads, self._catalog, record.id)
        if record.kind is SourceKind.READER:
            return self._readers.get(record.location) or MissingReader(record.location)
        return FolderSource(Path(record.location), max_file_mb=self._settings.max_file_mb)

    def read(self, record: DocumentRecord, upload: str | None) -> Content:
        """The document's content; that of a waiting `upload` where one is named.

        Raises `OSError` or a `ParseError` where it cannot be read.
        """
        source = self._source_of(record)
        if isinstance(source, UploadSource) and upload is not None:
            return source.read_content(upload, record.name)
        return source.read(record.path)

    def signature(self, record: DocumentRecord, upload: str | None) -> str:
        """What would tell a listing that nothing changed since now; empty where nothing can."""
        if upload is not None and record.path.startswith(SCHEME):
            return upload
        if Path(record.path).is_absolute():
            return file_signature(Path(record.path))
        return record.failed_signature or record.signature or ""

    def _source_of(self, record: DocumentRecord) -> Source:
        source = self._catalog.sources.get(record.source_id)
        if source is None:
            raise FileNotFoundError(0, "belongs to a source that was removed", record.path)
        return self.open(source)
