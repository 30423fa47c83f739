"""Tables of contents go, and lists that only look like one stay."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.document import Block, ElementKind
from ingest.formats.contents import names_contents, without_contents, without_contents_lines
from ingest.formats.markup import html_content, markdown_content


def title(text: str, level: int = 2) -> Block:
    return Block(ElementKind.TITLE, text, level=level)


def paragraph(text: str) -> Block:
    return Block(ElementKind.TEXT, text)


def item(text: str) -> Block:
    return Block(ElementKind.LIST_ITEM, text)


SECTIONS = ["1. Scope", "2. Annual leave", "3. Sick leave", "4. Carry-over", "5. Contacts"]
BODY = [block for name in SECTIONS for block in (title(name), paragraph(f"All of {name}."))]


def test_a_list_of_the_headings_below_a_line_that_says_so_goes_with_that_line() -> None:
    for heading in (title("Contents"), paragraph("Table of contents:")):
        entries = [item("Scope"), item("2 Annual Leave"), item("sick leave ........ 4")]
        assert without_contents([title("Leave", 1), heading, *entries, *BODY]) == [
            title("Leave", 1),
            *BODY,
        ]


def test_a_list_of_all_headings_before_the_text_goes_without_such_a_line() -> None:
    assert without_contents([title("Leave", 1), *map(item, SECTIONS), *BODY]) == [
        title("Leave", 1),
        *BODY,
    ]


def test_the_contents_of_the_appendices_may_follow() -> None:
    appendices = [title(f"Appendix {letter}") for letter in "ABCDE"]
    more = [title("6. Forms")]
    entries = [item(block.text) for block in appendices]
    chapters = [*map(item, SECTIONS), item("6. Forms")]
    blocks = [*chapters, title("Appendices"), *entries, *BODY, *more, *appendices]
    assert without_contents(blocks) == [title("Appendices"), *BODY, *more, *appendices]


def test_a_list_that_a_sentence_introduces_stays() -> None:
    blocks = [
        title("Leave", 1),
        paragraph("There are five parts to it:"),
        *map(item, SECTIONS),
        *BODY,
    ]
    assert without_contents(blocks) == blocks


def test_a_list_with_an_entry_that_is_no_heading_stays_from_there_on() -> None:
    blocks = [title("Leave", 1), item("Scope"), item("Ring us first"), item("Contacts"), *BODY]
    assert without_contents(blocks) == blocks


def test_a_list_further_down_or_of_few_headings_stays() -> None:
    few = [title("Leave", 1), item("Scope"), item("Sick leave"), *BODY]
    late = [*BODY, *map(item, SECTIONS), *BODY]
    assert without_contents(few) == few
    assert without_contents(late) == late


def test_a_list_of_headings_that_came_before_stays() -> None:
    blocks = [*BODY, title("Contents"), *map(item, SECTIONS)]
    assert without_contents(blocks) == blocks


# Lines that lead to pages


def test_entries_with_leaders_go_where_their_names_come_back() -> None:
    lines = [
        "Leave",
        "",
        "1. Scope ........ 2",
        "",
        "2. Sick leave....3",
        "3. Contacts . . . . ix",
        "",
    ]
    body = ["1. Scope", "It is for all.", "2. Sick leave", "Ring us.", "3. Contacts", "Ann."]
    assert without_contents_lines(lines + body) == ["Leave", "", "", *body]


def test_below_a_line_that_says_contents_entries_need_no_leaders() -> None:
    lines = ["CONTENTS", "", "Scope    2", "Leave\t3", "Whom to ask    12", "", "We are fair."]
    assert without_contents_lines(lines) == ["", "We are fair."]


def test_a_price_list_stays() -> None:
    prices = ["Tent ........ 18", "Stove ....... 25", "Rope ........ 30"]
    assert without_contents_lines(["Prices", *prices]) == ["Prices", *prices]


def test_falling_numbers_are_no_pages() -> None:
    lines = ["Contents", "Tent ........ 30", "Stove ....... 25", "Rope ........ 18"]
    assert without_contents_lines(lines) == lines


@given(st.lists(st.text("Ab. 1\t…", max_size=12), max_size=20))
def test_lines_are_dropped_and_never_changed_or_moved(lines: list[str]) -> None:
    kept = iter(lines)
    assert all(line in kept for line in without_contents_lines(lines))


@given(st.lists(st.sampled_from([*BODY, *map(item, SECTIONS), title("Contents")]), max_size=25))
def test_no_heading_is_lost_but_that_of_the_contents(blocks: list[Block]) -> None:
    def headings(found: list[Block]) -> list[str]:
        titles = [block.text for block in found if block.kind is ElementKind.TITLE]
        return [text for text in titles if not names_contents(text)]

    assert headings(without_contents(blocks)) == headings(blocks)


# Links


LINKED = """
<h1>Leave</h1>
{before}
<ul><li><a href="#scope">What it is about</a>
  <ul><li><a href="#sick">Sick leave</a></li></ul></li>
  <li><a href="#s3">Contacts</a></li></ul>
<h2 id="scope">Scope</h2><p>It is for all.</p>
<section id="s3"><h2>Contacts</h2><p>Ask Ann.</p></section>
<a name="sick"></a><h3>If you are ill</h3><p>Ring us.</p>
"""


def texts(html: str) -> list[str]:
    return [block.text for block in html_content(html).blocks]


def test_a_list_of_links_to_the_pages_own_headings_goes() -> None:
    rest = [
        "Leave",
        *("Scope", "It is for all.", "Contacts", "Ask Ann.", "If you are ill", "Ring us."),
    ]
    assert texts(LINKED.format(before="")) == rest
    assert texts(LINKED.format(before="<h2>On this page</h2>")) == rest
    assert texts(LINKED.format(before="<p>We are fair.</p>")) == [
        "Leave",
        "We are fair.",
        *rest[1:],
    ]


def test_links_that_a_sentence_introduces_are_content() -> None:
    found = texts(LINKED.format(before="<p>You can ask for:</p>"))
    assert found[:5] == [
        "Leave",
        "You can ask for:",
        "What it is about",
        "Sick leave",
        "Contacts",
    ]


def test_links_to_other_places_and_links_with_words_beside_them_are_content() -> None:
    page = "- [Scope](#scope)\n- [Form]({}) {}\n\n# Leave\n\n## Scope\n\nAll.\n\n## Form\n\nBlue.\n"
    for target, words in (("form.html", ""), ("#form", "(in blue)"), ("#elsewhere", "")):
        text = page.format(target, words).replace("[Form]", "[Your claim]")
        found = [block.text for block in markdown_content(text).blocks]
        assert found[:2] == ["Scope", f"Your claim {words}".strip()]


def test_a_markdown_contents_list_goes() -> None:
    page = "# Leave\n\n- [Scope](#scope)\n  - [Sick leave](#sick-leave)\n- [Form](#form)\n\n"
    page += "## Scope\n\nAll.\n\n### Sick leave\n\nRing us.\n\n## Form\n\nBlue.\n"
    assert [block.text for block in markdown_content(page).blocks] == [
        *("Leave", "Scope", "All.", "Sick leave", "Ring us.", "Form", "Blue.")
    ]
