"""Drafts are decided on by people, resumably, and only what is accepted becomes a suite."""

from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from fastapi.testclient import TestClient

from eval.dataset import GoldPassage, KeyFact, Sample, load_suite, write_samples
from eval.rating.app import drafts_app
from eval.rating.drafts import Changes, Drafts, NothingAccepted, suite_path, write_suite
from ingest.document import Block, Document, ElementKind, assemble
from ingest.errors import WrongUse

TOKEN = token_urlsafe(8)
QUOTE = "Delivery means the day it came."
DOCUMENT = assemble(
    [
        Block(ElementKind.TITLE, "Refunds 🦓", level=1),
        Block(ElementKind.TEXT, "Something else."),
        Block(ElementKind.TITLE, "Definitions", level=2),
        Block(ElementKind.TEXT, f"In front. {QUOTE} Behind."),
        Block(ElementKind.TEXT, "Far away. " * 400),
    ],
    fallback_title="",
)


def find(name: str) -> tuple[str, Document] | None:
    return ("d1", DOCUMENT) if name == "refunds.md" else None


def draft(name: str, quote: str = QUOTE, document: str = "refunds.md") -> Sample:
    return Sample(
        schema=1,
        id=name,
        question=f"What does “{name}” mean?",
        gold=(GoldPassage(document=document, heading="Definitions", quote=quote),),
        reference_answer=quote,
        key_facts=(KeyFact(text="the day it came"),),
        kind="definition",
        drafted_by="pincite eval make",
        accepted=False,
    )


def vain(name: str) -> Sample:
    return Sample(
        schema=1,
        id=name,
        question="What does “interim delivery” mean?",
        gold=(),
        unanswerable=True,
        why_unanswerable="No document mentions it.",
        drafted_by="pincite eval make",
        accepted=False,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    written = tmp_path / "questions.draft.jsonl"
    write_samples(written, [draft("a"), draft("b"), vain("c")])
    return written


def test_decisions_are_there_again_and_the_last_one_counts(path: Path) -> None:
    before = Drafts(path)
    before.accept("Ada", "a", None)
    before.reject("Ada", "b")
    before.accept("Bo", "b", None)
    before.accept("Ada", "c", None)
    before.take_back("Ada", "c")

    after = Drafts(path)

    assert {key: (each.decision, each.rater) for key, each in after.decisions().items()} == {
        "a": ("accepted", "Ada"),
        "b": ("accepted", "Bo"),
    }
    assert [sample.id for sample in after.accepted()] == ["a", "b"]
    assert all(sample.accepted for sample in after.accepted())


def test_what_is_changed_is_what_is_accepted(path: Path) -> None:
    drafts = Drafts(path)
    facts = (KeyFact(text="the day"), KeyFact(text=" "), KeyFact(text="it came", vital=False))
    changes = Changes(question=" When? ", reference_answer=" ", key_facts=facts)

    drafts.accept("Ada", "a", changes)

    (sample,) = drafts.accepted()
    assert (sample.question, sample.reference_answer) == ("When?", None)
    assert [(fact.text, fact.vital) for fact in sample.key_facts] == [
        ("the day", True),
        ("it came", False),
    ]
    assert sample.gold == draft("a").gold


def test_what_is_made_unanswerable_has_no_gold(path: Path) -> None:
    drafts = Drafts(path)
    changes = Changes(question="When?", unanswerable=True, why_unanswerable="It is not said.")

    drafts.accept("Ada", "a", changes)

    (sample,) = drafts.accepted()
    assert (sample.unanswerable, sample.gold, sample.key_facts) == (True, (), ())
    assert sample.why_unanswerable == "It is not said."


@pytest.mark.parametrize(
    ("draft_id", "changes", "message"),
    [
        ("a", Changes(question="  "), "question"),
        ("c", Changes(question="When?"), "needs a gold passage"),
        ("gone", None, "no such draft"),
    ],
)
def test_what_makes_no_sample_is_not_accepted(
    path: Path, draft_id: str, changes: Changes | None, message: str
) -> None:
    drafts = Drafts(path)

    with pytest.raises(WrongUse, match=message):
        drafts.accept("Ada", draft_id, changes)

    assert drafts.decisions() == {}


def test_a_gold_passage_is_shown_in_its_section(path: Path) -> None:
    (context,) = Drafts(path, find).contexts["a"]

    assert context.text[context.start : context.end] == QUOTE
    assert context.text.startswith("Definitions\n\nIn front.")
    assert "Something else" not in context.text
    assert (context.title, context.missing) == ("Refunds 🦓", None)


def test_a_gold_passage_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "x.draft.jsonl"
    write_samples(path, [draft("a", quote="Never said."), draft("b", document="gone.md")])

    contexts = Drafts(path, find).contexts

    assert [each.missing for (each,) in contexts.values()] == [
        "The document does not say these words now.",
        "The document is not in the index now.",
    ]


def test_the_suite_keeps_what_came_from_elsewhere(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "questions.jsonl"
    by_hand = draft("by-hand").model_copy(update={"accepted": True, "drafted_by": None})
    write_samples(out, [by_hand])
    drafts = Drafts(path)
    for name in ("a", "b"):
        drafts.accept("Ada", name, None)
    assert write_suite(drafts, out) == 2
    drafts.reject("Ada", "a")
    drafts.accept("Ada", "b", Changes(question="Otherwise?", reference_answer="x"))

    assert write_suite(drafts, out) == 1

    suite = load_suite(out)
    assert [(s.id, s.question) for s in suite.samples] == [
        ("by-hand", by_hand.question),
        ("b", "Otherwise?"),
    ]
    assert suite.waiting == 0


def test_without_anything_accepted_no_suite_is_written(path: Path, tmp_path: Path) -> None:
    with pytest.raises(NothingAccepted, match="pincite eval rate"):
        write_suite(Drafts(path), tmp_path / "questions.jsonl")

    assert not (tmp_path / "questions.jsonl").exists()


def test_a_suite_without_drafts_has_nothing_to_decide(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    write_samples(path, [draft("a").model_copy(update={"accepted": True})])

    with pytest.raises(WrongUse, match="has no drafted sample"):
        Drafts(path)


def test_the_suite_is_named_after_the_drafts() -> None:
    assert suite_path(Path("x/questions.draft.jsonl")) == Path("x/questions.jsonl")
    assert suite_path(Path("x/questions.jsonl")) == Path("x/questions.accepted.jsonl")


def test_the_page_decides_and_writes(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "questions.jsonl"
    app = drafts_app(Drafts(path, find), out, token=TOKEN)
    client = TestClient(app, base_url="http://localhost:1", headers={"X-Pincite-Token": TOKEN})

    def decide(**body: Any) -> Any:
        return client.post("/api/decisions", json={"rater": "Ada"} | body)

    assert client.post("/api/suite", json={}).status_code == 400
    changed = decide(draft="a", decision="accepted", changes={"question": "When?"}).json()
    assert (changed["decision"], changed["changed"], changed["decided_by"]) == (
        "accepted",
        True,
        "Ada",
    )
    assert decide(draft="c", decision="accepted", changes={"question": "x"}).status_code == 400
    assert decide(draft="b", decision="rejected").json()["decision"] == "rejected"
    listed = client.get("/api/drafts", params={"rater": "ada"}).json()
    assert (listed["rater"], [each["decision"] for each in listed["drafts"]]) == (
        "Ada",
        ["accepted", "rejected", None],
    )
    assert client.post("/api/suite", json={}).json() == {"out": str(out), "accepted": 1}
    assert [sample.question for sample in load_suite(out).samples] == ["When?"]
