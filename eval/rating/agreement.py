"""What raters say, and how far they agree with each other."""

from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import fmean

from eval.metrics.human import cohens_kappa, fleiss_kappa, mean_pairwise_kappa, weighted_kappa
from eval.rating.deck import RUBRIC
from eval.rating.session import Ratings
from eval.rating.store import CANNOT_JUDGE, Standing

CITATIONS = "citation supports"


@dataclass(frozen=True, slots=True)
class ItemAgreement:
    """On a part of the rubric, or on all citations.

    `mean` is of the marks 1 to 5, or the share of yes. `cohen` is Cohen's kappa of two raters, with
    quadratic weights for marks, and its mean over pairs where there are more; `fleiss` that of Fleiss,
    from three raters on. Both are over what at least two raters judged; None where there is none.
    """

    item: str
    ratings: int
    cannot_judge: int
    raters: int
    shared: int
    mean: float | None
    cohen: float | None
    fleiss: float | None


@dataclass(frozen=True, slots=True)
class RunMeans:
    """What people say of one run's answers."""

    run: Path
    answers: int
    means: dict[str, float | None]


Labels = dict[str, dict[str, int]]
"""Marks by rater and by what was marked; a yes is 1, a no 0."""


def item_agreement(ratings: Ratings) -> list[ItemAgreement]:
    """For every part of the rubric, then for the citations."""
    marks = ratings.standing()
    return [_agreement(name, marks) for name in (*RUBRIC, CITATIONS)]


def run_means(ratings: Ratings) -> list[RunMeans]:
    """What people say of each run, in the order of the runs."""
    marks = ratings.standing()
    runs = dict.fromkeys(chain.from_iterable(answer.runs for answer in ratings.answers))
    found = []
    for run in runs:
        keys = {answer.key for answer in ratings.answers if run in answer.runs}
        own = {place: value for place, value in marks.items() if place[1] in keys}
        means = {name: _mean(labels_of(name, own)) for name in (*RUBRIC, CITATIONS)}
        found.append(RunMeans(run, len({key for _, key, _ in own}), means))
    return found


def _agreement(name: str, marks: Standing) -> ItemAgreement:
    labels = labels_of(name, marks)
    places = by_place(labels)
    kappa = cohens_kappa if name == CITATIONS else weighted_kappa
    return ItemAgreement(
        item=name,
        ratings=sum(len(own) for own in labels.values()),
        cannot_judge=sum(
            value == CANNOT_JUDGE and _is_of(item, name) for (_, _, item), value in marks.items()
        ),
        raters=len(labels),
        shared=sum(len(given) > 1 for given in places.values()),
        mean=_mean(labels),
        cohen=mean_pairwise_kappa(labels, kappa),
        fleiss=fleiss_kappa(list(places.values())) if len(labels) > 2 else None,
    )


def labels_of(name: str, marks: Standing) -> Labels:
    """Without what nobody could judge."""
    found: Labels = {}
    for (rater, answer, item), value in marks.items():
        if _is_of(item, name) and not isinstance(value, str):
            found.setdefault(rater, {})[f"{answer}/{item}"] = int(value)
    return found


def _is_of(item: str, name: str) -> bool:
    return item.startswith("citation:") if name == CITATIONS else item == name


def by_place(labels: Labels) -> dict[str, list[int]]:
    """Every label that something was given, whoever gave it."""
    found: dict[str, list[int]] = {}
    for own in labels.values():
        for place, label in own.items():
            found.setdefault(place, []).append(label)
    return found


def _mean(labels: Labels) -> float | None:
    every = [label for own in labels.values() for label in own.values()]
    return fmean(every) if every else None
