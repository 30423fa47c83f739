"""Samples drafted from documents: sure ones only, each with a gold passage that is found."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from eval.dataset import Sample
from eval.drafting.cells import table_rows
from eval.drafting.draft import Source
from eval.make import draft_samples, readable_documents
from ingest.document import Block, Document, ElementKind, assemble
from ingest.settings import IndexSettings
from ingest.store import open_store
from service.gold import places


def source(*blocks: Block, name: str = "a.md", title: str = "The Loans Policy") -> Source:
    return Source(name, assemble([heading(title, 1), *blocks], fallback_title=title))


def heading(text: str, level: int = 2) -> Block:
    return Block(ElementKind.TITLE, text, level=level)


def text(words: str) -> Block:
    return Block(ElementKind.TEXT, words)


def listed(words: str) -> Block:
    return Block(ElementKind.LIST_ITEM, words)


def drafted(*sources: Source, kind: str | None = None) -> list[Sample]:
    """All drafts that have an answer."""
    samples = draft_samples(sources, per_document=1000, seed=0)
    return [s for s in samples if not s.unanswerable and kind in (None, s.kind)]


def questions(*blocks: Block) -> list[str]:
    return [sample.question for sample in drafted(source(*blocks))]


@pytest.mark.parametrize(
    ("words", "question"),
    [
        ("4.1 When is a deposit needed for a tent?", "When is a deposit needed for a tent?"),
        ("(2) How to return borrowed kit", "How do I return borrowed kit?"),
        ("6. HOW TO EXTEND A LOAN", "Under “The Loans Policy”, how do I extend a loan?"),
        ("When to call the kit room", "When should I call the kit room?"),
        ("Who can borrow?", "Under “The Loans Policy”, who can borrow?"),
        ("2. WHO CAN TAKE PART", "Under “The Loans Policy”, who can take part?"),
    ],
)
def test_a_heading_that_asks_becomes_a_question(words: str, question: str) -> None:
    assert questions(heading(words), text("Nothing but this. Or that. Or more.")) == [question]


@pytest.mark.parametrize(
    "words",
    ["Late returns", "What may not", "What happens then?", "Why?", "How to do it", "What we lend"],
)
def test_a_heading_that_does_not_ask_by_itself_becomes_none(words: str) -> None:
    assert questions(heading(words), text("Nothing but this.")) == []


def test_the_gold_of_a_heading_are_the_first_sentences_under_it() -> None:
    (one,) = drafted(
        source(
            heading("When is a deposit needed?"),
            text("For a tent. Also for a bike. Never for a map."),
            heading("Other"),
            text("No."),
        )
    )

    assert [(g.document, g.heading, g.quote) for g in one.gold] == [
        ("a.md", "When is a deposit needed?", "For a tent. Also for a bike.")
    ]
    assert (one.kind, one.accepted, one.drafted_by) == ("heading", False, "pincite eval make")


def test_a_list_that_answers_a_heading_is_gold_item_by_item() -> None:
    (one,) = drafted(
        source(
            heading("Who must pay a deposit?"),
            text("A deposit is due from:"),
            listed("new colleagues"),
            listed("visitors"),
        )
    )

    assert [gold.quote for gold in one.gold] == [
        "A deposit is due from:",
        "new colleagues",
        "visitors",
    ]


def test_a_heading_over_another_has_no_answer_of_its_own() -> None:
    blocks = (heading("Who must pay a deposit?"), heading("Colleagues", 3), text("All of them."))

    assert questions(*blocks) == []


@pytest.mark.parametrize(
    ("words", "question", "fact"),
    [
        (
            "Working day means Monday to Friday.",
            "What does “working day” mean?",
            "Monday to Friday",
        ),
        (
            "“Kit Room” refers to the store at head office.",
            "What does “Kit Room” mean?",
            "the store at head office",
        ),
        ('"Loan" is a hand-over for a time.', "What does “loan” mean?", "a hand-over for a time"),
        ("3.1. CCTV means cameras in shops.", "What does “CCTV” mean?", "cameras in shops"),
        (
            "The term “borrower” means whoever signs for it.",
            "What does “borrower” mean?",
            "whoever signs for it",
        ),
    ],
)
def test_a_definition_becomes_a_question_for_its_term(words: str, question: str, fact: str) -> None:
    (one,) = drafted(source(heading("General"), text(f"{words} Something else.")))

    assert (one.question, one.key_facts[0].text) == (question, fact)
    assert one.gold[0].quote == words


@pytest.mark.parametrize(
    "words",
    [
        "This means the whole of it.",
        "A loan that ends early means that the deposit is kept.",
        "It refers to the whole list.",
        "If you say no, the answer means the same thing.",
        "Late means late.",
    ],
)
def test_what_only_sounds_like_a_definition_becomes_no_question(words: str) -> None:
    assert questions(text(words)) == []


def test_dashes_define_only_under_a_heading_that_says_so() -> None:
    item = listed("Household — people whose accounts share one address.")

    assert questions(heading("2 Definitions"), item) == ["What does “household” mean?"]
    assert questions(heading("2 Members"), item) == []


def test_a_term_that_several_documents_define_is_asked_of_each_by_title() -> None:
    both = [
        source(text("Delivery means the day it came."), name="a.md", title="Refunds"),
        source(text("Delivery means the act of bringing."), name="b.md", title="Shipping"),
    ]

    assert [sample.question for sample in drafted(*both)] == [
        "Under “Refunds”, what does “delivery” mean?",
        "Under “Shipping”, what does “delivery” mean?",
    ]


TABLE = Block(
    ElementKind.TABLE,
    "Tier: Standard; Return window: 14 days; Postage: None\n"
    "Tier: Gold; Return window: 30 days: no more; less in May; Postage: Free",
)


def test_a_cell_becomes_a_question_for_its_row_and_column() -> None:
    samples = drafted(source(heading("Terms"), TABLE))

    assert [(s.question, s.key_facts[0].text) for s in samples] == [
        ("What is the return window for the tier “Standard”?", "14 days"),
        ("What is the return window for the tier “Gold”?", "30 days: no more; less in May"),
        ("What is the postage for the tier “Gold”?", "Free"),
    ]
    assert samples[2].gold[0].quote == TABLE.text.split("\n")[1]


def test_columns_that_are_cases_are_asked_for_as_such() -> None:
    benefits = Block(
        ElementKind.TABLE, "Benefit: Repairs; Gold: Two\nBenefit: Rental; Gold: Half price"
    )

    samples = drafted(source(TABLE, benefits), kind="table")

    assert [s.question for s in samples][3:] == [
        "What is listed under “Gold” for the benefit “Repairs”?",
        "What is listed under “Gold” for the benefit “Rental”?",
    ]


@pytest.mark.parametrize(
    "rows",
    [
        "Owner: Head of Product\nVersion: 1.6",
        "One line; only",
        "A: 1; B: 2",
        "A: 1; B: 2\nA: 1; C: 2",
        "",
    ],
)
def test_rows_without_the_same_columns_are_no_table(rows: str) -> None:
    assert table_rows(rows) == []


@pytest.mark.parametrize(
    ("sentence", "question", "fact"),
    [
        (
            "You must return the kit within five working days of the trip.",
            "Within how many working days of the trip must you return the kit?",
            "five working days",
        ),
        (
            "Requests are answered within 1 week.",
            "Within how many weeks are requests answered?",
            "1 week",
        ),
        (
            "Employees must book a bike at least 3 days in advance.",
            "At least how many days in advance must employees book a bike?",
            "3 days",
        ),
        (
            "Colleagues may claim up to £25 a night.",
            "Up to how much may colleagues claim a night?",
            "£25",
        ),
    ],
)
def test_a_limit_becomes_a_question_for_it(sentence: str, question: str, fact: str) -> None:
    (one,) = drafted(source(text(sentence)))

    assert (one.question, one.key_facts[0].text, one.kind) == (question, fact, "limit")


@pytest.mark.parametrize(
    "sentence",
    [
        "They must return the kit within five days.",
        "You must not return it within five days.",
        "If it rains, you may return the kit within 5 days.",
        "You may keep a gift worth up to £30.",
        "You must tell us within 5 days, or at once if you can.",
        "Members who move must write within 30 days.",
    ],
)
def test_a_limit_without_a_sure_template_becomes_none(sentence: str) -> None:
    assert questions(text(sentence)) == []


def test_no_question_says_its_own_answer() -> None:
    assert questions(text("Kit means the kit.")) == []
    assert (
        questions(Block(ElementKind.TABLE, "Kind: Tent; Group: Tent\nKind: Bike; Group: Bike"))
        == []
    )


@pytest.fixture(scope="module")
def example_sources(
    example_store_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[list[Source], dict[str, str]]]:
    path = tmp_path_factory.mktemp("make") / "pincite"
    shutil.copytree(example_store_path, path)
    store = open_store(IndexSettings(path=path))
    try:
        yield readable_documents(store.catalog)
    finally:
        store.close()


def test_drafts_of_the_examples_hold(example_sources: tuple[list[Source], dict[str, str]]) -> None:
    sources, _ = example_sources
    documents: dict[str, Document] = {each.name: each.document for each in sources}

    samples = draft_samples(sources, per_document=12, seed=0)

    assert samples == draft_samples(sources, per_document=12, seed=0)
    assert samples != draft_samples(sources, per_document=12, seed=1)
    kinds = Counter(sample.kind for sample in samples)
    assert set(kinds) == {"heading", "definition", "table", "limit", "unanswerable"}
    assert len(samples) >= 100
    assert len({sample.question.casefold() for sample in samples}) == len(samples)
    assert len({sample.id for sample in samples}) == len(samples)
    assert not any(sample.accepted for sample in samples)
    for sample in samples:
        for gold in sample.gold:
            assert places(documents[gold.document], gold.quote, gold.heading)
        for fact in sample.key_facts:
            assert fact.text.casefold() not in sample.question.casefold()
    per_document = Counter(gold.document for s in samples for gold in s.gold[:1])
    assert max(per_document.values()) <= 12


def test_no_document_mentions_what_is_asked_in_vain(
    example_sources: tuple[list[Source], dict[str, str]],
) -> None:
    sources, _ = example_sources
    everything = " ".join(source.document.text for source in sources).casefold()

    samples = draft_samples(sources, per_document=12, seed=3)

    vain = [sample for sample in samples if sample.unanswerable]
    assert vain
    for sample in vain:
        subject = sample.question.split("“")[-1].split("”")[0]
        assert subject.casefold() not in everything
        assert subject.split()[0].casefold() not in everything.split()
        assert f"No document mentions “{subject}”" in (sample.why_unanswerable or "")


def test_what_does_not_apply_today_is_passed_over(
    example_sources: tuple[list[Source], dict[str, str]],
) -> None:
    sources, passed_over = example_sources

    assert len(sources) + len(passed_over) == 21
    assert "it applied until" in passed_over.get("travel-and-expenses-2023.md", "")
