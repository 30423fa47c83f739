"""Excel files: sheets, headers, merged cells, and numbers as they are shown."""

from datetime import date, datetime, time
from io import BytesIO

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from ingest.document import Block, ElementKind
from ingest.formats import workbook
from ingest.formats.errors import CorruptDocument, DocumentTooLarge, EncryptedDocument
from ingest.formats.workbook import xlsx_content
from ingest.metadata import NOTHING_SAID, Metadata
from tests.ingest.containers import archive, ole


def sheet_of(file: Workbook) -> Worksheet:
    sheet = file.active
    assert isinstance(sheet, Worksheet)
    return sheet


def content(file: Workbook) -> bytes:
    stream = BytesIO()
    file.save(stream)
    return stream.getvalue()


def heading(text: str) -> Block:
    return Block(ElementKind.TITLE, text, level=1)


def table(*lines: str) -> Block:
    return Block(ElementKind.TABLE, "\n".join(lines))


def test_sheets_are_headings_and_rows_name_their_columns() -> None:
    file = Workbook()
    fees = sheet_of(file)
    fees.title = "Fees"
    for row in (["Fees of the shop"], [], ["Item", "Day", "Week"], ["Tent", 2, 9], ["Rope", 1, 3]):
        fees.append(row)
    people = file.create_sheet("People")
    people.append(["Owner", "Legal"])
    file.create_sheet("Empty")
    file.create_sheet("Drafts").append(["Not yet"])
    file["Drafts"].sheet_state = "hidden"

    found = xlsx_content(content(file))

    assert found.blocks == [
        heading("Fees"),
        Block(ElementKind.TEXT, "Fees of the shop"),
        table("Item: Tent; Day: 2; Week: 9", "Item: Rope; Day: 1; Week: 3"),
        heading("People"),
        table("Owner: Legal"),
    ]
    assert not found.heading_is_title
    assert found.metadata == NOTHING_SAID


def test_one_sheet_that_nobody_named_has_no_heading() -> None:
    file = Workbook()
    sheet_of(file).title = "Tabelle1"
    sheet_of(file).append(["Ring us first."])
    assert xlsx_content(content(file)).blocks == [Block(ElementKind.TEXT, "Ring us first.")]


def test_merged_cells_are_read_with_every_row_and_column_they_span() -> None:
    file = Workbook()
    sheet = sheet_of(file)
    for row in (
        ["Tier", "Gear", None, "Note"],
        [None, "Item", "Fee", None],
        ["Gold", "Tent", 2, "ask"],
        [None, "Rope", 1, None],
    ):
        sheet.append(row)
    for cells in ("B1:C1", "A3:A4", "A1:A2"):
        sheet.merge_cells(cells)
    assert xlsx_content(content(file)).blocks == [
        table(
            "Tier: Gold; Gear Item: Tent; Gear Fee: 2; Note: ask",
            "Tier: Gold; Gear Item: Rope; Gear Fee: 1",
        )
    ]


@pytest.mark.parametrize(
    ("value", "number_format", "shown"),
    [
        (0.15, "0%", "15%"),
        (0.125, "0.0%", "12.5%"),
        (1200.5, "#,##0.00", "1,200.50"),
        (30, '"£"0', "£30"),
        (1200.5, "#,##0.00 [$€-407]", "1,200.50 €"),
        (30, "_-£* #,##0.00_-", "£30.00"),
        (1200.5, "General", "1200.5"),
        (3, "General", "3"),
        (True, "General", "yes"),
        (date(2026, 3, 1), "dd/mm/yyyy", "2026-03-01"),
        (datetime(2026, 3, 1, 9, 30), "dd/mm/yyyy hh:mm", "2026-03-01 09:30"),
        (time(9, 30), "hh:mm", "09:30"),
        ("#N/A", "General", ""),
    ],
)
def test_values_are_read_as_they_are_shown(value: object, number_format: str, shown: str) -> None:
    file = Workbook()
    sheet = sheet_of(file)
    sheet["A1"] = "Limit"
    sheet["B1"] = value
    sheet["B1"].number_format = number_format
    text = f"Limit: {shown}" if shown else "Limit"
    assert [block.text for block in xlsx_content(content(file)).blocks] == [text]


def test_title_author_and_keywords_are_metadata() -> None:
    file = Workbook()
    sheet_of(file).append(["Ring us first."])
    file.properties.title = "Fees of the shop"
    file.properties.creator = "Ann Smith"
    file.properties.keywords = "fees, gear"
    assert xlsx_content(content(file)).metadata == Metadata(
        title="Fees of the shop", owner="Ann Smith", tags=("fees", "gear")
    )


def test_a_heap_of_cells_and_a_row_beyond_the_last_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = Workbook()
    sheet_of(file)["B40"] = 1
    monkeypatch.setattr(workbook, "MAX_ROWS", 39)
    with pytest.raises(DocumentTooLarge, match=r"^has more than .* 39 rows on its sheet 'Sheet'"):
        xlsx_content(content(file))


def test_a_merged_range_over_the_whole_sheet_does_no_harm() -> None:
    file = Workbook()
    sheet_of(file).append(["Ring us first.", "Then come."])
    sheet_of(file).append(["Or write.", "To Ann."])
    sheet_of(file).merge_cells("D5:E6")
    stretched = _with_part(content(file), "xl/worksheets/sheet1.xml", b"D5:E6", b"D5:XFD1048576")
    assert [block.text for block in xlsx_content(stretched).blocks] == [
        "Ring us first.: Then come.\nOr write.: To Ann."
    ]


def test_what_is_encrypted_or_no_workbook_is_refused() -> None:
    with pytest.raises(EncryptedDocument, match=r"^is encrypted or in the old \.xls format: save"):
        xlsx_content(ole({"EncryptedPackage": b"x"}))
    with pytest.raises(CorruptDocument, match=r"^is not an Excel workbook \(not a zip archive\)"):
        xlsx_content(b"words")
    bomb = b'<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>'
    with pytest.raises(CorruptDocument, match=r"^declares a document type"):
        xlsx_content(archive({"xl/workbook.xml": bomb}))


def _with_part(packed: bytes, name: str, old: bytes, new: bytes) -> bytes:
    from zipfile import ZipFile

    with ZipFile(BytesIO(packed)) as file:
        parts = {each: file.read(each) for each in file.namelist()}
    assert old in parts[name]
    return archive(parts | {name: parts[name].replace(old, new)})
