import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.metadata import NOTHING_SAID, Metadata
from ingest.succession import Described
from ingest.validity import Validity, resolve

ADDED = date(2026, 3, 1)


def described(name: str, said: Metadata = NOTHING_SAID, title: str = "") -> Described:
    return Described(id=name, name=name, title=title or name, metadata=said, added_on=ADDED)


def version(label: str, begins: date | None = None, *supersedes: str) -> Metadata:
    return Metadata(version=label, effective_from=begins, supersedes=supersedes)


def until(documents: list[Described], **options: float) -> dict[str, date | None]:
    likeness = options.get("similarity")
    similarity = None if likeness is None else lambda first, second: likeness
    found = resolve(documents, similarity=similarity)
    return {id: validity.valid_until for id, validity in found.items()}


CONSTITUTION = [
    described("debian/constitution.1.2.txt", version("1.2", date(2003, 10, 29), "version 1.1")),
    described("debian/constitution.1.3.txt", version("1.3", date(2006, 9, 24), "version 1.2")),
    described("debian/constitution.1.10.txt", version("1.10", date(2007, 10, 7))),
    described("debian/constitution.current.txt", version("1.11", date(2022, 3, 26))),
    described("debian/social-contract.1.1.txt", version("1.1", date(2004, 4, 26))),
]


@pytest.mark.parametrize(
    ("day", "applying"),
    [
        (date(2000, 1, 1), []),
        (date(2006, 9, 23), ["constitution.1.2.txt", "social-contract.1.1.txt"]),
        (date(2006, 9, 24), ["constitution.1.3.txt", "social-contract.1.1.txt"]),
        (date(2010, 1, 1), ["constitution.1.10.txt", "social-contract.1.1.txt"]),
        (date(2026, 1, 1), ["constitution.current.txt", "social-contract.1.1.txt"]),
    ],
)
def test_on_every_day_one_version_applies(day: date, applying: list[str]) -> None:
    found = resolve(CONSTITUTION)

    assert sorted(id for id in found if found[id].applies_on(day)) == [
        f"debian/{a}" for a in applying
    ]


def test_a_version_that_nobody_replaces_says_what_could_not_be_used() -> None:
    assert resolve(CONSTITUTION)["debian/constitution.1.2.txt"] == Validity(
        valid_from=date(2003, 10, 29),
        valid_until=date(2006, 9, 24),
        superseded_by="debian/constitution.1.3.txt",
        reason="debian/constitution.1.3.txt says that it supersedes it, from 2006-09-24",
        problems=("supersedes 'version 1.1', which names no document here",),
    )


@pytest.mark.parametrize(
    "name",
    [
        "hr/travel-2024.pdf",
        "travel-2024.pdf",
        "TRAVEL 2024",
        "Staff Travel",
        "staff   travel",
        "Staff Travel v2",
        "Staff Travel, version 2.0",
        "Staff Travel of 2024",
    ],
)
def test_a_document_is_named_by_file_or_title(name: str) -> None:
    old = described("hr/travel-2024.pdf", version("2.0", date(2024, 5, 1)), "Staff Travel")
    new = described("new/rules.pdf", version("1", date(2026, 5, 1), name), "Journeys")

    assert until([old, new]) == {"hr/travel-2024.pdf": date(2026, 5, 1), "new/rules.pdf": None}


def test_a_name_that_several_documents_have_names_none() -> None:
    documents = [
        described("hr/travel.pdf"),
        described("it/travel.pdf"),
        described("new.pdf", Metadata(supersedes=("travel.pdf",))),
    ]

    found = resolve(documents)

    assert {validity.superseded_by for validity in found.values()} == {None}
    assert found["new.pdf"].problems == (
        "supersedes 'travel.pdf', which may be any of hr/travel.pdf, it/travel.pdf: give its path",
    )


def test_a_name_that_one_document_has_in_two_formats_names_both() -> None:
    documents = [
        described("travel.pdf"),
        described("travel.docx"),
        described("new.pdf", Metadata(supersedes=("travel",))),
    ]

    assert until(documents) == {"travel.pdf": ADDED, "travel.docx": ADDED, "new.pdf": None}


def test_a_successor_without_a_day_counts_from_when_it_was_added() -> None:
    documents = [described("leave-v2.pdf", version("2")), described("leave-v3.pdf", version("3"))]

    assert until(documents) == {"leave-v2.pdf": ADDED, "leave-v3.pdf": None}


def test_a_version_without_a_day_does_not_keep_an_older_one_alive_beyond_a_newer_one() -> None:
    documents = [
        described("leave-v1.pdf", version("1", date(2018, 1, 1))),
        described("leave-v2.pdf", version("2")),
        described("leave-v3.pdf", version("3", date(2020, 1, 1))),
    ]

    assert until(documents) == {
        "leave-v1.pdf": date(2020, 1, 1),
        "leave-v2.pdf": date(2020, 1, 1),
        "leave-v3.pdf": None,
    }


