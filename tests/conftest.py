"""What several test folders share; each is made once a run."""

from pathlib import Path

import pytest

from ingest.catalog.jobs import JobState
from ingest.embed import BUNDLED, Encoders, SentenceTransformerEncoder
from tests.stores import indexed

POLICIES = Path(__file__).parents[1] / "examples" / "policies"


@pytest.fixture(scope="session")
def encoder() -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(BUNDLED)


@pytest.fixture(scope="session")
def encoders(encoder: SentenceTransformerEncoder) -> Encoders:
    """The bundled encoder, loaded; others are loaded when asked for."""
    return Encoders(
        lambda model: encoder if model == BUNDLED else SentenceTransformerEncoder(model)
    )


@pytest.fixture(scope="session")
def example_store_path(encoders: Encoders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed index of examples/policies. Copy it to open it: one process at a time can hold it."""
    path = tmp_path_factory.mktemp("example") / "pincite"
    job = indexed(path, POLICIES, encoders)
    assert (job.state, job.failed, job.done) == (JobState.DONE, 0, 21)
    return path
