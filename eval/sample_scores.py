"""The scores of one sample: what was found, what the generator wrote, what the reader saw."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from eval.dataset import Sample
from eval.gold import FindDocument
from eval.judging import CONTRADICTED_FROM, Judging, Pair, is_quoted
from eval.metrics.alce import Statement, alce
from eval.metrics.answer import (
    exact_match,
    format_adherence,
    key_fact_recall,
    rouge_l,
    token_f1,
)
from eval.metrics.citation import (
    citation_f1,
    citation_precision,
    citation_recall,
    fabricated_share,
    locator_rate,
    quote_exactness,
    uncited_share,
)
from eval.metrics.retrieval import recall_at, reciprocal_rank
from eval.metrics.span import Span
from eval.metrics.stability import answer_agreement, citation_agreement
from eval.metrics.support import contradiction_rate, support_anywhere, support_rate
from eval.record import AnswerRecord, PassageRecord, Record

RECALL_DEPTHS = (1, 3, 5, 8)
DRAFT, SHOWN, RETRIEVAL = "draft", "shown", "retrieval"
CORRECTABLE = ("support", "support_anywhere")
"""Judge-based metrics that are shares of sentences."""

_QUOTATION = re.compile(r"[“\"„«]([^“”\"„«»]+)[”\"“»]")
_MIN_QUOTED_WORDS = 3
"""Shorter ones are mostly terms and not quotations."""

Values = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class _Sentence:
    """`evidence` is what each number that it cites stands for, of those that stand for something."""

    text: str
    cited: tuple[int, ...]
    evidence: Mapping[int, str]

    @property
    def premises(self) -> tuple[str, ...]:
        """The evidence one by one, then all of it together."""
        each = tuple(dict.fromkeys(self.evidence.values()))
        return (*each, "\n".join(self.evidence.values())) if len(each) > 1 else each

    @property
    def pairs(self) -> list[Pair]:
        return [(self.text, premise) for premise in self.premises]


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two sides of an answer: its draft, or what was shown of it.

    `quotes` are pairs of what is quoted and the source it should stand in, `located` of what is quoted
    and what the document has at the place that is named.
    """

    refused: bool
    sentences: tuple[_Sentence, ...]
    spans: tuple[Span, ...]
    fabricated: int
    quotes: tuple[tuple[str, str | None], ...]
    located: tuple[tuple[str, str | None], ...] = ()

    @property
    def text(self) -> str:
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class Scored:
    """By table: the metrics that apply, whether it was refused, and the shares that are quotations."""

    scores: Mapping[str, dict[str, float]]
    refused: Mapping[str, bool]
    quoted: Mapping[str, dict[str, float]]


def score_sample(
    sample: Sample,
    record: Record,
    gold: Sequence[Span],
    judging: Judging | None,
    find_document: FindDocument,
) -> Scored:
    """Score one answered sample; without `judging`, only what needs no judge.

    Raises what the judge raises, and `ValueError` where the record has no answer.
    """
    answer = record.answer
    if answer is None:
        raise ValueError(f"{record.sample_id} was not answered")
    sides = {DRAFT: draft_side(answer), SHOWN: shown_side(answer, find_document)}
    scores = {
        table: _only_scored(
            {
                **_gold_scores(side, gold),
                **_form_scores(side),
                **(_judged_scores(side, answer.passages, judging) if judging else {}),
                **_answer_scores(side, sample, judging),
                **_stability(table, record, find_document),
            }
        )
        for table, side in sides.items()
    }
    return Scored(
        {RETRIEVAL: _retrieval_scores(answer.passages, gold), **scores},
        {table: side.refused for table, side in sides.items()},
        {table: _quoted(side, answer.passages) for table, side in sides.items()},
    )


def draft_side(answer: AnswerRecord) -> _Side:
    """What the generator wrote; a number stands for the whole passage."""
    by_number = {passage.number: passage for passage in answer.passages}
    sentences = tuple(
        _Sentence(
            sentence.text,
            sentence.cited,
            {number: by_number[number].text for number in sentence.cited if number in by_number},
        )
        for sentence in answer.draft_sentences
    )
    cited = [number for sentence in sentences for number in sentence.cited]
    return _Side(
        answer.draft_refused,
        sentences,
        tuple(by_number[number].place.span for number in cited if number in by_number),
        sum(number not in by_number for number in cited),
        tuple(_quotations(sentences)),
    )


