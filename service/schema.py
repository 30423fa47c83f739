"""Answers and documents as JSON, the same over HTTP and with `--json`."""

from collections.abc import Sequence
from datetime import date

from pydantic import BaseModel, ConfigDict

from generator.prompt import Passage
from ingest.catalog.documents import DocumentRecord
from ingest.document import Document
from ingest.index import IndexedDocument
from service.pipeline import Trace
from service.verify import Check, Citation, Sentence


class Output(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SameTextOut(Output):
    """Another document that says the same as the one that is cited."""

    document_id: str
    document: str
    title: str


class CitationOut(Output):
    """`start` and `end` are character offsets into the document's text, which reads `quote` there.

    The document applies from `valid_from` up to, not including, `valid_until`.
    """

    number: int
    document_id: str
    version: str
    document: str
    title: str
    valid_from: date | None
    valid_until: date | None
    same_text: list[SameTextOut]
    heading_path: list[str]
    page: int | None
    start: int
    end: int
    quote: str
    url: str


class CheckOut(Output):
    """How well one passage supports a sentence, and what that rests on."""

    number: int
    score: float
    quote: str
    features: dict[str, float]
    findings: list[str]


class SentenceOut(Output):
    """`correction` says where the draft's citation was put right. `checks` has every passage that was
    judged for the sentence, in the answers of /ask."""

    text: str
    verdict: str
    score: float
    citations: list[CitationOut]
    correction: str | None = None
    checks: list[CheckOut] = []


class PassageOut(Output):
    number: int
    document_id: str
    version: str
    document: str
    title: str
    valid_from: date | None
    valid_until: date | None
    same_text: list[SameTextOut]
    heading_path: list[str]
    page: int | None
    start: int
    end: int
    text: str
    url: str


class AnswerOut(Output):
    """`standalone` is the question as it was understood in its conversation, the same as `question`
    where it depends on nothing. `text` is the answer with [n] marks or the refusal, and the `notice` of
    outdated rules if there is one. When refused, `reason` says why and `nearest` has passages."""

    question: str
    standalone: str
    refused: bool
    text: str
    notice: str | None
    reason: str | None = None
    sentences: list[SentenceOut]
    passages: list[PassageOut]
    nearest: list[PassageOut]
    generator: str
    timings_s: dict[str, float]
    versions: dict[str, str]


class DocumentSummary(Output):
    id: str
    name: str
    title: str
    state: str
    error: str | None
    words: int
    passages: int
    language: str | None
    valid_from: date | None
    valid_until: date | None
    superseded_by: str | None
    same_as: str | None


class DocumentList(Output):
    documents: list[DocumentSummary]


class ElementOut(Output):
    """`anchor` is the id of the element in the page of the document."""

    anchor: str
    kind: str
    start: int
    end: int
    page: int | None
    heading_path: list[str]


class DocumentOut(Output):
    """`version` names the text that is given, `current_version` the one that is searched;
    `superseded_by` is the id of the document that replaces this one on the day `valid_until`."""

    id: str
    version: str
    current_version: str
    name: str
    title: str
    valid_from: date | None
    valid_until: date | None
    superseded_by: str | None
    text: str
    elements: list[ElementOut]


def sentence_out(sentence: Sentence, *, with_checks: bool = False) -> SentenceOut:
    return SentenceOut(
        text=sentence.text,
        verdict=sentence.verdict,
        score=round(sentence.score, 4),
        citations=[_citation_out(citation) for citation in sentence.citations],
        correction=sentence.correction,
        checks=[_check_out(check) for check in sentence.checks] if with_checks else [],
    )


def answer_out(trace: Trace, *, with_checks: bool = False) -> AnswerOut:
    refusal = trace.answer.refusal
    return AnswerOut(
        question=trace.question,
        standalone=trace.standalone,
        refused=refusal is not None,
        text=trace.answer.text,
        notice=trace.answer.notice,
        reason=refusal.reason if refusal else None,
        sentences=[
            sentence_out(sentence, with_checks=with_checks) for sentence in trace.answer.sentences
        ],
        passages=_passages_out(trace.prompt.passages),
        nearest=_passages_out(refusal.nearest if refusal else ()),
        generator=trace.draft.generator,
        timings_s={name: round(seconds, 4) for name, seconds in trace.timings.items()},
        versions=dict(trace.versions),
    )


def document_summary(record: DocumentRecord) -> DocumentSummary:
    return DocumentSummary(
        id=record.id,
        name=record.name,
        title=record.title,
        state=record.state,
        error=record.error,
        words=record.words,
        passages=record.chunks,
        language=record.language,
        valid_from=record.valid_from,
        valid_until=record.valid_until,
        superseded_by=record.superseded_by,
        same_as=record.same_as,
    )


def document_out(
    record: DocumentRecord, document: Document, *, version: str, current_version: str
) -> DocumentOut:
    return DocumentOut(
        id=record.id,
        version=version,
        current_version=current_version,
        name=record.name,
        title=document.title,
        valid_from=record.valid_from,
        valid_until=record.valid_until,
        superseded_by=record.superseded_by,
        text=document.text,
        elements=[
            ElementOut(
                anchor=f"e{number}",
                kind=element.kind,
                start=element.start,
                end=element.end,
                page=element.page,
                heading_path=list(element.heading_path),
            )
            for number, element in enumerate(document.elements)
        ],
    )


def _check_out(check: Check) -> CheckOut:
    return CheckOut(
        number=check.number,
        score=round(check.score, 4),
        quote=check.quote,
        features={name: round(value, 4) for name, value in check.features.items()},
        findings=list(check.findings),
    )


def _citation_out(citation: Citation) -> CitationOut:
    return CitationOut(
        number=citation.number,
        document_id=citation.document.id,
        version=citation.document.version,
        document=citation.document.name,
        title=citation.document.title,
        valid_from=citation.document.valid_from,
        valid_until=citation.document.valid_until,
        same_text=_same_text_out(citation.same_text),
        heading_path=list(citation.heading_path),
        page=citation.page,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        url=_url(citation.document, citation.start, citation.end),
    )


def _passages_out(passages: Sequence[Passage]) -> list[PassageOut]:
    return [
        PassageOut(
            number=passage.number,
            document_id=passage.document.id,
            version=passage.document.version,
            document=passage.document.name,
            title=passage.document.title,
            valid_from=passage.document.valid_from,
            valid_until=passage.document.valid_until,
            same_text=_same_text_out(passage.same_text),
            heading_path=list(passage.chunk.heading_path),
            page=passage.chunk.page,
            start=passage.chunk.start,
            end=passage.chunk.end,
            text=passage.chunk.text,
            url=_url(passage.document, passage.chunk.start, passage.chunk.end),
        )
        for passage in passages
    ]


def _same_text_out(documents: Sequence[IndexedDocument]) -> list[SameTextOut]:
    return [
        SameTextOut(document_id=each.id, document=each.name, title=each.title) for each in documents
    ]


def _url(document: IndexedDocument, start: int, end: int) -> str:
    return f"/documents/{document.id}?version={document.version}&start={start}&end={end}"
