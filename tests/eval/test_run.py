"""A suite is scored sample by sample; what cannot be scored is not zero."""

from collections.abc import Sequence

import pytest

from eval.dataset import EarlierTurn, GoldPassage, Sample, Suite
from eval.run import Report, evaluate
from generator.draft import draft_sentences
from generator.model import Draft, Usage
from ingest.chunk import Chunk
from ingest.document import Block, Document, ElementKind, assemble
from ingest.index import IndexedDocument
from service.conversation import Turn
from service.overlap import OverlapVerifier
from service.pipeline import Answer, Refusal, Trace
from service.retrieve import Retrieved
from service.verify import Verdict, verify
from tests.passages import passage, prompt

GOLD = "Gold refunds take 30 days."
SILVER = "Silver refunds take 21 days."
DOCUMENT = assemble(
    [
        Block(ElementKind.TITLE, "Refunds", level=1),
        Block(ElementKind.TITLE, "Silver", level=2),
        Block(ElementKind.TEXT, SILVER),
        Block(ElementKind.TITLE, "Gold", level=2),
        Block(ElementKind.TEXT, GOLD),
    ],
    fallback_title="",
)


def find(name: str) -> tuple[str, Document] | None:
    return ("id-1", DOCUMENT) if name == "refunds.md" else None


def sample(
    name: str,
    quote: str | None,
    *,
    heading: str = "Gold",
    document: str = "refunds.md",
    tags: tuple[str, ...] = (),
) -> Sample:
    gold = (GoldPassage(document=document, heading=heading, quote=quote),) if quote else ()
    return Sample(
        id=name,
        question=name,
        gold=gold,
        unanswerable=not quote,
        tags=tags,
        reference_answer=quote,
    )


def trace(question: str, draft: str) -> Trace:
    """The trace of a draft over two passages: [1] is the whole Silver, [2] the whole Gold section."""
    texts = (SILVER, GOLD)
    starts = [DOCUMENT.text.index(text) for text in texts]
    document = IndexedDocument("id-1", "v", "refunds.md", "Refunds")
    retrieved = tuple(
        Retrieved(document, n, Chunk(text, start, start + len(text), (), None, ""), 1.0, 1.0, None)
        for n, (text, start) in enumerate(zip(texts, starts, strict=True))
    )
    passages = [passage(text, 1, start=start) for text, start in zip(texts, starts, strict=True)]
    passages[1] = type(passages[1])(2, passages[0].document, passages[1].chunk)
    verified = tuple(
        verify(sentence, passages, OverlapVerifier(), min_support=0.75)
        for sentence in draft_sentences(draft)
    )
    shown = tuple(s for s in verified if s.verdict is Verdict.SUPPORTED)
    return Trace(
        question=question,
        standalone=question,
        retrieved=retrieved,
        reranked=retrieved,
        answerability=1.0,
        prompt=prompt(question),
        draft=Draft(draft, "fake", Usage()),
        verified=verified,
        answer=Answer(shown, None if shown else Refusal("No.", ())),
        timings={"total": 0.5},
        versions={},
    )


def report(drafts: dict[str, str], *samples: Sample) -> Report:
    return evaluate(Suite("s", samples), lambda name, _: trace(name, drafts[name]), find)


def test_a_question_is_asked_in_its_conversation() -> None:
    earlier = EarlierTurn(role="user", text="And Gold?")
    asked = sample("And Silver?", SILVER, heading="Silver").model_copy(
        update={"conversation": (earlier,)}
    )
    seen: list[tuple[str, Sequence[Turn]]] = []

    def answer(question: str, turns: Sequence[Turn]) -> Trace:
        seen.append((question, turns))
        return trace(question, f"{SILVER} [1]")

    evaluate(Suite("s", (asked,)), answer, find)

    assert seen == [("And Silver?", (Turn("user", "And Gold?"),))]


def test_a_right_answer_is_scored() -> None:
    scores = report({"a": f"{GOLD} [2]"}, sample("a", GOLD)).results[0].scores

    assert scores == {
        "recall@1": 0.0,
        "recall@3": 1.0,
        "recall@5": 1.0,
        "recall@8": 1.0,
        "mrr": 0.5,
        "citation_precision": 1.0,
        "citation_recall": 1.0,
        "token_f1": 1.0,
    }


def test_means_are_over_the_scored_samples_only() -> None:
    found = report(
        {"right": f"{GOLD} [2]", "half": f"{GOLD} [2] {SILVER} [1]", "refused": "", "none": ""},
        sample("right", GOLD, tags=("x",)),
        sample("half", GOLD),
        sample("refused", GOLD, tags=("x",)),
        sample("none", None, tags=("x",)),
    )

    assert (found.metrics["citation_precision"], found.scored["citation_precision"]) == (0.75, 2)
    assert (found.metrics["recall@8"], found.scored["recall@8"]) == (1.0, 3)
    assert (found.metrics["refusal_precision"], found.scored["refusal_precision"]) == (0.5, 2)
    assert (found.metrics["refusal_recall"], found.scored["refusal_recall"]) == (1.0, 1)
    assert found.metrics["fabricated_citations"] == 0.0
    assert found.slices["x"]["citation_precision"] == 1.0
    assert found.timings_s == {"answer_p50": 0.5, "answer_max": 0.5, "all": 2.0}


def test_a_fabricated_citation_is_counted_and_costs_precision() -> None:
    found = report({"a": f"{GOLD} [2] So they say. [99]"}, sample("a", GOLD))

    assert found.metrics["fabricated_citations"] == 1.0
    assert found.metrics["citation_precision"] == 0.5


def test_what_nothing_was_computed_for_is_none() -> None:
    found = report({"a": ""}, sample("a", GOLD))

    for name in ("citation_precision", "citation_recall", "token_f1", "refusal_recall"):
        assert (found.metrics[name], found.scored[name]) == (None, 0)


@pytest.mark.parametrize(
    ("stale", "reason"),
    [
        (
            sample("a", "Gold refunds take 60 days."),
            "refunds.md does not say: Gold refunds take 60 days.",
        ),
        (sample("a", GOLD, document="gone.md"), "gone.md is not indexed"),
    ],
)
def test_a_stale_sample_is_reported_and_unscored(stale: Sample, reason: str) -> None:
    found = report({"a": "", "b": ""}, stale, sample("b", None))

    assert found.stale == 1
    assert (found.results[0].stale, found.results[0].scores) == (reason, {})
    assert found.metrics["refusal_precision"] == 1.0
    assert (found.results[1].stale, found.scored["refusal_precision"]) == (None, 1)


def test_gold_stands_under_its_heading_else_anywhere() -> None:
    both = {"a": f"{SILVER} [1]"}

    under = report(both, sample("a", "refunds take", heading="Silver"))
    other = report(both, sample("a", "refunds take", heading="Gold"))
    anywhere = report(both, sample("a", "refunds take", heading="Bronze"))

    assert under.metrics["citation_recall"] == 1.0
    assert other.metrics["citation_recall"] == 0.0
    assert anywhere.metrics["citation_recall"] == 1.0
