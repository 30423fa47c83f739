"""What is known about a document besides its text: who owns it, when it applies, who may read it."""

import json
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from functools import reduce
from pathlib import PurePosixPath

from ingest.errors import WrongUse


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document, or somebody for it, says about it. None and () where nothing is said.

    `version` is the label people know it by ("2.1"), `effective_from` its first day,
    `effective_until` the first day on which it no longer applies. `supersedes` names documents that it
    replaces: by file name, title, or title with version. `groups` are the access groups that may read
    it; without any, everyone may.
    """

    title: str | None = None
    owner: str | None = None
    version: str | None = None
    effective_from: date | None = None
    effective_until: date | None = None
    supersedes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


NOTHING_SAID = Metadata()


class MetadataError(WrongUse):
    """A field has a value that it cannot have, or there is no such field. Names field and value."""


KEYS: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "owner": ("owner", "author", "policy_owner", "document_owner"),
    "version": ("version",),
    "effective_from": ("effective_from", "effective", "effective_date", "valid_from"),
    "effective_until": ("effective_until", "valid_until", "expires", "expiry_date"),
    "supersedes": ("supersedes", "replaces"),
    "tags": ("tags", "keywords"),
    "groups": ("groups", "access", "access_groups"),
}
"""The keys that each field is read from. "date" and "last_updated" are none of them: a page edited
today applied yesterday as well."""

MAX_SIDECAR_BYTES = 64 * 1024
_MAX_LENGTH = {
    "title": 500,
    "owner": 200,
    "version": 60,
    "supersedes": 500,
    "tags": 100,
    "groups": 100,
}
_MAX_ITEMS = 200
_SHOWN_LENGTH = 60


def from_fields(given: Mapping[str, object], *, strict: bool = False) -> Metadata:
    """The metadata in values as YAML, TOML or a form has them; keys in any case, "-" and " " for "_".

    A list may be given as text, separated by commas (`supersedes`: one name a line, since titles have
    commas). None, "" and [] say nothing. Unknown keys are passed over, as front matter is full of them.
    Raises `MetadataError` where a known field's value cannot be meant, where `effective_until` is not
    after `effective_from`, and, if `strict`, for an unknown key or one field given in two ways.
    """
    named = {_key(key): value for key, value in given.items() if not _says_nothing(value)}
    if strict:
        _refuse_unknown(given)
        _refuse_twice(named)
    said = {
        field: next((named[key] for key in keys if key in named), None)
        for field, keys in KEYS.items()
    }
    metadata = Metadata(
        title=_text("title", said["title"]),
        owner=_owner(said["owner"]),
        version=_text("version", said["version"]),
        effective_from=_day("effective_from", said["effective_from"]),
        effective_until=_day("effective_until", said["effective_until"]),
        supersedes=_texts("supersedes", said["supersedes"], separator="\n"),
        tags=_texts("tags", said["tags"], separator=","),
        groups=_texts("groups", said["groups"], separator=","),
    )
    if _contradicts(metadata.effective_from, metadata.effective_until):
        raise MetadataError(
            f"effective_until ({metadata.effective_until}) is the first day on which the document no "
            f"longer applies: it must be after effective_from ({metadata.effective_from})"
        )
    return metadata


def about(field: str, given: Mapping[str, object]) -> dict[str, object]:
    """The values that `from_fields` would read this field from."""
    return {key: value for key, value in given.items() if _key(key) in KEYS[field]}


def read_sidecar(content: bytes) -> Metadata:
    """The metadata in a TOML file that lies beside a document, see `sidecars_for`.

    Raises `MetadataError` for what is not TOML (with the line), and as `from_fields` does if strict.
    """
    if len(content) > MAX_SIDECAR_BYTES:
        raise MetadataError(
            f"is {len(content):,} bytes long, of which {MAX_SIDECAR_BYTES:,} are read: a file of "
            "metadata has a few lines"
        )
    try:
        given = tomllib.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise MetadataError(f"is not UTF-8 (byte {error.start:,}): save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise MetadataError(f"is not TOML: {error}") from error
    # tomllib reads nested values by recursion.
    except RecursionError as error:
        raise MetadataError("is nested too deep: every field is a line of its own") from error
    return from_fields(given, strict=True)


def sidecar_of(metadata: Metadata) -> bytes | None:
    """A file that `read_sidecar` reads as this metadata; None where nothing is said."""
    said = {field.name: getattr(metadata, field.name) for field in fields(Metadata)}
    lines = [
        f"{name} = {_toml(value)}\n" for name, value in said.items() if value not in (None, ())
    ]
    return "".join(lines).encode() if lines else None


def _toml(value: object) -> str:
    # Strings and lists of them are written as in JSON, where no control characters are in them.
    return str(value) if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


SIDECAR_SUFFIX = ".meta.toml"


def sidecars_for(name: str) -> tuple[str, ...]:
    """The files that may hold a document's metadata, the more specific first.

    "leave/policy.pdf" has leave/policy.pdf.meta.toml, or leave/policy.meta.toml.
    """
    path = PurePosixPath(name)
    return (f"{path}{SIDECAR_SUFFIX}", f"{path.with_suffix('')}{SIDECAR_SUFFIX}")


def merged(*layers: Metadata) -> Metadata:
    """The layers in one, field by field: of two that say something, the later one counts.

    Where a later layer's dates leave no day between them and an earlier one's, the earlier is dropped.
    """
    return reduce(_overlaid, layers, NOTHING_SAID)


def _overlaid(lower: Metadata, upper: Metadata) -> Metadata:
    said = {
        field.name: getattr(upper, field.name)
        for field in fields(Metadata)
        if getattr(upper, field.name) not in (None, ())
    }
    both = replace(lower, **said)
    if not _contradicts(both.effective_from, both.effective_until):
        return both
    return replace(both, effective_from=upper.effective_from, effective_until=upper.effective_until)


def _contradicts(first: date | None, until: date | None) -> bool:
    return first is not None and until is not None and until <= first


def _key(key: object) -> str:
    # YAML keys may be numbers or dates; they are nobody's fields.
    return str(key).strip().casefold().replace("-", "_").replace(" ", "_")[:_SHOWN_LENGTH]


def _says_nothing(value: object) -> bool:
    return value is None or (isinstance(value, str | list | tuple) and not value)


def _refuse_unknown(given: Mapping[str, object]) -> None:
    known = {key for keys in KEYS.values() for key in keys}
    unknown = sorted({_key(key) for key in given} - known)
    if unknown:
        raise MetadataError(
            f"unknown key {', '.join(map(repr, unknown[:5]))}: known are {', '.join(KEYS)}"
        )


def _refuse_twice(named: Mapping[str, object]) -> None:
    for keys in KEYS.values():
        present = [key for key in keys if key in named]
        if len(present) > 1:
            raise MetadataError(f"{' and '.join(present)} mean the same field: give one of them")


def _owner(value: object) -> str | None:
    names = _texts("owner", value, separator="\n")
    return _text("owner", ", ".join(names))


def _text(field: str, value: object) -> str | None:
    """One line of text. Numbers and dates are taken as written: YAML makes `version: 2.1` a number."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        raise _unfit(field, value, "text is allowed")
    if isinstance(value, int) and abs(value) >= 10**18:
        raise _unfit(field, "a number of more than 18 digits", "text is allowed")
    written = str(value)
    # The value of a hostile file may be all of its megabytes: none of those is cleaned first.
    line = clean_line(written) if len(written) <= 10 * _MAX_LENGTH[field] else written
    if len(line) > _MAX_LENGTH[field]:
        raise _unfit(field, written, f"at most {_MAX_LENGTH[field]} characters are allowed")
    return line or None


