"""What the report computes: where a quote is marked, what a threshold trades, how figures are drawn."""

from pathlib import Path

import pytest

from eval.record import CitationRecord, Place, Score
from eval.report import plots, summary
from eval.report.calibration import Point, calibration_curve
from eval.report.coverage import CoveragePoint, coverage_points, served
from eval.report.metric import describe, failed, in_order
from eval.report.run import Run, read_run
from eval.report.sample_view import sample_views
from eval.score import LOWER_IS_BETTER, SET_METRICS
from tests.eval.report.runs import record, samples, sections, write_run


def test_every_metric_that_is_scored_is_explained() -> None:
    assert {name for name in LOWER_IS_BETTER if describe(name).lower_is_better} == LOWER_IS_BETTER
    assert all(describe(name).meaning for name in SET_METRICS)


def test_a_metric_that_is_unknown_is_shown_under_its_name() -> None:
    assert describe("own_metric").label == "Own metric"
    assert [each.name for each in in_order(["zeta", "mrr", "support"])] == [
        "support",
        "mrr",
        "zeta",
    ]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("support", 0.49, True),
        ("support", 0.5, False),
        ("uncited", 0.1, True),
        ("uncited", 0, False),
    ],
)
def test_a_score_fails_below_a_half_or_where_there_is_anything_bad(
    name: str, value: float, expected: bool
) -> None:
    assert failed(name, value) is expected


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [(0, 9, "0 %"), (9, 9, "100 %"), (1, 3, "33.3 %"), (1, 5000, "0.1 %"), (4999, 5000, "99.9 %")],
)
def test_a_share_is_only_none_or_all_where_it_is(part: int, whole: int, expected: str) -> None:
    assert summary.share(part, whole) == expected


def test_settings_become_dotted_rows() -> None:
    assert summary.flat({"a": {"b": 1, "c": {"d": "x"}}, "e": [True]}) == [
        ("a.b", "1"),
        ("a.c.d", "x"),
        ("e", "[true]"),
    ]


def run_of_one(tmp_path: Path, text: str, quote: str) -> Run:
    """A run of one sample whose first passage says `text`, and whose sentence cites `quote` of it."""

    (sample,) = samples(1)
    given = record(sample, 0, sections()).answer
    assert given is not None
    start = text.index(quote)
    passage = given.passages[0].model_copy(
        update={
            "text": text,
            "place": Place(document_id="d", document="d", start=100, end=100 + len(text)),
        }
    )
    place = Place(document_id="d", document="d", start=100 + start, end=100 + start + len(quote))
    citation = CitationRecord(number=1, place=place, quote=quote)
    sentence = given.verified[0].model_copy(update={"citations": (citation,)})
    answer = given.model_copy(update={"passages": (passage,), "verified": (sentence,)})
    whole = record(sample, 0, sections()).model_copy(update={"answer": answer})
    return read_run(write_run(tmp_path, [sample], [whole]))


def test_a_quote_is_marked_where_a_browser_counts_it(tmp_path: Path) -> None:
    run = run_of_one(
        tmp_path, "🦓🦓 Permits cost nothing. Permits cost nothing.", "Permits cost nothing."
    )

    (passage,) = sample_views(run)["samples"][0]["passages"]

    assert passage["parts"] == [{"start": 5, "end": 26, "sentences": [1], "gold": False}]


def test_a_passage_that_many_samples_show_is_kept_once(tmp_path: Path) -> None:

    asked = samples(2)
    given = record(asked[0], 0, sections())
    both = [given.model_copy(update={"sample_id": sample.id}) for sample in asked]

    views = sample_views(read_run(write_run(tmp_path, asked, both)))

    assert given.answer is not None
    assert len(views["texts"]) == len(given.answer.passages)


def test_coverage_grows_as_the_threshold_falls(tmp_path: Path) -> None:

    asked = [*samples(99)[:3], *samples(99)[-1:]]
    likely, refused = (0.9, 0.6, 0.6, 0.7), (False, True, False, False)
    records = []
    for sample, answerability, is_refused in zip(asked, likely, refused, strict=True):
        answer = record(sample, 0, sections()).answer
        assert answer is not None
        answer = answer.model_copy(update={"answerability": answerability, "refused": is_refused})
        records.append(record(sample, 0, sections()).model_copy(update={"answer": answer}))
    run = read_run(write_run(tmp_path, asked, records))

    # The first gets no gold passage cited (see `scored`), the last has no answer in the documents.
    assert coverage_points(run) == [
        CoveragePoint(0.25, 1.0, 0.0),
        CoveragePoint(0.5, 0.5, 0.0),
        CoveragePoint(1.0, 0.75, 0.5),
    ]
    assert served(run) == CoveragePoint(0.75, 2 / 3, 1 / 3)


def test_a_calibration_curve_has_a_point_for_each_bin_with_pairs() -> None:
    curve = calibration_curve(
        "judge", "j", "people", [0.1, 0.1, 0.9, 0.9], [False, True, True, True]
    )

    assert curve.points == (
        Point(score=0.1, supported=0.5, pairs=2),
        Point(score=0.9, supported=1.0, pairs=2),
    )
    assert curve.error == 0.25


def test_figures_take_their_colours_from_the_page_and_are_the_same_each_time() -> None:
    tables = {"draft": {"support": Score(value=0.5, low=0.4, high=0.6, samples=9)}}

    svg = plots.intervals(tables)

    assert svg == plots.intervals(tables)
    assert "var(--second)" in svg
    assert "#0" not in svg.replace('href="#', "").replace("url(#", "")
    assert ">Support</text>" in svg
    assert "<metadata" not in svg
    assert "<style" not in svg
