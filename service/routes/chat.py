"""`POST /ask`: the whole answer, with sentences, verdicts and citations."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.conversation import Turn
from service.question import InvalidQuestion, checked_question
from service.routes.dependencies import ReaderDep, ServiceDep, SettingsDep
from service.routes.errors import RequestError
from service.schema import AnswerOut, answer_out
from service.scope import EVERYTHING, Filter
from service.settings import ServiceSettings

router = APIRouter(tags=["questions"])


class EarlierTurn(BaseModel):
    """A message before the question."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    text: str


Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=500)]], Field(max_length=100)]


class Within(BaseModel):
    """What a question is to be answered from: one of each field's names, where it has any."""

    model_config = ConfigDict(extra="forbid")

    documents: Annotated[Names, Field(description="By id, name or title")] = []
    tags: Names = []
    sources: Annotated[Names, Field(description="By id or location")] = []
    languages: Annotated[Names, Field(description="ISO 639-1 codes", examples=[["en"]])] = []

    def to_filter(self) -> Filter:
        return Filter(**{name: tuple(names) for name, names in self})


def filter_of(within: Within | None) -> Filter:
    return within.to_filter() if within else EVERYTHING


class Ask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: Annotated[
        str, Field(examples=["What are the current refund terms for Gold tier users?"])
    ]
    conversation: Annotated[
        list[EarlierTurn],
        Field(
            max_length=1000,
            description="What was asked and answered before, oldest first",
            examples=[[]],
        ),
    ] = []
    as_of: Annotated[
        date | None,
        Field(description="Answer from the documents that applied on this day", examples=[None]),
    ] = None
    within: Annotated[
        Within | None, Field(description="Answer from these documents only", examples=[None])
    ] = None


@router.post("/ask")
def ask(request: Ask, service: ServiceDep, settings: SettingsDep, reader: ReaderDep) -> AnswerOut:
    """Answer one question. Every sentence comes with the places that support it, and with how well
    each passage that was checked does."""
    question = taken_question(request.question, settings, param="question")
    turns = [Turn(turn.role, turn.text) for turn in request.conversation]
    within = filter_of(request.within)
    trace = service.pipeline.answer(question, turns, reader, request.as_of, within)
    return answer_out(trace, with_checks=True)


def taken_question(question: str, settings: ServiceSettings, *, param: str) -> str:
    """The question, checked. Raises `RequestError` that names the field `param`."""
    try:
        return checked_question(question, max_chars=settings.max_question_chars)
    except InvalidQuestion as error:
        raise RequestError(400, str(error), param=param, code=error.code) from error
