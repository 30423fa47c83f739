"""What several test folders share; each is made once a run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

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
    recipe = EncoderRecipe(queries_per_step=8, epochs=3)
    return made_once(
        tmp_path_factory,
        "trained-encoder",
        lambda path: train_encoder(DIVISION.training, DATA, recipe, path),
    )


@pytest.fixture(scope="session")
def example_store_path(encoders: Encoders, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed index of examples/policies. Copy it to open it: one process at a time can hold it."""

    def make(path: Path) -> None:
        job = indexed(path, POLICIES, encoders)
        assert (job.state, job.failed, job.done) == (JobState.DONE, 0, 21)

    return made_once(tmp_path_factory, "example-store", make)


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that `make` fills, once for all processes that run these tests. Nobody may change it."""
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    path, scratch = base / name, base / f"{name}.new"
    with FileLock(base / f"{name}.lock"):
        if not path.exists():
            make(scratch)
            scratch.rename(path)
    return path
