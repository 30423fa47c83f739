"""A trace -> what a run keeps of it."""

from collections.abc import Sequence

from eval.record import (
    AnswerRecord,
    CheckRecord,
    CitationRecord,
    DraftSentenceRecord,
    PassageRecord,
    Place,
    VerifiedSentenceRecord,
)
from generator.draft import draft_sentences
from generator.prompt import NO_ANSWER, Passage
from service.pipeline import Trace, considered
from service.retrieve import Retrieved
from service.verify import Check, Citation, Sentence


def answer_record(trace: Trace) -> AnswerRecord:
    """What is kept of a trace. `retrieved` begins with the passages of the prompt.

    Raises `pydantic.ValidationError` where a score is no number or a text cannot be written.
    """
    sentences = tuple(
        DraftSentenceRecord(text=sentence.text, cited=sentence.numbers)
        for sentence in draft_sentences(trace.draft.text)
        if sentence.text.rstrip(".") != NO_ANSWER
    )
    found = considered(trace.reranked, trace.retrieved)
    return AnswerRecord(
        question=trace.question,
        standalone=trace.standalone,
        retrieved=tuple(map(_found_place, found)),
        passages=tuple(map(_passage, trace.prompt.passages)),
        answerability=trace.answerability,
        draft=trace.draft.text,
        draft_refused=not sentences,
        draft_sentences=sentences,
        verified=tuple(map(_verified, trace.verified)),
        shown=_shown(trace.verified, trace.answer.sentences),
        refused=trace.answer.refusal is not None,
        text=trace.answer.text,
        generator=trace.draft.generator,
        prompt_tokens=trace.draft.usage.prompt_tokens,
        completion_tokens=trace.draft.usage.completion_tokens,
    )


def _shown(verified: Sequence[Sentence], shown: Sequence[Sentence]) -> tuple[int, ...]:
    """The places of the shown sentences among the verified ones, of which they are a part in order."""
    places: list[int] = []
    wanted = iter(shown)
    sentence = next(wanted, None)
    for place, candidate in enumerate(verified):
        if sentence is not None and candidate == sentence:
            places.append(place)
            sentence = next(wanted, None)
    return tuple(places)


def _found_place(found: Retrieved) -> Place:
    return Place(
        document_id=found.document.id,
        document=found.document.name,
        start=found.chunk.start,
        end=found.chunk.end,
    )


def _passage(passage: Passage) -> PassageRecord:
    return PassageRecord(
        number=passage.number,
        place=Place(
            document_id=passage.document.id,
            document=passage.document.name,
            start=passage.chunk.start,
            end=passage.chunk.end,
        ),
        title=passage.document.title,
        heading_path=passage.chunk.heading_path,
        text=passage.text,
    )


def _verified(sentence: Sentence) -> VerifiedSentenceRecord:
    return VerifiedSentenceRecord(
        text=sentence.text,
        verdict=sentence.verdict.value,
        score=sentence.score,
        cited=sentence.cited,
        citations=tuple(map(_citation, sentence.citations)),
        correction=sentence.correction,
        checks=tuple(map(_check, sentence.checks)),
    )


def _citation(citation: Citation) -> CitationRecord:
    return CitationRecord(
        number=citation.number,
        place=Place(
            document_id=citation.document.id,
            document=citation.document.name,
            start=citation.start,
            end=citation.end,
        ),
        quote=citation.quote,
    )


def _check(check: Check) -> CheckRecord:
    return CheckRecord(
        number=check.number,
        score=check.score,
        quote=check.quote,
        features=dict(check.features),
        findings=tuple(check.findings),
    )
