"""The training of a reranker, with a few examples that are easy to learn."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.adapter import base_sha256, read_adapter
from ingest.embed import BUNDLED, SentenceTransformerEncoder, bundled_path
from ingest.train.examples import Division, Example, ExamplesUnusable
from ingest.train.lora import FolderTaken, TrainingNotInstalled
from service.rerank import CrossEncoderReranker
from service.train.reranker import measure, train_reranker
from tests.service.train.colours import DATA, DIVISION, RECIPE, examples


class Contrary:
    """Puts last what answers."""

    name = "contrary"

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        return [-float("cupboard" in passage) for passage in passages]


def test_the_gain_is_of_the_answering_passages_rank(encoder: SentenceTransformerEncoder) -> None:
    gain = measure(examples("pens"), encoder, Contrary())

    assert gain.after == pytest.approx(1 / 10)
    assert gain.before > gain.after
    assert gain.high < 0


def test_what_is_trained_says_what_it_was_made_of_and_ranks(trained_reranker: Path) -> None:
    manifest = read_adapter(trained_reranker, "reranker", base_sha256=base_sha256(bundled_path()))

    assert (manifest.data, manifest.recipe["queries"]) == (DATA, 40)
    assert manifest.metrics["queries held out"] == 10
    assert manifest.metrics["mrr@10 after"] > 0.8
    before, after = (manifest.metrics[f"mrr@10 over search {when}"] for when in ("before", "after"))
    assert after > before
    (best, worst) = CrossEncoderReranker(BUNDLED, trained_reranker).score(
        "Which rugs are red?",
        ["The rugs in the cupboard of red things.", "The rugs that are blue."],
    )
    assert best > worst


def test_nothing_of_the_machine_goes_into_the_adapter(trained_reranker: Path) -> None:
    assert sorted(file.name for file in trained_reranker.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "manifest.json",
    ]
    for name in ("adapter_config.json", "manifest.json"):
        assert str(bundled_path()) not in (trained_reranker / name).read_text("utf-8")


@pytest.mark.slow
def test_the_same_recipe_makes_the_same_adapter(
    encoder: SentenceTransformerEncoder, trained_reranker: Path, tmp_path: Path
) -> None:
    again = train_reranker(DIVISION, DATA, RECIPE, encoder, tmp_path)

    base = base_sha256(bundled_path())
    assert again == read_adapter(trained_reranker, "reranker", base_sha256=base)


@pytest.mark.parametrize(
    "division", [Division((), examples("rugs")), Division(examples("rugs"), ())]
)
def test_a_side_without_examples_is_refused(
    encoder: SentenceTransformerEncoder, tmp_path: Path, division: Division
) -> None:
    with pytest.raises(ExamplesUnusable, match="of more documents"):
        train_reranker(division, DATA, RECIPE, encoder, tmp_path)


def test_an_adapter_is_not_written_over(
    encoder: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    (tmp_path / "manifest.json").write_text("{}")

    with pytest.raises(FolderTaken, match="holds files already"):
        train_reranker(DIVISION, DATA, RECIPE, encoder, tmp_path)
    assert (tmp_path / "manifest.json").read_text() == "{}"


def test_examples_of_one_passage_teach_nothing(
    encoder: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    only = Example(query="When?", positives=("Within 30 days.",), group="refunds")

    with pytest.raises(ExamplesUnusable, match="No example has a passage that does not answer"):
        train_reranker(Division((only,), (only,)), DATA, RECIPE, encoder, tmp_path)


def test_a_package_that_is_missing_is_named(
    encoder: SentenceTransformerEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(TrainingNotInstalled, match=r"pip install 'pincite\[train\]'"):
        train_reranker(DIVISION, DATA, RECIPE, encoder, tmp_path)
