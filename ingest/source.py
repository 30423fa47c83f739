"""Which files a folder holds for ingestion."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from ingest.parse import SUFFIXES


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to ingest. `name` is its path below `root`; a single file is its own root."""

    root: Path
    path: Path
    name: str

    @property
    def document_id(self) -> str:
        """The same for the same place, whatever the file holds."""
        return str(uuid5(NAMESPACE_URL, self.path.as_uri()))


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that must not be read, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a root holds: documents, files that are refused, and how many files of other kinds.

    `unreadable` are folders that could not be looked into: what was in them is not known to be gone.
    """

    root: Path
    files: tuple[SourceFile, ...] = ()
    refused: tuple[RefusedFile, ...] = ()
    other_files: int = 0
    unreadable: tuple[Path, ...] = ()


def list_files(path: Path) -> Listing:
    """The documents below a folder in the order of their names, or the one file itself.

    Hidden files and folders are passed over, folders behind links are entered once, and a link that
    leads out of the root is refused. Raises `FileNotFoundError` where there is nothing at `path`.
    """
    try:
        root = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise FileNotFoundError(f"There is no file or folder {path}.") from error
    if root.is_file():
        return Listing(root, (SourceFile(root, root, root.name),))
    files: list[SourceFile] = []
    refused: list[RefusedFile] = []
    other_files = 0
    errors: list[OSError] = []
    for found in _walk(root, errors):
        name = str(found.relative_to(root))
        if found.suffix.lower() not in SUFFIXES and not found.is_dir():
            other_files += 1
        elif reason := _refusal(found, root):
            refused.append(RefusedFile(name, reason))
        else:
            files.append(SourceFile(root, found, name))
    files.sort(key=lambda file: file.name)
    unreadable = [Path(error.filename) for error in errors]
    refused.extend(
        RefusedFile(str(folder.relative_to(root)), f"could not be opened ({error.strerror})")
        for folder, error in zip(unreadable, errors, strict=True)
    )
    return Listing(root, tuple(files), tuple(refused), other_files, tuple(unreadable))


def _walk(root: Path, errors: list[OSError]) -> Iterator[Path]:
    entered = {root}
    for folder, folders, names in os.walk(root, followlinks=True, onerror=errors.append):
        folders.sort()
        for name in list(folders):
            target = (Path(folder) / name).resolve()
            leads_out = not target.is_relative_to(root)
            if name.startswith(".") or target in entered or leads_out:
                folders.remove(name)
            if leads_out and not name.startswith("."):
                yield Path(folder) / name
            entered.add(target)
        yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))


def _refusal(path: Path, root: Path) -> str | None:
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return "has a name that is not valid UTF-8: rename it"
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "is a link that leads nowhere or in a circle: remove it"
    if not target.is_relative_to(root):
        return "is a link out of the folder: put a copy there instead"
    if not target.is_file():
        return "is no regular file: remove it"
    return None
