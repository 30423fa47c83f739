"""The answers that raters see, and in which order."""

from pathlib import Path

import pytest

from eval.rating.deck import NothingToRate, read_deck, shuffled
from eval.rating.session import Ratings
from ingest.errors import WrongUse
from tests.eval.rating.runs import GOLD, POSTAGE, SILVER, gold_answer, three_answers, write_run


def test_what_the_reader_saw_is_rated_with_its_quotes(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"gold": gold_answer()}, failed="late")

    (answer,) = read_deck([run], "shown", None, 0)

    assert (answer.sample_id, answer.refused, answer.text) == ("gold", False, f"{GOLD} {POSTAGE}")
    assert answer.items == (
        *("correctness", "completeness", "tone"),
        *("citation:0:1", "citation:0:2", "citation:1:1"),
    )
    claim, evidence = answer.citations["citation:0:2"]
    assert (claim.text, evidence.text) == (GOLD, GOLD)
    assert evidence.passage is not None
    assert [evidence.passage.text[start:end] for start, end in evidence.spans] == [GOLD]
    assert answer.sample is not None
    assert answer.sample.reference_answer == GOLD


def test_what_the_generator_wrote_cites_whole_passages(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"gold": gold_answer()})

    (answer,) = read_deck([run], "draft", None, 0)

    assert [claim.text for claim in answer.claims] == [GOLD, SILVER]
    # [9] was never shown: there is nothing to judge it by.
    assert [each.number for each in answer.claims[0].cited] == [1, 9]
    assert list(answer.citations) == ["citation:0:1", "citation:1:1"]
    _, evidence = answer.citations["citation:1:1"]
    assert (evidence.spans, evidence.text.startswith("Some words before.")) == ((), True)


def test_what_two_runs_answered_alike_is_rated_once_for_both(tmp_path: Path) -> None:
    one = write_run(tmp_path / "one", {"gold": gold_answer("extractive")})
    other = write_run(tmp_path / "other", {"gold": gold_answer("hosted")})
    third = write_run(tmp_path / "third", {"gold": gold_answer(postage="It is free.")})

    deck = read_deck([one, other, third], "shown", None, 0)

    assert [answer.runs for answer in deck] == [(one, other), (third,)]
    ratings = Ratings(deck, 0)
    ratings.mark("Ada", deck[0].key, "tone", 4)
    assert (one / "ratings.jsonl").read_bytes() == (other / "ratings.jsonl").read_bytes()
    assert not (third / "ratings.jsonl").exists()


def test_every_rater_has_an_order_of_their_own_and_keeps_it(tmp_path: Path) -> None:
    answers = {f"s{n}": gold_answer(postage=f"It costs {n}.") for n in range(8)}
    deck = read_deck([write_run(tmp_path / "run", answers)], "shown", None, 0)

    ada, bo = shuffled(deck, "Ada", 0), shuffled(deck, "Bo", 0)

    assert ada == shuffled(reversed(deck), "ada", 0)
    assert ada != bo
    assert ada != shuffled(deck, "Ada", 1)
    assert {answer.key for answer in ada} == {answer.key for answer in bo}


def test_a_share_is_the_same_questions_of_every_run(tmp_path: Path) -> None:
    runs = [
        write_run(
            tmp_path / name,
            {f"s{n}": gold_answer(postage=f"{name} says {n}.") for n in range(8)},
        )
        for name in ("one", "other")
    ]

    deck = read_deck(runs, "shown", 3, 7)

    asked = [{answer.sample_id for answer in deck if run in answer.runs} for run in runs]
    assert asked[0] == asked[1]
    assert len(asked[0]) == 3
    assert deck == read_deck(runs, "shown", 3, 7)
    assert len(read_deck(runs, "shown", 100, 7)) == 16


def test_ratings_of_an_answer_that_reads_otherwise_now_do_not_count(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", {"gold": gold_answer()})
    before = Ratings(read_deck([run], "shown", None, 0), 0)
    before.mark("Ada", before.answers[0].key, "tone", 4)
    (run / "records.jsonl").unlink()
    write_run(tmp_path / "new", {"gold": gold_answer(postage="New words.")})
    (tmp_path / "new" / "records.jsonl").rename(run / "records.jsonl")

    after = Ratings(read_deck([run], "shown", None, 0), 0)

    assert (before.outdated(), after.outdated()) == (0, 1)
    assert after.progress() == []


def test_progress_counts_answers_that_are_judged_in_every_item(tmp_path: Path) -> None:
    ratings = Ratings(read_deck([write_run(tmp_path / "r", three_answers())], "shown", None, 0), 0)
    refused = next(answer for answer in ratings.answers if answer.refused)

    for item in ("correctness", "completeness"):
        ratings.mark("Ada", refused.key, item, 5)
    assert [(p.rater, p.done, p.total) for p in ratings.progress()] == [("Ada", 0, 3)]

    ratings.mark("Ada", refused.key, "tone", "cannot judge")
    assert [(p.rater, p.done, p.total) for p in ratings.progress()] == [("Ada", 1, 3)]
    assert dict(ratings.order("ada"))[refused.key]
    ratings.mark("Ada", refused.key, "tone", None)
    assert not dict(ratings.order("ada"))[refused.key]


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("tone", 0),
        ("tone", 6),
        ("tone", True),
        ("tone", "fine"),
        ("citation:0:1", 3),
        ("citation:0:1", "yes"),
        ("citation:7:1", True),
        ("style", 3),
        ("comment", 3),
        ("comment", "x" * 5001),
        ("nothing", None),
    ],
)
def test_an_item_takes_only_its_own_values(
    tmp_path: Path, item: str, value: bool | int | str | None
) -> None:
    ratings = Ratings(
        read_deck([write_run(tmp_path / "r", {"gold": gold_answer()})], "shown", None, 0), 0
    )

    with pytest.raises(WrongUse, match="cannot be rated"):
        ratings.mark("Ada", ratings.answers[0].key, item, value)

    assert ratings.progress() == []


def test_where_there_is_no_answer_there_is_nothing_to_rate(tmp_path: Path) -> None:
    with pytest.raises(NothingToRate, match=r"no run of a suite: there is no records\.jsonl"):
        read_deck([tmp_path], "shown", None, 0)
    with pytest.raises(NothingToRate, match="No answer is recorded"):
        read_deck([write_run(tmp_path / "r", {}, failed="s1")], "shown", None, 0)
