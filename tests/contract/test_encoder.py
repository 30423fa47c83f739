"""What every encoder promises."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.embed import BUNDLED, Encoder, SentenceTransformerEncoder, encoder_adapter

TEXTS = ["You may return unused goods within 30 days.", "Lobsters are crustaceans.", "", "£ 退款"]


@pytest.fixture(scope="module", params=["bundled", "with an adapter"])
def any_encoder(
    request: pytest.FixtureRequest, encoder: SentenceTransformerEncoder, trained_encoder: Path
) -> Encoder:
    if request.param == "bundled":
        return encoder
    return SentenceTransformerEncoder(BUNDLED, encoder_adapter(trained_encoder))


def test_vectors_have_length_one(any_encoder: Encoder) -> None:
    vectors = any_encoder.encode(TEXTS)

    assert vectors.shape == (4, any_encoder.dimension)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=5e-3)


def test_vectors_come_in_the_order_of_the_texts(any_encoder: Encoder) -> None:
    texts = ["A short one.", "A text that is a good deal longer than the one before it is.", "Hi."]

    together = any_encoder.encode(texts)

    for text, vector in zip(texts, together, strict=True):
        assert float(any_encoder.encode([text])[0] @ vector) == pytest.approx(1, abs=0.01)


def test_meaning_brings_texts_near(any_encoder: Encoder) -> None:
    question, policy, lobsters = any_encoder.encode(
        ["How long can I send things back?", *TEXTS[:2]]
    )

    assert question @ policy > question @ lobsters + 0.2


def test_no_texts_have_no_vectors(any_encoder: Encoder) -> None:
    assert any_encoder.encode([]).shape == (0, any_encoder.dimension)
    assert any_encoder.count_tokens([]) == []


def test_tokens_are_counted_without_special_ones_and_without_a_limit(any_encoder: Encoder) -> None:
    counts = any_encoder.count_tokens(["money", "money, please", "", "day " * 1000])

    assert counts == [1, 3, 0, 1000]


def test_threads_can_share_it(any_encoder: Encoder) -> None:
    texts = [f"day {'after day ' * number}" for number in range(40)]

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(lambda text: any_encoder.count_tokens([text])[0], texts))

    assert counts == [1 + 2 * number for number in range(40)]


def test_the_vectors_of_tokens_come_beside_the_same_vectors(any_encoder: Encoder) -> None:
    assert isinstance(any_encoder, SentenceTransformerEncoder)
    texts = [*TEXTS, "day " * 1000, *(f"rule {'after rule ' * n}" for n in range(20))]
    tokens: dict[str, NDArray[np.float32]] = {}

    vectors = any_encoder.encode_with_tokens(texts, tokens.update)

    # As exact as bfloat16, in which some processors compute and round differently.
    np.testing.assert_allclose(vectors, any_encoder.encode(texts), atol=2e-3)
    counts = [min(count, any_encoder.max_tokens - 2) for count in any_encoder.count_tokens(texts)]
    assert [len(tokens[text]) for text in texts] == counts
    for text in texts:
        np.testing.assert_allclose(np.linalg.norm(tokens[text], axis=1), 1, atol=1e-3)
    assert any_encoder.encode_with_tokens([], tokens.update).shape == (0, any_encoder.dimension)
    assert any_encoder.encode_tokens([]) == []
