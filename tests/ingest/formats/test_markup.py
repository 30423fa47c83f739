"""HTML and Markdown files: what is content, and what kind of block it is."""

from datetime import date
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.document import Block, ElementKind
from ingest.formats.errors import CorruptDocument
from ingest.formats.markup import MAX_NESTING, html_content, markdown_content
from ingest.metadata import NOTHING_SAID, Metadata


def title(text: str, level: int) -> Block:
    return Block(ElementKind.TITLE, text, level=level)


def paragraph(text: str) -> Block:
    return Block(ElementKind.TEXT, text)


def item(text: str) -> Block:
    return Block(ElementKind.LIST_ITEM, text)


def table(*rows: str) -> Block:
    return Block(ElementKind.TABLE, "\n".join(rows))


def markdown(text: str) -> list[Block]:
    return markdown_content(dedent(text)).blocks


def html(body: str) -> list[Block]:
    return html_content(f"<html><body>{body}</body></html>").blocks


# Markdown


def test_markdown_headings_have_the_level_of_their_signs() -> None:
    assert markdown(
        """\
        # Refund *policy* #

        ### Late returns

        Scope
        -----

        Sent back
        in time.
        """
    ) == [
        title("Refund policy", 1),
        title("Late returns", 3),
        title("Scope", 2),
        paragraph("Sent back in time."),
    ]


def test_a_list_directly_under_its_introducing_line_is_list_items() -> None:
    assert markdown("You may claim:\n- rail fares\n- taxi fares\n  - at night\n1. only once\n") == [
        paragraph("You may claim:"),
        item("rail fares"),
        item("taxi fares"),
        item("at night"),
        item("only once"),
    ]


def test_list_items_of_several_paragraphs_keep_them_all() -> None:
    blocks = markdown("- Rail fares\n\n  Second class only.\n\n- Taxi fares\n")

    assert [block.text for block in blocks] == ["Rail fares", "Second class only.", "Taxi fares"]


def test_tables_are_rows_that_name_their_columns() -> None:
    assert markdown(
        """\
        | Tier  | Window  |
        |-------|---------|
        | Gold  | 30 days |
        | Basic | **14** days |
        | None  |         |
        """
    ) == [table("Tier: Gold; Window: 30 days", "Tier: Basic; Window: 14 days", "Tier: None")]


def test_the_title_is_taken_from_the_front_matter_which_is_no_text() -> None:
    page = markdown_content("---\ntitle: Travel  rules\nowner: Finance\n---\n\nClaim in time.\n")

    assert page.title == "Travel rules"
    assert page.blocks == [paragraph("Claim in time.")]


@pytest.mark.parametrize(
    "front_matter",
    ["title: [broken", "title: 3", "- a list", "just words", "other: x", "a: !!python/none x"],
)
def test_front_matter_without_a_usable_title_is_still_no_text(front_matter: str) -> None:
    page = markdown_content(f"---\r\n{front_matter}\r\n---\r\n\r\nClaim in time.\r\n")

    assert page.title is None
    assert page.blocks == [paragraph("Claim in time.")]


def test_a_rule_further_down_is_no_front_matter() -> None:
    assert markdown("Ask first.\n\n---\n\ntitle: No\n") == [
        paragraph("Ask first."),
        paragraph("title: No"),
    ]


def test_template_tags_and_comments_are_left_out() -> None:
    assert markdown(
        """\
        {% include "nav.html" %}
        # Rules {{ version }}

        {%- comment -%}
        A draft sentence.
        {%- endcomment -%}

        Ask {% if gold %}your manager{% endif %} first.
        """
    ) == [title("Rules", 1), paragraph("Ask your manager first.")]


def test_html_inside_markdown_is_read() -> None:
    assert markdown("<details>\n<summary>More</summary>\n\nHidden words.\n\n</details>\n") == [
        paragraph("More"),
        paragraph("Hidden words."),
    ]


def test_quotes_code_and_links_are_text() -> None:
    assert markdown("> Be kind.\n\n```\nexit 0\n```\n\nSee [the form](http://x) or ~~fax~~.\n") == [
        paragraph("Be kind."),
        paragraph("exit 0"),
        paragraph("See the form or fax."),
    ]


# HTML


def test_navigation_footers_scripts_and_hidden_parts_are_dropped() -> None:
    assert html(
        """
        <nav>Home</nav> <div role="navigation">Menu</div> <form>Your name</form>
        <script>track()</script> <style>p {}</style> <template>Later</template>
        <p>Ask <script>track()</script>first.</p> <p hidden>Not yet.</p> <!-- a note -->
        <h2>Scope<a class="headerlink" href="#scope">¶</a></h2>
        <noscript>Enable it</noscript> <footer>Imprint</footer>
        """
    ) == [paragraph("Ask first."), title("Scope", 2)]


def test_only_the_main_part_is_read_where_there_is_one() -> None:
    assert html("<p>Cookies?</p><main><h1>Leave</h1><p>Ring us.</p></main><p>Share</p>") == [
        title("Leave", 1),
        paragraph("Ring us."),
    ]
    assert html("<p>Cookies?</p><div role='main'><p>Ring us.</p></div>") == [paragraph("Ring us.")]


def test_several_main_parts_are_all_read_and_nested_ones_once() -> None:
    assert html("<main><p>One day.</p></main><main><main><p>Two days.</p></main></main>") == [
        paragraph("One day."),
        paragraph("Two days."),
    ]


def test_folded_parts_and_captions_are_text() -> None:
    assert html("<details><summary>Why?</summary><p>To be fair.</p></details>") == [
        paragraph("Why?"),
        paragraph("To be fair."),
    ]
    assert html("<figure><img src=x><figcaption>Exits are green.</figcaption></figure>") == [
        paragraph("Exits are green.")
    ]


