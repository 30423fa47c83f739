"""Any document of a format is read or refused, and what is read is sound."""

import zlib
from email.message import EmailMessage
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.parse import SUFFIXES
from tests.fuzz.invariants import check
from tests.fuzz.mutation import mutated
from tests.fuzz.seeds import CSV, HTML, MARKDOWN, RTF, TEXT, seeds
from tests.ingest.containers import archive
from tests.ingest.hostile import docx, pdf_page, stream

SEEDS = seeds()
EVERY_SEED = [content for contents in SEEDS.values() for content in contents]

some = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
few = settings(some, max_examples=100)

CHARACTERS = st.characters(codec="utf-8") | st.sampled_from(
    "\0\x1b\x85\xa0\xad\u2028\u202e\ufeff\uffff退🧾é.:;-*#>|1("
)
WORDS = st.text(CHARACTERS, max_size=12) | st.sampled_from(
    ["Ring us.", "4.2", "(a)", "Gold", "refund", "e.g.", "x" * 2000, " ", "CONTENTS", "?!" * 60]
)


def lines_of(*marks: str) -> st.SearchStrategy[str]:
    """Lines of words and of what the format is made of."""
    line = st.lists(WORDS | st.sampled_from(marks), max_size=6).map(" ".join)
    return st.lists(line, max_size=12).map("\n".join)


MARKDOWN_TEXT = lines_of(
    *"# ## > - 1. | |-|-| ``` ` ** _ [ ]( ![ --- === {% %} {{ }} <p> </p> <!-- : &amp;".split(),
    "    ",
)
FRONT_MATTER = st.lists(
    st.tuples(
        st.sampled_from(
            "title owner version effective_from tags groups supersedes &a *a <<".split()
        ),
        WORDS
        | st.sampled_from(["[1, [2]]", "{a: b}", "2025-02-31", "*a", "!!binary x", "| \n x", "'"]),
    ),
    max_size=4,
).map(lambda fields: "".join(f"{name}: {said}\n" for name, said in fields))
PLAIN_TEXT = lines_of(
    "=====", "-----", "* ", "1.", "1.1", "......", ":", "\t", "\f", "APPENDIX A", ""
)
TAGS = st.sampled_from(
    "p div b h1 h2 h6 ul ol li table tr td th caption main nav pre br dl dt dd a details summary svg "
    "blockquote form figure img title meta script span section thead tbody".split()
)
ATTRIBUTES = st.sampled_from(
    ["", " colspan=3", " rowspan='0'", " colspan=-1", ' colspan="x"', " rowspan=99999", " hidden",
     ' href="#a"', ' id="a"', " start=9", ' class="headerlink"', ' role="navigation"']
)  # fmt: skip
HTML_TEXT = st.recursive(
    WORDS
    | st.sampled_from(["&#0;", "&#xD800;", "&lt;", "&x;", "<!--", "]]>", "<", "</p>", "<td>"]),
    lambda inner: st.builds(
        lambda tag, attributes, children: f"<{tag}{attributes}>{''.join(children)}</{tag}>",
        TAGS,
        ATTRIBUTES,
        st.lists(inner, max_size=4),
    ),
    max_leaves=25,
)
RTF_TEXT = st.lists(
    st.sampled_from(
        r"\par \b \u8364? \u-1? \u55357?\u56832? \'e9 \'zz { } \cell \row \intbl \trowd {\*\x \bin3 "
        r"\tab \line \uc0 \s1 \pict {\footnote \\ \{ \ansicpg65001".split()
    )
    | WORDS,
    max_size=25,
).map(" ".join)
CELLS = st.lists(st.lists(WORDS | st.sampled_from(['"', '"a', "=1+1"]), max_size=5), max_size=8)
OPERATORS = st.lists(
    st.sampled_from(
        "BT|ET|/F 12 Tf|/F 0 Tf|/F -9 Tf|/X 9 Tf|72 700 Td|1e9 -1e9 Td|(Ring us.) Tj|() Tj|<FFFE00> Tj|"
        "[(a) -999 (b)] TJ|[ (a] TJ|T*|9 TL|1 0 0 1 9 9 Tm|0 0 0 0 0 0 Tm|0 1 -1 0 9 9 cm|q|Q|Q Q Q|"
        "0 0 600 700 re f|9 9 m 99 9 l S|/X Do|2 Tr|100 Tz|0 Tz|5 Ts|(\\377\\000) '|1 2 (a) \"|"
        "<< >> BDC|EMC|]|>>|null|-|/".split("|")
    ),
    max_size=25,
).map(" ".join)


