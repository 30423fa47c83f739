"""Answers and documents as JSON, the same over HTTP and with `--json`."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from generator.prompt import Passage
from ingest.catalog import DocumentRecord
from ingest.document import Document
from service.pipeline import Trace
from service.verify import Citation, Sentence


class Output(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CitationOut(Output):
    """`start` and `end` are character offsets into the document's text, which reads `quote` there."""

    number: int
    document_id: str
    document: str
    title: str
    heading_path: list[str]
    page: int | None
    start: int
    end: int
    quote: str
    url: str


class SentenceOut(Output):
    text: str
    verdict: str
    score: float
    citations: list[CitationOut]


class PassageOut(Output):
    number: int
    document_id: str
    document: str
    title: str
    heading_path: list[str]
    page: int | None
    start: int
    end: int
    text: str
    url: str


class AnswerOut(Output):
    """`text` is the answer with [n] marks or the refusal; `nearest` has passages when refused."""

    question: str
    refused: bool
    text: str
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
    id: str
    name: str
    title: str
    text: str
    elements: list[ElementOut]


def sentence_out(sentence: Sentence) -> SentenceOut:
    return SentenceOut(
        text=sentence.text,
        verdict=sentence.verdict,
        score=round(sentence.score, 4),
        citations=[_citation_out(citation) for citation in sentence.citations],
    )


def answer_out(trace: Trace) -> AnswerOut:
    refusal = trace.answer.refusal
    return AnswerOut(
        question=trace.question,
        refused=refusal is not None,
        text=trace.answer.text,
        sentences=[sentence_out(sentence) for sentence in trace.answer.sentences],
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
    )


def document_out(record: DocumentRecord, document: Document) -> DocumentOut:
    return DocumentOut(
        id=record.id,
        name=record.name,
        title=document.title,
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


def _citation_out(citation: Citation) -> CitationOut:
    return CitationOut(
        number=citation.number,
        document_id=citation.document_id,
        document=citation.document_name,
        title=citation.title,
        heading_path=list(citation.heading_path),
        page=citation.page,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        url=_url(citation.document_id, citation.start, citation.end),
    )


def _passages_out(passages: Sequence[Passage]) -> list[PassageOut]:
    return [
        PassageOut(
            number=passage.number,
            document_id=passage.document.id,
            document=passage.document.name,
            title=passage.document.title,
            heading_path=list(passage.chunk.heading_path),
            page=passage.chunk.page,
            start=passage.chunk.start,
            end=passage.chunk.end,
            text=passage.chunk.text,
            url=_url(passage.document.id, passage.chunk.start, passage.chunk.end),
        )
        for passage in passages
    ]


def _url(document_id: str, start: int, end: int) -> str:
    return f"/documents/{document_id}?start={start}&end={end}"
