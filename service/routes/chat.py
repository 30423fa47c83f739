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
from service.settings import ServiceSettings

router = APIRouter(tags=["questions"])


class EarlierTurn(BaseModel):
    """A message before the question."""

    model_config = ConfigDict(extra="forbid")

    role: Literal["user", "assistant"]
    text: str


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


@router.post("/ask")
def ask(request: Ask, service: ServiceDep, settings: SettingsDep, reader: ReaderDep) -> AnswerOut:
    """Answer one question. Every sentence comes with the places that support it."""
    question = taken_question(request.question, settings, param="question")
    turns = [Turn(turn.role, turn.text) for turn in request.conversation]
    return answer_out(service.pipeline.answer(question, turns, reader, request.as_of))


def taken_question(question: str, settings: ServiceSettings, *, param: str) -> str:
    """The question, checked. Raises `RequestError` that names the field `param`."""
    try:
        return checked_question(question, max_chars=settings.max_question_chars)
    except InvalidQuestion as error:
        raise RequestError(400, str(error), param=param, code=error.code) from error