WORD_MARKUP = st.sampled_from(
    "<w:p>|</w:p>|<w:r><w:t>Ring us.</w:t></w:r>|<w:tbl>|</w:tbl>|<w:tr>|</w:tr>|<w:tc>|</w:tc>|"
    '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>|<w:tcPr><w:gridSpan w:val="9"/></w:tcPr>|<w:br/>|'
    '<w:tcPr><w:gridSpan w:val="x"/></w:tcPr>|<w:tcPr><w:vMerge/></w:tcPr>|<w:sectPr/>'.split("|")
)


@some
@given(FRONT_MATTER, MARKDOWN_TEXT)
def test_any_markdown(fields: str, body: str) -> None:
    check(f"---\n{fields}---\n{body}".encode(), "a.md")
    check(body.encode(), "a.md")


@some
@given(HTML_TEXT)
def test_any_html(page: str) -> None:
    check(page.encode(), "a.html")


@some
@given(PLAIN_TEXT)
def test_any_text(text: str) -> None:
    check(text.encode(), "a.txt")


@some
@given(RTF_TEXT)
def test_any_rich_text(body: str) -> None:
    check(rf"{{\rtf1\ansi {body}}}".encode(), "a.rtf")


@some
@given(CELLS, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from([".csv", ".tsv"]))
def test_any_table(rows: list[list[str]], mark: str, suffix: str) -> None:
    check("\r\n".join(mark.join(row) for row in rows).encode(), f"a{suffix}")


@some
@given(OPERATORS, st.booleans())
def test_any_page_of_a_pdf(operators: str, packed: bool) -> None:
    # Without a word of its own, a page with graphics goes to the text recognition, which takes long.
    content = f"BT /F 12 Tf 72 700 Td (Ring us.) Tj ET {operators}".encode("latin-1")
    filtered = (
        stream(zlib.compress(content), b"/Filter /FlateDecode") if packed else stream(content)
    )
    check(pdf_page(filtered), "a.pdf")


@few
@given(HTML_TEXT, st.text(CHARACTERS, max_size=20))
def test_any_mail(page: str, subject: str) -> None:
    message = EmailMessage()
    message["From"] = "a@x.org"
    message["Subject"] = "".join(char for char in subject if char.isprintable())
    message.set_content(page, subtype="html")
    message.add_attachment(page.encode(), maintype="text", subtype="x", filename="a.md")
    check(bytes(message), "a.eml")


@few
@given(HTML_TEXT)
def test_any_chapter_of_a_book(page: str) -> None:
    book = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": "<container><rootfiles><rootfile full-path='b'/></rootfiles>"
        "</container>",
        "b": "<package><manifest><item id='a' href='a.xhtml' media-type='application/xhtml+xml'/>"
        "</manifest><spine><itemref idref='a'/></spine></package>",
        "a.xhtml": page,
    }
    check(archive(book, stored=("mimetype",)), "a.epub")


@few
@given(st.lists(WORD_MARKUP, max_size=20))
def test_any_markup_of_a_word_document(parts: list[str]) -> None:
    check(docx("".join(parts).encode()), "a.docx")


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_files_are_damaged_in_many_ways_and_nothing_else_breaks(suffix: str) -> None:
    counts = 40 if suffix in (".docx", ".pptx", ".pdf") else 120
    for number in range(counts):
        random = Random(f"{suffix} {number}")
        content = mutated(random.choice(SEEDS[suffix]), suffix, random, random.choice(EVERY_SEED))
        check(content, f"a{suffix}")


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_every_file_that_is_damaged_here_can_be_read_whole(suffix: str) -> None:
    assert [check(content, f"a{suffix}") for content in SEEDS[suffix]] == ["document"] * len(
        SEEDS[suffix]
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.md", MARKDOWN), ("a.html", HTML), ("a.txt", TEXT), ("a.rtf", RTF), ("a.csv", CSV)],
)
def test_a_file_cut_anywhere_is_read_or_refused(name: str, text: str) -> None:
    content = text.encode()
    for end in range(1, len(content), 3):
        check(content[:end], name)
