"""What the page for drafted samples asks for."""

from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from eval.dataset import KeyFact, Sample
from eval.rating.drafts import Changes, Context, Drafts, write_suite
from eval.rating.rate_routes import Name


class ListedOut(BaseModel):
    id: str
    decision: str | None


class DraftsOut(BaseModel):
    """`out` is the suite that the button writes."""

    rater: str | None
    drafts: list[ListedOut]
    out: str


class ContextOut(BaseModel):
    """A gold passage in its surroundings: `text[start:end]` in code points."""

    document: str
    title: str
    heading: str
    quote: str
    text: str
    start: int
    end: int
    missing: str | None


class FieldsOut(BaseModel):
    question: str
    reference_answer: str | None
    key_facts: list[KeyFact]
    unanswerable: bool
    why_unanswerable: str | None


class DraftOut(BaseModel):
    """`now` is the sample as it was accepted, else as it was drafted."""

    id: str
    kind: str | None
    decision: str | None
    decided_by: str | None
    changed: bool
    now: FieldsOut
    contexts: list[ContextOut]


class DecisionIn(BaseModel):
    """What is decided; None takes back what was."""

    model_config = ConfigDict(extra="forbid")

    rater: Name
    draft: Annotated[str, Field(max_length=200)]
    decision: Literal["accepted", "rejected"] | None
    changes: Changes | None = None


class WrittenOut(BaseModel):
    out: str
    accepted: int


def draft_routes(drafts: Drafts, out: Path) -> APIRouter:
    router = APIRouter(prefix="/api")

    @router.get("/drafts")
    def listed(rater: Annotated[str | None, Field(max_length=240)] = None) -> DraftsOut:
        decisions = {key: each.decision for key, each in drafts.decisions().items()}
        found = [ListedOut(id=key, decision=decisions.get(key)) for key in drafts.samples]
        who = drafts.rater(rater) if rater else None
        return DraftsOut(rater=who, drafts=found, out=out.name)

    @router.get("/draft")
    def draft(draft_id: str) -> DraftOut:
        return _draft_out(drafts, drafts.draft(draft_id))

    @router.post("/decisions")
    def decide(given: DecisionIn) -> DraftOut:
        if given.decision == "accepted":
            drafts.accept(given.rater, given.draft, given.changes)
        elif given.decision == "rejected":
            drafts.reject(given.rater, given.draft)
        else:
            drafts.take_back(given.rater, given.draft)
        return _draft_out(drafts, drafts.draft(given.draft))

    @router.post("/suite")
    def suite() -> WrittenOut:
        return WrittenOut(accepted=write_suite(drafts, out), out=str(out))

    return router


def _draft_out(drafts: Drafts, sample: Sample) -> DraftOut:
    decision = drafts.decisions().get(sample.id)
    current = decision.sample if decision and decision.sample else sample
    return DraftOut(
        id=sample.id,
        kind=sample.kind,
        decision=decision.decision if decision else None,
        decided_by=decision.rater if decision else None,
        changed=_fields(current) != _fields(sample),
        now=_fields(current),
        contexts=[_context_out(context) for context in drafts.contexts.get(sample.id, [])],
    )


def _fields(sample: Sample) -> FieldsOut:
    return FieldsOut(
        question=sample.question,
        reference_answer=sample.reference_answer,
        key_facts=list(sample.key_facts),
        unanswerable=sample.unanswerable,
        why_unanswerable=sample.why_unanswerable,
    )


def _context_out(context: Context) -> ContextOut:
    return ContextOut(
        document=context.gold.document,
        title=context.title,
        heading=context.gold.heading,
        quote=context.gold.quote,
        text=context.text,
        start=context.start,
        end=context.end,
        missing=context.missing,
    )
