"""Settings of the sections [index], [encoder], [chunking] and [ingest]."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    model_validator,
)

from ingest.embed import BUNDLED


class Section(BaseModel):
    """A section of the settings: immutable, and strict about the keys it knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IndexSettings(Section):
    path: Path = Field(Path(".pincite"), description="Folder of index, catalog and uploads")
    catalog_url: str | None = Field(
        None,
        description="Database of the catalog (SQLAlchemy URL); without one, SQLite in the folder",
    )
    token_vectors: bool = Field(
        True,
        description="Whether the vectors of the passages' tokens are kept in the folder, some 60 kB a "
        "passage, for late interaction to read",
    )
    server_url: str | None = Field(
        None, description="Address of a Qdrant server; without one, the index is in this process"
    )
    server_api_key: SecretStr | None = Field(None, description="Key of the Qdrant server")
    server_prefix: str = Field(
        "pincite",
        pattern=r"^[A-Za-z0-9_-]{1,60}$",
        description="Alias of the serving collection, and how the names of all collections begin",
    )
    server_grpc: bool = Field(True, description="Write and search over gRPC (port 6334)")
    server_quantization: Literal["none", "scalar", "binary"] = Field(
        "none", description="How the server compresses vectors in memory"
    )


class EncoderSettings(Section):
    model: str = Field(
        BUNDLED,
        min_length=1,
        description="'bundled' (all-MiniLM-L6-v2), or a sentence-transformers name or folder",
    )
    adapter: Path | None = Field(
        None, description="Folder that 'pincite train encoder' made, for the bundled model"
    )

    @model_validator(mode="after")
    def _adapter_fits(self) -> Self:
        if self.adapter is not None and self.model != BUNDLED:
            raise ValueError(f"adapter is for the model '{BUNDLED}', and model is '{self.model}'")
        return self


class ChunkingSettings(Section):
    target_tokens: int = Field(
        160, ge=16, le=4096, description="Encoder tokens a chunk is filled up to"
    )
    max_tokens: int = Field(
        256, ge=32, le=8192, description="Encoder tokens a chunk has at most, headings included"
    )

    @model_validator(mode="after")
    def _target_fits(self) -> Self:
        if self.target_tokens > self.max_tokens:
            raise ValueError(
                f"target_tokens ({self.target_tokens}) must not exceed max_tokens ({self.max_tokens})"
            )
        return self


_SECRET = re.compile(r"key|token|passw|pwd|secret|credential|auth", re.IGNORECASE)
MASK = "**********"
"""How Pydantic shows secrets, too."""


def masked(value: Any, key: str = "") -> Any:
    """The value, without what stands under keys that look like those of secrets."""
    if _SECRET.search(key) and value not in (None, "", False, True):
        return MASK
    if isinstance(value, Mapping):
        return {name: masked(inner, str(name)) for name, inner in value.items()}
    return [masked(each) for each in value] if isinstance(value, list) else value


def secrets(value: Any, key: str = "") -> Iterator[str]:
    """What `masked` leaves out."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from secrets(inner, key if _SECRET.search(key) else str(name))
    elif isinstance(value, list):
        for each in value:
            yield from secrets(each, key)
    elif _SECRET.search(key) and value not in (None, "", False, True):
        yield str(value)


Arguments = Annotated[dict[str, Any], PlainSerializer(masked, when_used="json")]
"""Keyword arguments of any names; written out as JSON, secrets are masked."""


class ReaderSettings(Section):
    """A LlamaIndex reader. It runs in the process that indexes: only the operator may name one."""

    reader: str = Field(min_length=1, description="Import path of the class")
    options: Arguments = Field({}, repr=False, description="What the reader is made with")
    load: Arguments = Field({}, repr=False, description="What its load_data is called with")


ReaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,60}$")]


class IngestSettings(Section):
    max_file_mb: float = Field(25, gt=0, le=2000, description="Larger files are refused (MB)")
    max_parse_s: float = Field(
        180, gt=0, le=3600, description="Seconds after which reading a document is given up"
    )
    max_parse_memory_mb: int = Field(
        2048, ge=256, le=65_536, description="Memory that reading a document may take (MB)"
    )
    allowed_roots: tuple[Path, ...] = Field(
        (), description="Folders below which sources may be registered; empty: anywhere"
    )
    watch: bool = Field(True, description="Whether the service follows changes in its folders")
    attempts: int = Field(
        5, ge=1, le=20, description="How often a document is tried when the fault may pass"
    )
    retry_s: float = Field(
        2,
        gt=0,
        le=600,
        description="Seconds before the second attempt, doubled at each further one",
    )
    keep_jobs_days: float = Field(90, gt=0, description="How long finished jobs are remembered")
    readers: dict[ReaderName, ReaderSettings] = Field(
        {}, description="LlamaIndex readers that are sources, by name"
    )


class Sections(Protocol):
    """The sections that ingestion needs, wherever they are composed."""

    @property
    def index(self) -> IndexSettings: ...
    @property
    def encoder(self) -> EncoderSettings: ...
    @property
    def chunking(self) -> ChunkingSettings: ...
    @property
    def ingest(self) -> IngestSettings: ...
