"""Who is asking, and what they may read."""

from dataclasses import dataclass

from ingest.catalog.documents import DocumentRecord
from ingest.index import EVERYONE


@dataclass(frozen=True, slots=True)
class Reader:
    """`groups` are the access groups of the reader; a search returns only what one of them may read."""

    name: str
    groups: frozenset[str]


LOCAL_READER = Reader("local", frozenset({EVERYONE}))
"""Whoever asks from this machine, as long as there are no keys."""


def may_read(reader: Reader, record: DocumentRecord) -> bool:
    """Whether the document is for one of the reader's groups; without groups it is for everyone."""
    return not reader.groups.isdisjoint(record.described.groups or (EVERYONE,))
