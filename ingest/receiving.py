"""Files that people hand in, checked before anything of them is kept."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ingest.errors import PinciteError, WrongUse
from ingest.formats.errors import ParseError, UnsupportedFormat, WrongExtension
from ingest.metadata import NOTHING_SAID, Metadata, MetadataError, from_fields
from ingest.parse import check_format
from ingest.uploads import UploadStore

MAX_NAME_BYTES = 200
_PIECE_BYTES = 1 << 20


class UploadTooLarge(WrongUse):
    """A file is over the limit; the message names both."""


class UploadNotKept(PinciteError):
    """The folder of uploads cannot be written."""


class UploadOfOtherKind(WrongUse):
    """A file is of a kind that is not read, or not what its name says."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that somebody hands in: its name, its content (seekable), and what is said about it."""

    name: str
    content: BinaryIO
    metadata: Metadata = NOTHING_SAID


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was received: its name, the SHA-256 it is kept under, and what was said for it."""

    name: str
    content_hash: str
    metadata: Metadata = NOTHING_SAID


def received(files: Sequence[Incoming], store: UploadStore, *, max_file_mb: float) -> list[Upload]:
    """Keep these files, all of them or none.

    Raises `WrongUse` for a name that is no plain file name or is there twice, `UploadTooLarge`,
    `UploadOfOtherKind`. Nothing is kept before every file was looked at.
    """
    if not files:
        raise WrongUse("There is no file to index. Nothing was changed.")
    max_bytes = int(max_file_mb * 1e6)
    names = [_checked_name(file.name) for file in files]
    same = sorted({name for name in names if names.count(name) > 1})
    if same:
        raise WrongUse(f"Several files are called {', '.join(same)}. Nothing was changed.")
    for file in files:
        _check_content(file, max_bytes)
    try:
        return [
            Upload(name, store.save(_pieces(file.content), max_bytes=max_bytes), file.metadata)
            for name, file in zip(names, files, strict=True)
        ]
    except OSError as error:
        raise UploadNotKept(
            f"The files could not be kept ({error.strerror}). Nothing was changed: make room, and send "
            "them again."
        ) from error


@contextmanager
def opened(files: Sequence[Path]) -> Iterator[list[BinaryIO]]:
    """Local files, open for reading. Raises `WrongUse` for those that are none or cannot be read."""
    missing = [str(file) for file in files if not file.is_file()]
    if missing:
        raise WrongUse(f"There is no file {', '.join(missing)}. Nothing was changed.")
    with ExitStack() as stack:
        try:
            contents: list[BinaryIO] = [stack.enter_context(file.open("rb")) for file in files]
        except OSError as error:
            raise WrongUse(
                f"{error.filename} cannot be read ({error.strerror}). Nothing was changed."
            ) from error
        yield contents


def metadata_by_name(given: Mapping[str, object], names: Sequence[str]) -> dict[str, Metadata]:
    """What is said about each file: the same fields for all, or fields by file name.

    Raises `MetadataError` that names the file, the field and the value.
    """
    by_file = bool(given) and all(isinstance(value, dict) for value in given.values())
    if not by_file:
        return dict.fromkeys(names, _fields("metadata", given))
    unknown = [name for name in given if name not in names]
    if unknown:
        raise MetadataError(
            f"metadata is for {', '.join(map(repr, unknown[:5]))}, and no file of that name was sent: "
            f"the files are {', '.join(names)}"
        )
    said = {
        name: _fields(f"metadata of {name}", fields)
        for name, fields in given.items()
        if isinstance(fields, dict)
    }
    return {name: said.get(name, NOTHING_SAID) for name in names}


def _fields(place: str, given: Mapping[str, object]) -> Metadata:
    try:
        return from_fields(given, strict=True)
    except MetadataError as error:
        raise MetadataError(f"{place}: {error}") from error


def _checked_name(name: str) -> str:
    """The name in the one way of writing it that Unicode composes. It goes into paths and pages."""
    shown = ascii(name[:80])
    if not name.strip() or name in (".", ".."):
        raise WrongUse("A file has no name: give it one. Nothing was changed.")
    if "/" in name or "\\" in name:
        raise WrongUse(
            f"A file is called {shown}: send its name without a folder. Nothing was changed."
        )
    if any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in name):
        raise WrongUse(
            f"A file is called {shown}, with a character that cannot be shown: rename it. Nothing was "
            "changed."
        )
    if name.startswith((".", "~$")):
        raise WrongUse(f"{shown} is a hidden file: rename it. Nothing was changed.")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise WrongUse(
            f"A name has more than {MAX_NAME_BYTES} bytes ({shown}…): shorten it. Nothing was changed."
        )
    return unicodedata.normalize("NFC", name)


def _check_content(file: Incoming, max_bytes: int) -> None:
    file.content.seek(0)
    content = file.content.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise UploadTooLarge(
            f"{file.name} is over the limit of {max_bytes / 1e6:g} MB: divide it, or raise [ingest] "
            "max_file_mb. Nothing was changed."
        )
    try:
        check_format(content, name=file.name)
    except (UnsupportedFormat, WrongExtension) as error:
        raise UploadOfOtherKind(f"{file.name} {error}. Nothing was changed.") from error
    except ParseError as error:
        raise WrongUse(f"{file.name} {error}. Nothing was changed.") from error


def _pieces(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    while piece := content.read(_PIECE_BYTES):
        yield piece
