"""Settings of the sections [index], [encoder], [chunking] and [ingest]."""

from pathlib import Path
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ingest.embed import BUNDLED


class Section(BaseModel):
    """A section of the settings: immutable, and strict about the keys it knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class IndexSettings(Section):
    path: Path = Field(Path(".pincite"), description="Folder of the index and the catalog")


class EncoderSettings(Section):
    model: str = Field(
        BUNDLED,
        min_length=1,
        description="'bundled' (all-MiniLM-L6-v2), or a sentence-transformers name or folder",
    )


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


class IngestSettings(Section):
    max_file_mb: float = Field(25, gt=0, le=2000, description="Larger files are refused (MB)")


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
