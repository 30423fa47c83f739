"""The quoting generator: says the sentences that answer, with their numbers, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from generator.model import Usage
from generator.prompt import NO_ANSWER, Passage, Prompt, without_brackets
from generator.settings import ExtractiveSettings
from ingest.document import one_line
from ingest.embed import Encoder
from ingest.sentence import sentence_spans


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: Passage
    heading_path: tuple[str, ...]
    text: str


class ExtractiveGenerator:
    """Quotes the sentences nearest to the question by the encoder; no language model.

    Sentences are compared together with their nearest heading, which often names the case they are
    about. Those within `settings.margin` of the best are said in reading order, one a line.
    """

    name = "extractive"

    def __init__(self, encoder: Encoder, settings: ExtractiveSettings) -> None:
        self._encoder = encoder
        self._settings = settings

    def stream(self, prompt: Prompt) -> Iterator[str | Usage]:
        candidates = _candidates(prompt.passages, self._settings.min_words)
        if not candidates:
            yield NO_ANSWER
        yield from self._lines(prompt.question, candidates)
        yield Usage()

    def _lines(self, question: str, candidates: Sequence[_Candidate]) -> Iterator[str]:
        for text, numbers in _by_text(self._chosen(question, candidates)).items():
            yield f"{text} {''.join(f'[{number}]' for number in numbers)}\n"

    def _chosen(self, question: str, candidates: Sequence[_Candidate]) -> list[_Candidate]:
        """The best sentences, in the order of their passages and within these as they stand."""
        if not candidates:
            return []
        vectors = self._encoder.encode([question, *(_in_context(c) for c in candidates)])
        scores = vectors[1:] @ vectors[0]
        order = np.argsort(-scores, kind="stable")[: self._settings.max_sentences]
        floor = scores[order[0]] - self._settings.margin
        return [candidates[index] for index in sorted(order) if scores[index] >= floor]


def _candidates(passages: Sequence[Passage], min_words: int) -> list[_Candidate]:
    found = []
    for passage in passages:
        # What was found is quoted, and its section; the neighbours around it are for models that read.
        # Between the parts stand headings, which answer nothing.
        for part in passage.parts:
            if part.heading_path != passage.chunk.heading_path:
                continue
            shown = without_brackets(part.text)
            for start, end in sentence_spans(shown):
                text = one_line(shown[start:end])
                if len(text.split()) >= min_words and not text.endswith("?"):
                    found.append(_Candidate(passage, part.heading_path, text))
    return found


def _in_context(candidate: _Candidate) -> str:
    path = candidate.heading_path
    return f"{path[-1]}: {candidate.text}" if path else candidate.text


def _by_text(chosen: Sequence[_Candidate]) -> dict[str, list[int]]:
    """The passages that say each sentence; what several say is said once."""
    numbers: dict[str, list[int]] = {}
    for candidate in chosen:
        cited = numbers.setdefault(candidate.text, [])
        if candidate.passage.number not in cited:
            cited.append(candidate.passage.number)
    return numbers
