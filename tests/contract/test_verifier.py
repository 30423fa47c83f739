"""What every verifier promises."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.nli import load_cross_encoder
from service.overlap import OverlapVerifier
from service.verify import Verifier
from tests.service.chat_server import chat_server
from tests.service.test_hosted_judge import judge
from tests.service.test_nli import saved_model

GOLD = "Gold tier users receive a full refund within 30 days of delivery."


@contextmanager
def overlap(folder: Path) -> Iterator[Verifier]:
    yield OverlapVerifier()


@contextmanager
def cross_encoder(folder: Path) -> Iterator[Verifier]:
    yield load_cross_encoder(saved_model(folder, ["LABEL_0"], [0.5]))


@contextmanager
def nli(folder: Path) -> Iterator[Verifier]:
    labels = ["contradiction", "entailment", "neutral"]
    yield load_cross_encoder(saved_model(folder, labels, [0.0, 2.0, 1.0]))


@contextmanager
def hosted(folder: Path) -> Iterator[Verifier]:
    with chat_server(lambda messages: str(len(messages[-1]["content"]) % 101)) as server:
        yield judge(server, folder)


Make = Callable[[Path], AbstractContextManager[Verifier]]


@pytest.fixture(scope="module", params=[overlap, cross_encoder, nli, hosted])
def verifier(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Verifier]:
    make: Make = request.param
    with make(tmp_path_factory.mktemp("verifier")) as made:
        yield made


@given(pairs=st.lists(st.tuples(st.text(), st.text()), max_size=5))
@settings(max_examples=20, deadline=None)
def test_there_is_one_score_from_0_to_1_for_each_pair(
    verifier: Verifier, pairs: list[tuple[str, str]]
) -> None:
    scores = verifier.support(pairs)

    assert len(scores) == len(pairs)
    assert all(0 <= score <= 1 for score in scores)


def test_scores_are_in_the_order_of_the_pairs(verifier: Verifier) -> None:
    pairs = [(GOLD, GOLD), (GOLD, "Helmets are not returned."), (GOLD, GOLD.lower())]

    alone = [verifier.support([pair])[0] for pair in pairs]

    assert verifier.support(pairs) == pytest.approx(alone)


def test_the_same_is_said_twice(verifier: Verifier) -> None:
    pairs = [(GOLD, GOLD), (GOLD, "Helmets are not returned.")]

    assert verifier.support(pairs) == verifier.support(pairs)


def test_nothing_is_judged_where_nothing_is_asked(verifier: Verifier) -> None:
    assert verifier.support([]) == []


def test_it_has_a_name(verifier: Verifier) -> None:
    assert verifier.name.strip()


def test_overlap_is_full_for_the_same_words_and_none_for_others() -> None:
    pairs = [(GOLD, GOLD), (GOLD, "Helmets are not returned.")]

    assert OverlapVerifier().support(pairs) == [1.0, 0.0]
    assert OverlapVerifier.name == "word overlap"
