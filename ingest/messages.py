"""What the admin API and its clients say to each other, beside the values of `ingest.admin`."""

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest.admin import NotFound
from ingest.catalog.documents import Deletion, DocumentRecord
from ingest.catalog.jobs import Job, TaskOutcome
from ingest.catalog.sources import SourceRecord
from ingest.embed import EncoderNotFound
from ingest.errors import PinciteError, WrongUse
from ingest.index import IndexInUse, IndexUnreachable, NoIndex
from ingest.metadata import MetadataError
from ingest.receiving import UploadNotKept, UploadOfOtherKind, UploadTooLarge

MAX_PAGE = 1000
"""Entries that one answer has at most."""

ERRORS: dict[str, type[PinciteError]] = {
    "not_found": NotFound,
    "too_large": UploadTooLarge,
    "other_kind": UploadOfOtherKind,
    "not_kept": UploadNotKept,
    "bad_metadata": MetadataError,
    "wrong_use": WrongUse,
    "index_unreachable": IndexUnreachable,
    "index_in_use": IndexInUse,
    "no_index": NoIndex,
    "no_encoder": EncoderNotFound,
}
"""The errors that keep their type on the way, by the code that they have there. A class stands after
those that derive from it."""


def code_of(error: PinciteError) -> str | None:
    return next((code for code, kind in ERRORS.items() if isinstance(error, kind)), None)


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """The job that does, or has done, what was asked for. `GET /admin/jobs/{id}` follows it."""

    job: Job


@dataclass(frozen=True, slots=True)
class JobList:
    jobs: list[Job]


@dataclass(frozen=True, slots=True)
class JobDetail:
    """A job, and one page of how its documents stand."""

    job: Job
    outcomes: list[TaskOutcome]


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """One page of documents; `total` are those on all pages."""

    documents: list[DocumentRecord]
    total: int


@dataclass(frozen=True, slots=True)
class DeletionPage:
    deletions: list[Deletion]
    total: int


@dataclass(frozen=True, slots=True)
class SourceList:
    sources: list[SourceRecord]


@dataclass(frozen=True, slots=True)
class SourceRemoved:
    """How many documents were deleted with it."""

    documents: int


@dataclass(frozen=True, slots=True)
class GenerationDropped:
    generation: str


class Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AddSources(Request):
    paths: Annotated[
        list[str],
        Field(
            min_length=1,
            max_length=MAX_PAGE,
            description="Folders or files on the machine of the service, as absolute paths",
            examples=[["/srv/policies"]],
        ),
    ]
    allow_empty: Annotated[
        bool, Field(description="Remove the documents of a folder that is empty or gone")
    ] = False


class AddReaders(Request):
    names: Annotated[
        list[str],
        Field(
            min_length=1,
            max_length=MAX_PAGE,
            description="LlamaIndex readers, as the settings of the service name them",
            examples=[["wiki"]],
        ),
    ]
    allow_empty: Annotated[
        bool, Field(description="Remove the documents of a reader that gives none any more")
    ] = False


class Sync(Request):
    sources: Annotated[
        list[str] | None, Field(description="Ids of sources; all of them without it")
    ] = None
    only: Annotated[
        list[str],
        Field(max_length=MAX_PAGE, description="Read only what lies at or below these paths"),
    ] = []


class DeleteDocuments(Request):
    ids: Annotated[list[str], Field(min_length=1, max_length=MAX_PAGE)]


class Reindex(Request):
    """Exactly one of the three says what is read anew."""

    documents: Annotated[
        list[str] | None, Field(min_length=1, max_length=MAX_PAGE, description="Ids of documents")
    ] = None
    source: Annotated[str | None, Field(description="Id of a source")] = None
    all: Annotated[bool, Field(description="Every document", examples=[True])] = False

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if (self.documents is not None) + (self.source is not None) + self.all != 1:
            raise ValueError("give one of documents, source or all: true")
        return self


class Rebuild(Request):
    encoder: Annotated[
        str | None, Field(min_length=1, description="As [encoder] model; without it, that one")
    ] = None
    encoder_adapter: Annotated[
        str | None, Field(min_length=1, description="Folder of one for the bundled encoder")
    ] = None
    target_tokens: Annotated[int | None, Field(ge=16, le=4096)] = None
    max_tokens: Annotated[int | None, Field(ge=32, le=8192)] = None
    force: Annotated[
        bool, Field(description="Put it to service even if it answers its probe questions worse")
    ] = False


class Rollback(Request):
    generation: Annotated[
        str | None, Field(description="A kept one; without it, the one that served last")
    ] = None
