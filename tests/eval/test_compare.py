"""Two runs are compared on the samples that both have scored, and a difference says how sure it is."""

from pathlib import Path

import pytest

from eval.compare import (
    Comparison,
    Difference,
    NotComparable,
    ScoredRun,
    compare_runs,
    read_scored,
)
from eval.dataset import Sample
from eval.folder import SCORES, NoRun, RunFolder
from eval.judging import JudgedScores, Judging
from eval.record import Judge, Record
from eval.score import score_run
from service.overlap import OverlapVerifier
from tests.eval.records import GOLD, INFO, SILVER, find, record, sample

RIGHT, WRONG = f"{GOLD} [2]", f"{SILVER} [1]"


def run(
    path: Path,
    drafts: dict[str, str],
    *,
    samples: dict[str, Sample] | None = None,
    judge: str = "word overlap",
) -> ScoredRun:
    """A scored run over one sample for each draft; an empty draft fails."""
    asked = samples or {name: sample(name, GOLD) for name in drafts}
    records = [
        record(name, draft) if draft else Record(sample_id=name, error="gone")
        for name, draft in drafts.items()
    ]
    folder = RunFolder(path)
    folder.begin(INFO, list(asked.values()))
    folder.replace(records, [])
    judging = Judging(OverlapVerifier(), 0.75, JudgedScores(path / "judged.jsonl"))
    marked = Judge(name=judge, is_verifier=False, quality=())
    folder.write(SCORES, score_run(INFO, list(asked.values()), records, find, judging, marked))
    return read_scored(folder)


def compared(before: ScoredRun, after: ScoredRun) -> Comparison:
    (comparison,) = compare_runs(before, [after])
    return comparison


def difference(comparison: Comparison, metric: str, table: str = "draft") -> Difference:
    (found,) = [
        each for each in comparison.differences if (each.table, each.metric) == (table, metric)
    ]
    return found


def test_a_difference_is_paired_and_has_an_interval_and_a_p_value(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {f"q{n}": RIGHT if n < 2 else WRONG for n in range(10)})
    after = run(tmp_path / "after", {f"q{n}": WRONG if n == 0 else RIGHT for n in range(10)})

    comparison = compared(before, after)

    recall = difference(comparison, "citation_recall")
    assert (recall.baseline, recall.run, recall.difference) == (0.2, 0.9, 0.7)
    assert (recall.wins, recall.losses, recall.ties) == (8, 1, 1)
    # The exact sign test: 2 (C(9,0) + C(9,1)) / 2^9.
    assert recall.p_value == pytest.approx(20 / 512, abs=1e-6)
    assert recall.low < 0.7 < recall.high
    assert recall.low > 0
    assert comparison.samples == 10


def test_p_values_are_corrected_for_the_number_of_metrics_of_all_runs(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {f"q{n}": WRONG for n in range(10)})
    after = run(tmp_path / "after", {f"q{n}": RIGHT for n in range(10)})

    once, twice = compare_runs(before, [after]), compare_runs(before, [after, after])

    tested = len(once[0].differences)
    best = difference(once[0], "citation_recall")
    assert best.p_value == pytest.approx(2 / 1024, abs=1e-6)
    assert best.p_holm == pytest.approx(min(1.0, tested * 2 / 1024), abs=1e-5)
    assert difference(twice[0], "citation_recall").p_holm > best.p_holm


def test_of_what_should_be_low_less_is_a_win(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {"a": f"{GOLD} [2][99]", "b": RIGHT})
    after = run(tmp_path / "after", {"a": RIGHT, "b": RIGHT})

    comparison = compared(before, after)

    fabricated = difference(comparison, "fabricated")
    assert (fabricated.difference, fabricated.wins, fabricated.losses) == (-0.25, 1, 0)
    assert comparison.changes[0].better["draft.fabricated"] == -0.5


