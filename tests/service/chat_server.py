"""A server that speaks OpenAI's chat protocol, and a LlamaIndex LLM that asks it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
from llama_index.core.base.llms.types import (
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms import CustomLLM

Reply = Callable[[list[dict[str, str]]], str | int]
"""From the messages to what the model says, or to a status that is an error."""


@dataclass(slots=True)
class ChatServer:
    """Where it listens, and the requests that it got, oldest first."""

    address: str
    requests: list[dict[str, Any]] = field(default_factory=list)


@contextmanager
def chat_server(reply: Reply, *, delay_s: float = 0) -> Iterator[ChatServer]:
    """Answers every request with `reply`."""
    served = ChatServer("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.requests.append(request | {"key": self.headers["Authorization"]})
            time.sleep(delay_s)
            said = reply(request["messages"])
            status = said if isinstance(said, int) else 200
            key = self.headers["Authorization"]
            body = {
                "choices": [{"message": {"role": "assistant", "content": said}}],
                "error": f"wrong {key}",
            }
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    served.address = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


class OpenAIFormat(CustomLLM):  # type: ignore[misc]
    """What llama-index-llms-openai-like is: that package needs an older client than ours."""

    model: str
    api_base: str
    api_key: str = ""
    temperature: float = 0.7
    timeout: float = 60.0

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name=self.model, is_chat_model=True)

    def chat(self, messages: Any, **kwargs: Any) -> Any:
        from llama_index.core.base.llms.types import ChatMessage, ChatResponse

        response = httpx.post(
            f"{self.api_base}/chat/completions",
            headers={"Authorization": self.api_key},
            json={
                "model": self.model,
                "temperature": self.temperature,
                "messages": [{"role": m.role.value, "content": m.content} for m in messages],
            },
            timeout=self.timeout,
            trust_env=False,
        )
        if response.status_code != 200:
            raise RuntimeError(f"status {response.status_code}: {response.text}")
        said = response.json()["choices"][0]["message"]["content"]
        return ChatResponse(message=ChatMessage(role="assistant", content=said))

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseGen:
        raise NotImplementedError
