"""Where documents come from: folders, uploads, LlamaIndex readers."""

import os
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import NAMESPACE_URL, uuid5

from ingest.formats.errors import DocumentTooLarge
from ingest.metadata import sidecars_for
from ingest.parse import SUFFIXES

HIDDEN = (".", "~$")
"""How the names of files that are passed over begin: hidden ones, and Office's locks of open files."""


@dataclass(frozen=True, slots=True)
class Item:
    """A document that a source holds. `path` is where it lies, `name` what people see; `signature`
    changes whenever the content may have changed."""

    path: str
    name: str
    signature: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something that must not be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds: documents, files that are refused, and how many files of other kinds.

    `unreadable` are the paths below which nothing could be looked at: what was there is not known to
    be gone.
    """

    items: tuple[Item, ...] = ()
    refused: tuple[Refused, ...] = ()
    other_files: int = 0
    unreadable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """What is read of a document: its bytes, those of its sidecar, the file name they go under, and the
    signature from before they were read."""

    data: bytes
    sidecar: bytes | None
    file_name: str
    signature: str


class SourceUnreachable(ConnectionError):
    """What a source holds cannot be found out now; the message is why. Nothing of it is known to be
    gone."""


class Source(Protocol):
    """Documents and their bytes."""

    def items(self, only: Collection[str] = ()) -> Listing:
        """What it holds, or what it holds at or below these paths.

        Raises `FileNotFoundError` where there is no such source, or `SourceUnreachable`.
        """
        ...

    def read(self, path: str) -> Content:
        """Raises `OSError` or a `ParseError` where it cannot be read."""
        ...


def document_id(path: str) -> str:
    """The same for the same place, whatever lies there."""
    return str(uuid5(NAMESPACE_URL, Path(path).as_uri() if Path(path).is_absolute() else path))


def is_below(path: str, places: Collection[str]) -> bool:
    """Whether it is one of these places, or lies below one."""
    return any(path == place or path.startswith(place.rstrip("/") + "/") for place in places)


@dataclass(slots=True)
class _Found:
    items: list[Item]
    refused: list[Refused]
    unreadable: list[str]
    other_files: int = 0


class FolderSource:
    """The documents below a folder in the order of their names, or one file."""

    def __init__(self, location: Path, *, max_file_mb: float) -> None:
        # What is found is compared with where links lead; `items` says what is wrong with a circle.
        with suppress(OSError, RuntimeError):
            location = location.resolve()
        self._root = location
        self._max_file_mb = max_file_mb

    def items(self, only: Collection[str] = ()) -> Listing:
        """Hidden files and folders are passed over, folders behind links are entered once, and a link
        that leads out of the folder is refused. Raises `FileNotFoundError` where nothing is there."""
        root = self._root
        places = self._places(only)
        if not places:
            return Listing()
        try:
            root.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise FileNotFoundError(f"There is no file or folder {root}.") from error
        if root.is_file():
            return Listing((Item(str(root), root.name, file_signature(root)),))
        errors: list[OSError] = []
        found = _Found([], [], [])
        for path in self._files(places, errors):
            try:
                self._sort_in(path, found)
            except OSError as error:
                errors.append(OSError(error.errno, error.strerror, str(path)))
        found.items.sort(key=lambda item: item.name)
        for closed in errors:
            reason = f"could not be opened ({closed.strerror})"
            found.refused.append(Refused(self._name(Path(closed.filename)), reason))
            found.unreadable.append(str(closed.filename))
        return Listing(
            tuple(found.items), tuple(found.refused), found.other_files, tuple(found.unreadable)
        )

    def _places(self, only: Collection[str]) -> list[Path]:
        """What is to be looked at of this source, none of it hidden."""
        root = self._root
        wanted = [Path(place) for place in only]
        if not only or any(root.is_relative_to(place) for place in wanted):
            return [root]
        inside = [place for place in wanted if place.is_relative_to(root)]
        return [place for place in inside if not _is_hidden(place.relative_to(root))]

    def _files(self, places: Collection[Path], errors: list[OSError]) -> Iterator[Path]:
        for place in places:
            try:
                if place.is_dir():
                    yield from _walk(place, self._root, errors)
                elif place.exists() or place.is_symlink():
                    yield place
            except OSError as error:
                errors.append(OSError(error.errno, error.strerror, str(place)))

    def _sort_in(self, path: Path, found: _Found) -> None:
        if path.suffix.lower() not in SUFFIXES and not path.is_dir():
            found.other_files += not path.name.endswith(".meta.toml")
        elif reason := _refusal(path, self._root):
            found.refused.append(Refused(self._name(path), reason))
        else:
            found.items.append(Item(str(path), self._name(path), file_signature(path)))

    def _name(self, path: Path) -> str:
        """Below the root, with what is no UTF-8 made visible: neither databases nor JSON take it."""
        return str(path.relative_to(self._root)).encode("utf-8", "backslashreplace").decode()

    def read(self, path: str) -> Content:
        file = Path(path)
        file.lstat()
        # The file may have become a link since it was listed.
        if reason := _refusal(file, self._root):
            raise PermissionError(0, reason, path)
        signature = file_signature(file)
        sidecar = _sidecar(file)
        return Content(
            _read_bytes(file, self._max_file_mb),
            _read_bytes(sidecar, 1.0) if sidecar else None,
            file.name,
            signature,
        )


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts) or path.name.startswith(HIDDEN)


def _read_bytes(path: Path, max_mb: float) -> bytes:
    size_mb = path.stat().st_size / 1e6
    if size_mb > max_mb:
        raise DocumentTooLarge(
            f"is {size_mb:.1f} MB, over the limit of {max_mb:g} MB: divide it, or raise "
            "[ingest] max_file_mb"
        )
    return path.read_bytes()


def _sidecar(file: Path) -> Path | None:
    for name in sidecars_for(file.name):
        beside = file.with_name(name)
        if beside.is_file() and not beside.is_symlink():
            return beside
    return None


def file_signature(file: Path) -> str:
    """Size and times of the file and its sidecar. The time of the last change of status cannot be set
    back, so a file that was replaced by one of the same size and date is noticed."""
    try:
        stats = [file.stat()]
        if sidecar := _sidecar(file):
            stats.append(sidecar.stat())
    except OSError:
        return ""
    return "+".join(f"{stat.st_size}.{stat.st_mtime_ns}.{stat.st_ctime_ns}" for stat in stats)


def _walk(start: Path, root: Path, errors: list[OSError]) -> Iterator[Path]:
    entered = {root, start}
    for folder, folders, names in os.walk(start, followlinks=True, onerror=errors.append):
        folders.sort()
        for name in list(folders):
            target = (Path(folder) / name).resolve()
            leads_out = not target.is_relative_to(root)
            if name.startswith(".") or target in entered or leads_out:
                folders.remove(name)
            if leads_out and not name.startswith("."):
                yield Path(folder) / name
            entered.add(target)
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith(HIDDEN))


def _refusal(path: Path, root: Path) -> str | None:
    """Why it must not be read; None where it may. Raises `OSError` where that cannot be found out."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return "has a name that is not valid UTF-8: rename it"
    try:
        target = path.resolve(strict=True)
    except (FileNotFoundError, RuntimeError):
        return "is a link that leads nowhere or in a circle: remove it"
    if not target.is_relative_to(root):
        return "is a link out of the folder: put a copy there instead"
    if not target.is_file():
        return "is no regular file: remove it"
    return None
