"""Records of runs for tests, made from what was written about two short rules."""

from eval.dataset import GoldPassage, KeyFact, Sample
from eval.record import (
    AnswerRecord,
    CitationRecord,
    DraftSentenceRecord,
    PassageRecord,
    Place,
    Record,
    RunInfo,
    VerifiedSentenceRecord,
)
from generator.draft import draft_sentences
from ingest.document import Block, Document, ElementKind, assemble
from service.verify import locate

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
INFO = RunInfo(
    suite="s",
    suite_sha256="0",
    samples=1,
    waiting=0,
    repeats=0,
    generator="fake",
    versions={"verifier": "word overlap"},
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
    kind: str | None = None,
    key_facts: tuple[KeyFact, ...] = (),
) -> Sample:
    """A question whose answer is the quote; without one it has none."""
    gold = (GoldPassage(document=document, heading=heading, quote=quote),) if quote else ()
    return Sample(
        id=name,
        question=name,
        gold=gold,
        unanswerable=not quote,
        tags=tags,
        kind=kind,
        key_facts=key_facts,
        reference_answer=quote,
    )


def _place(text: str) -> Place:
    start = DOCUMENT.text.index(text)
    return Place(document_id="id-1", document="refunds.md", start=start, end=start + len(text))


PASSAGES = tuple(
    PassageRecord(
        number=number, place=_place(text), title="Refunds", heading_path=("Refunds",), text=text
    )
    for number, text in enumerate((SILVER, GOLD), start=1)
)


def answer(draft: str, *, refused: bool = False) -> AnswerRecord:
    """What is kept of a draft over two passages: [1] is the Silver rule, [2] the Gold one. What they
    say word for word is shown, unless the question was refused."""
    written = [each for each in draft_sentences(draft) if each.text != "NO ANSWER"]
    verified = tuple(_verified(each.text, each.numbers) for each in written)
    shown = tuple(place for place, each in enumerate(verified) if each.citations and not refused)
    return AnswerRecord(
        question="?",
        standalone="?",
        retrieved=tuple(passage.place for passage in PASSAGES),
        passages=PASSAGES,
        answerability=1.0,
        draft=draft,
        draft_refused=not written,
        draft_sentences=tuple(
            DraftSentenceRecord(text=each.text, cited=each.numbers) for each in written
        ),
        verified=verified,
        shown=shown,
        refused=not shown,
        text=" ".join(verified[place].text for place in shown) or "No.",
        generator="fake",
        prompt_tokens=100,
        completion_tokens=10,
    )


def _verified(text: str, cited: tuple[int, ...]) -> VerifiedSentenceRecord:
    quotes = [each for each in PASSAGES if each.number in cited and locate(text, each.text)]
    citations = tuple(
        CitationRecord(number=each.number, place=each.place, quote=each.text) for each in quotes
    )
    verdict = "supported" if citations else "unsupported"
    return VerifiedSentenceRecord(
        text=text,
        verdict=verdict,
        score=float(bool(citations)),
        cited=cited,
        citations=citations,
    )


def record(name: str, draft: str, *, refused: bool = False) -> Record:
    return Record(sample_id=name, answer=answer(draft, refused=refused))