def _texts(field: str, value: object, *, separator: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        given: Iterable[object] = value.split(separator, maxsplit=_MAX_ITEMS + 1)
    elif isinstance(value, list | tuple):
        given = value[: _MAX_ITEMS + 1]
    else:
        given = [value]
    items = [item for item in (_text(field, each) for each in given) if item is not None]
    if len(items) > _MAX_ITEMS:
        raise MetadataError(f"{field} has more than {_MAX_ITEMS} entries: give fewer")
    return tuple(dict.fromkeys(items))


def _day(field: str, value: object) -> date | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, str) and len(value) < _SHOWN_LENGTH:
        try:
            return datetime.fromisoformat(value.strip()).date()
        except ValueError:
            pass
    raise _unfit(field, value, "a date like 2026-03-01 is allowed")


def _unfit(field: str, value: object, allowed: str) -> MetadataError:
    return MetadataError(f"{field} cannot be {_shown(value)}: {allowed}")


def _shown(value: object) -> str:
    """The value, short; a nested one by its kind alone, since writing it out could take forever."""
    if not isinstance(value, str | int | float | date):
        return f"a {type(value).__name__}"
    line = repr(clean_line(str(value)[: 10 * _SHOWN_LENGTH]))
    return line if len(line) <= _SHOWN_LENGTH else f"{line[:_SHOWN_LENGTH]}…'"


_JOINERS = "\u200c\u200d"
"""Format characters that words of Persian and Hindi are spelled with; the others can turn text round."""


def clean_line(text: str) -> str:
    """The text without control characters and with every run of white space made one space."""
    return " ".join("".join(map(_kept, text)).split())


def _kept(char: str) -> str:
    if char.isspace():
        return " "
    unfit = unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co") and char not in _JOINERS
    return "" if unfit else char
