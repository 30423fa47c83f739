"""The training of an encoder's adapter, with a few examples that are easy to learn."""

import sys
from pathlib import Path

import pytest

from ingest.adapter import WEIGHTS_FILE, base_sha256, read_adapter, sha256_of
from ingest.embed import bundled_path
from ingest.train.encoder import EncoderRecipe, train_encoder
from ingest.train.examples import Example, ExamplesUnusable
from ingest.train.lora import FolderTaken, TrainingNotInstalled
from tests.service.train.colours import DATA, DIVISION

RECIPE = EncoderRecipe(queries_per_step=8)


def test_what_is_trained_says_what_it_was_made_of(trained_encoder: Path) -> None:
    manifest = read_adapter(trained_encoder, "encoder", base_sha256=base_sha256(bundled_path()))

    assert (manifest.data, manifest.recipe["queries"]) == (DATA, 40)
    assert manifest.name == f"encoder-{manifest.weights_sha256[:8]}"


def test_nothing_of_the_machine_goes_into_the_adapter(trained_encoder: Path) -> None:
    assert sorted(file.name for file in trained_encoder.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "manifest.json",
    ]
    for name in ("adapter_config.json", "manifest.json"):
        assert str(bundled_path()) not in (trained_encoder / name).read_text("utf-8")


def test_the_same_recipe_makes_the_same_adapter_and_tells_how_long_it_takes(tmp_path: Path) -> None:
    told: list[str] = []

    for name in ("one", "two"):
        train_encoder(DIVISION.training, DATA, RECIPE, tmp_path / name, say=told.append)

    weights = {sha256_of(tmp_path / name / WEIGHTS_FILE) for name in ("one", "two")}
    assert len(weights) == 1
    assert [line.split(" take about ")[0] for line in told] == ["5 steps", "5 steps"]


def test_an_adapter_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}")

    with pytest.raises(FolderTaken, match="holds files already"):
        train_encoder(DIVISION.training, DATA, RECIPE, tmp_path)


def test_examples_of_one_passage_teach_nothing(tmp_path: Path) -> None:
    only = Example(query="When?", positives=("Within 30 days.",), group="refunds")

    with pytest.raises(ExamplesUnusable, match="No example has a passage that does not answer"):
        train_encoder([only], DATA, RECIPE, tmp_path)


def test_a_package_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)

    with pytest.raises(TrainingNotInstalled, match=r"pip install 'pincite\[train\]'"):
        train_encoder(DIVISION.training, DATA, RECIPE, tmp_path)
