"""From registered sources to what they hold."""

from collections.abc import Mapping
from pathlib import Path

from ingest.catalog import Catalog
from ingest.catalog.documents import DocumentRecord
from ingest.catalog.sources import SourceKind, SourceRecord
from ingest.settings import IngestSettings
from ingest.source import Content, FolderSource, Source, file_signature
from ingest.uploads import UploadSource, UploadStore


class OpenSources:
    """Opens the registered sources; `readers` are those that this process was given, by location."""

    def __init__(
        self,
        catalog: Catalog,
        uploads: UploadStore,
        settings: IngestSettings,
        readers: Mapping[str, Source] | None = None,
    ) -> None:
        self._catalog = catalog
        self._uploads = uploads
        self._settings = settings
        self._readers = dict(readers or {})

    def open(self, record: SourceRecord) -> Source:
        """Raises `FileNotFoundError` for a reader that this process does not have."""
        if record.kind is SourceKind.UPLOADS:
            return UploadSource(self._uploads, self._catalog, record.id)
        if record.kind is SourceKind.READER:
            if record.location not in self._readers:
                raise FileNotFoundError(f"There is no reader {record.location} in this process.")
            return self._readers[record.location]
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
        if upload is not None and not Path(record.path).is_absolute():
            return upload
        if Path(record.path).is_absolute():
            return file_signature(Path(record.path))
        return record.failed_signature or record.signature or ""

    def _source_of(self, record: DocumentRecord) -> Source:
        source = self._catalog.sources.get(record.source_id)
        if source is None:
            raise FileNotFoundError(0, "belongs to a source that was removed", record.path)
        return self.open(source)
