"""Plain text: headings by underlines, numbers and capitals; paragraphs by empty lines."""

import re
import string
from textwrap import dedent

from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.document import Block, ElementKind
from ingest.formats.text import text_blocks


def title(text: str, level: int) -> Block:
    return Block(ElementKind.TITLE, text, level=level)


def paragraph(text: str) -> Block:
    return Block(ElementKind.TEXT, text)


def item(text: str) -> Block:
    return Block(ElementKind.LIST_ITEM, text)


def table(text: str) -> Block:
    return Block(ElementKind.TABLE, text)


def blocks(text: str) -> list[Block]:
    return text_blocks(dedent(text))


def test_underlines_rank_by_first_appearance() -> None:
    assert blocks(
        """\
        Equipment Loans
        ===============

        Why we lend
        -----------

        We sell better what we have used.

        ~~~~~~~
        Bicycle
        ~~~~~~~

        Lent for nine days.

        Returns
        -------
        Bring it back dry.
        """
    ) == [
        title("Equipment Loans", 1),
        title("Why we lend", 2),
        paragraph("We sell better what we have used."),
        title("Bicycle", 3),
        paragraph("Lent for nine days."),
        title("Returns", 2),
        paragraph("Bring it back dry."),
    ]


def test_numbered_headings_stand_below_the_title_by_depth() -> None:
    assert blocks(
        """\
        GIFT CARDS

        1. PURPOSE

        These terms are about gift cards.

        2. USING A CARD

        2.1 Lost cards
        Ring us at once and have the number of the card ready when you do.
        """
    ) == [
        title("GIFT CARDS", 1),
        title("1. PURPOSE", 2),
        paragraph("These terms are about gift cards."),
        title("2. USING A CARD", 2),
        title("2.1 Lost cards", 3),
        paragraph("Ring us at once and have the number of the card ready when you do."),
    ]


def test_numbers_without_underline_go_below_underlined_ones() -> None:
    assert blocks(
        """\
        Loans
        =====

        1. Who may borrow
        -----------------

        2.1 Employees

        Anyone may borrow.
        """
    ) == [
        title("Loans", 1),
        title("1. Who may borrow", 2),
        title("2.1 Employees", 3),
        paragraph("Anyone may borrow."),
    ]


def test_parts_stand_above_numbered_sections() -> None:
    found = blocks(
        """\
        HALDEN OUTFITTERS
        PRICE PROMISE

        PART 1 - GIFT CARDS

        1. BUYING A CARD

        Any till sells them.
        """
    )
    assert found == [
        title("HALDEN OUTFITTERS PRICE PROMISE", 1),
        title("PART 1 - GIFT CARDS", 2),
        title("1. BUYING A CARD", 3),
        paragraph("Any till sells them."),
    ]


def test_a_constitution_has_headings_and_clauses() -> None:
    assert blocks(
        """\
                   Constitution for the Debian Project (v1.9)

           Version 1.9 ratified on March 26th, 2022.

        2. Decision-making bodies and individuals

          2.1. General rules

            1. Nothing in this constitution imposes an obligation on anyone to do
               work for the Project.
            2. A person may hold several posts.

        A. Standard Resolution Procedure

          A.1. Discussion and Amendment

            1. The discussion period starts when a draft resolution is proposed
               and sponsored.
        """
    ) == [
        title("Constitution for the Debian Project (v1.9)", 1),
        paragraph("Version 1.9 ratified on March 26th, 2022."),
        title("2. Decision-making bodies and individuals", 2),
        title("2.1. General rules", 3),
        item(
            "1. Nothing in this constitution imposes an obligation on anyone to do "
            "work for the Project."
        ),
        item("2. A person may hold several posts."),
        title("A. Standard Resolution Procedure", 2),
        title("A.1. Discussion and Amendment", 3),
        item("1. The discussion period starts when a draft resolution is proposed and sponsored."),
    ]


def test_numbered_lines_in_a_row_are_a_list() -> None:
    assert blocks("Please buy:\n\n1. Milk\n2. Bread\n") == [
        paragraph("Please buy:"),
        item("1. Milk"),
        item("2. Bread"),
    ]
    assert blocks("Please buy:\n\n1. Milk\n\n2. Bread\n\nThat is all.\n") == [
        paragraph("Please buy:"),
        item("1. Milk"),
        item("2. Bread"),
        paragraph("That is all."),
    ]


def test_bullets_are_removed_and_their_lines_joined() -> None:
    assert blocks(
        """\
        We do not match:

        - auction sites, and sellers
          on a marketplace;
        * prices open only to members;
        • obvious mistakes.
        """
    ) == [
        paragraph("We do not match:"),
        item("auction sites, and sellers on a marketplace;"),
        item("prices open only to members;"),
        item("obvious mistakes."),
    ]


def test_a_wrapped_sentence_is_not_cut_at_a_number_or_a_dash() -> None:
    text = """\
        Shelves that hold a load must not be higher above the floor than
        1.5 metres and nothing may stand on top of them, which is a rule -
        - so to speak - for everyone who works in the hall and in the yard.
        """
    assert blocks(text) == [paragraph(" ".join(text.split()))]


def test_hard_wrapped_lines_become_one_paragraph_and_rules_go() -> None:
    assert blocks("Good people know\ngood people.\n__________\n\nThey stay.\n----\n") == [
        paragraph("Good people know good people."),
        paragraph("They stay."),
    ]


def test_a_short_line_after_a_rule_is_a_heading() -> None:
    assert blocks(
        "It is superseded.\n   ______________\n\nThe Guidelines (DFSG)\n\nBe free.\n"
    ) == [
        paragraph("It is superseded."),
        title("The Guidelines (DFSG)", 1),
        paragraph("Be free."),
    ]


def test_dot_leaders_and_fields_make_tables() -> None:
    assert blocks(
        """\
        Owner: Head of Recruitment
        Version: 2.2

          Seasonal roles of 12 weeks or more .... GBP 150
          Head office roles ..................... GBP 800
        """
    ) == [
        table("Owner: Head of Recruitment\nVersion: 2.2"),
        table("Seasonal roles of 12 weeks or more: GBP 150\nHead office roles: GBP 800"),
    ]


def test_a_first_line_that_is_a_sentence_is_no_title() -> None:
    assert blocks("Cards expire.\n\nAfter two years.\n") == [
        paragraph("Cards expire."),
        paragraph("After two years."),
    ]


def test_no_text_has_no_blocks() -> None:
    assert text_blocks("") == []
    assert text_blocks(" \n\n----\n") == []


LINES = st.text(alphabet=string.ascii_letters + string.digits + " .,:;-*=_()\t", max_size=40)


@settings(max_examples=150, deadline=None)
@given(st.lists(LINES, max_size=12))
def test_no_word_is_lost_or_moved(lines: list[str]) -> None:
    text = "\n".join(lines)
    found = " ".join(block.text for block in text_blocks(text))
    assert re.findall(r"[A-Za-z0-9]", found) == re.findall(r"[A-Za-z0-9]", text)


@settings(max_examples=50, deadline=None)
@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert all(block.text.strip() for block in text_blocks(text))
