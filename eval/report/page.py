"""The report as one page that fetches nothing.

What documents, questions and answers say is not trusted: it is escaped in the markup, kept from ending
the element that holds the data, and drawn by the script as text only. The policy of the page admits one
script, by its hash, and no request at all.
"""

import json
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files
from statistics import median
from typing import Any

from markupsafe import Markup

from eval.metrics.cost import p95
from eval.record import SampleScores
from eval.report import plots, summary
from eval.report.comparison_view import comparison_view
from eval.report.coverage import coverage_points, served
from eval.report.metric import FAILED_BELOW, describe, in_order
from eval.report.run import Run
from eval.report.sample_view import OUTCOMES, outcome, sample_views

_FOLDER = files("eval") / "report"

Rows = list[tuple[str, ...]]
"""A table's cells, those of the head first."""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src '{script}'; base-uri 'none'; "
    "form-action 'none'"
)
"""Styles are inline since figures carry theirs in attributes; none is made from untrusted text."""


def page(run: Run) -> str:
    """The whole page."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["seconds"] = summary.seconds
    template = environment.from_string(_file("report.html"))
    script = _file("report.js")
    return template.render(
        run=run,
        scores=run.scores,
        policy=POLICY.format(script=_hash(script)),
        style=Markup(_file("report.css")),  # noqa: S704  # our own file
        script=Markup(script),  # noqa: S704  # our own file
        data=Markup(embedded(_data(run))),  # noqa: S704  # escaped by embedded()
        outcomes=_outcomes(run),
        unscored_share=summary.share(run.scores.unscored, run.scores.samples),
        headlines=_headlines(run),
        tables=summary.score_tables(run),
        judges=summary.judge_rows(run.scores.judge.quality if run.scores.judge else ()),
        slices=summary.slice_tables(run),
        latencies=summary.latency_rows(run.costs),
        costs=summary.cost_rows(run.costs),
        versions=summary.flat(run.scores.versions),
        figures=_figures(run),
        comparisons=[comparison_view(each) for each in run.comparisons],
    )


def embedded(content: Mapping[str, Any]) -> str:
    """JSON that cannot end the script element it stands in, nor open a comment there."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _data(run: Run) -> dict[str, Any]:
    views = sample_views(run)
    names = [
        name for each in views["samples"] for table in each["scores"].values() for name in table
    ]
    metrics = {
        metric.name: {"label": metric.label, "lower": metric.lower_is_better}
        for metric in in_order(sorted(set(names)))
    }
    return {**views, "metrics": metrics, "failedBelow": FAILED_BELOW}


def _outcomes(run: Run) -> dict[str, list[SampleScores]]:
    found: dict[str, list[SampleScores]] = {name: [] for name in OUTCOMES}
    for scored in run.scores.by_sample:
        found[outcome(scored, run.records.get(scored.sample_id))].append(scored)
    return found


_HEADLINES = (
    ("shown", "support"),
    ("shown", "citation_precision"),
    ("shown", "refusal_f1"),
    ("retrieval", "recall@8"),
)


def _headlines(run: Run) -> list[dict[str, str]]:
    headlines = []
    for table, name in _HEADLINES:
        score = run.scores.tables.get(table, {}).get(name)
        if score is not None:
            title = summary.TABLES[table][0].lower()
            interval = f"{score.low:.2f} – {score.high:.2f}" if score.low is not None else ""
            headlines.append(
                {
                    "label": f"{describe(name).label}, {title}",
                    "value": summary.number(score.value),
                    "note": f"{'judged · ' if score.judged else ''}{interval}",
                }
            )
    return headlines


def _figures(run: Run) -> list[dict[str, Any]]:
    """The figures that there is data for, each with its numbers as rows below a row of headings."""
    drawn = [_intervals(run), _coverage(run), _calibration(run), _latency(run)]
    return [figure for figure in drawn if figure]


def _figure(name: str, svg: str, title: str, about: str, rows: Rows) -> dict[str, Any]:
    # The SVG is drawn from numbers and our own words, the rest of it escaped by its writer.
    return {"name": name, "svg": Markup(svg), "title": title, "about": about, "rows": rows}  # noqa: S704


def _intervals(run: Run) -> dict[str, Any] | None:
    tables = {name: run.scores.tables.get(name, {}) for name in summary.TABLES}
    if not any(score.value is not None for table in tables.values() for score in table.values()):
        return None
    about = "Means over samples with 95 % bootstrap intervals. Numbers are in the tables above."
    return _figure("intervals", plots.intervals(tables), "Metrics with intervals", about, [])


def _coverage(run: Run) -> dict[str, Any] | None:
    points, now = coverage_points(run), served(run)
    if not points:
        return None
    shown = points[:: max(1, len(points) // 10)]
    rows: Rows = [("answered", "have an answer", "and gold is cited")]
    rows += [(f"{p.coverage:.2f}", f"{p.answerable:.3f}", f"{p.right:.3f}") for p in shown]
    about = (
        "What a stricter or laxer refusal would give: questions are answered in the order of their "
        "answerability; the mark is the service as it was set."
    )
    svg = plots.coverage(points, now)
    return _figure("coverage", svg, "Precision against coverage of refusal", about, rows)


def _calibration(run: Run) -> dict[str, Any] | None:
    if not run.calibration:
        return None
    rows: Rows = [("of", "labels", "score", "supported", "pairs", "error")]
    rows += [
        (
            curve.role,
            curve.labels,
            f"{p.score:.2f}",
            f"{p.supported:.2f}",
            f"{p.pairs}",
            f"{curve.error:.3f}",
        )
        for curve in run.calibration
        for p in curve.points
    ]
    about = (
        "On the dotted line a score of 0.8 means that people found 80 % of such pairs supported."
    )
    svg = plots.calibration(run.calibration)
    return _figure("calibration", svg, "Calibration of verifier and judge", about, rows)


def _latency(run: Run) -> dict[str, Any] | None:
    seconds = [s for each in run.scores.by_sample if (s := run.total_s(each.sample_id)) is not None]
    high = p95(seconds)
    if high is None:
        return None
    middle = median(seconds)
    about = (
        f"Of {len(seconds)} answers: median {summary.seconds(middle)}, "
        f"95 % within {summary.seconds(high)}."
    )
    rows: Rows = [("share", "answered within")]
    ordered = sorted(seconds)
    rows += [
        (
            f"{tenth * 10} %",
            summary.seconds(ordered[min(len(ordered) - 1, tenth * len(ordered) // 10)]),
        )
        for tenth in range(1, 10)
    ]
    return _figure("latency", plots.latency(seconds, middle, high), "Latency", about, rows)


def _hash(script: str) -> str:
    return f"sha256-{b64encode(sha256(script.encode()).digest()).decode()}"


def _file(name: str) -> str:
    return (_FOLDER / name).read_text("utf-8")
