"""Arbitrary documents, assembled from blocks as parsers yield them."""

from hypothesis import strategies as st

from ingest.document import Block, Document, ElementKind, assemble

WORDS = st.sampled_from(
    "refund window gold tier Article Art. e.g. 4.2 £1,200.50 naïve 退款政策 🧾 (a) no. 30–60 days; "
    "https://example.org/a/very/long/path?with=query&and=more antidisestablishmentarianism".split()
)
TEXTS = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)
SENTENCES = st.lists(TEXTS.map(lambda text: text + "."), min_size=1, max_size=6).map(" ".join)
ANY_TEXT = st.text(max_size=80)


def _block(kind: ElementKind, text: str, level: int) -> Block:
    return Block(kind, text, page=None, level=level if kind is ElementKind.TITLE else None)


TITLES = st.builds(_block, st.just(ElementKind.TITLE), TEXTS, st.integers(1, 4))
TABLES = st.builds(
    _block,
    st.just(ElementKind.TABLE),
    st.lists(TEXTS, min_size=1, max_size=8).map("\n".join),
    st.just(1),
)
PROSE = st.builds(
    _block,
    st.sampled_from([ElementKind.TEXT, ElementKind.LIST_ITEM]),
    SENTENCES | TEXTS.map(lambda text: text + ":"),
    st.just(1),
)
ODD = st.builds(_block, st.sampled_from(list(ElementKind)), ANY_TEXT, st.integers(1, 4))
BLOCKS = st.lists(TITLES | PROSE | TABLES | ODD, max_size=14)


def document(*blocks: Block, title: str = "Fallback") -> Document:
    return assemble(blocks, fallback_title=title)


def heading(text: str, level: int = 1, page: int | None = None) -> Block:
    return Block(ElementKind.TITLE, text, page, level)


def paragraph(text: str, page: int | None = None) -> Block:
    return Block(ElementKind.TEXT, text, page)


def item(text: str) -> Block:
    return Block(ElementKind.LIST_ITEM, text)


def table(*rows: str) -> Block:
    return Block(ElementKind.TABLE, "\n".join(rows))
