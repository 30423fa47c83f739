"""From the settings to the generator that serves."""

from generator.extractive import ExtractiveGenerator
from generator.model import Generator
from generator.settings import GeneratorSettings
from ingest.embed import Encoder

MODELS = ("pincite", "pincite/extractive")
"""Names under which a client can ask for a generator; "pincite" is whichever serves."""


def build_generator(settings: GeneratorSettings, encoder: Encoder) -> Generator:
    return ExtractiveGenerator(encoder, settings.extractive)