def test_only_what_both_have_scored_is_compared(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {"a": RIGHT, "b": "", "c": RIGHT, "only before": RIGHT})
    after = run(tmp_path / "after", {"a": WRONG, "b": RIGHT, "c": "", "only after": RIGHT})

    comparison = compared(before, after)

    assert (comparison.samples, comparison.left_out) == (1, 4)
    assert difference(comparison, "citation_recall").samples == 1


def test_another_question_under_the_same_id_is_left_out(tmp_path: Path) -> None:
    other = {"a": sample("a", GOLD), "b": sample("b", SILVER, heading="Silver")}
    before = run(tmp_path / "before", {"a": RIGHT, "b": RIGHT})
    after = run(tmp_path / "after", {"a": RIGHT, "b": RIGHT}, samples=other)

    assert (compared(before, after).samples, compared(before, after).left_out) == (1, 1)


def test_runs_without_a_common_sample_are_not_comparable(tmp_path: Path) -> None:
    before, after = run(tmp_path / "before", {"a": RIGHT}), run(tmp_path / "after", {"b": RIGHT})

    with pytest.raises(NotComparable, match="no scored sample in common"):
        compared(before, after)


def test_what_two_judges_said_is_not_compared(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {"a": RIGHT})
    after = run(tmp_path / "after", {"a": f"{GOLD} [1]"}, judge="somebody else")

    comparison = compared(before, after)

    assert comparison.other_judge
    metrics = {each.metric for each in comparison.differences}
    assert "citation_recall" in metrics
    assert metrics.isdisjoint({"support", "alce_f1"})
    assert set(comparison.changes[0].worse).isdisjoint({"draft.support", "draft.alce_f1"})


def test_refusals_are_compared_over_all_samples(tmp_path: Path) -> None:
    samples = {"a": sample("a", GOLD), "b": sample("b", None), "c": sample("c", None)}
    before = run(tmp_path / "before", {"a": RIGHT, "b": RIGHT, "c": "NO ANSWER"}, samples=samples)
    after = run(
        tmp_path / "after", {"a": RIGHT, "b": "NO ANSWER", "c": "NO ANSWER"}, samples=samples
    )

    comparison = compared(before, after)

    recall = difference(comparison, "refusal_recall")
    assert (recall.baseline, recall.run, recall.wins, recall.losses, recall.ties) == (
        0.5,
        1.0,
        1,
        0,
        1,
    )
    f1 = difference(comparison, "refusal_f1")
    assert (f1.baseline, f1.run, f1.ties) == (0.666667, 1.0, 2)
    (change,) = comparison.changes
    assert change.better["draft.refusal"] == 1.0


def test_both_answers_stand_side_by_side_the_most_won_first(tmp_path: Path) -> None:
    before = run(tmp_path / "before", {"a": RIGHT, "b": WRONG, "c": RIGHT})
    after = run(tmp_path / "after", {"a": WRONG, "b": RIGHT, "c": RIGHT})

    won, lost = compared(before, after).changes

    assert (won.sample_id, won.baseline.draft, won.run.draft) == ("b", WRONG, RIGHT)
    assert (lost.sample_id, lost.baseline.draft, lost.run.draft) == ("a", RIGHT, WRONG)
    assert won.better["draft.citation_recall"] == 1.0
    assert lost.worse["draft.citation_recall"] == -1.0
    assert won.net > (0, 0) > lost.net


def test_a_run_that_was_not_scored_says_how_to_do_it(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.begin(INFO, [sample("a", GOLD)])

    with pytest.raises(NoRun, match=r"no scores\.json in .*'pincite eval score "):
        read_scored(folder)


def test_a_run_equals_itself(tmp_path: Path) -> None:
    same = run(tmp_path / "same", {"a": RIGHT, "b": WRONG})

    comparison = compared(same, same)

    assert comparison.changes == ()
    assert {(d.difference, d.low, d.high, d.p_holm) for d in comparison.differences} == {
        (0.0, 0.0, 0.0, 1.0)
    }
