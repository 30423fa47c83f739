"""CSV and TSV, and how the rows of any sheet become tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.document import Block, ElementKind
from ingest.formats import delimited
from ingest.formats.delimited import delimited_content
from ingest.formats.errors import CorruptDocument, DocumentTooLarge
from ingest.formats.sheet import Row, sheet_blocks


def table(*lines: str) -> Block:
    return Block(ElementKind.TABLE, "\n".join(lines))


def text(words: str) -> Block:
    return Block(ElementKind.TEXT, words)


def rows(*cells: list[str]) -> list[Row]:
    return [Row(each) for each in cells]


@pytest.mark.parametrize(
    "content",
    [
        "Tier,Window\nGold,30 days\nSilver,14 days\n",
        "Tier;Window\r\nGold;30 days\r\nSilver;14 days\r\n",
        "Tier\tWindow\nGold\t30 days\nSilver\t14 days",
        'sep=|\n"Tier"|"Window"\n"Gold"|"30 days"\n"Silver"|"14\n days"',
    ],
)
def test_the_mark_between_cells_is_told_from_the_text(content: str) -> None:
    assert delimited_content(content).blocks == [
        table("Tier: Gold; Window: 30 days", "Tier: Silver; Window: 14 days")
    ]


def test_a_comma_in_quotes_or_in_a_number_divides_nothing() -> None:
    assert delimited_content('Item,Note\nTent,"big, red"\n').blocks == [
        table("Item: Tent; Note: big, red")
    ]
    assert delimited_content("Item;Fee\nTent;12,50\nRope;3,20\n").blocks == [
        table("Item: Tent; Fee: 12,50", "Item: Rope; Fee: 3,20")
    ]


def test_a_field_without_end_is_corrupt_and_a_heap_of_data_too_large(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(CorruptDocument, match=r"^is not a readable table \(row \d+: field larger"):
        delimited_content('a,"' + "x" * 200_000)
    monkeypatch.setattr(delimited, "MAX_CELLS", 3)
    with pytest.raises(DocumentTooLarge, match=r"^has more than 3 cells: keep the rows"):
        delimited_content("a,b\n1,2\n")


def test_the_header_need_not_be_the_first_row() -> None:
    found = sheet_blocks(
        rows(
            ["Fees of the library", "", ""],
            ["valid from 2026"],
            ["Item", "Day", "Week"],
            ["Tent", "2", "9"],
        )
    )
    assert found == [
        text("Fees of the library"),
        text("valid from 2026"),
        table("Item: Tent; Day: 2; Week: 9"),
    ]


def test_a_table_goes_on_below_an_empty_row_under_the_same_names() -> None:
    found = sheet_blocks(
        rows(["Item", "Day", "Week"], ["Tent", "2", "9"], ["", "", ""], ["Rope", "1", "3"])
    )
    assert found == [table("Item: Tent; Day: 2; Week: 9"), table("Item: Rope; Day: 1; Week: 3")]


def test_years_name_columns_and_other_numbers_do_not() -> None:
    assert sheet_blocks(rows(["Item", "2025", "2026"], ["Tent", "2", "3"])) == [
        table("Item: Tent; 2025: 2; 2026: 3")
    ]
    assert sheet_blocks(rows(["Tent", "2.50", "3"], ["Rope", "1", "2"])) == [
        table("Tent; 2.50; 3", "Rope; 1; 2")
    ]


def test_a_row_of_groups_above_the_names_is_read_with_them() -> None:
    groups = Row(["Item", "2026", "", "Note"], frozenset({1}))
    names, tent = Row(["", "Fee", "Limit", ""]), Row(["Tent", "12", "30", "ask first"])
    assert sheet_blocks([groups, names, tent]) == [
        table("Item: Tent; 2026 Fee: 12; 2026 Limit: 30; Note: ask first")
    ]


def test_two_columns_of_a_sheet_are_names_and_values_unless_numbers_stand_below() -> None:
    assert sheet_blocks(rows(["Owner", "Legal"], ["Contact", "Ann"])) == [
        table("Owner: Legal", "Contact: Ann")
    ]
    assert sheet_blocks(rows(["Item", "Fee"], ["Tent", "12"], ["Rope", "3"])) == [
        table("Item: Tent; Fee: 12", "Item: Rope; Fee: 3")
    ]


def test_single_cells_are_text() -> None:
    assert sheet_blocks(rows(["Ring us first."], ["", "Then come."])) == [
        text("Ring us first."),
        text("Then come."),
    ]


CELLS = st.sampled_from(["", "Item", "Fee", "12", "2026", "word", "a b", "yes", " "])


@given(st.lists(st.lists(CELLS, max_size=4), max_size=8), st.booleans())
def test_no_cell_is_lost_but_a_name_with_nothing_below(
    cells: list[list[str]], often_headed: bool
) -> None:
    found = " ".join(block.text for block in sheet_blocks(rows(*cells), often_headed=often_headed))
    for number, row in enumerate(cells):
        for place, cell in enumerate(row):
            below = [later[place] for later in cells[number + 1 :] if place < len(later)]
            assert " ".join(cell.split()) in found or not any(text.strip() for text in below)
