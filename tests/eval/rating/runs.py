"""Folders of runs with a few answers, as `pincite eval run` leaves them."""

from pathlib import Path

from eval.dataset import GoldPassage, Sample, write_samples
from eval.record import (
    AnswerRecord,
    CitationRecord,
    DraftSentenceRecord,
    PassageRecord,
    Place,
    Record,
    VerifiedSentenceRecord,
)

SILVER = (
    "Silver tier users receive a full refund, less a £2.50 return postage charge, within 21 days."
)
GOLD = "Gold tier users receive a full refund within 30 days of delivery."
POSTAGE = "No return postage is charged."
TEXT = f"Some words before. {GOLD} {POSTAGE} And some words after."
HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script> 🦓'


def passage(
    number: int, text: str = TEXT, title: str = "Refund and Returns Policy"
) -> PassageRecord:
    place = Place(
        document_id=f"d{number}", document="refund-policy.md", start=100, end=100 + len(text)
    )
    path = (title, "4.3 Gold tier")
    return PassageRecord(number=number, place=place, title=title, heading_path=path, text=text)


def citation(quote: str, source: PassageRecord) -> CitationRecord:
    start = source.place.start + source.text.index(quote)
    place = source.place.model_copy(update={"start": start, "end": start + len(quote)})
    return CitationRecord(number=source.number, place=place, quote=quote)


def answer(
    question: str,
    *said: tuple[str, tuple[CitationRecord, ...]],
    passages: tuple[PassageRecord, ...] = (),
    refusal: str | None = None,
    draft: tuple[tuple[str, tuple[int, ...]], ...] | None = None,
    generator: str = "extractive",
) -> AnswerRecord:
    """An answer that shows these sentences; its draft cites the same unless it is given."""
    verified = tuple(
        VerifiedSentenceRecord(
            text=text,
            verdict="supported",
            score=1.0,
            cited=tuple(each.number for each in citations),
            citations=citations,
        )
        for text, citations in said
    )
    drafted = draft if draft is not None else tuple((each.text, each.cited) for each in verified)
    return AnswerRecord(
        question=question,
        standalone=question,
        retrieved=(),
        passages=passages,
        answerability=1.0,
        draft=" ".join(text for text, _ in drafted),
        draft_refused=not drafted,
        draft_sentences=tuple(DraftSentenceRecord(text=t, cited=n) for t, n in drafted),
        verified=verified,
        shown=tuple(range(len(verified))),
        refused=refusal is not None,
        text=refusal or " ".join(text for text, _ in said),
        generator=generator,
    )


def gold_answer(generator: str = "extractive", *, postage: str = POSTAGE) -> AnswerRecord:
    """Two sentences, of which the first has two citations and the second one."""
    first, second = passage(1), passage(2, f"{SILVER} {GOLD}", "Membership Tiers")
    return answer(
        "What do Gold users get back?",
        (GOLD, (citation(GOLD, first), citation(GOLD, second))),
        (postage, (citation(POSTAGE, first),)),
        passages=(first, second),
        draft=((GOLD, (1, 9)), (SILVER, (1,))),
        generator=generator,
    )


def hostile_answer() -> AnswerRecord:
    source = passage(1, f"Words 🦓 {HOSTILE} end.", HOSTILE)
    return answer(HOSTILE, (HOSTILE, (citation(HOSTILE, source),)), passages=(source,))


def refusal() -> AnswerRecord:
    text = "No passage in the documents answers this question."
    return answer("Who won the cup?", refusal=text, passages=(passage(1),))


def write_run(folder: Path, answers: dict[str, AnswerRecord], *, failed: str | None = None) -> Path:
    folder.mkdir()
    records = [Record(sample_id=name, answer=each) for name, each in answers.items()]
    if failed:
        records.append(Record(sample_id=failed, error="TimeoutError: no answer in 60 s"))
    lines = "".join(f"{record.model_dump_json()}\n" for record in records)
    (folder / "records.jsonl").write_text(lines, "utf-8")
    write_samples(folder / "suite.jsonl", [_sample(name, each) for name, each in answers.items()])
    return folder


def _sample(name: str, answered: AnswerRecord) -> Sample:
    gold = (GoldPassage(document="refund-policy.md", heading="", quote=GOLD),)
    return Sample(
        schema=1,
        id=name,
        question=answered.question,
        gold=() if answered.refused else gold,
        unanswerable=answered.refused,
        why_unanswerable="Sport is in no policy." if answered.refused else None,
        reference_answer=None if answered.refused else GOLD,
    )


def three_answers(generator: str = "extractive") -> dict[str, AnswerRecord]:
    return {"gold": gold_answer(generator), "hostile": hostile_answer(), "refused": refusal()}
