"""What the page for rating answers asks for. Nothing here says which generator wrote what."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt

from eval.rating.deck import Answer, Evidence
from eval.rating.session import Ratings
from eval.rating.store import MAX_COMMENT_CHARS, MAX_NAME_CHARS, Value

Name = Annotated[str, Field(min_length=1, max_length=4 * MAX_NAME_CHARS)]


class RaterOut(BaseModel):
    name: str
    done: int
    total: int


class RatersOut(BaseModel):
    raters: list[RaterOut]
    total: int


class OrderedOut(BaseModel):
    key: str
    done: bool


class DeckOut(BaseModel):
    rater: str
    answers: list[OrderedOut]


class EvidenceOut(BaseModel):
    """`item` is None where the sentence cites a number that no passage had."""

    item: str | None
    number: int


class ClaimOut(BaseModel):
    text: str
    cited: list[EvidenceOut]


class CitationOut(BaseModel):
    """A citation to be judged: `spans` are the quoted characters of the passage."""

    item: str
    number: int
    claim: str
    quotes: list[str]
    spans: list[tuple[int, int]]


class PassageOut(BaseModel):
    number: int
    title: str
    document: str
    heading_path: list[str]
    text: str


class TurnOut(BaseModel):
    role: str
    text: str


class AnswerOut(BaseModel):
    key: str
    conversation: list[TurnOut]
    question: str
    standalone: str
    text: str
    refused: bool
    claims: list[ClaimOut]
    citations: list[CitationOut]
    passages: list[PassageOut]
    reference_answer: str | None
    why_unanswerable: str | None
    values: dict[str, StrictBool | StrictInt | str]


class MarkIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rater: Name
    answer: Annotated[str, Field(max_length=40)]
    item: Annotated[str, Field(max_length=60)]
    value: StrictBool | StrictInt | Annotated[str, Field(max_length=MAX_COMMENT_CHARS)] | None


class MarkedOut(BaseModel):
    done: bool


def rate_routes(ratings: Ratings) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/raters")
    def raters() -> RatersOut:
        found = [RaterOut(name=p.rater, done=p.done, total=p.total) for p in ratings.progress()]
        return RatersOut(raters=found, total=len(ratings.answers))

    @router.get("/deck")
    def deck(rater: Name) -> DeckOut:
        order = [OrderedOut(key=key, done=done) for key, done in ratings.order(rater)]
        return DeckOut(rater=ratings.rater(rater), answers=order)

    @router.get("/answers/{key}")
    def answer(key: str, rater: Name) -> AnswerOut:
        return _answer_out(ratings.answer(key), ratings.values(rater, key))

    @router.post("/marks")
    def mark(given: MarkIn) -> MarkedOut:
        ratings.mark(given.rater, given.answer, given.item, given.value)
        values = ratings.values(given.rater, given.answer)
        items = ratings.answer(given.answer).items
        return MarkedOut(done=all(item in values for item in items))

    return router


def _answer_out(answer: Answer, values: dict[str, Value]) -> AnswerOut:
    sample = answer.sample
    return AnswerOut(
        key=answer.key,
        conversation=[TurnOut(role=t.role, text=t.text) for t in sample.conversation]
        if sample
        else [],
        question=answer.question,
        standalone=answer.standalone,
        text=answer.text,
        refused=answer.refused,
        claims=[
            ClaimOut(text=claim.text, cited=[_evidence_out(n, e) for e in claim.cited])
            for n, claim in enumerate(answer.claims)
        ],
        citations=[
            CitationOut(
                item=item,
                number=evidence.number,
                claim=claim.text,
                quotes=list(evidence.quotes),
                spans=list(evidence.spans),
            )
            for item, (claim, evidence) in answer.citations.items()
        ],
        passages=[
            PassageOut(
                number=passage.number,
                title=passage.title,
                document=passage.place.document,
                heading_path=list(passage.heading_path),
                text=passage.text,
            )
            for passage in answer.passages
        ],
        reference_answer=sample.reference_answer if sample else None,
        why_unanswerable=sample.why_unanswerable if sample and sample.unanswerable else None,
        values=values,
    )


def _evidence_out(claim: int, evidence: Evidence) -> EvidenceOut:
    item = f"citation:{claim}:{evidence.number}" if evidence.passage else None
    return EvidenceOut(item=item, number=evidence.number)
