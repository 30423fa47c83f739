"""How a generation is judged before it serves."""

import pytest

from ingest.embed import Encoders
from ingest.probe import SentenceProbe
from tests.ingest.bench import SHAPELESS, Bench


def probe(bench: Bench, generation: str) -> float:
    encoders = Encoders(bench.load)
    return SentenceProbe(bench.catalog, encoders)(bench.store.generations.get(generation))


def put_many(bench: Bench, *, sidecar: str = "") -> None:
    """More documents than a search returns passages."""
    for number in range(12):
        text = f"Item number {number} is handled by the office on floor {number} of the building."
        bench.put(f"{number:02}.md", f"# Item {number}\n\n{text}\n")
        if sidecar:
            bench.put(f"{number:02}.md.meta.toml", sidecar)


def test_an_index_finds_the_sentences_of_its_own_documents(empty: Bench) -> None:
    put_many(empty)
    empty.ingest()

    assert probe(empty, "g0001") == 1.0


def test_an_index_that_finds_nothing_by_meaning_does_worse(empty: Bench) -> None:
    put_many(empty)
    empty.ingest()
    empty.done(empty.admin.rebuild(asked_by="test", encoder=SHAPELESS))

    # Of twelve passages at one place, a search returns ten.
    assert probe(empty, "g0002") <= 10 / 12


def test_documents_that_not_everyone_may_read_are_asked_for_as_one_who_may(empty: Bench) -> None:
    put_many(empty, sidecar='groups = ["board"]\neffective_until = 2020-01-01')
    empty.ingest()

    assert probe(empty, "g0001") == 1.0


def test_an_index_without_a_sentence_to_ask_for_is_good_enough(empty: Bench) -> None:
    assert probe(empty, "g0001") == 1.0
    empty.put("short.md", "# Short\n\nRing us.\n")
    empty.ingest()

    assert probe(empty, "g0001") == 1.0


def test_the_same_questions_are_asked_each_time_and_not_too_many(
    empty: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.probe.QUESTIONS", 20)
    sentences = " ".join(f"Sentence number {n} of this long document is here." for n in range(30))
    empty.put("long.md", f"# Long\n\n{sentences}\n")
    empty.ingest()
    empty.encoder.embedded.clear()

    first = probe(empty, "g0001")
    asked = list(empty.encoder.embedded)
    empty.encoder.embedded.clear()

    assert probe(empty, "g0001") == first
    assert empty.encoder.embedded == asked
    assert len(asked) == 20
