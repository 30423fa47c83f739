"""A span too long for a passage is divided where LlamaIndex divides it, and nothing of it is lost."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from llama_index.core.node_parser import SentenceSplitter

from ingest import divide
from ingest.divide import LONGEST_WORD_CHARS, Divider, counts_up_to, without_long_words
from tests.fuzz.invariants import count_pieces
from tests.ingest.blocks import ANY_TEXT, SENTENCES, TEXTS


def pieces(text: str, target: int) -> list[str]:
    """Those of a text that is longer than a piece may be."""
    found = list(Divider(text, count_pieces).divide(0, len(text), target))
    assert count_pieces([text[start:end] for start, end, _ in found]) == [n for *_, n in found]
    return [text[start:end] for start, end, _ in found]


def count_one(text: str) -> list[int]:
    return [0] * count_pieces([text])[0]


PARAGRAPHS = st.lists(SENTENCES, min_size=1, max_size=3).map("\n\n\n".join)


@settings(max_examples=100, deadline=None)
@given(SENTENCES | TEXTS | PARAGRAPHS, st.integers(6, 60))
def test_a_text_is_divided_where_llamaindex_divides_it(text: str, target: int) -> None:
    assume(count_pieces([text])[0] > target)
    splitter = SentenceSplitter(chunk_size=target, chunk_overlap=0, tokenizer=count_one)

    assert pieces(text, target) == splitter.split_text(text)


MARKS = st.text("ab .?!,;:()*'\"“”\n。退\u0301\u200b", max_size=300)


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT | MARKS, st.integers(1, 12))
def test_nothing_but_white_space_lies_between_the_pieces(text: str, target: int) -> None:
    found = list(Divider(text, count_pieces).divide(0, len(text), target))

    end = 0
    for piece_start, piece_end, tokens in found:
        assert not text[end:piece_start].strip()
        assert text[piece_start:piece_end].strip() == text[piece_start:piece_end] != ""
        assert tokens <= target
        end = piece_end
    assert not text[end:].strip()


def test_a_character_of_too_many_tokens_is_a_piece() -> None:
    divider = Divider("ab", lambda texts: [len(text) * 9 for text in texts])

    assert list(divider.divide(0, 2, 5)) == [(0, 1, 9), (1, 2, 9)]


def test_a_text_with_more_stops_than_prose_has_is_divided_at_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "Ring us at nine. Ask J. Lee."

    assert pieces(text, 8) == ["Ring us at nine.", "Ask J. Lee."]
    monkeypatch.setattr(divide, "MOST_STOPS", 1)
    assert pieces(text, 8) == ["Ring us at nine. Ask J.", "Lee."]


def test_texts_that_are_equal_or_far_too_long_are_not_counted() -> None:
    counted: list[str] = []

    def count(texts: list[str]) -> list[int]:
        counted.extend(texts)
        return count_pieces(texts)

    assert counts_up_to(2, ["a b", "c", "a b", "x" * 21], count, chars_per_token=10) == [2, 1, 2, 3]
    assert counted == ["a b", "c"]


def test_long_words_are_divided_and_nothing_else() -> None:
    long, longer = "x" * LONGEST_WORD_CHARS, "y" * (LONGEST_WORD_CHARS * 2 + 5)
    text = f"Ring {long} or {longer} before nine."

    found = [text[start:end] for start, end in without_long_words(text, 0, len(text))]

    assert found == [
        f"Ring {long} or {'y' * LONGEST_WORD_CHARS}",
        "y" * LONGEST_WORD_CHARS,
        "yyyyy before nine.",
    ]
