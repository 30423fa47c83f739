"""Whether a learned part fits what it is put on."""

from pathlib import Path

import pytest

from ingest.adapter import (
    MANIFEST_FILE,
    WEIGHTS_FILE,
    AdapterManifest,
    AdapterUnusable,
    TrainingData,
    base_sha256,
    read_adapter,
    sha256_of,
)

BASE = "b" * 64


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / WEIGHTS_FILE).write_bytes(b"weights")
    manifest = AdapterManifest(
        kind="reranker",
        name="reranker-1",
        base="all-MiniLM-L6-v2",
        base_sha256=BASE,
        weights_sha256=sha256_of(tmp_path / WEIGHTS_FILE),
        data=(TrainingData(name="a.jsonl", sha256="a" * 64, rows=3, licences={"MIT": 3}),),
        recipe={"epochs": 1},
        metrics={"mrr@10 after": 0.5},
        versions={"torch": "2.13.0"},
    )
    manifest.write(tmp_path)
    return tmp_path


def test_a_manifest_comes_back_as_it_was_written(folder: Path) -> None:
    manifest = read_adapter(folder, "reranker", base_sha256=BASE)

    assert manifest.data[0].licences == {"MIT": 3}
    assert (manifest.name, manifest.metrics) == ("reranker-1", {"mrr@10 after": 0.5})


def test_an_adapter_for_another_base_is_refused_with_both_hashes(folder: Path) -> None:
    with pytest.raises(AdapterUnusable, match=f"{BASE}.*{'c' * 64}.*train an adapter"):
        read_adapter(folder, "reranker", base_sha256="c" * 64)


def test_an_adapter_of_another_kind_is_refused(folder: Path) -> None:
    with pytest.raises(AdapterUnusable, match="is one of a reranker, and is named for a verifier"):
        read_adapter(folder, "verifier", base_sha256=BASE)


def test_a_damaged_adapter_is_refused_with_both_hashes(folder: Path) -> None:
    was = sha256_of(folder / WEIGHTS_FILE)
    (folder / WEIGHTS_FILE).write_bytes(b"weight")

    with pytest.raises(
        AdapterUnusable, match=f"damaged.*{was}.*{sha256_of(folder / WEIGHTS_FILE)}"
    ):
        read_adapter(folder, "reranker", base_sha256=BASE)


@pytest.mark.parametrize(
    ("missing", "says"),
    [
        (MANIFEST_FILE, "There is no adapter in .*'pincite train'"),
        (WEIGHTS_FILE, "has no adapter_model"),
    ],
)
def test_an_adapter_with_a_file_missing_is_refused(folder: Path, missing: str, says: str) -> None:
    (folder / missing).unlink()

    with pytest.raises(AdapterUnusable, match=says):
        read_adapter(folder, "reranker", base_sha256=BASE)


def test_a_manifest_that_is_none_is_refused(folder: Path) -> None:
    (folder / MANIFEST_FILE).write_text("{}")

    with pytest.raises(AdapterUnusable, match="cannot be read"):
        read_adapter(folder, "reranker", base_sha256=BASE)


def test_a_base_is_known_by_its_weights(tmp_path: Path) -> None:
    with pytest.raises(AdapterUnusable, match="no weights"):
        base_sha256(tmp_path)
    (tmp_path / "1.safetensors").write_bytes(b"one")
    one = base_sha256(tmp_path)
    assert one == sha256_of(tmp_path / "1.safetensors")

    (tmp_path / "2.safetensors").write_bytes(b"two")
    assert base_sha256(tmp_path) != one
