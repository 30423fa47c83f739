"""Blocks laid out as one text: offsets, headings above, title."""

from hypothesis import given, settings

from ingest.document import Block, Element, ElementKind, assemble, one_line
from tests.ingest.blocks import BLOCKS, document, heading, item, paragraph, table


def paths(*blocks: Block) -> list[tuple[str, ...]]:
    return [element.heading_path for element in document(*blocks).elements]


def test_every_block_lies_in_the_text_at_its_offsets() -> None:
    found = document(heading("Refunds", page=1), paragraph("Within 30 days.", page=2))

    assert found.text == "Refunds\n\nWithin 30 days."
    assert found.elements == (
        Element(ElementKind.TITLE, "Refunds", 1, ("Refunds",), 0, 7),
        Element(ElementKind.TEXT, "Within 30 days.", 2, ("Refunds",), 9, 24),
    )


def test_list_items_stand_on_consecutive_lines_and_the_rest_is_set_off() -> None:
    found = document(
        paragraph("You may claim:"), item("rail"), item("taxi"), table("A: 1", "A: 2"), item("bus")
    )

    assert found.text == "You may claim:\n\nrail\ntaxi\n\nA: 1\nA: 2\n\nbus"


def test_a_heading_closes_those_of_its_level_and_below() -> None:
    assert paths(
        heading("Leave", 1),
        heading("Parents", 2),
        heading("Adoption", 3),
        paragraph("Ten weeks."),
        heading("Sickness", 2),
        paragraph("Ring us."),
    ) == [
        ("Leave",),
        ("Leave", "Parents"),
        ("Leave", "Parents", "Adoption"),
        ("Leave", "Parents", "Adoption"),
        ("Leave", "Sickness"),
        ("Leave", "Sickness"),
    ]


def test_a_heading_that_skips_a_level_still_stands_below() -> None:
    assert paths(heading("Leave", 1), heading("Adoption", 3), heading("Parents", 2)) == [
        ("Leave",),
        ("Leave", "Adoption"),
        ("Leave", "Parents"),
    ]


def test_the_title_is_the_first_heading_of_the_lowest_level() -> None:
    assert document(heading("Part", 2), heading("Leave\n Policy", 1), heading("X", 1)).title == (
        "Leave Policy"
    )


def test_without_headings_the_fallback_is_the_title() -> None:
    assert document(paragraph("Ring us."), title="leave-policy").title == "leave-policy"


def test_a_heading_on_several_lines_is_one_line_in_paths() -> None:
    assert paths(heading("Gift cards\nand vouchers"), paragraph("Sold at tills."))[1] == (
        "Gift cards and vouchers",
    )


def test_blocks_without_text_are_left_out() -> None:
    assert document(paragraph(" \n"), heading(""), paragraph("Here.")).text == "Here."
    assert document() == assemble([], fallback_title="Fallback")
    assert document().text == ""
    assert document().elements == ()


def test_control_characters_do_not_reach_the_text() -> None:
    escape = "\x1b[31mred\x1b[0m\x00 \x9b31m line\tone\nline\r two \ud800"

    assert document(paragraph(escape)).text == "[31mred[0m 31m line\tone\nline two "


def test_one_line_makes_every_white_space_a_single_space() -> None:
    assert one_line("  a\t b\n\n\u00a0c ") == "a b c"


@settings(max_examples=150, deadline=None)
@given(BLOCKS)
def test_any_element_is_the_text_between_its_offsets(blocks: list[Block]) -> None:
    found = document(*blocks)

    assert [found.text[e.start : e.end] for e in found.elements] == [e.text for e in found.elements]


@settings(max_examples=150, deadline=None)
@given(BLOCKS)
def test_any_text_is_its_elements_and_line_breaks_between_them(blocks: list[Block]) -> None:
    found = document(*blocks)

    ends = [0, *(element.end for element in found.elements)]
    starts = [*(element.start for element in found.elements), len(found.text)]
    gaps = [found.text[end:start] for end, start in zip(ends, starts, strict=True)]
    assert gaps[0] == gaps[-1] == ""
    assert set(gaps[1:-1]) <= {"\n", "\n\n"}


@settings(max_examples=150, deadline=None)
@given(BLOCKS)
def test_any_title_ends_its_own_path(blocks: list[Block]) -> None:
    for element in document(*blocks).elements:
        if element.kind is ElementKind.TITLE:
            assert element.heading_path[-1] == one_line(element.text)
