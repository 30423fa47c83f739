"""What several test folders share; each is made once a run."""

from pathlib import Path
from typing import Any

import pytest

from ingest.catalog.jobs import JobState
from ingest.embed import BUNDLED, Encoders, SentenceTransformerEncoder
from ingest.train.encoder import EncoderRecipe, train_encoder
from tests.service.train.colours import DATA, DIVISION
from tests.stores import indexed

POLICIES = Path(__file__).parents[1] / "examples" / "policies"


@pytest.fixture(scope="session")
def encoder() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(BUNDLED)


@pytest.fixture(scope="session")
def encoders(encoder: SentenceTransformerEncoder) -> Encoders:
    """The bundled encoder, loaded; others are loaded when asked for."""

    def load(*arguments: Any) -> SentenceTransformerEncoder:
        return encoder if arguments == (BUNDLED,) else SentenceTransformerEncoder(*arguments)

    return Encoders(load)


@pytest.fixture(scope="session")
def trained_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an encoder's adapter that has learned where things of a colour are."""
    path = tmp_path_factory.mktemp("encoder") / "adapter"
    train_encoder(DIVISION.training, DATA, EncoderRecipe(queries_per_step=8, epochs=3), path)
    return path


@pytest.fixture(scope="session")
def example_store_path(encoders: Encoders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed index of examples/policies. Copy it to open it: one process at a time can hold it."""
    path = tmp_path_factory.mktemp("example") / "pincite"
    job = indexed(path, POLICIES, encoders)
    assert (job.state, job.failed, job.done) == (JobState.DONE, 0, 21)
    return path
