"""The bundled encoder, as it is."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from ingest.embed import EncoderNotFound, InTurn, SentenceTransformerEncoder, _counter

TEXTS = ["You may return unused goods within 30 days.", "Lobsters are crustaceans.", "", "£ 退款"]


def test_the_bundled_encoder_says_what_it_is(encoder: SentenceTransformerEncoder) -> None:
    assert encoder.name == "all-MiniLM-L6-v2"
    assert encoder.dimension == 384
    assert encoder.max_tokens == 256


def test_vectors_have_length_one(encoder: SentenceTransformerEncoder) -> None:
    vectors = encoder.encode(TEXTS)

    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=5e-3)


def test_vectors_come_in_the_order_of_the_texts(encoder: SentenceTransformerEncoder) -> None:
    texts = ["A short one.", "A text that is a good deal longer than the one before it is.", "Hi."]

    together = encoder.encode(texts)

    for text, vector in zip(texts, together, strict=True):
        assert float(encoder.encode([text])[0] @ vector) == pytest.approx(1, abs=0.01)


def test_meaning_brings_texts_near(encoder: SentenceTransformerEncoder) -> None:
    question, policy, lobsters = encoder.encode(["How long can I send things back?", *TEXTS[:2]])

    assert question @ policy > question @ lobsters + 0.2


def test_no_texts_have_no_vectors(encoder: SentenceTransformerEncoder) -> None:
    assert encoder.encode([]).shape == (0, 384)
    assert encoder.count_tokens([]) == []


def test_tokens_are_counted_without_special_ones_and_without_a_limit(
    encoder: SentenceTransformerEncoder,
) -> None:
    assert encoder.count_tokens(["money", "money, please", "", "day " * 1000]) == [1, 3, 0, 1000]


def test_a_tokenizer_without_rust_behind_it_counts_too() -> None:
    def tokenizer(texts: list[str], **_: bool) -> dict[str, list[list[int]]]:
        return {"input_ids": [[0] * len(text.split()) for text in texts]}

    assert _counter(tokenizer)(["money", "money please", ""]) == [1, 2, 0]


def test_threads_can_share_it(encoder: SentenceTransformerEncoder) -> None:
    texts = [f"day {'after day ' * number}" for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda text: encoder.count_tokens([text])[0], texts))

    assert counts == [1 + 2 * number for number in range(40)]


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
