"""Passages that the search finds for a query and that do not answer it."""

from ingest.embed import SentenceTransformerEncoder
from ingest.train.examples import Example
from service.train.mining import with_mined_negatives


def example(number: int, *, group: str = "", source: str = "own") -> Example:
    return Example(
        query=f"How many days does rule {number} give?",
        positives=(f"Rule {number} gives {number} days.",),
        group=group or f"rule {number}",
        source=source,
    )


def test_negatives_are_mined_from_the_same_source_and_answer_no_such_query(
    encoder: SentenceTransformerEncoder,
) -> None:
    same = example(1).model_copy(update={"positives": ("One day, says rule 1.",)})
    examples = [*(example(n) for n in range(20)), same, example(50, source="other")]

    mined = with_mined_negatives(examples, encoder, wanted=4, seed=1)

    assert [len(each.negatives) for each in mined] == [4] * 21 + [0]
    right = {"One day, says rule 1.", "Rule 1 gives 1 days."}
    assert not right & {*mined[1].negatives, *mined[20].negatives}
    assert all(not set(each.negatives) & set(each.positives) for each in mined)
    assert with_mined_negatives(examples, encoder, wanted=4, seed=1) == mined


def test_given_negatives_are_kept_for_half(encoder: SentenceTransformerEncoder) -> None:
    given = example(1).model_copy(update={"negatives": tuple(f"Given {n}." for n in range(8))})
    examples = [given, *(example(n) for n in range(2, 30))]

    first, *_ = with_mined_negatives(examples, encoder, wanted=6, seed=1)

    assert sum(text.startswith("Given") for text in first.negatives) == 3
    assert len(set(first.negatives)) == 6
