"""`POST /ask`: the whole answer, with sentences, verdicts and citations."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.question import InvalidQuestion, checked_question
from service.routes.dependencies import ReaderDep, ServiceDep, SettingsDep
from service.routes.errors import RequestError
from service.schema import AnswerOut, answer_out
from service.scope import EVERYTHING, Filter
from service.settings import ServiceSettings

router = APIRouter(tags=["questions"])


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
    as_of: Annotated[
        date | None,
        Field(description="Answer from the documents that applied on this day", examples=[None]),
    ] = None
    within: Annotated[
        Within | None, Field(description="Answer from these documents only", examples=[None])
    ] = None


@router.post("/ask")
def ask(request: Ask, service: ServiceDep, settings: SettingsDep, reader: ReaderDep) -> AnswerOut:
    """Answer one question. Every sentence comes with the places that support it."""
    question = taken_question(request.question, settings, param="question")
    within = filter_of(request.within)
    return answer_out(service.pipeline.answer(question, (), reader, request.as_of, within))


def taken_question(question: str, settings: ServiceSettings, *, param: str) -> str:
    """The question, checked. Raises `RequestError` that names the field `param`."""
    try:
        return checked_question(question, max_chars=settings.max_question_chars)
    except InvalidQuestion as error:
        raise RequestError(400, str(error), param=param, code=error.code) from error
