from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.metadata import NOTHING_SAID, Metadata
from ingest.stated import HEAD_CHARACTERS, stated_in_text


def stated(text: str, name: str = "policy.txt", title: str = "Travel Policy") -> Metadata:
    return stated_in_text(text, name, title)


def test_a_historical_version_says_when_it_began_and_ended_and_what_it_replaced() -> None:
    text = (
        "Historical version of the Constitution (v1.1)\n\n"
        "Version 1.1 ratified on June 21st, 2003.\n\n"
        "Superseded by Version 1.2 ratified on October 29th, 2003, and the current version 1.3 "
        "ratified on September 24th, 2006.\n\n"
        "Supersedes Version 1.0 ratified on December 2nd, 1998."
    )

    assert stated(text) == Metadata(
        version="1.1",
        effective_from=date(2003, 6, 21),
        effective_until=date(2003, 10, 29),
        supersedes=("version 1.0",),
    )


@pytest.mark.parametrize(
    "line",
    [
        "Effective date: 1 March 2026",
        "Effective Date: March 1, 2026",
        "Version Effective Date: March 1st, 2026",
        "This policy takes effect on 2026-03-01.",
        "This revised travel policy is effective as of 1st of March 2026.",
        "Owner: HR | Effective date: 1 March 2026 | Page 1",
    ],
)
def test_the_first_day_is_read_from_a_line_that_states_it(line: str) -> None:
    assert stated(f"Travel Policy\n\n{line}\n\nStaff travel.").effective_from == date(2026, 3, 1)


@pytest.mark.parametrize(
    "line",
    [
        "Version: 2.1",
        "Document version 2.1",
        "v2.1 is out; Version 2.1",
        "Version 2.1, updated 2025-12-18.",
        "This is Travel Policy version 2.1, released on 2022-12-17.",
    ],
)
def test_the_version_is_read_from_a_line_that_states_it(line: str) -> None:
    assert stated(line) == Metadata(version="2.1")


def test_the_last_day_is_included() -> None:
    assert stated("Valid until 31 December 2026").effective_until == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("This policy replaces the Travel Policy of 2024.", ("Travel Policy of 2024",)),
        ("This policy supersedes the “Travel Rules” dated 1 March 2024.", ("Travel Rules",)),
        ("Supersedes: travel-2024.pdf", ("travel-2024.pdf",)),
        ("This policy supersedes all previous versions.", ()),
        ("This convention replaces an older one.", ()),
    ],
)
def test_a_predecessor_is_a_document_that_is_named(line: str, names: tuple[str, ...]) -> None:
    assert stated(line).supersedes == names


@pytest.mark.parametrize("named", [{"name": "hr/travel-policy-v3.pdf"}, {"title": "Travel (v3)"}])
def test_a_marked_number_in_name_or_title_is_the_version(named: dict[str, str]) -> None:
    assert stated("Staff travel.", **named) == Metadata(version="3")


@pytest.mark.parametrize(
    "text",
    [
        "Version: 1.3.17-1",
        "10.2. Version 4.6.2",
        "The systems must comply with FHS, version 3.0, with the exceptions below.",
        "The Terms of Service were deprecated effective 30 November 2021, and are no longer used.",
        "This document is licensed under the GPL, version 2.",
        "Effective date: 03/04/2026",
        "Effective date: February 30, 2026",
        "Replaces: mail-transport-agent (<< 1.2) is a control field that packages use.",
        "x\n\n" * 20 + "Version: 2.1",
        "x" * HEAD_CHARACTERS + "\nVersion: 2.1",
    ],
)
def test_versions_and_days_of_other_things_are_not_the_documents(text: str) -> None:
    said = stated(text)

    assert (said.version, said.effective_from, said.effective_until) == (None, None, None)


def test_days_that_contradict_each_other_leave_the_first() -> None:
    text = "Effective date: 1 March 2026\nValid until 1 March 2025"

    assert stated(text) == Metadata(effective_from=date(2026, 3, 1))


@given(st.text(alphabet=st.sampled_from("Version efctidaup1.2 ,:|\n()Mrch"), max_size=300))
def test_no_text_is_too_strange(text: str) -> None:
    said = stated_in_text(text, "a.txt", text)

    assert said == NOTHING_SAID or said.version or said.effective_from or said.effective_until
