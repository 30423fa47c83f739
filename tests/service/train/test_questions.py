"""An admin's own questions over the example documents."""

import json
import shutil
from pathlib import Path

import pytest

from ingest.index import IndexInUse
from ingest.settings import IndexSettings
from ingest.store import open_store
from ingest.train.examples import ExamplesUnusable
from service.settings import Settings
from service.train.questions import (
    OwnQuestion,
    SearchedIndex,
    check_enough,
    document_folds,
    own_examples,
    read_questions,
    search_index,
)

SUITE = Path(__file__).parents[3] / "examples" / "questions.jsonl"


@pytest.fixture(scope="module")
def settings(example_store_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    path = tmp_path_factory.mktemp("questions") / "pincite"
    shutil.copytree(example_store_path, path)
    return Settings(index=IndexSettings(path=path))


@pytest.fixture(scope="module")
def own(settings: Settings) -> SearchedIndex:
    return search_index(read_questions(SUITE), settings, with_points=True)


def line(**changes: object) -> str:
    row = {
        "id": "q1",
        "question": "How long may a tent be returned?",
        "gold": [{"document": "refund-policy.md", "heading": "", "quote": "within 30 days"}],
    }
    return json.dumps(row | changes)


def test_a_suite_is_read_without_the_questions_that_have_no_answer(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{line(tags=['new'])}\n{line(id='q2', gold=[])}\n", "utf-8")

    assert [each.id for each in read_questions(path)] == ["q1"]


def test_every_faulty_line_of_a_suite_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(f"{line(question='')}\n{line()}\n{line(gold=[{}])}", "utf-8")

    with pytest.raises(ExamplesUnusable) as raised:
        read_questions(path)

    assert [each.split(": ")[0] for each in str(raised.value).split("\n")] == [
        f"{path}:1",
        f"{path}:3",
    ]


def test_the_passages_that_hold_the_gold_words_answer(own: SearchedIndex) -> None:
    gold_terms = next(
        each for each in own.questions if "terms for Gold tier users" in each.case.question
    )

    assert (len(own.questions), own.stale) == (178, ())
    assert "within 30 days of delivery" in gold_terms.answers[0]
    assert gold_terms.answers[0].startswith("Refund and Returns Policy")
    assert gold_terms.documents == {"refund-policy.md"}
    assert {(each.document.id, each.position) for each in own.points} >= gold_terms.case.right


def test_what_is_not_in_the_index_is_passed_over_and_told(
    settings: Settings, tmp_path: Path
) -> None:
    path = tmp_path / "mine.jsonl"
    gone = [{"document": "gone.md", "quote": "Nothing."}]
    unsaid = [{"document": "refund-policy.md", "quote": "No refunds on Mars."}]
    path.write_text(f"{line(id='q2', gold=gone)}\n{line(id='q3', gold=unsaid)}\n", "utf-8")

    searched = search_index(read_questions(path), settings)

    assert searched.questions == ()
    assert searched.stale == (
        "q2: the index has no 'Nothing.' in gone.md",
        "q3: the index has no 'No refunds on Mars.' in refund-policy.md",
    )


def test_an_index_that_a_service_holds_is_not_searched(settings: Settings) -> None:
    store = open_store(settings.index)
    try:
        with pytest.raises(IndexInUse, match="stop it first"):
            search_index((), settings)
    finally:
        store.close()


def test_every_document_is_held_out_once_with_about_as_many_questions(own: SearchedIndex) -> None:
    folds = document_folds(own.questions, 5, seed=1)

    asked = [sum(each.case.group in fold for each in own.questions) for fold in folds]
    assert sum(asked) == 178
    assert max(asked) - min(asked) < 10
    assert sum(map(len, folds)) == len(frozenset().union(*folds))
    assert document_folds(own.questions, 5, seed=1) == folds
    assert document_folds(own.questions, 5, seed=2) != folds
    assert max(map(len, document_folds(own.questions, 99, seed=1))) == 1


def test_nothing_of_a_document_held_out_is_trained_on(own: SearchedIndex) -> None:
    held_out, *_ = document_folds(own.questions, 5, seed=1)

    examples = own_examples(own.questions, held_out, repeat=2, negatives=4, seed=1)

    texts = {each.chunk.embedded_text for each in own.points if each.document.name in held_out}
    elsewhere = {
        each.chunk.embedded_text for each in own.points if each.document.name not in held_out
    }
    assert not held_out & {example.group for example in examples}
    used = {text for each in examples for text in (*each.positives, *each.negatives)}
    assert used <= elsewhere
    assert not used & (texts - elsewhere)


def test_negatives_are_other_ones_each_time_and_never_answer(own: SearchedIndex) -> None:
    examples = own_examples(own.questions, (), repeat=2, negatives=4, seed=1)

    assert [len(each.negatives) for each in examples] == [4] * 356
    assert not any(set(each.positives) & set(each.negatives) for each in examples)
    pairs = list(zip(examples[::2], examples[1::2], strict=True))
    assert all(first.query == second.query for first, second in pairs)
    assert sum(first.negatives == second.negatives for first, second in pairs) < 10


def test_too_few_questions_or_documents_are_refused(own: SearchedIndex) -> None:
    of_one_document: list[OwnQuestion] = [
        each for each in own.questions if each.case.group == "refund-policy.md"
    ]

    for few in (own.questions[:19], of_one_document * 20):
        with pytest.raises(ExamplesUnusable, match="at least 20 about 8 documents"):
            check_enough(few)
    check_enough(own.questions)
