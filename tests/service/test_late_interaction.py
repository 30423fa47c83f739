"""Passages read again by the encoder's own tokens."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.embed import SentenceTransformerEncoder
from ingest.token_vectors import TokenVectors
from service.late_interaction import LateInteractionReranker, TokenEncoder
from service.rerank import Reranker

QUESTION = "How long do Gold members have to return a tent?"
RIGHT = "Gold tier users receive a full refund when an item is returned within 30 days of delivery."
WRONG = "The office in Leeds is closed on the first Monday of each month."


class Letters:
    """Each letter is a token, and its vector is that of no other; counts what it encodes."""

    name = "letters"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode_tokens(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        self.encoded += texts
        return [np.eye(26, dtype=np.float32)[[ord(c) - 97 for c in text]] for text in texts]


def test_the_score_is_the_mean_over_the_question_of_the_nearest_tokens() -> None:
    reranker = LateInteractionReranker(Letters(), cached_passages=10)

    assert reranker.score("abcd", ["abx", "dcba", "x"]) == [0.5, 1.0, 0.0]
    assert reranker.score("aab", ["a"]) == [pytest.approx(2 / 3)]


def test_nothing_to_read_has_no_score_and_no_token_has_the_score_0() -> None:
    reranker = LateInteractionReranker(Letters(), cached_passages=10)

    assert reranker.score("a", []) == []
    assert reranker.score("a", ["", "a"]) == [0.0, 1.0]
    assert reranker.score("", ["a"]) == [0.0]


def test_a_passage_that_is_kept_is_not_encoded_again() -> None:
    encoder = Letters()
    reranker = LateInteractionReranker(encoder, cached_passages=2)

    first = reranker.score("a", ["ab", "ac", "ab"])
    again = reranker.score("a", ["ab", "ac", "ad"])

    assert encoder.encoded == ["a", "ab", "ac", "a", "ad"]
    assert again[:2] == first[:2]
    reranker.score("a", ["ab"])
    assert encoder.encoded[-1] == "ab", "the oldest of three had to go"


def test_what_the_index_has_is_not_encoded() -> None:
    encoder = Letters()
    indexed = {"ab": TokenVectors.rounded(Letters().encode_tokens(["ab"])[0])}
    asked: list[tuple[str, tuple[str, ...]]] = []

    def get(name: str, texts: Sequence[str]) -> Mapping[str, TokenVectors]:
        asked.append((name, tuple(texts)))
        return indexed

    reranker = LateInteractionReranker(encoder, cached_passages=2, indexed=get)

    assert reranker.score("ab", ["ab", "ax", "ab"]) == [1.0, 0.5, 1.0]
    assert encoder.encoded == ["ab", "ax"]
    assert asked == [("letters", ("ab", "ax"))]


def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    encoder = Letters()
    reranker = LateInteractionReranker(encoder, cached_passages=0)

    assert reranker.score("a", ["ab"]) == reranker.score("a", ["ab"]) == [1.0]
    assert encoder.encoded == ["a", "ab", "a", "ab"]


def test_the_real_encoder_puts_the_answer_first(encoder: SentenceTransformerEncoder) -> None:
    reranker = LateInteractionReranker(encoder, cached_passages=10)

    right, wrong = reranker.score(QUESTION, [RIGHT, WRONG])

    assert 1 >= right > wrong + 0.1
    assert reranker.name == f"late-interaction:{encoder.name}"


def test_scores_do_not_depend_on_the_order_or_the_company(
    encoder: SentenceTransformerEncoder,
) -> None:
    passages = [RIGHT, WRONG, RIGHT * 5, WRONG * 3, "Yes."]

    together = LateInteractionReranker(encoder, cached_passages=0).score(QUESTION, passages)

    for passage, score in zip(passages, together, strict=True):
        alone = LateInteractionReranker(encoder, cached_passages=0).score(QUESTION, [passage])
        assert alone == [pytest.approx(score, abs=2e-3)]


@pytest.mark.parametrize(
    "question",
    ["?", "x" * 9000, "' OR 1=1 --", "<b>tents</b>", "\x00", "帐篷", "🙂", "the " * 2000],
)
def test_any_question_can_be_read(encoder: SentenceTransformerEncoder, question: str) -> None:
    reranker = LateInteractionReranker(encoder, cached_passages=10)

    scores = reranker.score(question, [RIGHT, "", WRONG * 200])

    assert len(scores) == 3
    assert all(-1.001 <= score <= 1.001 for score in scores)
    assert scores[1] == 0.0


def test_several_may_read_at_once(encoder: SentenceTransformerEncoder) -> None:
    reranker = LateInteractionReranker(encoder, cached_passages=3)
    passages = [RIGHT, WRONG, RIGHT + WRONG, "Yes."]
    expected = reranker.score(QUESTION, passages)

    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda _: reranker.score(QUESTION, passages), range(8)))

    assert all(scores == pytest.approx(expected, abs=2e-3) for scores in read)


_: tuple[type[Reranker], type[TokenEncoder]] = (LateInteractionReranker, SentenceTransformerEncoder)