def test_a_document_ends_on_the_earlier_of_its_own_last_day_and_its_successors_first() -> None:
    dated = Metadata(version="1", effective_until=date(2025, 1, 1))
    found = resolve([described("a-v1.md", dated), described("a-v2.md", version("2"))])

    assert found["a-v1.md"].valid_until == date(2025, 1, 1)
    assert found["a-v1.md"].reason == "ends by its own account on 2025-01-01"
    assert found["a-v1.md"].superseded_by == "a-v2.md"


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (
            described("policy-2024.md", Metadata(effective_from=date(2024, 1, 1))),
            described("policy-2025.md", Metadata(effective_from=date(2025, 1, 1))),
        ),
        (described("a.pdf", version("1.0")), described("a-v2.pdf", version("2.1"))),
        (
            described("a.pdf", version("1", date(2024, 1, 1)), "Staff Travel"),
            described("b.pdf", version("2", date(2026, 3, 1)), "Staff Travel"),
        ),
    ],
)
def test_versions_of_one_text_by_their_names_and_metadata(
    older: Described, newer: Described
) -> None:
    found = resolve([newer, older])

    assert found[older.id].superseded_by == newer.id
    assert found[newer.id].superseded_by is None


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (described("annex-1.md", version("1.0")), described("annex-2.md", version("1.0"))),
        (described("ch-1.html"), described("ch-2.html")),
        (described("v/section-1.1.md", version("3")), described("v/section-1.2.md", version("3"))),
        (described("a/leave-v1.md", version("1")), described("b/leave-v2.md", version("2"))),
        (described("ipv4-policy.md", version("4")), described("ipv6-policy.md", version("6"))),
        (described("leave-v2.md", version("2")), described("leave-v3-draft.md", version("3"))),
        (described("leave-v2.md", version("2")), described("leave-v3.md", version("3 draft"))),
        (described("x.md", version("1"), "Annex 1"), described("y.md", version("2"), "Annex 2")),
        (described("office-2019.md"), described("office-2021.md")),
    ],
)
def test_numbers_that_are_no_versions_end_nothing(first: Described, second: Described) -> None:
    assert until([first, second]) == {first.id: None, second.id: None}


@pytest.mark.parametrize(("similarity", "ends"), [(0.9, ADDED), (0.1, None)])
def test_alike_texts_bear_out_the_years_in_names(similarity: float, ends: date | None) -> None:
    documents = [described("holidays-2025.md"), described("holidays-2026.md")]

    assert until(documents, similarity=similarity)["holidays-2025.md"] == ends


def test_annexes_from_one_template_are_no_versions_however_alike() -> None:
    documents = [described("annex-1.md", title="Annex 1"), described("annex-2.md", title="Annex 2")]

    assert until(documents, similarity=1.0) == {"annex-1.md": None, "annex-2.md": None}


def test_a_higher_version_with_an_earlier_day_is_reported_and_ends_nothing() -> None:
    found = resolve(
        [
            described("a-v1.md", version("1", date(2026, 1, 1))),
            described("a-v2.md", version("2", date(2020, 1, 1))),
        ]
    )

    assert found["a-v1.md"].valid_until is None
    assert found["a-v2.md"].problems == (
        "has a higher version than a-v1.md but an earlier effective_from",
    )


def test_documents_that_supersede_each_other_are_left_and_reported() -> None:
    found = resolve(
        [
            described("a.md", Metadata(supersedes=("b.md",))),
            described("b.md", Metadata(supersedes=("a.md",))),
        ]
    )

    assert [validity.valid_until for validity in found.values()] == [None, None]
    assert found["a.md"].problems == (
        "is in a circle of documents that supersede each other, as b.md does this one: "
        "give each its effective_from",
    )


def test_of_documents_that_supersede_each_other_the_later_one_counts_if_there_is_one() -> None:
    documents = [
        described("a.md", version("1", date(2024, 1, 1), "b.md")),
        described("b.md", version("1", date(2025, 1, 1), "a.md")),
    ]

    assert until(documents) == {"a.md": date(2025, 1, 1), "b.md": None}


_NAMES = ["a-v1.md", "a-v2.md", "a-v2.pdf", "a-2024.md", "b/a-v3.md", "a.md", "b/a.current.md"]
_DOCUMENTS = st.lists(
    st.builds(
        described,
        st.sampled_from(_NAMES),
        st.builds(
            Metadata,
            version=st.sampled_from([None, "1", "2", "2.1", "draft"]),
            effective_from=st.none() | st.dates(date(2024, 1, 1), date(2024, 1, 9)),
            supersedes=st.lists(st.sampled_from([*_NAMES, "A", "version 1"]), max_size=3).map(
                tuple
            ),
        ),
        st.sampled_from(["A", "A v1", "B"]),
    ),
    unique_by=lambda document: document.id,
)


@given(_DOCUMENTS, st.randoms(use_true_random=False))
def test_the_order_of_the_documents_makes_no_difference(
    documents: list[Described], random: "object"
) -> None:
    shuffled = list(documents)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert resolve(shuffled, similarity=lambda *_: 0.5) == resolve(
        documents, similarity=lambda *_: 0.5
    )


@given(_DOCUMENTS)
def test_nobody_is_superseded_by_themselves_nor_round_in_a_circle(
    documents: list[Described],
) -> None:
    found = resolve(documents)

    for id in found:
        seen: set[str | None] = set()
        following: str | None = id
        while following is not None:
            assert following not in seen
            seen.add(following)
            following = found[following].superseded_by


def test_ten_thousand_documents_are_not_compared_with_each_other() -> None:
    documents = [
        described(f"policies/policy{number}-v{label}.md", version(str(label)))
        for number in range(2_000)
        for label in range(1, 6)
    ]
    last = described("new.md", Metadata(supersedes=("policy7-v5.md",)))

    begun = time.process_time()
    found = resolve([*documents, last])

    # A second or two; a comparison of each with each other takes many minutes.
    assert time.process_time() - begun < 30
    assert sum(validity.superseded_by is None for validity in found.values()) == 2_000
