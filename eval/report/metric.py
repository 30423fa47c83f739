"""What each metric is called and means, for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """`lower_is_better` where 0 is the best score."""

    name: str
    label: str
    group: str
    meaning: str
    lower_is_better: bool = False


_KNOWN = (
    Metric(
        "citation_precision",
        "Citation precision",
        "Citations",
        "share of citations that lie on a gold passage",
    ),
    Metric(
        "citation_recall", "Citation recall", "Citations", "share of gold passages that are cited"
    ),
    Metric(
        "citation_f1", "Citation F1", "Citations", "harmonic mean of citation precision and recall"
    ),
    Metric(
        "fabricated",
        "Fabricated citations",
        "Citations",
        "share of cited numbers that no passage had",
        lower_is_better=True,
    ),
    Metric(
        "uncited",
        "Uncited sentences",
        "Citations",
        "share of sentences without a citation",
        lower_is_better=True,
    ),
    Metric(
        "quote_exactness",
        "Quote exactness",
        "Citations",
        "share of quotes the document has word for word",
    ),
    Metric(
        "locator_rate",
        "Correct locators",
        "Citations",
        "share of citations whose offsets really show the quote",
    ),
    Metric(
        "support",
        "Support",
        "Support",
        "share of sentences supported by the passages they cite",
    ),
    Metric(
        "support_anywhere",
        "Support anywhere",
        "Support",
        "share of sentences supported by any passage shown",
    ),
    Metric(
        "contradiction",
        "Contradiction",
        "Support",
        "share of sentences their passages contradict",
        lower_is_better=True,
    ),
    Metric(
        "alce_recall",
        "ALCE citation recall",
        "Support",
        "share of sentences their citations together support (Gao et al. 2023)",
    ),
    Metric(
        "alce_precision",
        "ALCE citation precision",
        "Support",
        "share of citations their sentence needs (Gao et al. 2023)",
    ),
    Metric(
        "alce_f1", "ALCE citation F1", "Support", "harmonic mean of ALCE's recall and precision"
    ),
    Metric("exact_match", "Exact match", "Answer", "share of answers equal to the reference"),
    Metric("token_f1", "Token F1", "Answer", "words shared with the reference answer"),
    Metric("rouge_l", "ROUGE-L", "Answer", "longest common run of words with the reference"),
    Metric("key_fact_recall", "Key facts", "Answer", "share of the key facts that are stated"),
    Metric(
        "key_fact_recall_vital",
        "Vital key facts",
        "Answer",
        "share of the vital key facts that are stated",
    ),
    Metric(
        "format_adherence", "Format adherence", "Answer", "share of answers that keep their rule"
    ),
    Metric(
        "refusal_precision",
        "Refusal precision",
        "Refusal",
        "share of refusals whose question has no answer in the documents",
    ),
    Metric(
        "refusal_recall",
        "Refusal recall",
        "Refusal",
        "share of questions without an answer that were refused",
    ),
    Metric("refusal_f1", "Refusal F1", "Refusal", "harmonic mean of refusal precision and recall"),
    Metric(
        "stability_answer",
        "Same answer, rephrased",
        "Stability",
        "agreement of answers over paraphrases of a question",
    ),
    Metric(
        "stability_citations",
        "Same citations, rephrased",
        "Stability",
        "agreement of citations over paraphrases of a question",
    ),
    Metric("repeat_answer", "Same answer, repeated", "Stability", "agreement of repeated answers"),
    Metric(
        "repeat_citations",
        "Same citations, repeated",
        "Stability",
        "agreement of repeated citations",
    ),
    Metric("recall@1", "Recall at 1", "Retrieval", "share of gold passages found first"),
    Metric("recall@3", "Recall at 3", "Retrieval", "share of gold passages in the first 3"),
    Metric("recall@5", "Recall at 5", "Retrieval", "share of gold passages in the first 5"),
    Metric("recall@8", "Recall at 8", "Retrieval", "share of gold passages in the first 8"),
    Metric(
        "mrr", "Reciprocal rank", "Retrieval", "1 / the rank of the first gold passage, averaged"
    ),
)
_BY_NAME = {metric.name: metric for metric in _KNOWN}
GROUPS = (*dict.fromkeys(metric.group for metric in _KNOWN), "Other")


def describe(name: str) -> Metric:
    """A metric by its name; one that is unknown here is shown under its name."""
    return _BY_NAME.get(name) or Metric(name, name.replace("_", " ").capitalize(), "Other", "")


def in_order(names: list[str]) -> list[Metric]:
    """The metrics as they are listed here, others after them."""
    known = [metric for metric in _KNOWN if metric.name in names]
    return known + [describe(name) for name in sorted(names) if name not in _BY_NAME]


def failed(name: str, value: float) -> bool:
    """Whether a sample's score calls for a look: below one half, or anything bad at all."""
    return value > 0 if describe(name).lower_is_better else value < FAILED_BELOW


FAILED_BELOW = 0.5
