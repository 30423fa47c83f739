"""Agreement as people read it in a terminal."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table

from eval.rating.agreement import CITATIONS, ItemAgreement, RunMeans
from eval.rating.deck import RUBRIC
from eval.rating.judge import JudgeWithPeople

UNKNOWN = "–"


def agreement_table(items: Sequence[ItemAgreement]) -> Table:
    table = Table(
        "item",
        *("ratings", "cannot judge", "raters", "by two or more", "mean", "Cohen's κ", "Fleiss' κ"),
        title="Agreement of raters",
        caption="Cohen's κ of marks has quadratic weights; of three raters on it is the mean of pairs.",
    )
    for each in items:
        counts = (each.ratings, each.cannot_judge, each.raters, each.shared)
        kappas = (_number(each.cohen), _number(each.fleiss))
        table.add_row(each.item, *map(str, counts), _mean(each.item, each.mean), *kappas)
    return table


def runs_table(runs: Sequence[RunMeans]) -> Table:
    table = Table("run", "answers rated", *RUBRIC, CITATIONS, title="What people say of each run")
    for run in runs:
        means = (_mean(name, run.means[name]) for name in (*RUBRIC, CITATIONS))
        table.add_row(str(run.run), str(run.answers), *means)
    return table


def judge_lines(run: Path, found: JudgeWithPeople) -> Iterator[str]:
    if found.citations:
        yield (
            f"{run}: the judge {found.judge} against the majority of people, over {found.citations} "
            f"citations: balanced accuracy {_number(found.balanced_accuracy)}, Cohen's κ "
            f"{_number(found.kappa)}, same verdict {_share(found.share)}."
        )
    else:
        yield f"{run}: no citation was judged both by people and by {found.judge}."
    if found.unjudged:
        yield (
            f"{found.unjudged} rated citations the judge has not judged: 'pincite eval score {run}'."
        )
    if found.citations and found.balanced_accuracy is None:
        yield "Balanced accuracy needs citations of both kinds: rate drafts with --draft."


def _mean(item: str, value: float | None) -> str:
    return _share(value) if item == CITATIONS else _number(value)


def _number(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.0%}"