def shown_side(answer: AnswerRecord, find_document: FindDocument) -> _Side:
    """What the reader saw; a number stands for the words that were verified."""
    verified = [answer.verified[place] for place in answer.shown]
    citations = [citation for sentence in verified for citation in sentence.citations]
    texts = {passage.number: passage.text for passage in answer.passages}
    sentences = []
    for sentence in verified:
        quotes: dict[int, str] = {}
        for citation in sentence.citations:
            before = quotes.get(citation.number)
            quotes[citation.number] = f"{before}\n{citation.quote}" if before else citation.quote
        sentences.append(_Sentence(sentence.text, tuple(quotes), quotes))
    return _Side(
        answer.refused,
        tuple(sentences),
        tuple(citation.place.span for citation in citations),
        0,
        tuple((citation.quote, texts.get(citation.number)) for citation in citations),
        tuple(
            (citation.quote, _text_at(citation.place.document, citation.place.span, find_document))
            for citation in citations
        ),
    )


def _text_at(name: str, span: Span, find_document: FindDocument) -> str | None:
    found = find_document(name)
    if found is None or found[0] != span.document_id:
        return None
    return found[1].text[span.start : span.end]


def _quotations(sentences: Sequence[_Sentence]) -> Iterator[tuple[str, str | None]]:
    """What a draft sets in quotation marks, and what it cites for it."""
    for sentence in sentences:
        for quotation in _QUOTATION.findall(sentence.text):
            if len(quotation.split()) >= _MIN_QUOTED_WORDS:
                yield quotation, "\n".join(sentence.evidence.values()) or None


def _retrieval_scores(passages: Sequence[PassageRecord], gold: Sequence[Span]) -> dict[str, float]:
    if not gold:
        return {}
    spans = [passage.place.span for passage in passages]
    recalls = {f"recall@{k}": recall_at(k, spans, gold) for k in RECALL_DEPTHS}
    return {**recalls, "mrr": reciprocal_rank(spans, gold)}


def _gold_scores(side: _Side, gold: Sequence[Span]) -> Values:
    """A refusal cites nothing of what there was to cite."""
    if not gold:
        return {}
    precision = citation_precision(side.spans, gold, side.fabricated)
    recall = citation_recall(side.spans, gold)
    return {
        "citation_precision": precision,
        "citation_recall": recall,
        "citation_f1": citation_f1(precision, recall),
    }


def _form_scores(side: _Side) -> Values:
    """What needs neither gold nor judge."""
    cited = [number for sentence in side.sentences for number in sentence.cited]
    shown = {number for sentence in side.sentences for number in sentence.evidence}
    return {
        "quote_exactness": quote_exactness(side.quotes),
        "locator_rate": locator_rate(side.located),
        "fabricated": fabricated_share(cited, shown),
        "uncited": uncited_share([sentence.cited for sentence in side.sentences]),
    }


def _judged_scores(side: _Side, passages: Sequence[PassageRecord], judging: Judging) -> Values:
    if not side.sentences:
        return {}
    # All of a sample's pairs at once, and never those of several samples: a model's scores may
    # depend in the last digit on what stands beside them.
    judging.support([pair for sentence in side.sentences for pair in sentence.pairs])
    cited = [max(judging.support(each.pairs), default=None) for each in side.sentences]
    anywhere = _anywhere(side, cited, passages, judging)
    statements, evidence = _statements(side.sentences)
    found = alce(statements, evidence, lambda premise, claim: judging.supports(claim, premise))
    return {
        "support": support_rate(cited, judging.threshold),
        "support_anywhere": support_anywhere(anywhere, judging.threshold),
        "contradiction": _contradiction(side, judging),
        "alce_recall": found.recall if found else None,
        "alce_precision": found.precision if found else None,
        "alce_f1": found.f1 if found else None,
    }