def test_text_outside_of_paragraphs_is_kept() -> None:
    assert html("<p>One day.</p>Two days.<div>Three<p>Four days.</p>Five</div>") == [
        paragraph(text) for text in ("One day.", "Two days.", "Three", "Four days.", "Five")
    ]


def test_a_cell_that_spans_rows_is_repeated_in_each() -> None:
    assert html(
        """<table><tr><th>Tier</th><th>Item</th><th>Fee</th></tr>
        <tr><td rowspan="3">Gold</td><td>tent</td><td>1</td></tr>
        <tr><td>stove</td><td rowspan="2">2</td></tr> <tr><td>rope</td></tr></table>"""
    ) == [
        table(
            "Tier: Gold; Item: tent; Fee: 1",
            "Tier: Gold; Item: stove; Fee: 2",
            "Tier: Gold; Item: rope; Fee: 2",
        )
    ]


@pytest.mark.parametrize("span", ["99999999999", "0", "-1", "two", "", "²"])
def test_an_odd_rowspan_does_no_harm(span: str) -> None:
    assert html(f"<table><tr><td rowspan='{span}'>Gold</td>x<td>30 days</td></tr></table>") == [
        table("Gold: 30 days")
    ]


def test_the_title_is_taken_from_the_head() -> None:
    page = html_content("<html><head><title> Leave\n policy </title></head><p>Ring us.</p></html>")

    assert page.title == "Leave policy"
    assert page.blocks == [paragraph("Ring us.")]


@pytest.mark.parametrize("text", ["", " \n", "<p></p>", "<script>x</script>"])
def test_a_page_without_text_has_no_blocks(text: str) -> None:
    assert html_content(text).blocks == []


def test_tags_nested_to_the_limit_are_read_and_deeper_ones_refused() -> None:
    depth = MAX_NESTING - 2

    assert html("<div>" * depth + "Deep down." + "</div>" * depth) == [paragraph("Deep down.")]
    for deeper in (depth + 1, 10_000):
        with pytest.raises(CorruptDocument, match="has tags nested more than 200 deep"):
            html("<div>" * deeper + "Deep down." + "</div>" * deeper)


def test_a_tables_caption_stands_before_it() -> None:
    assert html(
        "Fees.<table><caption>Fees <b>2026</b></caption><tr><td>Tent</td><td>2</td></tr></table>"
    ) == [paragraph("Fees."), paragraph("Fees 2026"), table("Tent: 2")]


# Metadata


def test_front_matter_is_metadata_and_what_cannot_be_meant_is_passed_over() -> None:
    page = markdown_content(
        "---\ntitle: Travel rules\nowner: Finance\nversion: 2.1\ntags: [travel, fares]\n"
        "effective_date: 2026-03-01\nexpires: some day\ngroups: staff\nlayout: page\n---\nClaim.\n"
    )
    assert page.metadata == Metadata(
        title="Travel rules",
        owner="Finance",
        version="2.1",
        effective_from=date(2026, 3, 1),
        tags=("travel", "fares"),
        groups=("staff",),
    )


def test_front_matter_that_multiplies_itself_is_not_unfolded() -> None:
    lines = ["a: &a {x: 1}", *(f"b{n}: &b{n} {{<<: [*a, *a]}}" for n in range(9))]
    page = markdown_content("---\ntitle: Travel rules\n{}\n---\nClaim.\n".format("\n".join(lines)))
    assert (page.title, page.metadata) == (None, NOTHING_SAID)
    assert page.blocks == [paragraph("Claim.")]


@pytest.mark.parametrize("value", ["2026-13-45", "!!int x", "{a: [", "1" * 5000])
def test_front_matter_with_odd_values_is_no_reason_to_fail(value: str) -> None:
    assert markdown_content(f"---\neffective: {value}\n---\nClaim.\n").blocks == [
        paragraph("Claim.")
    ]


def test_meta_tags_are_metadata_without_access_groups() -> None:
    page = html_content(
        """<head><title>Travel - Example</title><meta name=author content="Ann Smith">
        <meta name=Keywords content="travel, fares"><meta name=groups content="everyone">
        <meta name=dcterms.valid content="start=2026-03-01; end=2027-03-01;">
        <meta name=dcterms.replaces content="Travel rules 2024"></head><p>Claim.</p>"""
    )
    assert page.metadata == Metadata(
        owner="Ann Smith",
        effective_from=date(2026, 3, 1),
        effective_until=date(2027, 3, 1),
        supersedes=("Travel rules 2024",),
        tags=("travel", "fares"),
    )
    assert page.title == "Travel - Example"


PARTS = st.sampled_from(
    [
        "# {}",
        "## {}",
        "{}",
        "- {}",
        "1. {}",
        "> {}",
        "**{}** text",
        "| {} | col |\n|--|--|\n| x | y |",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=8))
def test_no_part_of_a_markdown_page_is_lost_or_moved(parts: list[str]) -> None:
    words = [f"word{number}x" for number in range(len(parts))]
    page = "\n\n".join(part.format(word) for part, word in zip(parts, words, strict=True))

    found = " ".join(block.text for block in markdown_content(page).blocks)

    assert [word for word in found.replace(":", "").split() if word in words] == words


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("<>/=\"'&; abpdivtrh1\n-{%}|#*`[]()"), max_size=120))
def test_any_characters_are_read_as_markdown(text: str) -> None:
    assert all(block.text for block in markdown_content(text).blocks)


def test_a_list_in_a_list_in_a_list_keeps_its_innermost_items() -> None:
    lines = "\n".join(f"{'  ' * depth}- Level {depth}" for depth in range(30))

    assert [block.text for block in markdown(lines)] == [f"Level {depth}" for depth in range(30)]
