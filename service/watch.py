"""Follows changes in the registered folders, and has them indexed."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Event, Thread

from sqlalchemy.exc import OperationalError
from watchfiles import Change, watch

from ingest.admin import Admin, NotFound
from ingest.catalog.documents import Documents
from ingest.catalog.sources import SourceKind, SourceRecord
from ingest.metadata import SIDECAR_SUFFIX
from ingest.parse import SUFFIXES
from ingest.source import HIDDEN, file_signature
from ingest.store import Store

_log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
QUIET_MS = 400
"""Changes that follow each other this closely are one."""
GATHERED_MS = 2_000
MAX_PATHS = 200
"""Where more than so many changed, the whole folder is read."""
WATCHER = "watch"


class Watch:
    """One thread for every registered folder, and one that looks which folders are registered."""

    def __init__(self, store: Store, admin: Admin) -> None:
        self._store = store
        self._admin = admin
        self._stop = Event()
        self._followed: dict[str, Follower] = {}
        self._thread = Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Have what changed while nobody watched indexed, and follow what changes from now on."""
        folders = [source.id for source in self._folders()]
        if folders:
            self._admin.sync(folders, asked_by=WATCHER)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for follower in self._followed.values():
            follower.stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
            except OperationalError as error:
                _log.warning("The registered folders cannot be looked up: %s", error.orig)
            self._stop.wait(LOOK_EVERY_S)

    def _look(self) -> None:
        registered = {source.id: source for source in self._folders()}
        for source_id in [each for each in self._followed if each not in registered]:
            self._followed.pop(source_id).stop()
        for source in registered.values():
            follower = self._followed.get(source.id)
            if follower is None or not follower.is_alive:
                self._follow(source, returned=follower is not None)

    def _follow(self, source: SourceRecord, *, returned: bool) -> None:
        if not Path(source.location).exists():
            return  # It may come back, as a network drive does.
        follower = Follower(source, self._store, self._admin)
        self._followed[source.id] = follower
        follower.start()
        if returned:
            self._admin.sync([source.id], asked_by=WATCHER)

    def _folders(self) -> list[SourceRecord]:
        return [source for source in self._admin.sources() if source.kind is SourceKind.FOLDER]


class Follower:
    """Follows one folder, or one file, for as long as it is there."""

    def __init__(self, source: SourceRecord, store: Store, admin: Admin) -> None:
        self._source = source
        self._root = Path(source.location)
        self._news = News(self._root, store.catalog.documents, ignored=store.path.resolve())
        self._admin = admin
        self._stop = Event()
        self._job: str | None = None
        self._thread = Thread(target=self._run, name=f"watch {source.location}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._follow()
        # watchfiles tells of the system's limits on watches by OSError, and of a folder that vanishes.
        except OSError as error:
            _log.warning(
                "Changes in %s are not followed (%s). 'pincite ingest' reads it again.",
                self._root,
                error,
            )
            self._stop.wait(60)

    def _follow(self) -> None:
        changed: set[str] = set()
        for changes in self._changes():
            changed |= self._news.of(changes)
            if not self._root.exists():
                return
            # What comes while the last is being indexed is gathered.
            if changed and not self._is_busy():
                self._job = self._submit(sorted(changed))
                changed = set()

    def _changes(self) -> Iterator[set[tuple[Change, str]]]:
        # An editor puts a new file in the place of the old one, and only the folder sees that.
        folder = self._root if self._root.is_dir() else self._root.parent
        return watch(
            folder,
            recursive=self._root.is_dir(),
            watch_filter=None,
            debounce=GATHERED_MS,
            step=QUIET_MS,
            rust_timeout=1000,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )

    def _is_busy(self) -> bool:
        try:
            return self._job is not None and self._admin.job(self._job).is_open
        except NotFound:
            return False

    def _submit(self, paths: list[str]) -> str | None:
        only = paths if len(paths) <= MAX_PATHS and str(self._root) not in paths else []
        try:
            return self._admin.sync([self._source.id], only=only, asked_by=WATCHER)
        except NotFound:
            return None  # It is not registered any more.


class News:
    """Which of the changes below a folder say that something else is to be indexed."""

    def __init__(self, root: Path, documents: Documents, *, ignored: Path) -> None:
        self._root = root
        self._documents = documents
        self._ignored = ignored

    def of(self, changes: Iterable[tuple[Change, str]]) -> set[str]:
        """The paths to read again: of documents, and of folders that came or went."""
        return {
            str(path)
            for change, name in changes
            for path in self._concerned(change, Path(name))
            if self._is_news(path)
        }

    def _concerned(self, change: Change, path: Path) -> Iterator[Path]:
        if not path.is_relative_to(self._root) and self._root.is_dir():
            return
        if path.is_relative_to(self._ignored) or self._is_hidden(path):
            return
        if path.name.endswith(SIDECAR_SUFFIX):
            yield from _documents_of(path)
        elif path.suffix.lower() in SUFFIXES or (change != Change.modified and not path.is_file()):
            yield path

    def _is_hidden(self, path: Path) -> bool:
        parts = path.relative_to(self._root).parts if path.is_relative_to(self._root) else ()
        return any(part.startswith(HIDDEN) for part in parts)

    def _is_news(self, path: Path) -> bool:
        if not self._root.is_dir() and path != self._root:
            return False
        if path.is_dir():
            return any(file.suffix.lower() in SUFFIXES for file in path.rglob("*"))
        known = self._documents.find(below=[str(path)], limit=1)
        if not path.exists():
            return bool(known)
        signatures = [
            signature
            for record in known
            for signature in (record.signature, record.failed_signature)
        ]
        return file_signature(path) not in signatures


def _documents_of(sidecar: Path) -> Iterator[Path]:
    """Those that a file of metadata may lie beside."""
    name = sidecar.name.removesuffix(SIDECAR_SUFFIX)
    if Path(name).suffix.lower() in SUFFIXES:
        yield sidecar.with_name(name)
    for file in sidecar.parent.glob("*"):
        if file.stem == name and file.suffix.lower() in SUFFIXES:
            yield file