def _statements(sentences: Sequence[_Sentence]) -> tuple[list[Statement], dict[int, str]]:
    """The sentences with numbers of their own, since in what is shown a number stands for other words in
    each sentence; and what the numbers stand for. Those that stand for nothing are negative."""
    evidence: dict[int, str] = {}
    statements = []
    for sentence in sentences:
        known = range(len(evidence) + 1, len(evidence) + 1 + len(sentence.evidence))
        evidence |= dict(zip(known, sentence.evidence.values(), strict=True))
        unknown = (-1 - number for number in sentence.cited if number not in sentence.evidence)
        statements.append(Statement(sentence.text, (*known, *unknown)))
    return statements, evidence


def _anywhere(
    side: _Side,
    cited: Sequence[float | None],
    passages: Sequence[PassageRecord],
    judging: Judging,
) -> list[list[float]]:
    """For each sentence the scores of what it cites, and of all passages where those do not suffice."""
    scores = [[score] if score is not None else [] for score in cited]
    open_places = [
        place
        for place, sentence in enumerate(side.sentences)
        if max(scores[place], default=0.0) < judging.threshold
        and not any(is_quoted(sentence.text, passage.text) for passage in passages)
    ]
    pairs = [(side.sentences[n].text, passage.text) for n in open_places for passage in passages]
    judging.support(pairs)
    for place, sentence in enumerate(side.sentences):
        if place in open_places:
            scores[place] += judging.support([(sentence.text, each.text) for each in passages])
        elif max(scores[place], default=0.0) < judging.threshold:
            scores[place].append(1.0)
    return scores


def _contradiction(side: _Side, judging: Judging) -> float | None:
    pairs = [
        [pair for pair in sentence.pairs if not is_quoted(*pair)] for sentence in side.sentences
    ]
    told = judging.contradiction([pair for each in pairs for pair in each])
    if told is None:
        return None
    scores = iter(told)
    worst = [max((next(scores) for _ in each), default=None) for each in pairs]
    return contradiction_rate(worst, CONTRADICTED_FROM)


def _answer_scores(side: _Side, sample: Sample, judging: Judging | None) -> Values:
    """A refusal says nothing of what there was to say."""
    if sample.unanswerable:
        return {}
    values: Values = {}
    if sample.reference_answer:
        values |= {
            "exact_match": exact_match(side.text, sample.reference_answer),
            "token_f1": token_f1(side.text, sample.reference_answer),
            "rouge_l": rouge_l(side.text, sample.reference_answer),
        }
    if sample.key_facts and judging:
        facts = [(fact.text, fact.vital) for fact in sample.key_facts]
        judging.support([(fact, side.text) for fact, _ in facts])
        recall = key_fact_recall(side.text, facts, judging.supports)
        values |= {"key_fact_recall": recall.every, "key_fact_recall_vital": recall.vital}
    if sample.format and not side.refused:
        values["format_adherence"] = format_adherence(side.text, **sample.format.model_dump())
    return values


def _stability(table: str, record: Record, find_document: FindDocument) -> Values:
    values: Values = {}
    for name, others in (("stability", record.paraphrases), ("repeat", record.repeats)):
        if record.answer is None or not others:
            continue
        sides = [
            draft_side(answer) if table == DRAFT else shown_side(answer, find_document)
            for answer in (record.answer, *others)
        ]
        values[f"{name}_answer"] = answer_agreement([side.text for side in sides])
        values[f"{name}_citations"] = citation_agreement([set(side.spans) for side in sides])
    return values


def _quoted(side: _Side, passages: Sequence[PassageRecord]) -> dict[str, float]:
    """The shares of sentences that what they cite, and that any passage, says word for word."""
    if not side.sentences:
        return {}
    cited = [any(is_quoted(*pair) for pair in each.pairs) for each in side.sentences]
    anywhere = [
        quoted or any(is_quoted(each.text, passage.text) for passage in passages)
        for each, quoted in zip(side.sentences, cited, strict=True)
    ]
    return dict(zip(CORRECTABLE, (sum(s) / len(s) for s in (cited, anywhere)), strict=True))


def _only_scored(values: Values) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}
