"""Tables as text in which every line stands on its own."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.formats.table import table_text

TIERS = [["Tier", "Window"], ["Gold", "30 days"], ["Silver", "14 days"]]


def test_every_row_names_its_columns() -> None:
    assert (
        table_text(TIERS, header=True)
        == "Tier: Gold; Window: 30 days\nTier: Silver; Window: 14 days"
    )


def test_without_a_header_cells_are_joined() -> None:
    assert table_text([["Gold", "30 days"], ["Silver", "14 days"]], header=False) == (
        "Gold; 30 days\nSilver; 14 days"
    )


def test_two_columns_of_unknown_header_pair_left_with_right() -> None:
    assert table_text([["Owner:", "Legal"], ["Version", "2.1"]], header=None) == (
        "Owner: Legal\nVersion: 2.1"
    )


def test_three_full_distinct_short_cells_are_taken_for_a_header() -> None:
    rows = [["Item", "First day", "Week"], ["Tent", "£18", "£50"]]
    assert table_text(rows, header=None) == "Item: Tent; First day: £18; Week: £50"


def test_a_first_row_with_a_gap_a_repetition_or_a_long_cell_is_no_header() -> None:
    for first in (["Item", "", "Week"], ["Item", "Item", "Week"], ["Item", "Day", "w" * 60]):
        line = "; ".join(cell for cell in first if cell)
        assert table_text([first, ["Tent", "£18", "£50"]], header=None) == f"{line}\nTent; £18; £50"


def test_empty_cells_rows_and_names_leave_no_traces() -> None:
    rows = [["", "Day", "Week"], ["Tent", "", "£50"], ["", " ", "\n"]]
    assert table_text(rows, header=True) == "Tent; Week: £50"


def test_rows_may_be_shorter_or_longer_than_the_header() -> None:
    rows = [["Tier", "Window"], ["Gold"], ["Silver", "14 days", "by post"]]
    assert table_text(rows, header=True) == "Tier: Gold\nTier: Silver; Window: 14 days; by post"


def test_a_header_that_ends_in_a_colon_does_not_get_a_second_one() -> None:
    assert table_text([["Owner:", "Since :"], ["Legal", "2024"]], header=True) == (
        "Owner: Legal; Since: 2024"
    )


def test_white_space_in_a_cell_becomes_one_space() -> None:
    assert table_text([["Kept\n for", "a\t\tyear"]], header=False) == "Kept for; a year"


def test_a_header_alone_is_joined() -> None:
    assert table_text([["Tier", "Window"]], header=True) == "Tier; Window"


def test_a_table_without_text_is_empty() -> None:
    assert table_text([], header=None) == ""
    assert table_text([["", " "]], header=True) == ""


@given(
    st.lists(st.lists(st.text(), max_size=5), max_size=6),
    st.sampled_from([True, False, None]),
)
def test_a_row_is_a_line_and_no_cell_is_lost(rows: list[list[str]], header: bool | None) -> None:
    lines = table_text(rows, header).split("\n")
    filled = [row for row in rows if any(cell.strip() for cell in row)]
    # A header's cells are only named where a row has something below them.
    body = filled[len(filled) - len(lines) :] if filled else []
    assert len(lines) in ({1} if not filled else {len(filled), max(1, len(filled) - 1)})
    for line, row in zip(lines, body, strict=False):
        for word in " ".join(row).split():
            assert word.rstrip(":") in line
