"""Which passages go into the prompt, and how much of their surroundings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest

from ingest.chunk import Chunk
from ingest.index import IndexedDocument
from service.references import is_headed
from service.rerank import Reranker
from service.retrieve import Retrieved
from service.select import Selection, Surroundings, with_neighbours
from service.settings import RerankerSettings, RetrievalSettings

QUESTION = "How long do Gold members have to return a tent?"


class ByLength:
    """Likes long passages."""

    name = "by length"

    def score(self, question: str, passages: Sequence[str]) -> list[float]:
        return [float(len(passage)) for passage in passages]


@dataclass(frozen=True, slots=True)
class Documents:
    """Chunks by document; each word is a token."""

    chunks: Mapping[str, Sequence[Chunk]]

    def beside(self, found: Retrieved, reach: int) -> dict[int, tuple[Chunk, int]]:
        chunks = list(enumerate(self.chunks.get(found.document.id, ())))
        near = chunks[max(0, found.position - reach) : found.position + reach + 1]
        return {at: (chunk, len(chunk.text.split())) for at, chunk in near}

    def clause(self, found: Retrieved, number: str) -> Retrieved | None:
        for at, chunk in enumerate(self.chunks.get(found.document.id, ())):
            if is_headed(chunk.heading_path[-1], number):
                return Retrieved(found.document, at, chunk, 0.0, None, None)
        return None


NOTHING = Documents({})


def document(*sections: tuple[str, Sequence[str]]) -> list[Chunk]:
    """Chunks of a document with a heading before each section."""
    chunks: list[Chunk] = []
    place = 0
    for heading, texts in sections:
        for number, text in enumerate(texts):
            lead = " " if number else f"\n\n{heading}\n\n"
            start = place + len(lead)
            place = start + len(text)
            chunks.append(
                Chunk(text, start, place, (heading,), None, heading, lead if chunks else None)
            )
    return chunks


def found(chunk: Chunk, position: int, score: float, name: str = "policy") -> Retrieved:
    return Retrieved(IndexedDocument(name, "1", name, name), position, chunk, score, score, None)


def lone(text: str, score: float, name: str) -> Retrieved:
    return found(Chunk(text, 0, len(text), (), None, ""), 0, score, name)


def select(
    question: str,
    before: Sequence[Retrieved],
    surroundings: Surroundings = NOTHING,
    reranker: Reranker | None = None,
    *,
    top_k: int = 8,
    passage_tokens: int = 300,
) -> list[Retrieved]:
    settings = RetrievalSettings(top_k=top_k, passage_tokens=passage_tokens)
    return Selection(reranker, RerankerSettings(weight=1), settings).select(
        question, before, surroundings
    )


def texts(passages: Sequence[Retrieved]) -> list[str]:
    return [each.chunk.text for each in passages]


def test_nothing_found_is_nothing_selected() -> None:
    assert select(QUESTION, [], reranker=ByLength()) == []


def test_the_best_after_reading_are_taken() -> None:
    before = [lone("a" * n, 1 / n, f"policy {n}") for n in range(1, 6)]

    assert texts(select(QUESTION, before, top_k=2)) == ["a", "aa"]
    read = select(QUESTION, before, reranker=ByLength(), top_k=2)
    assert texts(read) == ["aaaaa", "aaaa"]


def test_the_same_words_in_another_document_are_one_passage() -> None:
    right = "Gold tier users receive a full refund when an item is returned within 30 days."
    before = [lone(right, 0.9, "a"), lone(right, 0.8, "b"), lone("Tents are aired.", 0.7, "c")]

    first, second = select(QUESTION, before)

    assert [each.id for each in first.same_text] == ["b"]
    assert second.document.id == "c"


CHUNKS = document(
    ("Scope", ["one two", "three four"]),
    ("Gold", ["five six", "seven eight", "nine ten"]),
    ("Silver", ["eleven twelve"]),
)
POLICY = Documents({"policy": CHUNKS})


def widened(position: int, max_tokens: int) -> Retrieved:
    ranked = [found(CHUNKS[position], position, 1.0)]
    (passage,) = with_neighbours(ranked, POLICY, max_tokens=max_tokens, top_k=1)
    return passage


def test_what_stands_beside_a_passage_in_its_section_comes_along() -> None:
    passage = widened(3, max_tokens=6)

    assert passage.chunk.text == "five six seven eight nine ten"
    assert passage.merged == tuple(CHUNKS[2:5])
    assert (passage.chunk.start, passage.chunk.end) == (CHUNKS[2].start, CHUNKS[4].end)


def test_then_come_the_sections_around_with_their_headings() -> None:
    assert widened(4, 8).chunk.text == "five six seven eight nine ten\n\nSilver\n\neleven twelve"


def test_the_headings_of_a_passage_are_those_of_what_was_found() -> None:
    assert widened(5, 4).chunk.heading_path == ("Silver",)


@pytest.mark.parametrize("max_tokens", [1, 2, 3])
def test_a_passage_without_room_stands_alone(max_tokens: int) -> None:
    assert widened(3, max_tokens) == found(CHUNKS[3], 3, 1.0)


def test_a_passage_whose_document_is_gone_stands_alone() -> None:
    ranked = [found(CHUNKS[3], 3, 1.0)]

    assert with_neighbours(ranked, NOTHING, max_tokens=300, top_k=1) == ranked


def test_what_does_not_follow_is_not_joined() -> None:
    apart = [Chunk("one", 0, 3, (), None, ""), Chunk("two", 900, 903, (), None, "")]

    (passage,) = with_neighbours(
        [found(apart[0], 0, 1.0)], Documents({"policy": apart}), max_tokens=300, top_k=1
    )

    assert passage.chunk == apart[0]


def test_nothing_is_shown_twice() -> None:
    ranked = [found(CHUNKS[2], 2, 0.9), found(CHUNKS[3], 3, 0.8), found(CHUNKS[4], 4, 0.7)]

    passages = with_neighbours(ranked, POLICY, max_tokens=4, top_k=3)

    assert texts(passages) == ["five six seven eight", "nine ten\n\nSilver\n\neleven twelve"]


def test_what_was_found_as_well_comes_before_what_was_not() -> None:
    chunks = document(("Gold", ["one two", "three four", "five six"]))
    ranked = [found(chunks[1], 1, 0.9), found(chunks[0], 0, 0.5)]

    passages = with_neighbours(ranked, Documents({"policy": chunks}), max_tokens=4, top_k=1)

    assert texts(passages) == ["one two three four"]


SENDS_TO = document(
    ("1 Refunds", ["Gold tier users, as defined in 2, have 30 days."]),
    ("1.1 Exceptions", ["Tents are aired first."]),
    ("2 Tiers", ["Gold tier users spent 500 pounds."]),
)


@pytest.mark.parametrize(("top_k", "texts_shown"), [(8, 2), (2, 2), (1, 1)])
def test_the_clause_that_a_passage_sends_to_comes_last(top_k: int, texts_shown: int) -> None:
    sends = replace(SENDS_TO[0], text=SENDS_TO[0].text.replace("in 2", "in section 2"))
    chunks = [sends, *SENDS_TO[1:]]
    policy = Documents({"policy": chunks})

    shown = select(QUESTION, [found(sends, 0, 1.0)], policy, top_k=top_k, passage_tokens=1)

    assert texts(shown) == [sends.text, SENDS_TO[2].text][:texts_shown]


def test_a_clause_that_is_shown_already_is_not_shown_again() -> None:
    sends = replace(SENDS_TO[0], text=SENDS_TO[0].text.replace("in 2", "in section 2"))
    policy = Documents({"policy": [sends, *SENDS_TO[1:]]})
    before = [found(sends, 0, 1.0), found(SENDS_TO[2], 2, 0.5)]

    shown = select(QUESTION, before, policy, passage_tokens=1)

    assert texts(shown) == [sends.text, SENDS_TO[2].text]


def test_a_clause_that_does_not_exist_changes_nothing() -> None:
    sends = Chunk("See section 99.", 0, 15, ("1 Refunds",), None, "")

    shown = select(QUESTION, [found(sends, 0, 1.0)], Documents({"policy": [sends]}))

    assert texts(shown) == ["See section 99."]


@pytest.mark.parametrize("reranker", [None, ByLength()])
def test_what_is_named_exactly_stays_first_whatever_a_reranker_likes(
    reranker: Reranker | None,
) -> None:
    named, other = CHUNKS[2], Chunk("A long passage of section 4.33.", 0, 31, ("A",), None, "")
    named = replace(named, context="4.3 Gold")
    before = [found(named, 2, 0.9), found(other, 0, 0.8, "other")]

    first, *_ = select("What does section 4.3 say?", before, reranker=reranker)

    assert first.chunk == named


def test_where_a_clause_is_asked_for_alone_nothing_else_is_shown() -> None:
    below = replace(CHUNKS[2], heading_path=("4 Tiers", "4.3 Gold"), context="Tiers > 4.3 Gold")
    before = [found(below, 2, 0.9), found(CHUNKS[5], 5, 0.8)]

    assert texts(select("What does section 4.3 say?", before)) == [below.text]
    assert len(select("How does section 4.3 treat Silver members?", before)) == 2
    assert len(select("What does section 9.9 say?", before)) == 2
