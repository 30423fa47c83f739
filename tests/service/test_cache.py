"""What was found is kept for the same question, and never shown where a search would find otherwise."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from ingest.catalog import Catalog
from ingest.embed import SentenceTransformerEncoder
from ingest.index.edge import EdgeIndex
from service.access import LOCAL_READER
from service.cache import ResultCache
from service.scope import Filter
from tests.service.library import STAFF, Library, library

TENTS = "How long may tents be kept?"
KEPT = "Tents may be kept for 30 days."
TITLED = "# Tents\n\n"


@pytest.fixture
def shelf(tmp_path: Path, encoder: SentenceTransformerEncoder) -> Iterator[Library]:
    """A policy for everyone and one for staff, indexed; nothing was asked yet."""
    with library(tmp_path, encoder) as opened:
        opened.put("tents.md", f"{TITLED}{KEPT}\n")
        opened.put("secret.md", "# Tents\n\nStaff may keep tents for ever.\n", groups=["staff"])
        opened.sync()
        opened.encoder.embedded.clear()
        yield opened


def test_a_question_is_encoded_once_and_searched_in_one_request(
    shelf: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[int] = []
    query = EdgeIndex._search

    def counted(index: EdgeIndex, *arguments: object) -> object:
        requests.append(1)
        return query(index, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(EdgeIndex, "_search", counted)
    first = shelf.retriever.retrieve(TENTS, LOCAL_READER)
    again = shelf.retriever.retrieve(TENTS, LOCAL_READER)

    assert [found.chunk.text for found in first] == [KEPT]
    assert again == first
    assert shelf.encoder.embedded == [TENTS]
    assert len(requests) == 1


def test_what_the_caller_does_to_a_result_does_not_change_the_next(shelf: Library) -> None:
    shelf.retriever.retrieve(TENTS, LOCAL_READER).clear()

    assert shelf.texts(TENTS) == {KEPT}


def test_nobody_gets_what_another_may_read(shelf: Library) -> None:
    assert len(shelf.texts(TENTS, STAFF)) == 2
    assert shelf.texts(TENTS) == {KEPT}
    assert len(shelf.texts(TENTS, STAFF)) == 2
    assert shelf.encoder.embedded == [TENTS, TENTS]


def test_another_day_or_another_filter_is_another_question(shelf: Library) -> None:
    shelf.put("stoves.md", "# Stoves\n\nKept for 9 days.\n", effective_until="2020-01-01")
    shelf.sync()

    def names(as_of: date | None = None) -> set[str]:
        found = shelf.retriever.retrieve("How long kept?", LOCAL_READER, as_of)
        return {each.document.name for each in found}

    assert names() == {"tents.md"}
    assert names(date(2019, 1, 1)) == {"tents.md", "stoves.md"}
    assert names() == {"tents.md"}
    assert shelf.names("How long kept?", STAFF, Filter(documents=("tents.md",))) == {"tents.md"}
    assert shelf.names("How long kept?", STAFF) == {"tents.md", "secret.md"}


def test_a_document_that_is_added_is_found(shelf: Library) -> None:
    assert shelf.texts(TENTS) == {KEPT}

    shelf.put("more.md", "# More tents\n\nLarge tents are kept for 60 days.\n")
    shelf.sync()

    assert shelf.texts(TENTS) == {KEPT, "Large tents are kept for 60 days."}


def test_a_document_that_is_changed_is_found_as_it_is_now(shelf: Library) -> None:
    shelf.texts(TENTS)

    shelf.put("tents.md", f"{TITLED}Tents may be kept for 77 days.\n")
    shelf.sync()

    assert shelf.texts(TENTS) == {"Tents may be kept for 77 days."}


def test_a_document_that_is_deleted_is_not_found(shelf: Library) -> None:
    assert shelf.texts(TENTS) == {KEPT}

    shelf.admin.delete([shelf.id_of("tents.md")], asked_by="ada")

    assert shelf.texts(TENTS) == set()


def test_nor_is_one_that_another_process_deletes(shelf: Library) -> None:
    assert shelf.texts(TENTS) == {KEPT}
    elsewhere = Catalog(shelf.store.path / "catalog.sqlite")

    elsewhere.documents.delete([shelf.id_of("tents.md")], asked_by="ada", keep_out=True)
    elsewhere.close()

    assert shelf.texts(TENTS) == set()


def test_a_document_that_is_put_out_of_reach_is_not_found(shelf: Library) -> None:
    assert shelf.texts(TENTS) == {KEPT}

    shelf.put("tents.md", f"{TITLED}{KEPT}\n", groups=["staff"])
    shelf.sync()

    assert shelf.texts(TENTS) == set()


def test_a_document_that_is_superseded_is_not_found(shelf: Library) -> None:
    shelf.texts(TENTS)

    shelf.put("new.md", "# New\n\nTents may be kept for 5 days.\n", supersedes=["tents.md"])
    shelf.sync()

    assert shelf.texts(TENTS) == {"Tents may be kept for 5 days."}


def test_a_document_that_is_renamed_has_its_new_name(shelf: Library) -> None:
    assert shelf.names(TENTS) == {"tents.md"}

    (shelf.folder / "tents.md").rename(shelf.folder / "canvas.md")
    shelf.sync()

    assert shelf.names(TENTS) == {"canvas.md"}


def test_another_generation_answers_with_its_own_passages(shelf: Library) -> None:
    long = " ".join(f"Rule {n} says how tents of size {n} are kept dry." for n in range(12))
    shelf.put("long.md", f"# Sizes\n\n{long}\n")
    shelf.sync()
    before = shelf.texts(TENTS)

    shelf.done(shelf.admin.rebuild(asked_by="test", target_tokens=40, force=True))
    rebuilt = shelf.texts(TENTS)
    shelf.done(shelf.admin.use(asked_by="test"))

    assert rebuilt != before
    assert shelf.texts(TENTS) == before


def test_no_more_questions_are_kept_than_the_setting_says(shelf: Library) -> None:
    retriever = shelf.another(cached_questions=2)
    for question in ("tents", "stoves", "tents", "ropes", "tents", "stoves"):
        retriever.retrieve(question, LOCAL_READER)

    # "stoves" was used longest ago when "ropes" came.
    assert shelf.encoder.embedded == ["tents", "stoves", "ropes", "stoves"]


def test_none_is_kept_where_the_setting_says_so(shelf: Library) -> None:
    retriever = shelf.another(cached_questions=0)
    for _ in range(3):
        assert [found.chunk.text for found in retriever.retrieve(TENTS, LOCAL_READER)] == [KEPT]

    assert shelf.encoder.embedded == [TENTS] * 3


def test_what_was_searched_before_a_change_is_not_kept_for_after_it(
    shelf: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change comes when the search is over and its result is not yet put away."""
    search = EdgeIndex.search
    changes = [lambda: shelf.admin.delete([shelf.id_of("tents.md")], asked_by="ada")]

    def then_delete(index: EdgeIndex, *arguments: object, **named: object) -> object:
        found = search(index, *arguments, **named)  # type: ignore[arg-type]
        if changes:
            changes.pop()()
        return found

    monkeypatch.setattr(EdgeIndex, "search", then_delete)
    shelf.texts(TENTS)

    assert shelf.texts(TENTS) == set()


def test_many_threads_share_it_without_mixing_anything_up() -> None:
    cache = ResultCache[tuple[int, int]](5)

    def work(thread: int) -> list[tuple[int, int]]:
        wrong = []
        for n in range(2_000):
            state, key = n // 500, (n + thread) % 9
            found = cache.get(state, key)
            if found is None:
                cache.put(state, key, [(state, key)])
            elif found != [(state, key)]:
                wrong += found
        return wrong

    with ThreadPoolExecutor(8) as pool:
        assert [wrong for thread in pool.map(work, range(8)) for wrong in thread] == []
