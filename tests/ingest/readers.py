"""A LlamaIndex reader as people write them, for tests that name it in the settings."""

import json
from pathlib import Path
from typing import Any

from llama_index.core import Document
from llama_index.core.readers.base import BasePydanticReader, BaseReader

SECRET = "sesame-4711"  # noqa: S105
"""The key that the shelf complains of, where it is given one."""


class Shelf(BaseReader):  # type: ignore[misc]
    """The documents in a JSON file, which notes beside it how often it was read. Without the file the
    shelf is out of reach."""

    def __init__(self, path: str, api_key: str = "") -> None:
        self._path = Path(path)
        self._api_key = api_key

    def load_data(self, shelf: str = "main") -> list[Document]:
        with self._path.with_suffix(".loads").open("a") as loads:
            loads.write(f"{shelf}\n")
        if not self._path.exists():
            raise TimeoutError(f"no answer to {self._api_key}")
        return [Document(**fields) for fields in json.loads(self._path.read_bytes())]


def stacked(path: Path, *documents: dict[str, Any]) -> None:
    """Put these documents on the shelf, instead of those that are there."""
    path.write_text(json.dumps(documents))


def loads(path: Path) -> list[str]:
    """What was loaded of the shelf so far, and how often."""
    noted = path.with_suffix(".loads")
    return noted.read_text().split() if noted.exists() else []


class Pictures:
    """No reader."""


class Typed(BasePydanticReader):  # type: ignore[misc]
    """A reader that checks what it is made with."""

    token: str

    def load_data(self) -> list[Document]:
        return [Document(text=self.token)]
