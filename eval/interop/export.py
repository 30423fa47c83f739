"""A run as the data that ragas and deepeval evaluate."""

from collections.abc import Iterator, Sequence
from typing import Any

from eval.dataset import Sample, Suite
from eval.record import AnswerRecord, Record

Row = dict[str, Any]


def to_ragas(records: Sequence[Record], suite: Suite, *, drafts: bool = False) -> list[Row]:
    """A `SingleTurnSample` of ragas (0.4) for each sample that was answered, in the suite's order.

    `EvaluationDataset.from_list` reads them. What ragas names None is not there. A follow-up is given as
    it was understood alone, since a single turn has no conversation. `drafts`: what the generator wrote
    instead of what was shown.
    """
    return [
        _known(
            {
                "user_input": answer.standalone,
                "response": answer.draft if drafts else answer.text,
                "retrieved_contexts": [passage.text for passage in answer.passages],
                "reference_contexts": [gold.quote for gold in sample.gold] or None,
                "reference": sample.reference_answer,
            }
        )
        for sample, answer in _answered(records, suite)
    ]


def to_deepeval(records: Sequence[Record], suite: Suite, *, drafts: bool = False) -> list[Row]:
    """The fields of an `LLMTestCase` of deepeval (4) for each sample that was answered, as `to_ragas`.

    `LLMTestCase(**row)` reads them; `name` is the sample's id.
    """
    return [
        _known(
            {
                "name": sample.id,
                "input": answer.standalone,
                "actual_output": answer.draft if drafts else answer.text,
                "expected_output": sample.reference_answer,
                "retrieval_context": [passage.text for passage in answer.passages],
                "context": [gold.quote for gold in sample.gold] or None,
                "tags": list(sample.tags) or None,
            }
        )
        for sample, answer in _answered(records, suite)
    ]


def _answered(records: Sequence[Record], suite: Suite) -> Iterator[tuple[Sample, AnswerRecord]]:
    by_id = {record.sample_id: record for record in records}
    for sample in suite.samples:
        record = by_id.get(sample.id)
        if record is not None and record.answer is not None:
            yield sample, record.answer


def _known(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}
