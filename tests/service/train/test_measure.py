"""How high the answering passages stand."""

from collections.abc import Sequence

import pytest

from ingest.chunk import Chunk
from ingest.index import IndexedDocument
from service.retrieve import Retrieved
from service.settings import RerankerSettings
from service.train.encoder import gains_by_stage
from service.train.measure import Case, reciprocal_ranks

SETTINGS = RerankerSettings(weight=1)


class ByLength:
    """Likes long passages."""

    name = "by length"

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        return [float(len(passage)) for passage in passages]


def found(position: int, *, cosine: float | None, words: int = 1) -> Retrieved:
    text = "word " * words
    chunk = Chunk(text, 0, len(text), (), None, "")
    document = IndexedDocument("a", "1", "a.md", "A")
    return Retrieved(document, position, chunk, 1 / (position + 1), cosine, None)


def case(right: int, *passages: Retrieved, group: str = "a.md") -> Case:
    return Case("How?", passages, frozenset({("a", right)}), group)


def test_the_rank_is_that_of_the_first_passage_that_answers() -> None:
    passages = [found(number, cosine=0.5, words=number + 1) for number in range(12)]

    assert reciprocal_ranks([case(2, *passages)], None, SETTINGS) == [pytest.approx(1 / 3)]
    assert reciprocal_ranks([case(10, *passages)], None, SETTINGS) == [0]
    assert reciprocal_ranks([case(99, *passages)], None, SETTINGS) == [0]
    assert reciprocal_ranks([case(10, *passages)], ByLength(), SETTINGS) == [1 / 2]


def test_an_encoder_is_compared_at_every_stage() -> None:
    before = [
        case(1, found(0, cosine=0.9, words=2), found(1, cosine=0.1), group=name) for name in "ab"
    ]
    after = [
        case(1, found(1, cosine=0.9), found(0, cosine=None, words=2), group=name) for name in "ab"
    ]

    gains = gains_by_stage(before, after, (ByLength(), ByLength()), SETTINGS)

    assert {stage: (gain.before, gain.after) for stage, gain in gains.items()} == {
        "dense": (0.5, 1),
        "fused": (0.5, 1),
        "reranked": (0.5, 0.5),
    }
    assert "reranked" not in gains_by_stage(before, after, (None, None), SETTINGS)
