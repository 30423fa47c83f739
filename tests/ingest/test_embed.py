"""The bundled encoder as it is, and with an adapter."""

import shutil
import time
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.adapter import MANIFEST_FILE, WEIGHTS_FILE, AdapterUnusable, base_sha256, sha256_of
from ingest.embed import (
    BUNDLED,
    Encoder,
    EncoderAdapter,
    EncoderNotFound,
    Encoders,
    InTurn,
    SentenceTransformerEncoder,
    _counter,
    bundled_path,
    encoder_adapter,
)


def test_the_bundled_encoder_says_what_it_is(encoder: SentenceTransformerEncoder) -> None:
    assert encoder.name == "all-MiniLM-L6-v2"
    assert encoder.dimension == 384
    assert encoder.max_tokens == 256


def test_a_tokenizer_without_rust_behind_it_counts_too() -> None:
    def tokenizer(texts: list[str], **_: bool) -> dict[str, list[list[int]]]:
        return {"input_ids": [[0] * len(text.split()) for text in texts]}

    assert _counter(tokenizer)(["money", "money please", ""]) == [1, 2, 0]


def test_a_folder_without_a_model_is_refused_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(EncoderNotFound, match=r"cannot be loaded: .*\[encoder\] model.*'bundled'"):
        SentenceTransformerEncoder(str(tmp_path))


def test_threads_get_their_turn_in_the_order_in_which_they_asked() -> None:
    turn = InTurn()
    order: list[int] = []

    def take(number: int) -> None:
        with turn:
            order.append(number)

    with turn:
        threads = [Thread(target=take, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
            time.sleep(0.01)
    with turn:
        order.append(20)
    for thread in threads:
        thread.join()

    assert order == list(range(21))


def test_an_adapter_is_named_with_its_base(trained_encoder: Path) -> None:
    adapter = encoder_adapter(trained_encoder)

    weights = sha256_of(trained_encoder / WEIGHTS_FILE)
    assert adapter == EncoderAdapter(weights, "wherever")
    encoder = SentenceTransformerEncoder(BUNDLED, adapter)
    assert encoder.name == f"all-MiniLM-L6-v2+encoder-{weights[:8]}"
    assert encoder_adapter(None) is None


def test_an_adapter_changes_what_is_near(
    trained_encoder: Path, encoder: SentenceTransformerEncoder
) -> None:
    adapted = SentenceTransformerEncoder(BUNDLED, encoder_adapter(trained_encoder))
    texts = [
        "Which rugs are red?",
        "The rugs in the cupboard of red things.",
        "The rugs that are blue.",
    ]

    def lead(vectors: NDArray[np.float32]) -> float:
        return float(vectors[0] @ vectors[1] - vectors[0] @ vectors[2])

    assert lead(adapted.encode(texts)) > lead(encoder.encode(texts)) + 0.05


def test_each_encoder_is_loaded_once_with_its_adapter(trained_encoder: Path) -> None:
    asked: list[tuple[object, ...]] = []

    def load(*arguments: object) -> Encoder:
        asked.append(arguments)
        return SentenceTransformerEncoder(BUNDLED)

    adapter, encoders = encoder_adapter(trained_encoder), Encoders(load)

    assert encoders.get(BUNDLED) is encoders.get(BUNDLED)
    assert encoders.get(BUNDLED, adapter) is encoders.get(BUNDLED, adapter)
    assert encoders.get(BUNDLED) is not encoders.get(BUNDLED, adapter)
    assert asked == [(BUNDLED,), (BUNDLED, adapter)]


def test_an_adapter_that_was_exchanged_is_refused_with_both_hashes(
    trained_encoder: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained_encoder, tmp_path / "adapter")
    built_with = EncoderAdapter("a" * 64, str(tmp_path / "adapter"))
    found = sha256_of(trained_encoder / WEIGHTS_FILE)

    with pytest.raises(AdapterUnusable, match=f"built with .*{'a' * 64}.*{found}.*index rebuild"):
        SentenceTransformerEncoder(BUNDLED, built_with)
    shutil.rmtree(tmp_path / "adapter")
    with pytest.raises(AdapterUnusable, match=f"built with .*{'a' * 64}.*There is no adapter in"):
        SentenceTransformerEncoder(BUNDLED, built_with)


def test_an_adapter_for_another_base_is_refused_with_both_hashes(
    trained_encoder: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained_encoder, tmp_path / "adapter")
    manifest, base = tmp_path / "adapter" / MANIFEST_FILE, base_sha256(bundled_path())
    manifest.write_text(manifest.read_text().replace(base, "c" * 64))

    with pytest.raises(AdapterUnusable, match=f"{'c' * 64}.*{base}"):
        encoder_adapter(tmp_path / "adapter")
