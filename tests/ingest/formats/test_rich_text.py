"""Rich text files: headings by outline level, tables, characters of all kinds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.document import Block, ElementKind
from ingest.formats.errors import CorruptDocument
from ingest.formats.rich_text import rtf_content
from ingest.metadata import Metadata

HEAD = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0 Arial;}}"
    r"{\stylesheet{\s1\outlinelevel0 heading 1;}{\s2\outlinelevel1 heading 2;}}"
)


def blocks(body: str) -> list[Block]:
    return rtf_content(f"{HEAD}{body}}}".encode("ascii")).blocks


def test_headings_paragraphs_and_list_items() -> None:
    assert blocks(
        r"\pard\s1\outlinelevel0{\b Leave}\par \pard\plain Ring us first.\par "
        r"\pard\s2\outlinelevel1 When\par \pard\plain {\listtext\bullet\tab}before nine\par "
        r"{\listtext\bullet\tab}by phone\par PLEASE NOTE\par"
    ) == [
        Block(ElementKind.TITLE, "Leave", level=1),
        Block(ElementKind.TEXT, "Ring us first."),
        Block(ElementKind.TITLE, "When", level=2),
        Block(ElementKind.LIST_ITEM, "before nine"),
        Block(ElementKind.LIST_ITEM, "by phone"),
        Block(ElementKind.TEXT, "PLEASE NOTE"),
    ]


def test_without_outline_levels_headings_are_those_of_a_plain_text() -> None:
    assert blocks(r"LEAVE POLICY\par Ring us first.\par") == [
        Block(ElementKind.TITLE, "LEAVE POLICY", level=1),
        Block(ElementKind.TEXT, "Ring us first."),
    ]


def test_tables_are_rows_of_cells() -> None:
    row = r"\trowd\cellx100\cellx200\cellx300 {}\cell {}\cell {}\cell\row "
    cells = (("Tier", "Day", "Week"), ("Gold", "2", "9"), ("Basic", "3", ""))
    table = "".join(row.format(*each) for each in cells)
    assert blocks(rf"Prices rose.\par {table}\pard Ask first.\par") == [
        Block(ElementKind.TEXT, "Prices rose."),
        Block(ElementKind.TABLE, "Tier: Gold; Day: 2; Week: 9\nTier: Basic; Day: 3"),
        Block(ElementKind.TEXT, "Ask first."),
    ]


def test_escaped_characters_are_read_and_headers_and_pictures_are_not() -> None:
    assert blocks(
        r"{\header Internal}{\footer Page 1}{\*\generator x;}{\pict\pngblip 89504e47}"
        r"\'dcber \u8364 ?5 \endash  na\u239 ?ve.\par"
    ) == [Block(ElementKind.TEXT, "Über €5 – naïve.")]


def test_title_author_and_keywords_are_metadata() -> None:
    info = r"{\info{\title Leave \'fcber alles}{\author Ann Smith}{\keywords leave, sick}}"
    assert rtf_content(f"{HEAD}{info} Ring us.}}".encode("ascii")).metadata == Metadata(
        title="Leave über alles", owner="Ann Smith", tags=("leave", "sick")
    )


def test_what_is_no_rich_text_is_refused() -> None:
    with pytest.raises(CorruptDocument, match=r"^is not a rich text file: save it as \.rtf"):
        rtf_content(b"Ring us first.")


@given(st.lists(st.text("abc xyz", min_size=1, max_size=20).filter(str.strip), min_size=1))
def test_no_paragraph_is_lost(paragraphs: list[str]) -> None:
    found = " ".join(block.text for block in blocks("".join(rf"{p}\par " for p in paragraphs)))
    assert found.split() == " ".join(paragraphs).split()
