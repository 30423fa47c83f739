"""A run that breaks a rule does not pass, and the message says by how much."""

from pathlib import Path

import pytest

from eval.compare import ScoredRun
from eval.gate import GateClosed, Rule, RuleUnknown, Ruling, check, judge_by_rules, parse_rule
from ingest.errors import WrongUse
from tests.eval.test_compare import RIGHT, WRONG, run


@pytest.fixture
def better(tmp_path: Path) -> ScoredRun:
    return run(tmp_path / "better", {f"q{n}": RIGHT for n in range(4)})


@pytest.fixture
def worse(tmp_path: Path) -> ScoredRun:
    """One of four answers cites the wrong rule."""
    return run(tmp_path / "worse", {f"q{n}": WRONG if n == 0 else RIGHT for n in range(4)})


def kept(rulings: list[Ruling]) -> dict[str, bool]:
    return {str(ruling.rule): ruling.is_kept for ruling in rulings}


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("support >= -0.01", Rule("draft", "support", ">=", -0.01, absolute=False)),
        ("shown.refusal_f1>=0", Rule("shown", "refusal_f1", ">=", 0.0, absolute=False)),
        (" retrieval.recall@5 > +0.5 ", Rule("retrieval", "recall@5", ">", 0.5, absolute=False)),
        ("support >= 0.9 absolute", Rule("draft", "support", ">=", 0.9, absolute=True)),
        ("unscored <= 0.1 absolute", Rule(None, "unscored", "<=", 0.1, absolute=True)),
    ],
)
def test_a_rule_is_read(text: str, rule: Rule) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize(
    "text", ["", "support", "support >= ", "support = 1", "support >= x", "support >= 1 relative"]
)
def test_what_is_no_rule_is_wrong_use_and_says_what_is_one(text: str) -> None:
    with pytest.raises(RuleUnknown, match=r"is no rule\. A rule is '\[TABLE\.\]METRIC OPERATOR"):
        parse_rule(text)
    assert issubclass(RuleUnknown, WrongUse)


def test_rules_are_about_the_difference_to_the_baseline(
    better: ScoredRun, worse: ScoredRun
) -> None:
    rules = [parse_rule(text) for text in ("citation_recall >= -0.01", "citation_recall >= -0.25")]

    assert kept(judge_by_rules(worse, better, rules)) == {
        "unscored <= +0.02": True,
        "draft.citation_recall >= -0.01": False,
        "draft.citation_recall >= -0.25": True,
    }
    assert all(kept(judge_by_rules(better, worse, rules)).values())


def test_a_broken_rule_ends_with_1_and_says_by_how_much(
    better: ScoredRun, worse: ScoredRun
) -> None:
    rulings = judge_by_rules(worse, better, [parse_rule("citation_recall >= -0.01")])

    with pytest.raises(
        GateClosed,
        match=r"^broken: draft\.citation_recall >= -0\.01: it is 0\.750 against 1\.000, "
        r"-0\.250 \[-0\.750, \+0\.000\] over 4 samples$",
    ):
        check(rulings)
    assert GateClosed.exit_code == 1
    check(judge_by_rules(better, better, []))


def test_an_absolute_rule_is_about_the_runs_own_score(better: ScoredRun, worse: ScoredRun) -> None:
    rules = [parse_rule("citation_recall > 0.9 absolute")]

    assert (
        kept(judge_by_rules(worse, better, rules))["draft.citation_recall > 0.9 absolute"] is False
    )
    assert (
        kept(judge_by_rules(better, worse, rules))["draft.citation_recall > 0.9 absolute"] is True
    )


def test_a_rounding_error_breaks_no_rule(better: ScoredRun) -> None:
    assert Rule("draft", "support", ">=", -0.01, absolute=False).is_kept(-0.01 - 1e-12)
    assert Rule("draft", "support", "<", 0.1, absolute=False).is_kept(0.1 - 1e-12) is False


def test_more_unscored_samples_are_not_let_pass(tmp_path: Path, better: ScoredRun) -> None:
    failing = run(tmp_path / "failing", {f"q{n}": RIGHT if n else "" for n in range(4)})

    (default,) = judge_by_rules(failing, better, [])
    (own,) = judge_by_rules(failing, better, [parse_rule("unscored <= 0.3")])

    assert (str(default.rule), default.is_kept) == ("unscored <= +0.02", False)
    assert default.reason == "0.250 against 0.000, +0.250"
    assert own.is_kept


def test_a_rule_about_nothing_known_names_what_is(better: ScoredRun, worse: ScoredRun) -> None:
    rules = [parse_rule("suport >= 0"), parse_rule("recall@5 >= 0"), parse_rule("support >= 0")]

    with pytest.raises(RuleUnknown) as raised:
        judge_by_rules(worse, better, rules)

    first, second = str(raised.value).splitlines()
    assert first.startswith("The runs have no draft.suport; known are unscored, draft.alce_f1,")
    assert second.startswith("The runs have no draft.recall@5; known are")
    assert "retrieval.recall@5" in second


def test_a_metric_that_no_sample_has_in_both_runs_breaks_its_rule(
    tmp_path: Path, better: ScoredRun
) -> None:
    silent = run(tmp_path / "silent", {f"q{n}": "NO ANSWER" for n in range(4)})

    relative, absolute = (
        judge_by_rules(silent, better, [parse_rule(text)])[1]
        for text in ("support >= -1", "support >= 0 absolute")
    )

    assert (relative.is_kept, relative.reason) == (False, "no sample has it in both runs")
    assert (absolute.is_kept, absolute.reason) == (False, "unscored in the run")


def test_a_judged_metric_needs_the_same_judge(tmp_path: Path, better: ScoredRun) -> None:
    other = run(tmp_path / "other", {f"q{n}": RIGHT for n in range(4)}, judge="somebody else")

    with pytest.raises(
        RuleUnknown, match=r"judged by somebody else in the run and by word overlap"
    ):
        judge_by_rules(other, better, [parse_rule("support >= 0")])
    assert all(kept(judge_by_rules(other, better, [parse_rule("token_f1 >= 0")])).values())
