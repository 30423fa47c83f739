"""Generator: the slot's protocol, what it yields, and a fake for tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from generator.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the model counts them; 0 where no model was asked."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Draft:
    """An unverified answer: sentences that carry the numbers of passages, like "… days. [2]"."""

    text: str
    generator: str
    usage: Usage


class Generator(Protocol):
    """Writes a draft for a prompt."""

    @property
    def name(self) -> str: ...

    def stream(self, prompt: Prompt) -> Iterator[str | Usage]:
        """Pieces of the draft's text in order, then its usage, once and last."""
        ...


class FakeGenerator:
    """Writes the same text for every prompt, in the pieces it was given; for tests."""

    def __init__(self, pieces: Sequence[str], name: str = "fake") -> None:
        self.name = name
        self._pieces = tuple(pieces)

    def stream(self, prompt: Prompt) -> Iterator[str | Usage]:
        yield from self._pieces
        words = sum(len(piece.split()) for piece in self._pieces)
        yield Usage(len(prompt.user.split()), words)
