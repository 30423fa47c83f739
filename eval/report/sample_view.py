"""A sample as the report's page draws it: plain data, in JSON.

Offsets into texts are given in UTF-16 units, as a browser counts them.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from eval.dataset import Sample
from eval.record import AnswerRecord, PassageRecord, Record, SampleScores, VerifiedSentenceRecord
from eval.report.metric import failed
from eval.report.run import Run
from service.verify import locate

Json = dict[str, Any]


class Texts:
    """The passages of all samples, each kept once: many questions find the same ones."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, int, int, str], int] = {}
        self.all: list[Json] = []

    def key(self, passage: PassageRecord) -> int:
        """Where the passage stands in `all`."""
        place = passage.place
        identity = (place.document_id, place.start, place.end, passage.text)
        if identity not in self._keys:
            self._keys[identity] = len(self.all)
            self.all.append(
                {
                    "title": passage.title,
                    "headings": list(passage.heading_path),
                    "document": place.document,
                    "text": passage.text,
                }
            )
        return self._keys[identity]


def sample_views(run: Run) -> Json:
    """Every sample in the order of the scores, and the texts of their passages."""
    texts = Texts()
    samples = [
        {
            **_view(each, run.records.get(each.sample_id), run.samples.get(each.sample_id), texts),
            "seconds": run.total_s(each.sample_id),
        }
        for each in run.scores.by_sample
    ]
    return {"samples": samples, "texts": texts.all}


def outcome(scored: SampleScores, record: Record | None) -> str:
    """What became of a sample, one of `OUTCOMES`; what is in front of a colon is the wider class."""
    if scored.stale:
        return "unscored: stale gold"
    if scored.error or record is None or record.answer is None:
        return "unscored: failed"
    if record.answer.refused:
        return "refused: rightly" if scored.unanswerable else "refused: falsely"
    return "answered: should refuse" if scored.unanswerable else "answered"


OUTCOMES = (
    "answered",
    "answered: should refuse",
    "refused: rightly",
    "refused: falsely",
    "unscored: failed",
    "unscored: stale gold",
)


def _view(scored: SampleScores, record: Record | None, sample: Sample | None, texts: Texts) -> Json:
    answer = record.answer if record else None
    error = scored.error or (record.error if record else "It was never asked.")
    question = answer.question if answer else sample.question if sample else scored.sample_id
    return {
        "id": scored.sample_id,
        "question": question,
        "outcome": outcome(scored, record),
        "error": error,
        "stale": scored.stale,
        "slices": list(scored.slices),
        "scores": scored.scores,
        "failed": [
            f"{table}.{name}"
            for table, scores in scored.scores.items()
            for name, value in scores.items()
            if failed(name, value)
        ],
        **_wanted(sample, answer),
        **(_given(answer, sample, texts) if answer else {}),
        "paraphrases": [_variant(each) for each in record.paraphrases] if record else [],
        "repeats": [_variant(each) for each in record.repeats] if record else [],
    }


def _wanted(sample: Sample | None, answer: AnswerRecord | None) -> Json:
    if sample is None:
        return {"tags": [], "gold": [], "facts": [], "conversation": []}
    return {
        "tags": list(sample.tags),
        "conversation": [{"role": turn.role, "text": turn.text} for turn in sample.conversation],
        "unanswerable": sample.unanswerable,
        "why": sample.why_unanswerable,
        "reference": sample.reference_answer,
        "facts": [{"text": fact.text, "vital": fact.vital} for fact in sample.key_facts],
        "gold": [
            {
                "document": gold.document,
                "heading": gold.heading,
                "quote": gold.quote,
                "found": [
                    passage.number
                    for passage in (answer.passages if answer else ())
                    if passage.place.document == gold.document and locate(gold.quote, passage.text)
                ],
            }
            for gold in sample.gold
        ],
    }


def _given(answer: AnswerRecord, sample: Sample | None, texts: Texts) -> Json:
    return {
        "standalone": answer.standalone if answer.standalone != answer.question else None,
        "text": answer.text,
        "refused": answer.refused,
        "draft": answer.draft,
        "draftRefused": answer.draft_refused,
        "answerability": answer.answerability,
        "generator": answer.generator,
        "tokens": [answer.prompt_tokens, answer.completion_tokens],
        "retrieved": len(answer.retrieved),
        "sentences": [
            _sentence(sentence, index in answer.shown)
            for index, sentence in enumerate(answer.verified)
        ],
        "passages": [
            {
                "number": passage.number,
                "key": texts.key(passage),
                "parts": _parts(passage, answer, sample),
            }
            for passage in answer.passages
        ],
    }


def _sentence(sentence: VerifiedSentenceRecord, shown: bool) -> Json:
    return {
        "text": sentence.text,
        "verdict": sentence.verdict,
        "score": sentence.score,
        "cited": list(sentence.cited),
        "shown": shown,
        "correction": sentence.correction,
        "citations": [
            {"number": each.number, "quote": each.quote, "document": each.place.document}
            for each in sentence.citations
        ],
        "checks": [
            {
                "number": check.number,
                "score": check.score,
                "quote": check.quote,
                "features": check.features,
                "findings": list(check.findings),
            }
            for check in sentence.checks
        ],
    }


def _variant(answer: AnswerRecord) -> Json:
    return {"question": answer.question, "text": answer.text, "refused": answer.refused}


def _parts(passage: PassageRecord, answer: AnswerRecord, sample: Sample | None) -> list[Json]:
    """The passage's text cut where a quote begins or ends: [start, end), which sentences (from 1)
    cite it, whether it is gold. Only the parts that are either."""
    spans: list[tuple[int, int, int]] = []
    for index, sentence in enumerate(answer.verified, start=1):
        for citation in sentence.citations:
            if citation.number == passage.number:
                start = citation.place.start - passage.place.start
                span = _span(passage.text, citation.quote, start)
                spans += [(*span, index)] if span else []
    for gold in sample.gold if sample else ():
        span = locate(gold.quote, passage.text) if gold.document == passage.place.document else None
        spans += [(*span, 0)] if span else []
    return _cut(passage.text, spans)


def _span(text: str, quote: str, start: int) -> tuple[int, int] | None:
    """Where the text has the quote: at `start`, or wherever it has it."""
    if quote and start >= 0 and text.startswith(quote, start):
        return start, start + len(quote)
    return locate(quote, text)


def _cut(text: str, spans: Sequence[tuple[int, int, int]]) -> list[Json]:
    edges = sorted({edge for start, end, _ in spans for edge in (start, end)})
    parts = []
    for start, end in pairwise(edges):
        owners = {owner for first, last, owner in spans if first <= start and end <= last}
        if owners:
            parts.append(
                {
                    "start": _utf16(text[:start]),
                    "end": _utf16(text[:end]),
                    "sentences": sorted(owners - {0}),
                    "gold": 0 in owners,
                }
            )
    return parts


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
