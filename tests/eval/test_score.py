"""Scores are computed from records; what cannot be scored is not zero, and nothing is NaN."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.dataset import KeyFact, Sample
from eval.judging import JudgedScores, Judging
from eval.metrics.cost import Price
from eval.record import Judge, JudgeQuality, Record, SampleScores, Scores, Timing
from eval.score import score_run, time_run
from service.overlap import OverlapVerifier
from tests.eval.records import GOLD, INFO, SILVER, answer, find, record, sample

SAID = "Customers with a Gold card wait a month."


class Judging30Days:
    """Takes everything that speaks of Gold for supported by what does, and asks to be counted."""

    name = "days"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        self.asked += pairs
        return [0.9 if "Gold" in claim and "Gold" in evidence else 0.1 for claim, evidence in pairs]

    def contradiction(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return [0.8 if "Silver" in evidence else 0.0 for _, evidence in pairs]


@pytest.fixture
def judge() -> Judging30Days:
    return Judging30Days()


@pytest.fixture
def judging(judge: Judging30Days, tmp_path: Path) -> Judging:
    return Judging(judge, 0.5, JudgedScores(tmp_path / "judged.jsonl"))


def scored(
    judging: Judging | None,
    records: Sequence[Record],
    *samples: Sample,
    quality: JudgeQuality | None = None,
) -> Scores:
    judge = Judge(name="days", is_verifier=False, quality=(quality,) if quality else ())
    return score_run(INFO, samples, records, find, judging, judge)


def of_one(judging: Judging, draft: str, wanted: Sample, **shown: bool) -> SampleScores:
    (only,) = scored(judging, [record(wanted.id, draft, **shown)], wanted).by_sample
    assert only.error is None
    return only


def test_a_quoted_answer_is_right_in_draft_and_shown(judging: Judging) -> None:
    found = of_one(judging, f"{GOLD} [2]", sample("a", GOLD))

    shared = {
        "citation_precision": 1.0,
        "citation_recall": 1.0,
        "citation_f1": 1.0,
        "fabricated": 0.0,
        "uncited": 0.0,
        "support": 1.0,
        "support_anywhere": 1.0,
        "contradiction": 0.0,
        "alce_recall": 1.0,
        "alce_precision": 1.0,
        "alce_f1": 1.0,
        "exact_match": 1.0,
        "token_f1": 1.0,
        "rouge_l": 1.0,
    }
    assert found.scores == {
        "retrieval": {
            "recall@1": 0.0,
            "recall@3": 1.0,
            "recall@5": 1.0,
            "recall@8": 1.0,
            "mrr": 0.5,
        },
        "draft": shared,
        "shown": shared | {"quote_exactness": 1.0, "locator_rate": 1.0},
    }
    assert found.refused == {"draft": False, "shown": False}


def test_a_quotation_is_supported_without_asking_the_judge(
    judging: Judging, judge: Judging30Days
) -> None:
    of_one(judging, f"{GOLD} [2]", sample("a", GOLD))
    assert judge.asked == []

    of_one(judging, f"{SAID} [2]", sample("a", GOLD))
    assert judge.asked == [(SAID, GOLD)]


def test_support_is_by_what_is_cited_or_by_anything_shown(judging: Judging) -> None:
    by_cited = of_one(judging, f"{SAID} [2]", sample("a", GOLD)).scores["draft"]
    by_other = of_one(judging, f"{SAID} [1]", sample("a", GOLD)).scores["draft"]
    by_none = of_one(judging, "Bronze waits. [1]", sample("a", GOLD)).scores["draft"]
    uncited = of_one(judging, SAID, sample("a", GOLD)).scores["draft"]

    def support(scores: dict[str, float]) -> tuple[float, float, float]:
        return scores["support"], scores["support_anywhere"], scores["contradiction"]

    assert support(by_cited) == (1.0, 1.0, 0.0)
    assert support(by_other) == (0.0, 1.0, 1.0)
    assert support(by_none) == (0.0, 0.0, 1.0)
    assert support(uncited) == (0.0, 1.0, 0.0)
    assert (uncited["uncited"], uncited["citation_recall"], uncited["citation_f1"]) == (1, 0, 0)
    assert "citation_precision" not in uncited


def test_a_needless_citation_costs_precision(judging: Judging) -> None:
    found = of_one(judging, f"{SAID} [1][2]", sample("a", GOLD)).scores["draft"]

    assert (found["alce_recall"], found["alce_precision"]) == (1.0, 0.5)
    assert (found["citation_precision"], found["citation_recall"]) == (0.5, 1.0)


def test_an_invented_number_costs_precision_and_is_counted(judging: Judging) -> None:
    found = of_one(judging, f"{GOLD} [2] So they say. [99]", sample("a", GOLD)).scores

    assert found["draft"]["citation_precision"] == 0.5
    assert found["draft"]["fabricated"] == 0.5
    assert found["draft"]["alce_precision"] == 0.5
    assert found["draft"]["support"] == 0.5
    assert (found["shown"]["fabricated"], found["shown"]["support"]) == (0.0, 1.0)


def test_what_is_set_in_quotation_marks_has_to_stand_in_what_is_cited(judging: Judging) -> None:
    drafts = ["They say “refunds take 30 days”. [2]", "They say “refunds take 90 days”. [2]"]

    found = [of_one(judging, draft, sample("a", GOLD)).scores["draft"] for draft in drafts]

    assert [scores["quote_exactness"] for scores in found] == [1.0, 0.0]


def test_a_refused_question_was_told_nothing(judging: Judging) -> None:
    found = of_one(judging, f"{GOLD} [2]", sample("a", GOLD), refused=True)

    assert found.refused == {"draft": False, "shown": True}
    assert found.scores["draft"]["token_f1"] == 1.0
    assert found.scores["shown"] == {
        "citation_recall": 0.0,
        "citation_f1": 0.0,
        "exact_match": 0.0,
        "token_f1": 0.0,
        "rouge_l": 0.0,
    }


def test_key_facts_are_looked_for_in_the_answer(judging: Judging) -> None:
    facts = (KeyFact(text="30 days"), KeyFact(text="Gold"), KeyFact(text="free", vital=False))

    found = of_one(judging, f"{GOLD} [2]", sample("a", GOLD, key_facts=facts)).scores["draft"]

    assert found["key_fact_recall"] == pytest.approx(2 / 3, abs=1e-6)
    assert found["key_fact_recall_vital"] == 1.0


def test_paraphrases_and_repeats_are_compared_with_the_answer(judging: Judging) -> None:
    asked = Record(
        sample_id="a",
        answer=answer(f"{GOLD} [2]"),
        paraphrases=(answer(f"{GOLD} [1][2]"),),
        repeats=(answer(f"{GOLD} [2]"), answer(f"{GOLD} [2]")),
    )

    (found,) = scored(judging, [asked], sample("a", GOLD)).by_sample

    draft = found.scores["draft"]
    assert (draft["stability_answer"], draft["stability_citations"]) == (1.0, 0.5)
    assert (draft["repeat_answer"], draft["repeat_citations"]) == (1.0, 1.0)


def test_means_are_over_the_scored_samples_only(judging: Judging) -> None:
    records = [
        record("right", f"{GOLD} [2]"),
        record("half", f"{GOLD} [2] {SILVER} [1]"),
        Record(sample_id="failed", error="RuntimeError: gone"),
        record("none", "NO ANSWER"),
    ]
    samples = [sample(name, GOLD) for name in ("right", "half", "failed", "missing")]

    found = scored(judging, records, *samples, sample("none", None))

    assert (found.samples, found.unscored, found.stale) == (5, 2, 0)
    precision = found.tables["draft"]["citation_precision"]
    assert (precision.value, precision.samples) == (0.75, 2)
    assert (precision.low, precision.high) == (0.5, 1.0)
    refusals = [found.tables["draft"][f"refusal_{name}"] for name in ("precision", "recall", "f1")]
    assert [(each.value, each.samples) for each in refusals] == [(1.0, 3)] * 3
    errors = {each.sample_id: each.error for each in found.by_sample if each.error}
    assert errors == {"failed": "RuntimeError: gone", "missing": "not asked"}


@pytest.mark.parametrize(
    ("stale", "reason"),
    [
        (
            sample("a", "Gold refunds take 60 days."),
            "refunds.md does not say: Gold refunds take 60 days.",
        ),
        (sample("a", GOLD, document="gone.md"), "gone.md is not indexed"),
    ],
)
def test_stale_gold_is_reported_and_not_scored(
    judging: Judging, stale: Sample, reason: str
) -> None:
    records = [record("a", f"{GOLD} [2]"), record("b", "NO ANSWER")]

    found = scored(judging, records, stale, sample("b", None))

    assert (found.unscored, found.stale) == (1, 1)
    assert (found.by_sample[0].stale, found.by_sample[0].scores) == (reason, {})
    assert found.tables["shown"]["refusal_precision"].samples == 1


def test_gold_stands_under_its_heading_else_anywhere(judging: Judging) -> None:
    def recall(heading: str) -> float:
        wanted = sample("a", "refunds take", heading=heading)
        return of_one(judging, f"{SILVER} [1]", wanted).scores["draft"]["citation_recall"]

    assert (recall("Silver"), recall("Gold"), recall("Bronze")) == (1.0, 0.0, 1.0)


def test_slices_are_by_tag_document_type_and_kind(judging: Judging) -> None:
    records = [record("a", f"{GOLD} [2]"), record("b", f"{SILVER} [1]")]

    found = scored(
        judging, records, sample("a", GOLD, tags=("x", "y")), sample("b", GOLD, kind="lookup")
    )

    recall = {
        name: (tables["draft"]["citation_recall"].value, tables["draft"]["citation_recall"].samples)
        for name, tables in found.slices.items()
    }
    assert recall == {
        "document type:md": (0.5, 2),
        "kind:lookup": (0.0, 1),
        "tag:x": (1.0, 1),
        "tag:y": (1.0, 1),
    }


def quality(sensitivity: float, specificity: float) -> JudgeQuality:
    return JudgeQuality(
        labels="bundled",
        pairs=10,
        threshold=0.5,
        balanced_accuracy=(0.8, 0.7, 0.9),
        auroc=(0.8, 0.7, 0.9),
        sensitivity=sensitivity,
        specificity=specificity,
    )


def test_support_is_corrected_for_the_judges_errors_where_it_judged(judging: Judging) -> None:
    records = [record("quoted", f"{GOLD} [2]"), record("judged", f"{SAID} [2] Bronze waits. [2]")]
    samples = sample("quoted", GOLD), sample("judged", GOLD)

    found = scored(judging, records, *samples, quality=quality(0.8, 0.9))
    useless = scored(judging, records, *samples, quality=quality(0.4, 0.5))

    # Half is quoted; of the rest the judge took 0.5 for supported: (0.5 + 0.9 - 1) / 0.7 = 0.571429.
    support = found.tables["draft"]["support"]
    assert (support.value, support.judged) == (0.75, True)
    assert support.corrected == pytest.approx(0.5 + 0.5 * 0.571429, abs=1e-6)
    assert found.tables["draft"]["token_f1"].corrected is None
    assert useless.tables["draft"]["support"].corrected is None


class Failing:
    name = "failing"

    def __init__(self, scores: Sequence[float]) -> None:
        self._scores = list(scores)

    def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        return self._scores


@pytest.mark.parametrize("scores", [[float("nan")], [1.5], [], [0.5, 0.5]])
def test_a_judge_that_gives_no_score_leaves_the_sample_unscored(
    scores: list[float], tmp_path: Path
) -> None:
    judging = Judging(Failing(scores), 0.5, JudgedScores(tmp_path / "judged.jsonl"))
    records = [record("a", f"{SAID} [2]"), record("b", f"{GOLD} [2]")]

    found = scored(judging, records, sample("a", GOLD), sample("b", GOLD))

    assert found.unscored == 1
    assert (found.by_sample[0].error or "").startswith("not scored: JudgeFailed: The judge failing")
    assert found.tables["draft"]["support"].value == 1.0


@pytest.mark.parametrize(
    "draft",
    ["", "NO ANSWER", "[1]", "[1][2]", "[99]", " \n ", f"{GOLD} [2]" * 200, "Ça dure 30 j."],
)
def test_whatever_is_written_no_score_is_nan(judging: Judging, draft: str) -> None:
    records = [record("a", draft), record("b", draft)]

    found = scored(judging, records, sample("a", GOLD), sample("b", None))

    assert found.unscored == 0
    json.loads(found.model_dump_json(), parse_constant=pytest.fail)
    for score in found.tables["draft"].values():
        assert score.value is None or 0 <= score.value <= 1


def test_an_answer_of_citations_alone_supports_nothing(judging: Judging) -> None:
    found = of_one(judging, "[1][2]", sample("a", GOLD))

    assert found.refused["draft"] is False
    assert (found.scores["draft"]["support"], found.scores["draft"]["alce_recall"]) == (0.0, 0.0)
    assert found.scores["draft"]["token_f1"] == 0.0


def test_without_a_judge_only_what_needs_none_is_scored() -> None:
    (found,) = scored(None, [record("a", f"{GOLD} [2]")], sample("a", GOLD)).by_sample

    assert found.scores["draft"]["citation_f1"] == 1.0
    assert "support" not in found.scores["draft"]


def test_what_was_judged_once_is_not_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "judged.jsonl"
    first, second = Judging30Days(), Judging30Days()
    records, samples = [record("a", f"{SAID} [1]")], [sample("a", GOLD)]

    before = scored(Judging(first, 0.5, JudgedScores(path)), records, *samples)
    content = path.read_bytes()
    path.write_bytes(content + content[:20])
    after = scored(Judging(second, 0.5, JudgedScores(path)), records, *samples)

    assert first.asked == [(SAID, SILVER), (SAID, GOLD)]
    assert second.asked == []
    assert before == after
    assert path.read_bytes() == content


def test_pairs_of_several_samples_are_never_asked_together(tmp_path: Path) -> None:
    calls: list[int] = []

    class Counting(OverlapVerifier):
        def support(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
            calls.append(len(pairs))
            return super().support(pairs)

    records = [record("a", f"{SAID} [1][2]"), record("b", "Silver waits long. [1]")]
    judging = Judging(Counting(), 0.5, JudgedScores(tmp_path / "judged.jsonl"))

    scored(judging, records, sample("a", GOLD), sample("b", SILVER))

    # Of the first sample both passages and the two together; of the second one, then the other.
    assert calls == [3, 1, 1]


def test_times_and_prices_are_of_the_answers() -> None:
    records = [record("a", GOLD), record("b", GOLD), Record(sample_id="c", error="x")]
    timings = [
        Timing(sample_id="a", stages_s={"total": 1.0, "first_sentence": 0.5}),
        Timing(sample_id="b", stages_s={"total": 3.0}),
    ]

    found = time_run(records, timings, "fake", {"fake": Price(1000.0, 10_000.0)})
    unknown = time_run(records, timings, "fake", {})

    assert (found.answers, found.prompt_tokens, found.completion_tokens) == (2, 200, 20)
    assert (found.seconds["total"].p50, found.seconds["total"].p95) == (2.0, 2.9)
    assert found.seconds["first_sentence"].p50 == 0.5
    assert (found.price, found.price_per_question) == (0.4, 0.2)
    assert unknown.price is None
