"""Where a question is searched: what is asked for, what the question names, what its reader may read."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from ingest.embed import SentenceTransformerEncoder
from ingest.index import EVERYONE, IndexOutdated
from service.access import LOCAL_READER, Reader
from service.scope import EVERYTHING, MAX_NAMED, Filter, Searched, UnknownInFilter
from tests.service.library import STAFF, Library, library

ENGLISH = "Hotels are paid up to ninety pounds a night, and breakfast is always included in that. "
GERMAN = (
    "Hotels werden bis zu neunzig Euro je Nacht bezahlt, und das Frühstück ist darin enthalten. "
)
HOTELS = "What is paid for hotels?"


@pytest.fixture(scope="module")
def shelf(
    tmp_path_factory: pytest.TempPathFactory, encoder: SentenceTransformerEncoder
) -> Iterator[Library]:
    """Four policies on hotels: two for everyone, one for staff, one that is over."""
    with library(tmp_path_factory.mktemp("shelf"), encoder) as opened:
        opened.put("travel.md", f"# Travel Policy\n\n{ENGLISH * 3}\n", tags=["Travel", "money"])
        opened.put("reisen.md", f"# Reisehandbuch\n\n{GERMAN * 3}\n", tags=["travel", "reise"])
        opened.put(
            "board.md",
            f"# Board Travel Policy\n\n{ENGLISH * 2}\n",
            tags=["board"],
            groups=["staff"],
        )
        opened.put("old.md", f"# Expense Policy\n\n{ENGLISH * 2}\n", effective_until="2020-01-01")
        opened.sync()
        yield opened


# Filters


@pytest.mark.parametrize(
    ("within", "names", "only"),
    [
        (EVERYTHING, {"travel.md", "reisen.md"}, ""),
        (Filter(documents=("travel.md",)), {"travel.md"}, "Travel Policy"),
        (Filter(documents=("TRAVEL",)), {"travel.md"}, "Travel Policy"),
        (Filter(documents=("travel policy ",)), {"travel.md"}, "Travel Policy"),
        (
            Filter(documents=("travel.md", "Reisehandbuch")),
            {"travel.md", "reisen.md"},
            "Reisehandbuch or Travel Policy",
        ),
        (Filter(tags=("reise",)), {"reisen.md"}, "documents tagged reise"),
        (Filter(tags=("travel",)), {"travel.md", "reisen.md"}, "documents tagged travel"),
        (
            Filter(tags=("money", "reise")),
            {"travel.md", "reisen.md"},
            "documents tagged money or reise",
        ),
        (Filter(languages=("de",)), {"reisen.md"}, "documents in the language de"),
        (
            Filter(tags=("travel",), languages=("EN",)),
            {"travel.md"},
            "documents tagged travel and documents in the language EN",
        ),
        (
            Filter(documents=("travel.md",), languages=("de",)),
            set(),
            "Travel Policy and documents in the language de",
        ),
        (Filter(documents=("old.md",)), set(), "Expense Policy"),
    ],
)
def test_a_filter_leaves_what_passes_it(
    shelf: Library, within: Filter, names: set[str], only: str
) -> None:
    searched = shelf.retriever.decide(HOTELS, LOCAL_READER, within=within)

    assert shelf.names(HOTELS, within=within) == names
    assert (searched.only, searched.by_itself) == (only, False)


def test_a_document_is_named_by_its_id_and_a_source_by_its_place(shelf: Library) -> None:
    (source,) = shelf.admin.sources()

    for by_id in (shelf.id_of("travel.md"), shelf.id_of("travel.md").upper()):
        assert shelf.names(HOTELS, within=Filter(documents=(by_id,))) == {"travel.md"}
    for place in (source.id, source.location, f"{source.location}/"):
        assert shelf.names(HOTELS, within=Filter(sources=(place,))) == {"travel.md", "reisen.md"}


def test_a_filter_that_names_what_is_over_finds_it_on_a_day_of_its_time(shelf: Library) -> None:
    within = Filter(documents=("old.md",))
    searched = shelf.retriever.decide(HOTELS, LOCAL_READER, date(2019, 1, 1), within)

    found = shelf.retriever.retrieve(HOTELS, LOCAL_READER, searched=searched)

    assert {each.document.name for each in found} == {"old.md"}


@pytest.mark.parametrize(
    ("within", "message"),
    [
        (Filter(documents=("nothing.md",)), "There is no document 'nothing.md' to search in"),
        (Filter(documents=("travel.md", "nothing.md")), "There is no document 'nothing.md'"),
        (Filter(documents=("",)), "There is no document ''"),
        (Filter(tags=("leave",)), "No document has the tag 'leave'; there are: Travel, money, rei"),
        (Filter(languages=("xx",)), "No document is in the language 'xx'; there are: de, en"),
        (Filter(sources=("/nowhere",)), "No document comes from a source '/nowhere'"),
    ],
)
def test_a_name_of_nothing_is_an_error(shelf: Library, within: Filter, message: str) -> None:
    with pytest.raises(UnknownInFilter, match=message):
        shelf.retriever.decide(HOTELS, LOCAL_READER, within=within)


@pytest.mark.parametrize("field", ["documents", "tags"])
def test_what_a_reader_may_not_read_is_as_unknown_as_what_is_not_there(
    shelf: Library, field: str
) -> None:
    hidden = {"documents": "board.md", "tags": "board"}[field]

    def told(reader: Reader, name: str) -> str:
        within = Filter(**{field: (name,)})
        with pytest.raises(UnknownInFilter) as caught:
            shelf.retriever.decide(HOTELS, reader, within=within)
        return str(caught.value)

    assert told(LOCAL_READER, hidden).replace(hidden, "?") == told(LOCAL_READER, "nope").replace(
        "nope", "?"
    )
    assert "board" in told(STAFF, "nope") or field == "documents"
    assert shelf.names(HOTELS, STAFF, Filter(**{field: (hidden,)})) == {"board.md"}


def test_a_filter_of_ids_does_not_open_what_a_reader_may_not_read(shelf: Library) -> None:
    staff = shelf.retriever.decide(HOTELS, STAFF, within=Filter(documents=("board.md",)))
    scope = staff.scope
    assert scope.documents == frozenset({shelf.id_of("board.md")})
    assert scope.groups == {EVERYONE, "staff"}

    with pytest.raises(UnknownInFilter):
        shelf.retriever.decide(
            HOTELS, LOCAL_READER, within=Filter(documents=(shelf.id_of("board.md"),))
        )


# Questions that name a document


def decided(
    shelf: Library, question: str, reader: Reader = LOCAL_READER, **rest: object
) -> Searched:
    return shelf.retriever.decide(question, reader, **rest)  # type: ignore[arg-type]


def test_a_question_that_names_a_document_is_searched_in_it(shelf: Library) -> None:
    searched = decided(shelf, "In the travel policy, what is paid for hotels?")

    assert (searched.only, searched.by_itself) == ("Travel Policy", True)
    assert shelf.names("In the travel policy, what is paid for hotels?") == {"travel.md"}
    assert shelf.names("In the travel policy, what is paid for hotels?", STAFF) == {"travel.md"}


def test_a_question_that_names_none_is_searched_everywhere(shelf: Library) -> None:
    assert decided(shelf, HOTELS).only == ""
    assert decided(shelf, HOTELS).scope.documents is None


def test_a_document_that_the_reader_may_not_read_is_not_named(shelf: Library) -> None:
    question = "In the board travel policy, what is paid for hotels?"

    assert decided(shelf, question, STAFF).only == "Board Travel Policy"
    # What is left of the words names the other one, as if the first were not there.
    assert decided(shelf, question).only == decided(shelf, question.replace("board", "moon")).only


def test_a_document_that_does_not_apply_is_named_on_its_days_only(shelf: Library) -> None:
    question = "In the expense policy, what is paid for hotels?"

    assert decided(shelf, question).only == ""
    assert decided(shelf, question, as_of=date(2019, 1, 1)).only == "Expense Policy"


def test_a_filter_of_documents_counts_more_than_what_the_question_names(shelf: Library) -> None:
    within = Filter(documents=("reisen.md",))

    assert shelf.names("In the travel policy, what?", within=within) == {"reisen.md"}


def test_what_a_question_names_is_looked_for_within_the_other_filters(shelf: Library) -> None:
    question = "In the travel policy, what is paid for hotels?"

    assert decided(shelf, question, within=Filter(tags=("money",))).by_itself is False
    assert shelf.names(question, within=Filter(tags=("money",))) == {"travel.md"}
    assert shelf.names(question, within=Filter(languages=("de",))) == {"reisen.md"}
    tagged = decided(shelf, question, within=Filter(tags=("travel",)))
    assert (tagged.only, tagged.by_itself) == ("Travel Policy", True)


def test_nothing_is_narrowed_where_the_setting_says_so(shelf: Library) -> None:
    searched = shelf.another(narrow=False).decide("In the travel policy, what?", LOCAL_READER)

    assert searched.scope.documents is None


def test_several_that_are_called_the_same_are_all_searched_and_too_many_are_none(
    tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    question = "In the leave policy, how many days?"
    with library(tmp_path, encoder) as opened:
        opened.put("other.md", "# Tents\n\nTents are kept dry.\n")
        for number in range(MAX_NAMED):
            opened.put(f"{number}/policy.md", f"# Leave Policy\n\nTeam {number} has days off.\n")
        opened.sync()
        searched = decided(opened, question)
        assert searched.only == "Leave Policy"
        assert len(searched.scope.documents or ()) == MAX_NAMED

        opened.put("more/policy.md", "# Leave Policy\n\nThe last team has none.\n")
        opened.sync()

        assert decided(opened, question).scope.documents is None


# Changes


def test_titles_follow_the_index(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    question = "In the travel policy, what is paid?"
    with library(tmp_path, encoder) as opened:
        assert decided(opened, question).only == ""
        opened.put("tents.md", "# Tents\n\nTents are kept dry.\n")
        opened.put("travel.md", f"# Travel Policy\n\n{ENGLISH}\n")
        opened.sync()
        assert decided(opened, question).only == "Travel Policy"

        opened.put("travel.md", f"# Journeys\n\n{ENGLISH}\n")
        (opened.folder / "travel.md").rename(opened.folder / "journeys.md")
        opened.sync()
        assert decided(opened, question).only == ""
        assert decided(opened, "In the journeys guide, what?").only == "Journeys"

        opened.admin.delete([opened.id_of("journeys.md")], asked_by="test")
        assert decided(opened, "In the journeys guide, what?").only == ""
        with pytest.raises(UnknownInFilter):
            decided(opened, question, within=Filter(documents=("journeys.md",)))


def test_an_index_of_an_earlier_version_says_that_it_cannot_be_filtered_yet(
    tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    with library(tmp_path, encoder) as opened:
        opened.put("travel.md", f"# Travel Policy\n\n{ENGLISH}\n", tags=["travel"])
        opened.sync()
        id, payload = opened.id_of("travel.md"), '["travel.md", "Travel", ["everyone"], null, null]'
        opened.store.catalog.documents.save_payloads("g0001", {id: payload})

        for within in (Filter(tags=("travel",)), Filter(languages=("en",)), Filter(sources=("x",))):
            with pytest.raises(
                IndexOutdated, match="'pincite serve' and 'pincite ingest' bring it"
            ):
                decided(opened, HOTELS, within=within)
        assert opened.names(HOTELS, within=Filter(documents=("travel.md",))) == {"travel.md"}
        assert opened.names(HOTELS) == {"travel.md"}

        opened.worker.start()

        assert opened.names(HOTELS, within=Filter(tags=("travel",))) == {"travel.md"}
