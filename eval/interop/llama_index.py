"""Questions from LlamaIndex's data sets, as samples for a person to accept.

Their gold is a piece of text that some splitter cut. Ours is words of an indexed document: of the
sentences that the piece and a document share, the one nearest to the reference answer.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from eval.dataset import GoldPassage, Sample
from eval.metrics.answer import token_f1
from ingest.document import Document, one_line
from ingest.errors import WrongUse
from ingest.sentence import sentence_spans
from service.gold import places

MIN_WORDS = 4
"""A shorter sentence may stand in any document."""


class DatasetUnreadable(WrongUse):
    """The file is none of LlamaIndex's data sets that are understood."""


class _Read(BaseModel):
    # The formats grow; what is not known here is not needed.
    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())


class _CreatedBy(_Read):
    type: str
    model_name: str | None = None


class _RagExample(_Read):
    query: str
    query_by: _CreatedBy | None = None
    reference_contexts: list[str] | None = None
    reference_answer: str = ""


class _LabelledRagDataset(_Read):
    examples: list[_RagExample]


class _EmbeddingQaDataset(_Read):
    queries: dict[str, str]
    corpus: dict[str, str]
    relevant_docs: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Question:
    """A row of a data set. `fault` says why it can be no sample whatever is indexed."""

    row: str
    text: str
    contexts: tuple[str, ...]
    answer: str | None
    written_by: str | None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """`samples` wait to be accepted; `faults` say of every other row why it is not among them."""

    samples: tuple[Sample, ...]
    faults: tuple[str, ...]


def read_llama_index(path: Path, documents: Mapping[str, Document]) -> Imported:
    """Samples from a LabelledRagDataset or an EmbeddingQAFinetuneDataset, saved as JSON.

    `documents` are the indexed ones by name: a row whose reference is in none of them has a fault.
    Raises `DatasetUnreadable`.
    """
    find = Finder(documents)
    samples: list[Sample] = []
    faults: list[str] = []
    for number, question in enumerate(_questions(path), start=1):
        try:
            samples.append(_sample(question, find, f"{path.stem}-{number}", path.stem))
        except _Unusable as reason:
            faults.append(f"{path.name}, {question.row}: {reason}")
    return Imported(tuple(samples), tuple(faults))


class _Unusable(Exception):
    """Why a row is no sample."""


def _questions(path: Path) -> list[Question]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DatasetUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    readers: Sequence[Callable[[bytes], list[Question]]] = (_labelled_rag, _embedding_qa)
    for read in readers:
        try:
            return read(content)
        except ValidationError:
            continue
    raise DatasetUnreadable(
        f"{path} is neither a LabelledRagDataset (examples with query and reference_contexts) nor an "
        "EmbeddingQAFinetuneDataset (queries, corpus and relevant_docs) as LlamaIndex's save_json "
        "writes them."
    )


def _labelled_rag(content: bytes) -> list[Question]:
    examples = _LabelledRagDataset.model_validate_json(content).examples
    return [
        Question(
            row=f"example {number}",
            text=example.query,
            contexts=tuple(example.reference_contexts or ()),
            answer=example.reference_answer or None,
            written_by=example.query_by.model_name or example.query_by.type
            if example.query_by
            else None,
        )
        for number, example in enumerate(examples, start=1)
    ]


def _embedding_qa(content: bytes) -> list[Question]:
    dataset = _EmbeddingQaDataset.model_validate_json(content)
    questions = []
    for key, text in dataset.queries.items():
        wanted = dataset.relevant_docs.get(key, [])
        missing = [each for each in wanted if each not in dataset.corpus]
        fault = f"the corpus has no {missing[0]}" if missing else None
        contexts = tuple(dataset.corpus[each] for each in wanted if each in dataset.corpus)
        questions.append(Question(f"query {key}", text, contexts, None, None, fault))
    return questions


def _sample(question: Question, find: "Finder", sample_id: str, source: str) -> Sample:
    if question.fault:
        raise _Unusable(question.fault)
    if not question.text.strip():
        raise _Unusable("it asks nothing")
    if not question.contexts:
        raise _Unusable("it names no reference, so that nothing says whether an answer is right")
    wanted = question.answer or question.text
    gold = tuple(dict.fromkeys(find(context, wanted) for context in question.contexts))
    return Sample(
        schema=1,
        id=sample_id,
        question=question.text.strip(),
        gold=gold,
        reference_answer=question.answer,
        tags=("imported",),
        drafted_by=f"{source} ({question.written_by or 'unknown'})",
        accepted=False,
    )


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`words` are in lower case, without punctuation."""

    document: str
    heading: str
    text: str
    words: tuple[str, ...]


class Finder:
    """Finds the indexed words that a piece of text was cut from."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._by_beginning: dict[tuple[str, ...], list[_Sentence]] = {}
        for name, document in documents.items():
            for sentence in _sentences(name, document):
                begins = sentence.words[:MIN_WORDS]
                self._by_beginning.setdefault(begins, []).append(sentence)

    def __call__(self, context: str, wanted: str) -> GoldPassage:
        """The sentence nearest to the words that are wanted, of the document that shares most
        sentences with the context. Raises `_Unusable` where none shares any."""
        shared = list(self._shared(_plain(context)))
        if not shared:
            raise _Unusable(f"no indexed document says: {_shortened(context)}")
        counts = Counter(sentence.document for sentence in shared)
        name = min(counts, key=lambda each: (-counts[each], each))
        candidates = [sentence for sentence in shared if sentence.document == name]
        best = max(candidates, key=lambda each: token_f1(each.text, wanted))
        gold = GoldPassage(document=name, heading=best.heading, quote=best.text)
        if not places(self._documents[name], gold.quote, gold.heading):
            raise _Unusable(f"{name} says it, but not in one place: {_shortened(best.text)}")
        return gold

    def _shared(self, words: tuple[str, ...]) -> Iterator[_Sentence]:
        for start in range(len(words) - MIN_WORDS + 1):
            for sentence in self._by_beginning.get(words[start : start + MIN_WORDS], ()):
                if words[start : start + len(sentence.words)] == sentence.words:
                    yield sentence


def _sentences(name: str, document: Document) -> Iterator[_Sentence]:
    for element in document.elements:
        heading = element.heading_path[-1] if element.heading_path else ""
        for start, end in sentence_spans(element.text):
            text = element.text[start:end]
            words = _plain(text)
            if len(words) >= MIN_WORDS:
                yield _Sentence(name, heading, text, words)


def _plain(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", text.lower()))


def _shortened(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= 80 else f"{line[:80]}…"
