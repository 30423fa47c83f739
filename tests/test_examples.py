"""The example questions: enough of them, hard enough, and answered where they say."""

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.dataset import GoldPassage, Sample, load_suite
from eval.gold import FindDocument, find_document_in, locate_gold
from ingest.settings import IndexSettings
from ingest.store import open_store
from service.overlap import _STOP_WORDS
from service.verify import locate
from tests.conftest import POLICIES

SAMPLES = load_suite(POLICIES.parent / "questions.jsonl").samples
ANSWERABLE = [sample for sample in SAMPLES if not sample.unanswerable]


CONVERSATIONS = load_suite(POLICIES.parent / "conversations.jsonl").samples


@pytest.fixture(scope="module")
def find(
    example_store_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[FindDocument]:
    path = tmp_path_factory.mktemp("examples") / "pincite"
    shutil.copytree(example_store_path, path)
    store = open_store(IndexSettings(path=path))
    yield find_document_in(store.catalog)
    store.close()


def content_words(text: str) -> set[str]:
    """Words of three letters or more that are no stop words, without -s, -ing and -ed."""
    words = set(re.findall(r"[^\W\d_]{3,}", text.lower())) - _STOP_WORDS
    return {re.sub(r"(?<=\w{3})(ing|ed|es|s)$", "", word) for word in words}


def test_there_are_enough_questions() -> None:
    assert len(SAMPLES) >= 60
    assert len(SAMPLES) - len(ANSWERABLE) >= 15


def test_most_questions_share_no_content_word_with_the_heading_that_answers_them() -> None:
    def is_apart(sample: Sample) -> bool:
        headings = " ".join(gold.heading for gold in sample.gold)
        return not content_words(sample.question) & content_words(headings)

    assert sum(map(is_apart, ANSWERABLE)) >= len(ANSWERABLE) / 2


def test_there_are_enough_conversations_of_two_to_four_questions() -> None:
    assert len(CONVERSATIONS) >= 60
    for sample in CONVERSATIONS:
        roles = [turn.role for turn in sample.turns]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        assert 2 <= len(roles) // 2 + 1 <= 4
        assert sample.standalone


def test_half_of_the_conversations_of_every_kind_are_held_out() -> None:
    kinds = Counter(sample.tags[0] for sample in CONVERSATIONS)
    held_out = Counter(s.tags[0] for s in CONVERSATIONS if "held-out" in s.tags)

    assert all("held-out" in s.tags or "development" in s.tags for s in CONVERSATIONS)
    assert held_out == {kind: count // 2 for kind, count in kinds.items()}


@pytest.mark.parametrize("samples", [SAMPLES, CONVERSATIONS], ids=["questions", "conversations"])
def test_no_gold_is_stale(find: FindDocument, samples: tuple[Sample, ...]) -> None:
    assert [stale for s in samples if (stale := locate_gold(s.gold, find)[1])] == []


@pytest.mark.parametrize("samples", [SAMPLES, CONVERSATIONS], ids=["questions", "conversations"])
def test_every_gold_stands_under_its_heading(
    find: FindDocument, samples: tuple[Sample, ...]
) -> None:
    assert [gold for s in samples for gold in s.gold if not is_under_heading(gold, find)] == []


def is_under_heading(gold: GoldPassage, find: FindDocument) -> bool:
    found = find(gold.document)
    return found is not None and any(
        locate(gold.quote, element.text) and locate(gold.heading, element.heading_path[-1])
        for element in found[1].elements
        if element.heading_path
    )
