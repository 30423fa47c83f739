"""May a run replace its baseline? Rules that it has to keep, for CI."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eval.compare import ScoredRun, compare_runs
from eval.record import DIGITS, Scores
from eval.sample_scores import DRAFT
from eval.score import JUDGED, TABLES
from ingest.errors import PinciteError, WrongUse

UNSCORED = "unscored"
"""Known to rules beside the metrics: the share of samples that could not be scored."""

MAX_UNSCORED_RISE = 0.02

RULE_SYNTAX = """\
A rule is '[TABLE.]METRIC OPERATOR NUMBER', as in "support >= -0.01" or "shown.refusal_f1 >= 0": the \
number is what the run has more than the baseline, over the samples that both have scored. With \
'absolute' behind it, as in "support >= 0.9 absolute", it is the run's own score. TABLE is draft (when \
none is given), shown or retrieval; OPERATOR is >=, >, <= or <. 'unscored' is the share of unscored \
samples; unless a rule says otherwise, it may not rise by more than 0.02."""

_RULE = re.compile(
    r"\s*(?:(?P<table>[a-z]+)\.)?(?P<metric>[a-z][a-z0-9_@]*)\s*(?P<operator>>=|<=|>|<)"
    r"\s*(?P<number>[+-]?\d+(?:\.\d+)?)(?P<absolute>\s+absolute)?\s*"
)


class RuleUnknown(WrongUse):
    """A rule is not understood, or names what the runs do not have."""


class GateClosed(PinciteError):
    """The run breaks rules; the message says which, and by how much."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """`table` is None for the share of unscored samples."""

    table: str | None
    metric: str
    operator: str
    number: float
    absolute: bool

    @property
    def name(self) -> str:
        return f"{self.table}.{self.metric}" if self.table else self.metric

    def __str__(self) -> str:
        sign = "" if self.absolute else "+"
        suffix = " absolute" if self.absolute else ""
        return f"{self.name} {self.operator} {self.number:{sign}g}{suffix}"

    def is_kept(self, value: float) -> bool:
        # What is stored has so many digits: a last one more must not decide.
        value = round(value, DIGITS)
        return {
            ">=": value >= self.number,
            ">": value > self.number,
            "<=": value <= self.number,
            "<": value < self.number,
        }[self.operator]


@dataclass(frozen=True, slots=True)
class Ruling:
    """A rule, whether it is kept, and on what numbers that rests."""

    rule: Rule
    is_kept: bool
    reason: str


def parse_rule(text: str) -> Rule:
    """Raises `RuleUnknown` where the text is no rule; `RULE_SYNTAX` says what is one."""
    match = _RULE.fullmatch(text)
    if match is None:
        raise RuleUnknown(f"'{text}' is no rule. {RULE_SYNTAX}")
    metric = match["metric"]
    table = None if metric == UNSCORED and not match["table"] else match["table"] or DRAFT
    return Rule(table, metric, match["operator"], float(match["number"]), bool(match["absolute"]))


def judge_by_rules(run: ScoredRun, baseline: ScoredRun, rules: Sequence[Rule]) -> list[Ruling]:
    """Every rule with its outcome, that about unscored samples first.

    Raises `RuleUnknown` where a rule names no metric of the two runs, or one that two different judges
    scored, and `NotComparable`.
    """
    known = {
        f"{table}.{name}"
        for each in (run, baseline)
        for table in TABLES
        for name in each.scores.tables.get(table, {})
    }
    faults = list(_faults(rules, known, _judges(run, baseline)))
    if faults:
        raise RuleUnknown("\n".join(faults))
    if not any(rule.table is None for rule in rules):
        rules = [Rule(None, UNSCORED, "<=", MAX_UNSCORED_RISE, absolute=False), *rules]
    relative = any(rule.table and not rule.absolute for rule in rules)
    compared = compare_runs(baseline, [run])[0].differences if relative else ()
    differences = {f"{each.table}.{each.metric}": each for each in compared}
    rulings = []
    for rule in sorted(rules, key=lambda rule: rule.table is not None):
        if rule.table is None:
            rulings.append(_on_unscored(rule, run.scores, baseline.scores))
        elif rule.absolute:
            rulings.append(_on_score(rule, rule.table, run.scores))
        elif found := differences.get(rule.name):
            reason = (
                f"{found.run:.3f} against {found.baseline:.3f}, {found.difference:+.3f} "
                f"[{found.low:+.3f}, {found.high:+.3f}] over {found.samples} samples"
            )
            rulings.append(Ruling(rule, rule.is_kept(found.difference), reason))
        else:
            rulings.append(Ruling(rule, False, "no sample has it in both runs"))
    return rulings


def check(rulings: Sequence[Ruling]) -> None:
    """Raises `GateClosed` where a rule is broken."""
    broken = [ruling for ruling in rulings if not ruling.is_kept]
    if broken:
        lines = [f"broken: {ruling.rule}: it is {ruling.reason}" for ruling in broken]
        raise GateClosed("\n".join(lines))


def _judges(run: ScoredRun, baseline: ScoredRun) -> tuple[str, str]:
    names = [each.scores.judge.name if each.scores.judge else "nobody" for each in (run, baseline)]
    return names[0], names[1]


def _faults(rules: Sequence[Rule], known: set[str], judges: tuple[str, str]) -> Iterator[str]:
    for rule in rules:
        if rule.table is None:
            continue
        if rule.name not in known:
            yield (
                f"The runs have no {rule.name}; known are {UNSCORED}, {', '.join(sorted(known))}."
            )
        elif rule.metric in JUDGED and not rule.absolute and judges[0] != judges[1]:
            yield (
                f"{rule.name} was judged by {judges[0]} in the run and by {judges[1]} in the baseline. "
                "Score one of them again with 'pincite eval score'."
            )


def _on_unscored(rule: Rule, run: Scores, baseline: Scores) -> Ruling:
    after, before = (each.unscored / each.samples for each in (run, baseline))
    value = after if rule.absolute else after - before
    return Ruling(
        rule, rule.is_kept(value), f"{after:.3f} against {before:.3f}, {after - before:+.3f}"
    )


def _on_score(rule: Rule, table: str, scores: Scores) -> Ruling:
    score = scores.tables.get(table, {}).get(rule.metric)
    if score is None or score.value is None:
        return Ruling(rule, False, "unscored in the run")
    return Ruling(rule, rule.is_kept(score.value), f"{score.value:.3f}")
