"""The whole service over the example documents, in this process."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.embed import Encoders, SentenceTransformerEncoder
from ingest.settings import IndexSettings
from service.assemble import Assembled, assemble
from service.settings import Settings
from service.train.reranker import train_reranker
from tests.conftest import made_once
from tests.service.train.colours import DATA, DIVISION, RECIPE


@pytest.fixture(scope="session")
def service(
    example_store_path: Path, encoders: Encoders, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Assembled]:
    path = tmp_path_factory.mktemp("service") / "pincite"
    shutil.copytree(example_store_path, path)
    service = assemble(Settings(index=IndexSettings(path=path)), encoders=encoders)
    yield service
    service.store.close()


@pytest.fixture(scope="session")
def trained_reranker(
    encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of an adapter that has learned of what colour things are."""
    return made_once(
        tmp_path_factory,
        "trained-reranker",
        lambda path: train_reranker(DIVISION, DATA, RECIPE, encoder, path),
    )
