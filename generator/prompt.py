"""Passage and Prompt: a question and numbered passages, as a generator is shown them."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from generator.citation import disarmed
from ingest.chunk import Chunk
from ingest.index import IndexedDocument

NO_ANSWER = "NO ANSWER"
"""What a generator writes when the passages do not answer the question."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk with the number under which a draft may cite it, from 1 on. `same_text` are other
    documents that say the same; `merged` are the chunks that it was made of, where they are several."""

    number: int
    document: IndexedDocument
    chunk: Chunk
    same_text: tuple[IndexedDocument, ...] = ()
    merged: tuple[Chunk, ...] = ()

    @property
    def parts(self) -> tuple[Chunk, ...]:
        """The chunks that it was made of, each under its own headings and on its own page."""
        return self.merged or (self.chunk,)

    @property
    def text(self) -> str:
        """The chunk's text as it is shown to a generator.

        Bracketed numbers in the document's own words become "(3)", so that a quotation cannot pass
        for a citation, nor a document invent a passage. Every character keeps its offset.
        """
        return without_brackets(self.chunk.text)


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a generator answers: `system` and `user` are the whole text for a language model,
    `question` and `passages` what it was made of. `version` is "name@number" of the template."""

    version: str
    system: str
    user: str
    question: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template file of `generator/prompts/`."""

    version: str
    system: str
    passage: str
    user: str

    def fill(self, question: str, passages: Sequence[Passage]) -> Prompt:
        shown = "\n".join(self._show(passage) for passage in passages)
        user = self.user.format(passages=shown, question=question)
        return Prompt(self.version, self.system, user, question, tuple(passages))

    def _show(self, passage: Passage) -> str:
        headings = " > ".join(passage.chunk.heading_path)
        return self.passage.format(
            number=passage.number,
            title=without_brackets(passage.document.title),
            headings=without_brackets(headings),
            text=passage.text,
        )


def load_template(name: str = "answer") -> PromptTemplate:
    """The template `generator/prompts/<name>.toml`."""
    stored = tomllib.loads(files("generator").joinpath(f"prompts/{name}.toml").read_text("utf-8"))
    return PromptTemplate(
        f"{name}@{stored['version']}",
        stored["system"].strip(),
        stored["passage"].strip(),
        stored["user"].strip(),
    )


def without_brackets(text: str) -> str:
    """The text with bracketed numbers in round brackets; every character keeps its offset."""
    return disarmed(text)
