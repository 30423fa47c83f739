"""Uploaded documents, kept by the SHA-256 of their content."""

import hashlib
import os
import time
from collections.abc import Collection, Iterable
from pathlib import Path
from uuid import uuid4

from ingest.catalog import Catalog
from ingest.formats.errors import DocumentTooLarge
from ingest.source import Content, Item, Listing

SCHEME = "upload:"
_CLOCKS_DIFFER_S = 0.1
_ORPHAN_AGE_S = 3600
"""What no document refers to for so long is left over from an upload that was cut off."""


class UploadStore:
    """A folder of contents: the same bytes are kept once, whatever they are called."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened_at = time.time()

    def save(self, pieces: Iterable[bytes], *, max_bytes: int) -> str:
        """Keep the content; its SHA-256. It is there whole or not at all.

        Raises `DocumentTooLarge`, before more than `max_bytes` were written.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        scratch = self._folder / f".{uuid4()}"
        digest = hashlib.sha256()
        size = 0
        try:
            with scratch.open("wb") as file:
                for piece in pieces:
                    size += len(piece)
                    if size > max_bytes:
                        raise DocumentTooLarge(
                            f"is over the limit of {max_bytes / 1e6:g} MB: divide it, or raise "
                            "[ingest] max_file_mb"
                        )
                    digest.update(piece)
                    file.write(piece)
                file.flush()
                os.fsync(file.fileno())
            place = self._place(digest.hexdigest())
            place.parent.mkdir(exist_ok=True)
            scratch.replace(place)
        finally:
            scratch.unlink(missing_ok=True)
        return digest.hexdigest()

    def read(self, content_hash: str) -> bytes:
        return self._place(content_hash).read_bytes()

    def remove(self, content_hash: str) -> None:
        self._place(content_hash).unlink(missing_ok=True)

    def remove_orphans(self, needed: set[str], *, alone: bool) -> None:
        """Remove what nobody refers to, except what may just be arriving: where this process is `alone`
        with the folder, that is nothing from before it opened it."""
        oldest = self._opened_at - _CLOCKS_DIFFER_S if alone else time.time() - _ORPHAN_AGE_S
        for file in self._folder.rglob("*"):
            if file.is_file() and file.name not in needed and file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)

    def _place(self, content_hash: str) -> Path:
        return self._folder / content_hash[:2] / content_hash


class UploadSource:
    """The uploaded documents as a source. What should be there is what the catalog says."""

    def __init__(self, store: UploadStore, catalog: Catalog, source_id: str) -> None:
        self._store = store
        self._catalog = catalog
        self._source_id = source_id

    def items(self, only: Collection[str] = ()) -> Listing:
        records = self._catalog.documents.find(source_id=self._source_id, below=only)
        return Listing(
            tuple(
                Item(record.path, record.name, record.failed_signature or record.signature or "")
                for record in records
            )
        )

    def read(self, path: str) -> Content:
        record = self._catalog.documents.at(path)
        wanted = (record.failed_signature or record.signature) if record else None
        if record is None or wanted is None:
            raise FileNotFoundError(0, "was deleted meanwhile", path)
        return self.read_content(wanted, record.name)

    def read_content(self, content_hash: str, name: str) -> Content:
        """An upload that waits to be indexed under this name."""
        return Content(self._store.read(content_hash), None, name, content_hash)
