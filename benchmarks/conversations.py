"""Whether follow-up questions find what the same questions asked in full find.

python -m benchmarks.conversations [--index FOLDER] [--half development] [--squad FILE]
    [--name conversations]
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from benchmarks.measure import markdown_table, write_result
from eval.dataset import Sample, load_suite
from eval.gold import FindDocument, find_document_in, locate_gold
from eval.metrics.retrieval import recall_at
from eval.metrics.span import Span
from ingest.admin import Admin
from ingest.assemble import worker_for
from ingest.embed import Encoders
from ingest.settings import IndexSettings
from ingest.store import open_store
from service.access import LOCAL_READER
from service.assemble import Assembled, assemble
from service.conversation import Turn, standalone_question
from service.retrieve import Retriever
from service.select import Selection
from service.settings import Settings
from service.train.gain import paired_gain

EXAMPLES = Path("examples")
HALVES = ("development", "held-out")
DEPTH = 5

Recall = Callable[[str, Sample], float]
"""Recall@5 of a wording of the sample's question."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was searched for in each way of asking one question, and what that found."""

    sample: Sample
    wordings: Mapping[str, str]
    recalls: Mapping[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--index", type=Path, help="an index of examples/policies that is there")
    parser.add_argument("--half", choices=HALVES, help="only this half of the conversations")
    parser.add_argument("--squad", type=Path, help="self-contained questions in SQuAD's format")
    parser.add_argument("--name", default="conversations")
    arguments = parser.parse_args()
    samples = [
        sample
        for sample in load_suite(EXAMPLES / "conversations.jsonl").samples
        if arguments.half is None or arguments.half in sample.tags
    ]
    questions = load_suite(EXAMPLES / "questions.jsonl").samples
    with serving(arguments.index) as (service, settings):
        recall = recall_of(service, settings, find_document_in(service.store.catalog))
        asked = [ask(sample, service, recall) for sample in samples]
        fired = false_firing(questions, samples, recall)
    rows = list(table_rows(asked))
    print(markdown_table(["asked", *HALVES, "all"], rows))
    if arguments.squad is not None:
        print(f"{arguments.squad.name}: {changed_in(arguments.squad, samples[0].turns)}")
    print(markdown_table(["behind an unrelated conversation", "value"], list(fired.rows)))
    result = {
        "rows": rows,
        "false_firing": dict(fired.rows),
        "changed": fired.changed,
        "questions": {each.sample.id: [each.wordings, each.recalls] for each in asked},
    }
    print(f"\nWritten to {write_result(arguments.name, result)}.")


@contextmanager
def serving(index: Path | None) -> Iterator[tuple[Assembled, Settings]]:
    """The service over the example policies with the default settings."""
    with tempfile.TemporaryDirectory() as folder:
        path = index or Path(folder) / "index"
        settings = Settings(index=IndexSettings(path=path))
        encoders = Encoders()
        if index is None:
            store = open_store(settings.index, create=True)
            admin = Admin(store, encoders, settings.ingest)
            with worker_for(store, encoders, settings) as worker:
                worker.work_off(admin.add_folders([EXAMPLES / "policies"], asked_by="benchmark"))
            store.close()
        service = assemble(settings, encoders=encoders)
        try:
            yield service, settings
        finally:
            service.store.close()


def recall_of(service: Assembled, settings: Settings, find: FindDocument) -> Recall:
    """The service's search, without the drafting that comes after it."""
    retriever = Retriever(
        service.store.generations,
        service.store.catalog.documents,
        service.encoders,
        settings.retrieval,
    )
    selection = Selection(None, settings.reranker, settings.retrieval)

    def recall(wording: str, sample: Sample) -> float:
        gold, stale = locate_gold(sample.gold, find)
        if stale:
            raise SystemExit(f"{sample.id}: {stale}")
        before = retriever.retrieve(wording, LOCAL_READER)
        with retriever.reading() as index:
            found = selection.select(wording, before, index)
        spans = [Span(each.document.id, each.chunk.start, each.chunk.end) for each in found]
        return recall_at(DEPTH, spans, gold)

    return recall


def ask(sample: Sample, service: Assembled, recall: Recall) -> Asked:
    """The question in full, as a follow-up, and without what was said before."""
    answered = own_answers(sample, service)
    wordings = {
        "in full": sample.standalone or sample.question,
        "as a follow-up": standalone_question(sample.question, sample.turns),
        "as a follow-up to Pincite's answers": standalone_question(sample.question, answered),
        "alone": sample.question,
    }
    return Asked(
        sample, wordings, {way: recall(wording, sample) for way, wording in wordings.items()}
    )


def own_answers(sample: Sample, service: Assembled) -> list[Turn]:
    """The conversation with what Pincite answers, right or wrong, in place of the suite's answers."""
    said: list[Turn] = []
    for turn in sample.turns:
        if turn.role == "user":
            trace = service.pipeline.answer(turn.text, said, LOCAL_READER)
            said += [turn, Turn("assistant", trace.answer.text)]
    return said


def table_rows(asked: Sequence[Asked]) -> Iterator[list[object]]:
    """A row for each way of asking, then what a follow-up loses, with its 95 percent interval."""
    parts = [[each for each in asked if half in each.sample.tags] for half in HALVES]
    parts.append(list(asked))
    for way in asked[0].recalls:
        yield [way, *(_mean([each.recalls[way] for each in part]) for part in parts)]
    yield ["follow-up less in full", *(_loss(part) for part in parts)]
    yield ["conversations", *(len(part) for part in parts)]


def _mean(values: Sequence[float]) -> str:
    return f"{fmean(values):.3f}" if values else ""


def _loss(part: Sequence[Asked]) -> str:
    if not part:
        return ""
    gain = paired_gain(
        [each.recalls["in full"] for each in part],
        [each.recalls["as a follow-up"] for each in part],
        [each.sample.id for each in part],
    )
    return f"{gain.after - gain.before:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"


@dataclass(frozen=True, slots=True)
class FalseFiring:
    """`rows` as a table; `changed` are the wordings of the questions that were changed."""

    rows: tuple[tuple[str, object], ...]
    changed: Mapping[str, str]


def false_firing(
    questions: Sequence[Sample], samples: Sequence[Sample], recall: Recall
) -> FalseFiring:
    """What becomes of self-contained questions behind an unrelated conversation."""
    wordings: dict[str, str] = {}
    for number, question in enumerate(questions):
        documents = {gold.document for gold in question.gold}
        unrelated = [s for s in samples if not documents & {gold.document for gold in s.gold}]
        earlier = unrelated[number % len(unrelated)].turns
        wordings[question.id] = standalone_question(question.question, earlier)
    changed = {q.id: wordings[q.id] for q in questions if wordings[q.id] != q.question}
    answerable = [question for question in questions if question.gold]
    alone = [recall(question.question, question) for question in answerable]
    behind = [recall(wordings[question.id], question) for question in answerable]
    rows = (
        ("self-contained questions", len(questions)),
        ("changed", f"{len(changed)} ({len(changed) / len(questions):.1%})"),
        (f"recall@{DEPTH} alone", _mean(alone)),
        (f"recall@{DEPTH} behind it", _mean(behind)),
    )
    return FalseFiring(rows, changed)


def changed_in(squad: Path, earlier: Sequence[Turn]) -> str:
    """How many of the questions are changed behind the same conversation."""
    questions = [
        answer["question"]
        for article in json.loads(squad.read_text("utf-8"))["data"]
        for paragraph in article["paragraphs"]
        for answer in paragraph["qas"]
    ]
    changed = sum(standalone_question(question, earlier) != question for question in questions)
    return f"{changed} of {len(questions)} changed"


if __name__ == "__main__":
    main()
