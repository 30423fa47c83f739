"""`POST /ask`: the whole answer, with sentences, verdicts and citations."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.routes.dependencies import ReaderDep, ServiceDep, SettingsDep
from service.routes.errors import RequestError
from service.schema import AnswerOut, answer_out
from service.settings import ServiceSettings

router = APIRouter(tags=["questions"])


class Ask(BaseModel):
    model_config = ConfigDict(extra="forbid")

    question: Annotated[
        str, Field(examples=["What are the current refund terms for Gold tier users?"])
    ]


@router.post("/ask")
def ask(request: Ask, service: ServiceDep, settings: SettingsDep, reader: ReaderDep) -> AnswerOut:
    """Answer one question. Every sentence comes with the places that support it."""
    question = checked_question(request.question, settings, param="question")
    return answer_out(service.pipeline.answer(question, (), reader))


def checked_question(question: str, settings: ServiceSettings, *, param: str) -> str:
    """The question without surrounding space. Raises `RequestError` where it is empty, too long
    or not Unicode."""
    question = question.strip()
    if not question:
        raise RequestError(
            400, "The question is empty: write what you want to know.", param=param, code="empty"
        )
    if any(0xD800 <= ord(character) <= 0xDFFF for character in question):
        raise RequestError(
            400,
            "The question has half a character (a lone surrogate, as in \\ud800): send whole ones.",
            param=param,
            code="invalid_request",
        )
    if len(question) > settings.max_question_chars:
        raise RequestError(
            400,
            f"The question has {len(question):,} characters; at most "
            f"{settings.max_question_chars:,} are taken. Shorten it.",
            param=param,
            code="too_long",
        )
    return question
