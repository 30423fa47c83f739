"""Judgements outlive crashes, and the last word counts."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.rating.store import (
    Lines,
    Mark,
    RatingsUnreadable,
    known_name,
    standing,
)
from ingest.errors import WrongUse

NAMES = st.sampled_from(["Ada", "Bo"])
ITEMS = st.sampled_from(["correctness", "citation:0:1", "comment"])
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(1, 5), st.text(max_size=5).filter(str.isprintable)
)
RATINGS = st.tuples(NAMES, st.sampled_from(["a1", "a2"]), ITEMS, VALUES)


def mark(rater: str, answer: str, item: str, value: bool | int | str | None, at: str = "t") -> Mark:
    return Mark(rater=rater, sample_id="s", answer=answer, item=item, value=value, at=at)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(RATINGS, st.integers(0, 200)), max_size=8))
def test_what_was_kept_whole_stands_whatever_a_crash_leaves_of_the_rest(
    given_ratings: list[tuple[tuple[str, str, str, bool | int | str | None], int]],
) -> None:
    expected: dict[tuple[str, str, str], bool | int | str] = {}
    # Waiting for the disk is not what is tested here.
    with TemporaryDirectory() as folder, patch("os.fsync"):
        path = Path(folder) / "ratings.jsonl"
        for (rater, answer, item, value), torn_bytes in given_ratings:
            Lines(path, Mark).append(mark(rater, answer, item, value))
            expected.pop((rater, answer, item), None)
            if value is not None:
                expected[rater, answer, item] = value
            # Another process begins to write the same item, and is killed on the way.
            line = mark(rater, answer, item, "half 🦓").model_dump_json().encode()
            with path.open("ab") as file:
                file.write(line[: min(torn_bytes, len(line) - 1)])

        assert standing(Lines(path, Mark).read()) == expected


def test_a_yes_is_not_a_one(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "ratings.jsonl", Mark)
    lines.append(mark("Ada", "a", "citation:0:1", True))
    lines.append(mark("Ada", "a", "tone", 1))

    first, second = Lines(lines.path, Mark).read()

    assert (first.value, second.value) == (True, 1)
    assert (type(first.value), type(second.value)) == (bool, int)


def test_between_two_files_the_later_time_counts() -> None:
    early, late = (
        mark("Ada", "a", "tone", 2, "2025-01-01"),
        mark("Ada", "a", "tone", 4, "2025-01-02"),
    )

    assert standing([late], [early]) == standing([early], [late]) == {("Ada", "a", "tone"): 4}


def test_several_writers_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ratings.jsonl"

    def write(rater: str) -> None:
        lines = Lines(path, Mark)
        for number in range(20):
            lines.append(mark(rater, f"a{number}", "tone", 3))

    writers = [Thread(target=write, args=(name,)) for name in ("Ada", "Bo", "Cy")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert len(standing(Lines(path, Mark).read())) == 60


def test_what_another_process_appends_is_seen(tmp_path: Path) -> None:
    one, other = (Lines(tmp_path / "ratings.jsonl", Mark) for _ in range(2))
    one.append(mark("Ada", "a", "tone", 2))
    assert standing(one.read()) == {("Ada", "a", "tone"): 2}

    other.append(mark("Ada", "a", "tone", 4))

    assert standing(one.read()) == {("Ada", "a", "tone"): 4}


def test_a_whole_line_that_is_no_judgement_is_named(tmp_path: Path) -> None:
    path = tmp_path / "ratings.jsonl"
    path.write_text('{"rater": "Ada"}\n')

    with pytest.raises(RatingsUnreadable, match=r"ratings.jsonl:1 is not what .*sample_id"):
        Lines(path, Mark).read()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)

    with pytest.raises(RatingsUnreadable, match="the judgement is not kept"):
        Lines(tmp_path / "ratings.jsonl", Mark).append(mark("Ada", "a", "tone", 1))


def test_nobody_is_two_people_for_a_capital_letter() -> None:
    assert known_name("  ada   lovelace ", ["Ada Lovelace"]) == "Ada Lovelace"
    assert known_name("Bo", ["Ada Lovelace"]) == "Bo"


@pytest.mark.parametrize("name", ["", "  ", "\x1b\x07", "x" * 61])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(WrongUse, match="no rater's name"):
        known_name(name, [])
