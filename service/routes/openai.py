"""`POST /v1/chat/completions` and `GET /v1/models` in OpenAI's format.

Citations come as [n] in the text and whole in the field `pincite`, which OpenAI's clients keep.
"""

import json
import logging
import time
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal
from uuid import uuid4

from fastapi import APIRouter
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from generator.slot import MODELS
from service.conversation import Turn
from service.pipeline import Trace, marked
from service.routes.chat import Within, filter_of, taken_question
from service.routes.dependencies import ReaderDep, ServiceDep, SettingsDep
from service.routes.errors import RequestError
from service.schema import AnswerOut, SentenceOut, answer_out, sentence_out
from service.verify import Sentence

_log = logging.getLogger(__name__)

router = APIRouter(prefix="/v1", tags=["OpenAI format"])


class TextPart(BaseModel):
    type: Literal["text"]
    text: str


class Message(BaseModel):
    """A message of the conversation; fields that other models use are passed over."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class ChatRequest(BaseModel):
    """OpenAI's request. Sampling options are taken and have no effect on quoted answers."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "model": "pincite",
                    "messages": [
                        {
                            "role": "user",
                            "content": "What are the current refund terms for Gold tier users?",
                        }
                    ],
                }
            ]
        },
    )

    model: str
    messages: Annotated[list[Message], Field(min_length=1, max_length=1000)]
    stream: bool = False
    as_of: Annotated[
        date | None,
        Field(description="Pincite's own: answer from the documents that applied on this day"),
    ] = None
    within: Annotated[
        Within | None, Field(description="Pincite's own: answer from these documents only")
    ] = None


class AssistantMessage(BaseModel):
    role: Literal["assistant"] = "assistant"
    content: str


class Choice(BaseModel):
    index: int = 0
    message: AssistantMessage
    finish_reason: Literal["stop"] = "stop"


class Tokens(BaseModel):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(BaseModel):
    """OpenAI's response, with the whole answer in `pincite`."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: Tokens
    pincite: AnswerOut


@router.get("/models")
def models() -> dict[str, Any]:
    """The generators a request can name."""
    return {
        "object": "list",
        "data": [{"id": name, "object": "model", "owned_by": "pincite"} for name in MODELS],
    }


@router.post("/chat/completions", response_model=ChatCompletion)
def chat_completions(
    request: ChatRequest, service: ServiceDep, settings: SettingsDep, reader: ReaderDep
) -> StreamingResponse | JSONResponse:
    """Answer the last user message; with `stream`, one server-sent event a verified sentence."""
    if request.model not in MODELS:
        raise RequestError(
            404,
            f"There is no model '{request.model}'; there are: {', '.join(MODELS)}.",
            param="model",
            code="model_not_found",
        )
    last = max(
        (n for n, message in enumerate(request.messages) if message.role == "user"), default=None
    )
    if last is None:
        raise RequestError(
            400, "No message has the role 'user': add the question as one.", param="messages"
        )
    question = taken_question(request.messages[last].text, settings, param="messages")
    conversation = tuple(
        Turn(message.role, message.text)
        for message in request.messages[:last]
        if message.role in ("user", "assistant")
    )
    completion = {
        "id": f"chatcmpl-{uuid4().hex}",
        "created": int(time.time()),
        "model": request.model,
    }
    within = filter_of(request.within)
    if request.stream:
        # Once the first event is sent, an error has no status any more.
        service.pipeline.check(within, reader)
        items = service.pipeline.stream(question, conversation, reader, request.as_of, within)
        events = _events(completion, items)
        return StreamingResponse(events, media_type="text/event-stream")
    trace = service.pipeline.answer(question, conversation, reader, request.as_of, within)
    return JSONResponse(_completion(completion, trace).model_dump(mode="json"))


def _completion(completion: dict[str, Any], trace: Trace) -> ChatCompletion:
    usage = trace.draft.usage
    return ChatCompletion(
        **completion,
        choices=[Choice(message=AssistantMessage(content=trace.answer.text))],
        usage=Tokens(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            total_tokens=usage.prompt_tokens + usage.completion_tokens,
        ),
        pincite=answer_out(trace),
    )


def _events(completion: dict[str, Any], items: Iterator[Sentence | Trace]) -> Iterator[str]:
    """One chunk a sentence (its whole form in `pincite.sentence`), the answer in the last."""
    separator = ""
    yield _event(completion, {"role": "assistant", "content": ""})
    for item in _until_failure(items):
        if isinstance(item, str):
            yield item
        elif isinstance(item, Trace):
            answer = item.answer
            notice = f"{separator}({answer.notice})" if answer.notice else ""
            # Sentences may have been sent before the verifier was gone.
            last = f"{separator}{answer.text}" if answer.refusal else notice
            yield _event(completion, {"content": last} if last else {}, answer=answer_out(item))
        else:
            content = separator + marked(item)
            yield _event(completion, {"content": content}, sentence=sentence_out(item))
            separator = " "
    yield "data: [DONE]\n\n"


def _until_failure(items: Iterator[Sentence | Trace]) -> Iterator[Sentence | Trace | str]:
    """The items, and an error event in place of what a failure cuts off: the status is sent by then."""
    try:
        yield from items
    except Exception:  # noqa: BLE001 - the client must be told, whatever it was
        _log.exception("A streamed answer failed")
        message = "The service failed at this answer; its log says why."
        error = {"message": message, "type": "server_error", "param": None, "code": None}
        yield f"data: {json.dumps({'error': error})}\n\n"


def _event(
    completion: dict[str, Any],
    delta: dict[str, str],
    *,
    sentence: SentenceOut | None = None,
    answer: AnswerOut | None = None,
) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": "stop" if answer else None}
    event = completion | {"object": "chat.completion.chunk", "choices": [choice]}
    if sentence:
        event["pincite"] = {"sentence": sentence.model_dump(mode="json")}
    if answer:
        event["pincite"] = {"answer": answer.model_dump(mode="json")}
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
