"""What files say about themselves, and what of it is believed."""

from datetime import date

import pytest

from ingest.formats.archive import parse_xml
from ingest.formats.properties import from_dublin_core, from_properties, said
from ingest.metadata import NOTHING_SAID, Metadata


def test_a_field_that_cannot_be_meant_is_passed_over_and_the_others_are_kept() -> None:
    assert said(
        {"owner": "HR", "effective_from": "soon", "tags": ["leave", "sick"], "layout": {"a": 1}}
    ) == Metadata(owner="HR", tags=("leave", "sick"))


def test_dates_that_contradict_each_other_leave_the_rest() -> None:
    fields = {
        "effective_from": date(2026, 3, 1),
        "effective_until": date(2025, 1, 1),
        "owner": "HR",
    }
    assert said(fields).owner == "HR"


def test_properties_become_metadata() -> None:
    assert from_properties(
        title=" Leave\npolicy ", author="Ann Smith", keywords=["leave; sick leave, ", "absence"]
    ) == Metadata(title="Leave policy", owner="Ann Smith", tags=("leave", "sick leave", "absence"))


@pytest.mark.parametrize(
    "title",
    [
        "Microsoft Word - leave.doc",
        "untitled",
        "Untitled-1",
        "Slide 1",
        "PowerPoint Presentation",
        "Document1",
        "leave_final.docx",
        "x",
        "",
    ],
)
def test_titles_that_programs_write_are_none(title: str) -> None:
    assert from_properties(title=title) == NOTHING_SAID


@pytest.mark.parametrize("title", ["Document retention", "Booking rules", "Slide rules for staff"])
def test_titles_that_begin_alike_are_kept(title: str) -> None:
    assert from_properties(title=title) == Metadata(title=title)


@pytest.mark.parametrize("author", ["python-docx", "Microsoft Office User", "admin", "(anonymous)"])
def test_owners_that_are_nobody_are_none(author: str) -> None:
    assert from_properties(author=author) == NOTHING_SAID


def test_dublin_core_is_read_by_names() -> None:
    root = parse_xml(
        b'<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Leave policy</dc:title>'
        b"<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><dc:subject>leave</dc:subject></m>"
    )
    assert from_dublin_core(root) == Metadata(
        title="Leave policy", owner="Ann, Bob", tags=("leave",)
    )
