"""What is known about a document besides its text: who owns it, when it applies, who may read it."""

from dataclasses import dataclass
from datetime import date


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
