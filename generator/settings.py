"""Settings of the section [generator]."""

from typing import Literal

from pydantic import Field

from ingest.settings import Section


class ExtractiveSettings(Section):
    max_sentences: int = Field(3, ge=1, le=20, description="Sentences an answer quotes at most")
    margin: float = Field(
        0.08, ge=0, le=2, description="Cosine below the best sentence at which one is left out"
    )
    min_words: int = Field(4, ge=1, le=20, description="Shorter sentences are not quoted")


class GeneratorSettings(Section):
    name: Literal["extractive"] = Field("extractive", description="The generator that serves")
    extractive: ExtractiveSettings = ExtractiveSettings()
